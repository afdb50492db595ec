"""Every error that a person may read: what happened, why, and what to do next.

A foreign exception is translated once, where it appears; everything is caught only at the two
edges (the Slack app and ``workers.run``), so a person who asked for something gets an answer.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as it is kept in a record and drawn on a card. Plain text, not yet escaped."""

    what: str
    why: str = ""
    next_step: str = ""
    log_tail: tuple[str, ...] = ()
    reference: str = ""
    """Set for unforeseen errors alone: the same word stands in the log."""


class QuaymasterError(Exception):
    """The root of the family: ``str(error)`` is fit for the person who asked."""

    def __init__(
        self, what: str, *, why: str = "", next_step: str = "", log_tail: tuple[str, ...] = ()
    ) -> None:
        self.problem = Problem(what, why, next_step, log_tail)
        self.runs_now = ""
        """For a deploy: what serves after it failed, in words; set by whoever knows."""
        super().__init__(" ".join(part for part in (what, why, next_step) if part))


class UsageError(QuaymasterError):
    """Wrong words: an unknown verb, missing arguments, an impossible reference."""


class NotAllowed(QuaymasterError):
    """Policy said no."""


class TooMuch(QuaymasterError):
    """One person asked for more at once than they may; nothing was started."""


class Conflict(QuaymasterError):
    """Somebody was first, or the thing is in a state that does not allow this."""


class NotAdmissible(QuaymasterError):
    """By today's facts it may not happen (any more)."""


class ConfigurationError(QuaymasterError):
    """``quaymaster.yml`` or the environment is wrong; the message names file, line and field."""


class Forged(QuaymasterError):
    """Something in Redis does not carry the signature of who should have written it."""


class WrittenByNewer(QuaymasterError):
    """A later version wrote it: it is left alone, and is never called forged."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"This {what} was written by a newer Quaymaster; upgrade this program.",
            next_step="Until then it waits for a program that can read it.",
        )


class Unavailable(QuaymasterError):
    """Redis does not answer in time, or takes no changes; nothing was recorded."""


class NoRoom(Unavailable):
    """Redis answers, and has no memory left for a change; nothing was recorded."""


class OutsideFailure(QuaymasterError):
    """The registry, the engine, the scanner or Slack failed."""

    def __init__(
        self,
        what: str,
        *,
        why: str = "",
        next_step: str = "",
        log_tail: tuple[str, ...] = (),
        trying_again_can_help: bool = False,
    ) -> None:
        super().__init__(what, why=why, next_step=next_step, log_tail=log_tail)
        self.trying_again_can_help = trying_again_can_help


class NotFound(OutsideFailure):
    """The image, tag, digest, container or repository does not exist."""


class LoginRefused(OutsideFailure):
    """The registry does not accept the configured credentials, or wants some."""


class DiskFull(OutsideFailure):
    """The engine or the registry has no space left."""


class ScannerBroken(OutsideFailure):
    """The scanner cannot say anything: it is missing, fails, or its database is of no use."""


class Unhealthy(OutsideFailure):
    """A container did not become healthy; ``trouble.log_tail`` holds its last lines."""


class Cancelled(QuaymasterError):
    """Somebody asked to stop, and the job has reached a point where it can."""


class HandedBack(QuaymasterError):
    """The worker is shutting down; the operation goes back to its queue."""


class LeaseLost(QuaymasterError):
    """Another process took this operation over; whatever this one knows is out of date."""
