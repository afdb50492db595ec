"""The clock of the Redis server, as far as this machine can know it."""

from dataclasses import dataclass

_DRIFT_MICROSECONDS = 5_000
"""More than two clocks drift apart between two looks."""


@dataclass(frozen=True, slots=True)
class ServerClock:
    """How far the server's time is ahead of this machine's monotonic clock, in microseconds.

    A server that is slow tells its time at some moment between question and answer, so each look
    gives a range. The narrowest is kept, as long as what is seen later does not contradict it.
    """

    least: int
    most: int

    @classmethod
    def seen(cls, sent: float, server: int, answered: float) -> "ServerClock":
        """The range from one measurement. The server's time is in microseconds since the epoch,
        ours by ``time.monotonic``.
        """
        return cls(server - int(answered * 1e6), server - int(sent * 1e6))

    def refined(self, newer: "ServerClock") -> "ServerClock":
        """The intersection of both ranges; only the newer one if the server's clock was set, or
        another server answered.
        """
        least = max(self.least - _DRIFT_MICROSECONDS, newer.least)
        most = min(self.most + _DRIFT_MICROSECONDS, newer.most)
        return ServerClock(least, most) if least <= most else newer

    def at(self, moment: float) -> int:
        """The server's time at a moment of ours; never too late, at worst too early."""
        return int(moment * 1e6) + self.least
