"""A base system of Debian by debootstrap, kept from one run to the next."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.bare.settings import sources
from trial.installed import find_program

_INCLUDED = ("git", "make")
_VARIANT = "minbase"


def kept_tree(codename: str) -> Path:
    """The tree, from `${XDG_CACHE_HOME:-~/.cache}/quaymaster` or made now: needs root.

    Its name has the hash of its recipe.
    """
    folder = _kept_folder()
    options = (f"--variant={_VARIANT}", f"--include={','.join(_INCLUDED)}", codename)
    recipe = hashlib.sha256(" ".join(options).encode()).hexdigest()[:16]
    tree = folder / f"bare-{codename}-{recipe}"
    with (folder / f"{tree.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
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


def _kept_folder() -> Path:
    """https://specifications.freedesktop.org/basedir/"""
    given = os.environ.get("XDG_CACHE_HOME", "")
    parent = Path(given) if given.startswith("/") else Path.home() / ".cache"
    folder = parent / "quaymaster"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
