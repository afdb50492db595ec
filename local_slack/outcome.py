"""What a person sees of something they did."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from local_slack.message import Json, Message


class NotPossible(Exception):
    """Slack does not allow this: no such button, an empty required input, no such channel."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """One delivery to the app. ``seconds`` until the acknowledgement, or until Slack gave up.

    ``error`` is the message that the person got (``operation_timeout``, ``dispatch_failed``…); None
    when the app acknowledged. ``body`` is what came with the acknowledgement, ``status`` the HTTP
    status where it came over HTTP.
    """

    seconds: float
    error: str | None
    body: Json | str | None
    status: int | None

    @property
    def acknowledged(self) -> bool:
        """Whether the app answered in time."""
        return self.error is None


@dataclass(frozen=True, slots=True)
class Offer:
    """What the app suggests for a menu: ``options``, or ``groups`` of them as option groups.

    Both are empty if it suggests nothing; ``error`` is the reason if the app did not answer, or
    Slack does not accept its answer.
    """

    options: tuple[Json, ...] = ()
    groups: tuple[Json, ...] = ()
    error: str | None = None

    @property
    def all_options(self) -> tuple[Json, ...]:
        """All options, those in groups as well."""
        return (*self.options, *(one for group in self.groups for one in group["options"]))

    def as_json(self) -> Json:
        """For another process; `from_json` reads it."""
        return asdict(self)

    @staticmethod
    def from_json(data: Json) -> Offer:
        """The offer that `as_json` wrote."""
        return Offer(tuple(data["options"]), tuple(data["groups"]), data["error"])


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one action, up to the moment when its deliveries were acknowledged or given up.

    ``shown`` are the messages the person saw appear or change meanwhile; later ones are found with
    `Person.sees`. ``payload`` is what was delivered; ``errors`` are the messages at the inputs of a
    modal, by block id.
    """

    deliveries: tuple[Delivered, ...]
    shown: tuple[Message, ...]
    payload: Json
    errors: dict[str, str]

    @property
    def acknowledged(self) -> bool:
        """Whether the app answered every delivery in time."""
        return all(one.acknowledged for one in self.deliveries)

    @property
    def seconds(self) -> float:
        """The slowest acknowledgement, in seconds."""
        return max((one.seconds for one in self.deliveries), default=0.0)

    @property
    def error(self) -> str | None:
        """The error message for the person if the app did not answer, else None."""
        return next((one.error for one in self.deliveries if one.error), None)

    @property
    def words(self) -> str:
        """The text of all messages that appeared."""
        return "\n".join(message.words for message in self.shown)

    def as_json(self) -> Json:
        """For another process; `from_json` reads it."""
        return asdict(self)

    @staticmethod
    def from_json(data: Json) -> Outcome:
        """The outcome that `as_json` wrote."""
        return Outcome(
            tuple(Delivered(**one) for one in data["deliveries"]),
            tuple(Message.from_json(one) for one in data["shown"]),
            data["payload"],
            data["errors"],
        )
