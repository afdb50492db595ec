"""What is kept from one run to the next. It is made again when it is not there."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def kept_folder() -> Path:
    """`${XDG_CACHE_HOME:-~/.cache}/quaymaster`: https://specifications.freedesktop.org/basedir/"""
    given = os.environ.get("XDG_CACHE_HOME", "")
    parent = Path(given) if given.startswith("/") else Path.home() / ".cache"
    folder = parent / "quaymaster"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextmanager
def kept_alone(name: str) -> Iterator[Path]:
    """What is kept under this name, for one user at a time: other runs on this machine wait."""
    path = kept_folder() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield path
