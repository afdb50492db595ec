"""How far a transfer is: one bar folded from all layers. The workers fold, the bot draws."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """A snapshot of running work, small enough to be stored at every change.

    Bytes, layers and seconds are totals so far; a total of 0 means that it is not known yet.
    """

    step: str
    """What is being done, in words: “pushing”, “waiting for health”."""
    done_bytes: int = 0
    total_bytes: int = 0
    done_layers: int = 0
    total_layers: int = 0
    elapsed_seconds: float = 0.0

    @property
    def share(self) -> float | None:
        """0.0 to 1.0, or None while there is no total."""
        if self.total_bytes <= 0:
            return None
        return min(1.0, self.done_bytes / self.total_bytes)

    @property
    def bytes_per_second(self) -> float | None:
        """The mean speed so far, or None in the first half second."""
        if self.elapsed_seconds < 0.5 or not self.done_bytes:
            return None
        return self.done_bytes / self.elapsed_seconds

    @property
    def seconds_left(self) -> float | None:
        """At the mean speed so far, or None while nothing can be said."""
        speed = self.bytes_per_second
        if speed is None or self.total_bytes <= 0:
            return None
        return max(0.0, (self.total_bytes - self.done_bytes) / speed)
