"""What a Web API method is: its facts, and the context of a call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from local_slack.errors import SlackError
from local_slack.message import Json
from local_slack.rates import SPECIAL, TIER
from local_slack.state import State
from local_slack.webapi.arguments import Arguments
from local_slack.world import Channel, Kind, User


class Token(Enum):
    """Which token a method wants: https://docs.slack.dev/authentication/tokens"""

    BOT = "bot"
    APP = "app"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class Context:
    """One call: the workspace, the arguments, and the scopes of the token."""

    state: State
    args: Arguments
    scopes: frozenset[str]

    def need(self, *scopes: str) -> None:
        """Raise ``missing_scope`` unless the token has one of ``scopes``."""
        if not self.scopes.intersection(scopes):
            raise SlackError(
                "missing_scope",
                needed=",".join(scopes),
                provided=",".join(sorted(self.scopes)),
            )

    def channel(self, name: str = "channel") -> Channel:
        """The conversation an argument names, as far as the bot can see it.

        A private channel without the bot does not exist for it: ``channel_not_found``.
        """
        channel = self.state.channels.get(self.args.required(name))
        if channel is None or (channel.kind is not Kind.PUBLIC and not self.inside(channel)):
            raise SlackError("channel_not_found")
        return channel

    def inside(self, channel: Channel) -> bool:
        """Whether the bot is a member."""
        return self.state.world.app.bot_user in channel.members

    def user(self, name: str = "user") -> User:
        """The user an argument names; raises ``user_not_found``."""
        user = self.state.users.get(self.args.required(name))
        if user is None:
            raise SlackError("user_not_found")
        return user


@dataclass(frozen=True, slots=True)
class Method:
    """One method. Its facts come from its page, https://docs.slack.dev/reference/methods/<name>:

    ``per_minute`` is its rate tier, ``scopes`` are alternatives of which the token needs one,
    ``takes_json`` says whether JSON is among its content types.
    """

    name: str
    run: Callable[[Context], Json]
    per_minute: int
    scopes: tuple[str, ...] = ()
    takes_json: bool = True
    token: Token = Token.BOT


def tier(number: int) -> int:
    """Calls a minute in a numbered tier."""
    return TIER[number]


def special() -> int:
    """Calls a minute for methods of a special tier."""
    return SPECIAL


KIND_SCOPES = {Kind.PUBLIC: "channels", Kind.PRIVATE: "groups", Kind.DIRECT: "im"}
