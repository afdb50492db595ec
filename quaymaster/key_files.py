"""The two files of keys: private ones for ``.env``, and the key ring."""

import contextlib
import os
import re
import secrets
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from quaymaster.errors import ConfigurationError
from quaymaster.key_ring import PRIVATE_PREFIX, KeyRing
from quaymaster.signing_key import SigningKey

PRIVATE_FILE = ".env.keys"
"""Where new private keys are written, beside the key ring, unless another file is named."""
_LINE = re.compile(r"^([A-Z0-9_]+)=(\S+)$", re.MULTILINE)
_HEADER = """\
# Private keys of Quaymaster's programs, a line for each. Move them to .env, and delete this file.
"""


@dataclass(frozen=True, slots=True)
class PrivateFile:
    """Lines for ``.env``. Only its owner may read the file, and existing lines stay."""

    path: Path

    def values(self) -> tuple[tuple[str, str], ...]:
        """Every variable in it with its value; none where there is no file.

        Raises ConfigurationError for a file that others may read or that cannot be read.
        """
        try:
            with self.path.open(encoding="utf-8") as file:
                self._expect_it_to_be_private(os.fstat(file.fileno()))
                return tuple(_LINE.findall(file.read()))
        except FileNotFoundError:
            return ()
        except (OSError, UnicodeDecodeError) as error:
            raise _unusable(self.path, error) from error

    def signing_keys(self) -> tuple[tuple[str, SigningKey], ...]:
        """Its variables that hold a private key. Raises ConfigurationError."""
        return tuple(
            (name, SigningKey.parse(value))
            for name, value in self.values()
            if value.startswith(PRIVATE_PREFIX)
        )

    def add(self, lines: Sequence[tuple[str, str]]) -> None:
        """Add variables at its end, all or none; it is made (mode 0600) where there is none.

        Raises ConfigurationError.
        """
        if not lines:
            return
        self.values()
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        try:
            descriptor = os.open(self.path, flags, 0o600)
            with open(descriptor, "a", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor
                status = os.fstat(descriptor)
                self._expect_it_to_be_private(status)
                header = _HEADER if status.st_size == 0 else ""
                file.write(header + "".join(f"{name}={value}\n" for name, value in lines))
                file.flush()
                os.fsync(descriptor)
        except OSError as error:
            raise _unusable(self.path, error) from error

    def _expect_it_to_be_private(self, status: os.stat_result) -> None:
        if stat.S_IMODE(status.st_mode) & 0o077:
            raise ConfigurationError(
                f"Users other than its owner can read {self.path}, so no private key is written to "
                "it.",
                next_step=f"`chmod 600 {self.path}`, or name another file with --to.",
            )


def read_ring(path: Path) -> KeyRing:
    """The key ring; an empty one where there is no file. Raises ConfigurationError."""
    return KeyRing.load(path) if path.exists() else KeyRing({})


def write_ring(path: Path, ring: KeyRing) -> None:
    """Put the whole ring in the place of the one before, at once. Raises ConfigurationError."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644
        try:
            with new.open("x", encoding="utf-8") as file:
                file.write(ring.as_yaml())
                file.flush()
                os.fsync(file.fileno())
            new.chmod(mode)
            new.replace(path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                new.unlink()
    except OSError as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: Exception) -> ConfigurationError:
    why = (isinstance(error, OSError) and error.strerror) or "it is not text in UTF-8"
    return ConfigurationError(
        f"{path} cannot be read or written: {why}.",
        next_step="Run this where quaymaster.yml is, as a user who can write there.",
    )
