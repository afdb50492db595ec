"""What is delivered to the app, and what the app says to it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from local_slack.message import Json

# «This must be sent within 3 seconds»:
# https://docs.slack.dev/interactivity/handling-user-interaction
ACK_WITHIN = 3.0


class Channel(Enum):
    """The three kinds of delivery, by their names in Socket Mode."""

    COMMAND = "slash_commands"
    INTERACTION = "interactive"
    EVENT = "events_api"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One thing to deliver. ``retry`` counts repeated events from 1, ``reason`` says why.

    ``answerable`` says that the acknowledgement may carry an answer.
    """

    kind: Channel
    payload: Json
    retry: int = 0
    reason: str = ""
    answerable: bool = False


@dataclass(frozen=True, slots=True)
class Ack:
    """What came back. ``error`` is the message that the person gets after a failure.

    ``body`` is the answer as an object, or as text; None where the app only acknowledged.
    ``seconds`` is how long it took; ``stop`` is set when the app asks for no retries. ``sent`` is
    how often it went out: once more for each connection that ended before the acknowledgement came.
    ``note`` says what was wrong with the answer.
    """

    seconds: float
    body: Json | str | None = None
    error: str | None = None
    reason: str = ""
    status: int | None = None
    stop: bool = False
    sent: int = 1
    note: str = ""


class Transport(Protocol):
    """A way to the app: HTTP or Socket Mode."""

    async def deliver(self, delivery: Delivery) -> Ack:
        """Hand over one delivery and wait for the acknowledgement, 3 s at most."""
