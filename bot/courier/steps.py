"""What a message needs next, and where it goes: decisions without any call."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto

from bot.views.messages import Drawing, Message
from quaymaster.actors import SlackUser
from quaymaster.operations import Operation
from quaymaster.store.cards import Posting
from quaymaster.subjects import OperationSubject

CARD, COPY = "card", "approval"
"""The slots of the messages that show an operation as it stands, with its buttons."""


class Step(Enum):
    """The next thing to do for one message."""

    NOTHING = auto()
    POST = auto()
    SEARCH = auto()
    """It was about to be posted and nobody knows whether it was: look, then decide again."""
    UPDATE = auto()


@dataclass(frozen=True, slots=True)
class InChannel:
    """A channel, and the thread of it that the message belongs in."""

    channel: str
    thread: str | None = None
    only_for: str | None = None


@dataclass(frozen=True, slots=True)
class Direct:
    """The direct messages with a person."""

    user: str


Place = InChannel | Direct


def next_step(message: Message, posting: Posting | None) -> Step:
    """Compare what should be in Slack with what is noted about it."""
    if posting is None:
        return Step.POST
    if not posting.ts:
        return Step.SEARCH
    if posting.shows == message.shows:
        return Step.NOTHING
    if posting.was_given_up:
        return Step.NOTHING if message.urgency == "progress" else Step.POST
    if message.only_for or message.file or message.is_final:
        return Step.NOTHING
    return Step.UPDATE


def places(message: Message, drawing: Drawing, card_channel: str | None) -> tuple[Place, ...]:
    """Where a message may go, best first: its own channel, that of the service, the person who
    asked. A copy does not go where the card is.
    """
    if message.only_for:
        own = InChannel(message.channel, message.thread, message.only_for)
        return (own, Direct(message.only_for))
    if is_person(message.channel):
        return (Direct(message.channel),)
    own = InChannel(message.channel, message.thread)
    taken = {message.channel} if message.slot == "card" else {message.channel, card_channel}
    service_channel = drawing.service_channel
    others = () if service_channel in (None, *taken) else (InChannel(str(service_channel)),)
    return (own, *others, *to_requester(drawing.requester))


def to_requester(person: SlackUser | None) -> tuple[Place, ...]:
    """The direct messages with who asked; none where that is no person."""
    return (Direct(person.user),) if person else ()


def remaining(all_places: tuple[Place, ...], channel: str | None) -> tuple[Place, ...]:
    """The places from the one on where posting was tried last."""
    for number, place in enumerate(all_places):
        match place:
            case InChannel(channel=name) if name == channel:
                return all_places[number:]
            case Direct() if channel is not None and is_direct(channel):
                return all_places[number:]
    return all_places


def notice(message: Message, drawing: Drawing, posting: Posting | None) -> Message | None:
    """What to tell the person who asked when a message could not go where it belongs."""
    person = drawing.requester
    if person is None or posting is None or not posting.ts:
        return None
    if message.only_for or message.reply_to:
        return None
    if message.slot.startswith(_NOTICE) or is_person(message.channel):
        return None
    what = "the card" if message.slot == "card" else f"a message ({message.slot.split(':')[0]})"
    if posting.was_given_up:
        why = posting.ts.split(": ", 1)[-1]
        text = (
            f"Slack did not accept {what} of {_name(message)}: `{why}`. "
            "Tell your Quaymaster administrator."
        )
    elif posting.channel != message.channel:
        place = "here" if is_direct(posting.channel) else f"in <#{posting.channel}>"
        text = (
            f"Quaymaster cannot post in <#{message.channel}>, so {what} of {_name(message)} "
            f"is {place}. Invite it there with `/invite`."
        )
    else:
        return None
    slot = f"{_NOTICE}{message.slot}"
    return Message(slot=slot, subject=message.subject, channel=person.user, text=text)


def undrawable(operation: Operation, reference: str) -> Message:
    """The card of an operation that ended and whose card cannot be drawn: the bare truth."""
    text = (
        f"#{operation.id} `{operation.request.verb}` {operation.state.predicate}. "
        "Its card cannot be shown; "
        f"your Quaymaster administrator finds the reason in the log under `{reference}`."
    )
    return Message(
        slot="card",
        subject=operation.subject,
        channel=operation.origin.channel,
        thread=operation.origin.thread,
        text=text,
        urgency="ended",
    )


def warnings(
    subject: OperationSubject, noted: Mapping[str, Posting]
) -> Iterator[tuple[Message, Posting]]:
    """What to show in the place of an operation whose record is not genuine, where it does not
    yet: neither what the record says, nor buttons.
    """
    text = (
        f"⚠️ #{subject.operation}: the stored record of this operation was not written by "
        "Quaymaster, so it is ignored.\n"
        "👉 Tell your Quaymaster administrator; `quaymaster audit verify` shows more."
    )
    for slot in (CARD, COPY):
        posting = noted.get(slot)
        if posting is not None and posting.is_there:
            message = Message(slot, subject, posting.channel, text, urgency="ended")
            if message.shows != posting.shows:
                yield message, posting


def left_over(drawing: Drawing, noted: Mapping[str, Posting]) -> Iterator[Message]:
    """The copy for the approvers, where an operation has ended without the plan that it shows: as
    one does whose record was forged. It then says what the card says.
    """
    posting, slots = noted.get(COPY), {message.slot: message for message in drawing.messages}
    card = slots.get(CARD)
    if card is None or COPY in slots or not drawing.has_ended:
        return
    if posting is not None and posting.is_there:
        yield replace(card, slot=COPY, channel=posting.channel, thread=None)


def is_person(channel: str) -> bool:
    """Whether the id is a person's: https://docs.slack.dev/reference/objects/user-object"""
    return channel.startswith(("U", "W"))


def is_direct(channel: str) -> bool:
    """Whether the id is one of direct messages."""
    return channel.startswith("D")


def _name(message: Message) -> str:
    subject = message.subject
    return f"#{subject.operation}" if isinstance(subject, OperationSubject) else str(subject)


_NOTICE = "notice:"
