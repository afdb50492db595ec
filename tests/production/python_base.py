"""A stand-in for ``python:…-slim``: Debian 13 by debootstrap, where no registry is reached.

It has what the Dockerfile uses of the real one: Python 3.13 with ``venv``, ``useradd``, and the
certificates of authorities. Those are this machine's, as is the index that pip asks.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from testing.debian_archive import NotDebian, sources
from testing.engines.run_directory import EngineError
from testing.kept_folder import kept_alone
from trial.installed import find_program

_SUITE = "trixie"
_PACKAGES = ("ca-certificates", "python3", "python3-venv", "python-is-python3")
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_NOT_NEEDED = ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man")


def recipe() -> str:
    """The hash of all that decides what is in it."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    digest.update(f"{platform.machine()} {_pip_configuration()}".encode())
    if _CERTIFICATES.exists():
        digest.update(_CERTIFICATES.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def python_base() -> Iterator[Path]:
    """Its files as an archive, from the cache or made now: needs debootstrap, and Debian's archive
    by the machine's own sources. Raises EngineError.
    """
    with kept_alone("python-base") as path:
        archive = path.with_name(f"python-base-{recipe()}.tar")
        if not archive.exists():
            for older in path.parent.glob("python-base-*.tar"):
                older.unlink()
            with tempfile.TemporaryDirectory(dir=path.parent) as folder:
                _make(Path(folder), archive)
        yield archive


def _make(folder: Path, archive: Path) -> None:
    root = folder / "root"
    include = f"--include={','.join(_PACKAGES)}"
    source = _archive_of_this_machine()
    _run("debootstrap", "--variant=minbase", include, _SUITE, str(root), *source)
    for name in _NOT_NEEDED:
        shutil.rmtree(root / name, ignore_errors=True)
    if _CERTIFICATES.exists():
        shutil.copyfile(_CERTIFICATES, root / _CERTIFICATES.relative_to("/"))
    (root / "etc/pip.conf").write_text(_pip_configuration())
    unfinished = folder / "archive.tar"
    _run("tar", "--create", f"--file={unfinished}", f"--directory={root}", "--one-file-system", ".")
    unfinished.chmod(0o600)
    unfinished.rename(archive)


def _archive_of_this_machine() -> list[str]:
    """Where this machine's packages come from, if that is Debian's archive; else debootstrap's
    own choice.
    """
    if shutil.which("apt-get") is None:
        return []
    try:
        return [sources(_SUITE)[0].uri]
    except NotDebian:
        return []


def _pip_configuration() -> str:
    """The index that pip asks on this machine, where somebody chose one."""
    index = os.environ.get("PIP_INDEX_URL", "")
    return f"[global]\nindex-url = {index}\n" if index.startswith("http") else ""


def _run(*command: str) -> None:
    done = subprocess.run(
        [find_program(command[0]), *command[1:]],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if done.returncode:
        raise EngineError(f"{' '.join(command)}: {done.stdout[-3000:]}")
