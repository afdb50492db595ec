"""What is not started at once is asked back, with a button that starts it.

That is what a message would change: it is also written to be read by people, and somebody quotes
a command, or warns of it. And it is what was probably meant by a line that is no command. The
button carries what was understood, signed, and counts for whoever wrote it alone, and for a few
minutes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from quaymaster.actors import SlackUser
from quaymaster.errors import Conflict, Forged, NotAllowed, WrittenByNewer
from quaymaster.key_ring import KeyRing, ProgramRole
from quaymaster.operations import Origin
from quaymaster.request_facts import AnyRequest, Effect
from quaymaster.requests import Request
from quaymaster.signing_key import SigningKey
from quaymaster.store.codecs import Codec

COUNTS_FOR = timedelta(minutes=5)
_PLACE = ("a button",)


@dataclass(frozen=True, slots=True)
class Clarification:
    """A message as the bot understood it, and the request that a click would start."""

    request: Request
    actor: SlackUser
    origin: Origin
    until: datetime


_ASKED_BACK = Codec(
    "command in a message", TypeAdapter(Clarification), frozenset({ProgramRole.BOT})
)


def changes_something(request: AnyRequest) -> bool:
    """Whether it does more than look. To approve is asked back by the plan that it shows."""
    return request.facts.changes not in (Effect.NOTHING, Effect.REPORT)


def value_of(asked: Clarification, key: SigningKey) -> str:
    """What the button carries. The longest names leave room in the 2,000 characters of a button:
    https://docs.slack.dev/reference/block-kit/block-elements/button-element
    """
    return _ASKED_BACK.signed(asked, _PLACE, key).text


def clicked_by(value: str, actor: SlackUser, now: datetime, ring: KeyRing) -> Clarification:
    """What a click starts. Raises NotAllowed for somebody else's button, Conflict for an old one
    and for one that this version does not know, and Forged.
    """
    try:
        asked = _ASKED_BACK.read(value, _PLACE, ring).value
    except WrittenByNewer as error:
        raise _too_old() from error
    except Forged as error:
        raise Forged(
            "This button was not made by Quaymaster, so nothing was started.",
            next_step="Write the command again.",
        ) from error
    if asked.actor != actor:
        raise NotAllowed(
            "Only the person who typed this command can press its button.",
            next_step="Type the command yourself.",
        )
    if now >= asked.until:
        raise _too_old()
    return asked


def _too_old() -> Conflict:
    return Conflict(
        "This button has expired, so nothing was started.",
        why="It works for five minutes.",
        next_step="Write the command again.",
    )
