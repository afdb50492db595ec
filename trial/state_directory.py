"""The directory of a trial's data: used by one run at a time, readable by this user only."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from quaymaster.errors import Conflict, UsageError
from trial.choices import CHOICES, Choices, kept_choices
from trial.processes import Ledger

_MARK = "made-by-quaymaster-try"


@dataclass(frozen=True, slots=True)
class StateDirectory:
    """An open state directory; `opened` makes one."""

    path: Path
    ledger: Ledger
    """Where running processes are written down."""

    @property
    def choices(self) -> Choices:
        """What this trial chose when it was first started."""
        return kept_choices(self.path / CHOICES)

    @property
    def was_used(self) -> bool:
        """Whether a sample world was set up here."""
        return self.configuration.exists()

    @property
    def configuration(self) -> Path:
        """The sample ``quaymaster.yml``."""
        return self.path / "quaymaster.yml"

    @property
    def key_ring(self) -> Path:
        """Everybody's public keys, where the programs look for them."""
        return self.path / "quaymaster.keys.yml"

    @property
    def private_keys(self) -> Path:
        """The private keys of the programs (mode 0600)."""
        return self.path / "keys.env"

    def folder(self, part: str) -> Path:
        """The directory of one part; it exists."""
        folder = self.path / part
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def log(self, part: str) -> Path:
        """The log of one part."""
        return self.folder("logs") / f"{part}.log"

    def empty(self) -> None:
        """Delete everything but the lock."""
        keep = {"lock", _MARK, ".gitignore"}
        for entry in self.path.iterdir():
            if entry.name in keep:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def remove(self) -> None:
        """Delete the directory itself."""
        shutil.rmtree(self.path)


@contextmanager
def opened(path: Path) -> Iterator[StateDirectory]:
    """The state directory (mode 0700), made where there is none, locked while it is open.

    Raises Conflict when another run has it, UsageError for a directory that holds other things.
    """
    path = path.absolute()
    _make(path)
    with (path / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise Conflict(
                f"`quaymaster try` runs in {path} already (process {lock.read().strip() or '?'}).",
                next_step="End it there with Ctrl-C, or take another directory: --state DIR.",
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield StateDirectory(path, Ledger(path / "processes.json"))


def _make(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        foreign = any(path.iterdir()) and not (path / _MARK).exists()
    except (FileExistsError, NotADirectoryError, PermissionError) as error:
        raise UsageError(
            f"{path} cannot be used as a state directory.",
            why=f"{error.strerror}.",
            next_step="Name another one: --state DIR.",
        ) from error
    if foreign:
        raise UsageError(
            f"{path} holds something other than the state of `quaymaster try`.",
            next_step="Name an empty directory, or one that does not exist yet: --state DIR.",
        )
    path.chmod(0o700)
    (path / _MARK).touch()
    (path / ".gitignore").write_text("*\n")
