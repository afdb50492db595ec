"""The log of the traffic between the app and Slack, in both directions."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from local_slack.delivery.envelope import Ack, Channel, Delivery
from local_slack.errors import SlackError
from local_slack.message import Json
from local_slack.redaction import Redaction
from local_slack.state import State
from local_slack.webapi.arguments import read_arguments

KEPT = 500  # exchanges
LARGEST = 64 * 1024  # bytes of a body that are kept and shown
LONGEST_LINE = 200  # characters of what an exchange is about

Direction: TypeAlias = Literal["to_app", "from_app"]

# Arguments that are JSON inside of a form: shown as structures.
_STRUCTURES = ("attachments", "blocks", "files", "metadata", "view")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, without secrets.

    ``from_app``: ``name`` is the Web API method, ``upload`` or ``response_url``; ``request`` its
    arguments. ``to_app``: ``name`` is the command, the type of the interaction or of the event,
    ``about`` what was typed or pressed, ``request`` the payload, ``answer`` what came with the
    acknowledgement.

    ``at`` is in seconds since 1970, ``took`` in seconds. ``status`` is None where there was no HTTP
    answer. ``error`` is Slack's name for what went wrong (``operation_timeout`` for a delivery that
    nobody acknowledged). ``channel`` and ``ts`` say which message it is about. A body larger than
    `LARGEST` is text that ends with words saying so. ``note`` tells what else there is to know: how
    it was delivered, which fault it met, when to try again.
    """

    number: int
    direction: Direction
    name: str
    at: float
    took: float
    status: int | None
    error: str | None
    channel: str | None
    ts: str | None
    request: Json | str
    answer: Json | str
    note: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request of the app as it came in; ``length`` is that of the whole body, in bytes."""

    method: str
    content_type: str
    query: str
    body: bytes
    length: int


@dataclass(frozen=True, slots=True)
class Finished:
    """An exchange in the log: references to what was sent, formatted only when it is shown."""

    direction: Direction
    name: str
    at: float
    took: float
    status: int | None
    error: str | None
    channel: str | None
    ts: str | None
    request: Sent | Json
    answer: bytes | Json | str | None
    note: str
    about: str = ""


class Traffic:
    """The newest `KEPT` exchanges. Each one adds a change ``exchange`` with its number to the feed.

    Nothing is copied, parsed or redacted before it is read.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._kept: deque[Finished] = deque(maxlen=KEPT)
        self._redaction = Redaction(state.world.app)
        self.newest = 0  # the number of the last exchange; 0 before the first

    def add(self, finished: Finished) -> None:
        """Remember one exchange."""
        self._kept.append(finished)
        self.newest += 1
        self._state.feed.add("exchange", number=self.newest)

    def delivered(self, delivery: Delivery, ack: Ack, at: float, *notes: str) -> None:
        """Remember that something was delivered to the app, or could not be."""
        name, about, channel, ts = _subject(delivery)
        if delivery.retry:
            notes = (f"retry {delivery.retry} ({delivery.reason})", *notes)
        if ack.note:
            notes = (*notes, ack.note)
        if ack.sent > 1:
            notes = (*notes, f"sent {ack.sent} times because connections ended")
        self.add(
            Finished(
                "to_app",
                name,
                at,
                ack.seconds,
                ack.status,
                ack.error,
                channel,
                ts,
                delivery.payload,
                ack.body,
                ", ".join(notes),
                about,
            )
        )

    def get(self, number: int) -> Exchange | None:
        """One exchange; None when there is none with this number, or none any more."""
        place = number - self._before
        if not 1 <= place <= len(self._kept):
            return None
        return self._drawn(number, self._kept[place - 1], bodies=True)

    def since(self, number: int = 0, *, bodies: bool = True) -> tuple[Exchange, ...]:
        """The exchanges after ``number``, oldest first.

        Without ``bodies`` request and answer are empty texts, which is quick.
        """
        before = self._before
        return tuple(
            self._drawn(before + place, one, bodies)
            for place, one in enumerate(self._kept, start=1)
            if before + place > number
        )

    @property
    def _before(self) -> int:
        """How many exchanges are forgotten."""
        return self.newest - len(self._kept)

    def _drawn(self, number: int, kept: Finished, bodies: bool) -> Exchange:
        hide = self._redaction
        return Exchange(
            number,
            kept.direction,
            hide.text(kept.name),
            kept.at,
            kept.took,
            kept.status,
            kept.error,
            kept.channel,
            kept.ts,
            _shown(hide, _request(kept.request)) if bodies else "",
            _shown(hide, _answer(kept.answer)) if bodies else "",
            hide.text(kept.note),
            hide.text(kept.about)[:LONGEST_LINE],
        )


def sent(method: str, content_type: str, query: str, body: bytes) -> Sent:
    """What is kept of a request: no binary content, and no more than `LARGEST` of a text."""
    kept = body[:LARGEST] if _is_text(content_type) else b""
    return Sent(method, content_type, query, kept, len(body))


def _is_text(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind in ("", "application/json", "application/x-www-form-urlencoded", "text/plain")


def _request(request: Sent | Json) -> Json | str:
    if isinstance(request, dict):
        return request
    if request.length > len(request.body):
        return _cut(request.body, request.length)
    try:
        arguments = read_arguments(
            request.method, request.content_type, request.query, request.body, takes_json=True
        )
    except SlackError:  # no arguments at all: shown as it is
        return _text(request.body)
    return {name: _structure(name, value) for name, value in arguments.values.items()}


def _structure(name: str, value: Any) -> Any:
    if name not in _STRUCTURES or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _answer(answer: bytes | Json | str | None) -> Json | str:
    if answer is None:
        return ""
    if not isinstance(answer, bytes):
        return answer
    if len(answer) > LARGEST:
        return _cut(answer[:LARGEST], len(answer))
    try:
        document = json.loads(answer)
    except ValueError:
        document = None
    return document if isinstance(document, dict) else _text(answer)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return f"{len(body):,} bytes"


def _cut(body: bytes, length: int) -> str:
    if not body:
        return f"{length:,} bytes"
    return f"{body.decode('utf-8', 'ignore')}… (cut here: {length:,} bytes in all)"


def _shown(hide: Redaction, value: Json | str) -> Json | str:
    """``value`` without secrets; as text that is cut where it is too large."""
    shown_value: Json | str = hide.value(value)
    text = (
        shown_value if isinstance(shown_value, str) else json.dumps(shown_value, ensure_ascii=False)
    )
    body = text.encode("utf-8", "replace")
    if len(body) <= LARGEST + 100:  # what was cut already has a few words more
        return shown_value
    return _cut(body[:LARGEST], len(body))


def _subject(delivery: Delivery) -> tuple[str, str, str | None, str | None]:
    """Name, what it is about, channel and message of a delivery."""
    payload = delivery.payload
    match delivery.kind:
        case Channel.COMMAND:
            return payload["command"], payload["text"], payload["channel_id"], None
        case Channel.EVENT:
            inner = payload["event"]
            return inner["type"], inner.get("text", ""), inner.get("channel"), inner.get("ts")
        case Channel.INTERACTION:
            place = payload.get("container", {})
            about = payload.get("action_id") or payload.get("view", {}).get("callback_id", "")
            if actions := payload.get("actions"):
                about = actions[0]["action_id"]
            return payload["type"], about, place.get("channel_id"), place.get("message_ts")
