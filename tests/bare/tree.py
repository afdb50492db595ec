"""A base system of Debian by debootstrap, kept from one run to the next."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from testing.debian_archive import sources
from testing.kept_folder import kept_alone
from trial.installed import find_program

_INCLUDED = ("git", "make")
_VARIANT = "minbase"


def kept_tree(codename: str) -> Path:
    """The tree, from `${XDG_CACHE_HOME:-~/.cache}/quaymaster` or made now: needs root.

    Its name has the hash of its recipe.
    """
    options = (f"--variant={_VARIANT}", f"--include={','.join(_INCLUDED)}", codename)
    recipe = hashlib.sha256(" ".join(options).encode()).hexdigest()[:16]
    with kept_alone(f"bare-{codename}-{recipe}") as tree:
        if not tree.exists():
            print(f"making {tree}", flush=True)
            _make(tree, options, sources(codename)[0].uri)
    return tree


def _make(tree: Path, options: tuple[str, ...], uri: str) -> None:
    unfinished = tree.with_name(f"{tree.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    command = [find_program("debootstrap"), *options, str(unfinished), uri]
    done = subprocess.run(
        command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout[-3000:]}")
    for archive in (unfinished / "var/cache/apt/archives").glob("*.deb"):
        archive.unlink()
    unfinished.rename(tree)
