"""A protection: what a guarantee rests on, how to take it away, and the tests that notice."""

from dataclasses import dataclass
from pathlib import Path


class Stale(Exception):
    """The code has changed, so the protection is no longer where the table says."""


@dataclass(frozen=True, slots=True)
class Protection:
    """Taking it away replaces ``old``, which stands exactly once in ``file``, with ``new``."""

    guarantee: str
    """G1 to G11."""
    what: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    """As pytest takes them. At least one of them has to fail without the protection."""

    def take_away(self, root: Path) -> None:
        """Change the file below ``root``. Raises Stale when ``old`` is not there exactly once."""
        path = root / self.file
        text = path.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise Stale(f"{self.file} holds it {text.count(self.old)} times: {self.old!r}")
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")
