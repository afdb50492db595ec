"""One row of the table: a value, what it is compared with, and its target."""

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Row:
    """``ok`` is computed from value and target, nothing else; without a target it is met."""

    name: str
    value: float
    unit: str
    peer: str = ""
    target: float | None = None
    better: Literal["at most", "at least"] = "at most"

    @property
    def ok(self) -> bool:
        """Whether the target is met."""
        if self.target is None:
            return True
        return self.value <= self.target if self.better == "at most" else self.value >= self.target

    @property
    def aim(self) -> str:
        """The target in words; empty without one."""
        return "" if self.target is None else f"{self.better} {self.target:g}"

    def as_json(self) -> dict[str, Any]:
        """The form written to ``bench/latest.json``."""
        return {
            "name": self.name,
            "value": round(self.value, 4),
            "unit": self.unit,
            "peer": self.peer,
            "target": self.aim,
            "ok": self.ok,
        }
