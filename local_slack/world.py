"""Who and what there is in a workspace: people, groups, channels and the app.

Ids look as Slack's do: https://docs.slack.dev/apis/web-api/slack-connect (``U…``, ``C…``, ``S…``,
``T…``).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TypeVar

# What `slack-manifest.yml` of an app like Quaymaster asks for.
# https://docs.slack.dev/reference/scopes
DEFAULT_SCOPES = frozenset(
    {
        "app_mentions:read",
        "channels:history",
        "channels:read",
        "chat:write",
        "commands",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "im:history",
        "im:read",
        "im:write",
        "reactions:write",
        "usergroups:read",
        "users:read",
    }
)
# https://docs.slack.dev/reference/events: the events that the app gets
DEFAULT_EVENTS = frozenset({"app_mention", "message.im", "app_home_opened"})


class MemberKind(Enum):
    """What kind of member a user is: https://docs.slack.dev/reference/objects/user-object"""

    FULL = "full"
    GUEST = "guest"  # is_restricted: a multi-channel guest
    SINGLE_CHANNEL_GUEST = "single_channel_guest"  # is_ultra_restricted as well
    DEACTIVATED = "deactivated"  # deleted
    BOT = "bot"


class Kind(Enum):
    """What kind of conversation a channel is."""

    PUBLIC = "public"
    PRIVATE = "private"
    DIRECT = "direct"


@dataclass(frozen=True, slots=True)
class User:
    """A person or a bot. ``team`` differs from the workspace's for people from outside. ``title``
    is their job.
    """

    id: str
    name: str
    real_name: str
    membership: MemberKind = MemberKind.FULL
    team: str = ""
    admin: bool = False
    title: str = ""


@dataclass(frozen=True, slots=True)
class UserGroup:
    """A user group (``@handle``)."""

    id: str
    handle: str
    name: str
    users: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Channel:
    """A conversation; ``members`` are user ids, the bot's among them where it was invited."""

    id: str
    name: str
    kind: Kind = Kind.PUBLIC
    members: frozenset[str] = frozenset()
    archived: bool = False
    topic: str = ""


def _token(prefix: str) -> str:
    return f"{prefix}-{secrets.token_hex(20)}"


@dataclass(frozen=True, slots=True)
class App:
    """The app under test, as it is installed in the workspace. Secrets differ in every world."""

    id: str = "A0QUAYMASTER"
    bot_id: str = "B0QUAYMASTER"
    bot_user: str = "U0QUAYMASTER"
    name: str = "quaymaster"
    bot_token: str = field(default_factory=lambda: _token("xoxb"), repr=False)
    app_token: str = field(default_factory=lambda: _token("xapp"), repr=False)
    signing_secret: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    verification_token: str = field(default_factory=lambda: secrets.token_hex(12), repr=False)
    scopes: frozenset[str] = DEFAULT_SCOPES
    events: frozenset[str] = DEFAULT_EVENTS
    commands: frozenset[str] = frozenset({"/image"})
    home_tab: bool = True


@dataclass(frozen=True, slots=True)
class World:
    """A workspace at rest. ``World.default()`` is one to test with; ``with_…`` makes others."""

    team_id: str
    name: str
    domain: str
    app: App
    users: tuple[User, ...]
    groups: tuple[UserGroup, ...]
    channels: tuple[Channel, ...]

    def with_user(self, *users: User) -> World:
        """This world with these people added, or changed where the id is known."""
        return replace(self, users=_merged(self.users, users))

    def with_group(self, *groups: UserGroup) -> World:
        """This world with these user groups added or changed."""
        return replace(self, groups=_merged(self.groups, groups))

    def with_channel(self, *channels: Channel) -> World:
        """This world with these channels added or changed."""
        return replace(self, channels=_merged(self.channels, channels))

    def with_scopes(self, *scopes: str) -> World:
        """This world where the bot's token has these scopes and no others."""
        return replace(self, app=replace(self.app, scopes=frozenset(scopes)))

    @staticmethod
    def default() -> World:
        """A shop's workspace: five colleagues, guests, a leaver, a stranger, and channels."""
        return _shop()


_T = TypeVar("_T", User, UserGroup, Channel)


def _merged(old: tuple[_T, ...], new: tuple[_T, ...]) -> tuple[_T, ...]:
    by_id = {one.id: one for one in old}
    by_id.update({one.id: one for one in new})
    return tuple(by_id.values())


def _shop() -> World:
    app = App()
    team, other = "T0SHOP", "T0PARTNER"
    users = (
        User("U024BE7LH", "alice", "Alice Archer", team=team, admin=True, title="Developer"),
        User("U0BOB", "bob", "Bob Baker", team=team, title="Developer"),
        User("U0CAROL", "carol", "Carol Clark", team=team, title="Release manager"),
        User("U0DAVE", "dave", "Dave Dean", team=team, title="Release manager"),
        User("U0EVE", "eve", "Eve Evans", team=team, title="Security engineer"),
        User("U0GUEST", "guest", "Gus Guest", MemberKind.GUEST, team, title="Guest"),
        User("U0SINGLE", "single", "Sil Single", MemberKind.SINGLE_CHANNEL_GUEST, team),
        User("U0GONE", "gone", "Gil Gone", MemberKind.DEACTIVATED, team),
        User("U0OTHERBOT", "deploybot", "Other Bot", MemberKind.BOT, team),
        User("U0STRANGER", "stranger", "Sam Stranger", team=other),
        User(app.bot_user, app.name, "Quaymaster", MemberKind.BOT, team),
    )
    staff = frozenset({"U024BE7LH", "U0BOB", "U0CAROL", "U0DAVE", "U0EVE"})
    everybody = staff | {"U0GUEST", "U0SINGLE", "U0STRANGER", "U0OTHERBOT"}
    bot = frozenset({app.bot_user})
    return World(
        team_id=team,
        name="Shop",
        domain="shop",
        app=app,
        users=users,
        groups=(
            UserGroup("SAZ94GDB8", "releasers", "Release managers", ("U0CAROL", "U0DAVE")),
            UserGroup("S0EMPTY", "nobody", "An empty group"),
        ),
        channels=(
            Channel("C0GENERAL", "general", members=everybody | bot),
            Channel("C0SHOP", "shop", members=everybody | bot),
            Channel("C0RELEASE", "releases", Kind.PRIVATE, staff | bot),
            Channel("C0SECURITY", "security", members=staff | bot),
            Channel("C0DATA", "data", members=staff | bot),
            Channel("C0RANDOM", "random", members=everybody),  # the bot was not invited
            Channel("C0SECRET", "board", Kind.PRIVATE, frozenset({"U024BE7LH", "U0BOB"})),
            Channel("C0OLD", "old-shop", members=staff | bot, archived=True),
        ),
    )
