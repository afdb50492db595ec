"""One row of the table: a value, what stands beside it, and the target."""

from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Row:
    """``ok`` is computed from value and target, nothing else."""

    name: str
    value: float
    unit: str
    peer: str
    target: float
    better: Literal["at most", "at least"]

    @property
    def ok(self) -> bool:
        """Whether the target is met."""
        if self.better == "at most":
            return self.value <= self.target
        return self.value >= self.target

    def as_json(self) -> dict[str, Any]:
        """As it is written to ``bench/latest.json``."""
        fields = asdict(self)
        target = f"{self.better} {self.target:g}"
        return {
            "name": fields["name"],
            "value": round(self.value, 4),
            "unit": fields["unit"],
            "peer": fields["peer"],
            "target": target,
            "ok": self.ok,
        }
