"""How much one person may ask for at once, so that no person uses up the calls of others.

A token bucket for each person, in this process: nobody is asked, and the acknowledgement does not
wait. What is remembered is bounded; who has not been seen for longest is forgotten first.
"""

import math

from throttled import MemoryStore, RateLimiterType, Throttled
from throttled.rate_limiter import Quota, per_min

from quaymaster.actors import SlackUser
from quaymaster.errors import TooMuch

BURST = 60
"""What one person may send at once."""
_MORE_PER_MINUTE = 30
DECISIONS = 10
"""How many votes and cancels at once look people up again at Slack, which allows few calls."""
_MORE_DECISIONS_PER_MINUTE = 10
_TOLD_PER_MINUTE = 2
_REMEMBERED = 10_000


class Allowances:
    """What everybody has left."""

    def __init__(self) -> None:
        self._acts = bucket(per_min(_MORE_PER_MINUTE, BURST))
        self._decisions = bucket(per_min(_MORE_DECISIONS_PER_MINUTE, DECISIONS))
        self._told = bucket(per_min(_TOLD_PER_MINUTE, 1))

    def take(self, actor: SlackUser) -> None:
        """For a command, a mention or a click. Raises TooMuch."""
        seconds = wait(self._acts, _name(actor))
        if seconds:
            raise TooMuch(
                "Too many requests at once, so this one was not accepted.",
                why="Your earlier requests are being handled.",
                next_step=f"Send this again in {_in_words(seconds)}.",
            )

    def take_decision(self, actor: SlackUser) -> None:
        """For a vote or a cancel that would count. Raises TooMuch."""
        seconds = wait(self._decisions, _name(actor))
        if seconds:
            raise TooMuch(
                "Too many votes and cancels in the last minute, so this one was not counted.",
                why="Quaymaster asks Slack who you are for each one, and Slack limits how often.",
                next_step=f"Do it again in {_in_words(seconds)}.",
            )

    def may_be_looked_up_again(self, actor: SlackUser) -> bool:
        """Whether Slack is asked again about a person who would be refused."""
        return not wait(self._decisions, _name(actor))

    def may_be_told(self, actor: SlackUser) -> bool:
        """Whether another refusal is sent, if sending it needs a call to Slack of its own."""
        return not wait(self._told, _name(actor))


def bucket(quota: Quota) -> Throttled:
    """Buckets by name, in this process."""
    store = MemoryStore(options={"MAX_SIZE": _REMEMBERED})
    return Throttled(using=RateLimiterType.TOKEN_BUCKET.value, quota=quota, store=store)


def wait(buckets: Throttled, name: str) -> float:
    """Take one from this bucket: 0; or in how many seconds there is one."""
    result = buckets.limit(name)
    return max(1.0, result.state.retry_after) if result.limited else 0.0


def _name(actor: SlackUser) -> str:
    return f"{actor.team}/{actor.user}"


def _in_words(seconds: float) -> str:
    whole = math.ceil(seconds)
    return "a second" if whole == 1 else f"{whole} seconds"
