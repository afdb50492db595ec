"""Who a person is: looked up at Slack, never taken from what they claim.

Slack answers so many questions a minute for all together, so each is asked once for everybody who
waits for it; and whoever was never seen here waits in a line of their own, which leaves most of
what Slack answers to those who are known.
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from throttled.rate_limiter import per_min

from bot.conversation.allowance import bucket, wait
from bot.conversation.answers import error_name_of, status_of
from bot.conversation.sharing import SharedLookups
from quaymaster.actors import SlackUser
from quaymaster.errors import NotAllowed, OutsideFailure
from quaymaster.operations import Operation
from quaymaster.policy import Membership, Person
from quaymaster.rights import Role

FRESH_SECONDS = 60.0
"""How long a look-up counts for what is not a vote."""
_REMEMBERED = 5_000
_STRANGERS_A_MINUTE = 60
"""Of the hundred that Slack answers: https://docs.slack.dev/reference/methods/users.info"""
_STRANGERS_AT_ONCE = 4
_STRANGERS_IN_LINE = 120
"""How many strangers are looked up in two minutes; later ones are asked to try again."""
_WARM_UP_SECONDS = 60.0
_TRIES = 3
_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 5.0
_NOT_THERE = frozenset({"user_not_found", "user_not_visible", "users_not_found"})
_NO_GROUP = "no_such_subteam"


@dataclass(frozen=True, slots=True)
class Workspace:
    """The workspace that the app is installed in, and the app's own user there."""

    team: str
    enterprise: str | None
    bot_user: str
    bot: str

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Self:
        """As ``auth.test`` says: https://docs.slack.dev/reference/methods/auth.test"""
        return cls(
            str(answer["team_id"]),
            answer.get("enterprise_id"),
            str(answer["user_id"]),
            str(answer.get("bot_id") or ""),
        )


@dataclass(frozen=True, slots=True)
class _CachedPerson:
    person: Person
    at: float


@dataclass(frozen=True, slots=True)
class _Members:
    people: frozenset[str]
    at: float


class _Lane(StrEnum):
    """Whose questions wait for each other."""

    KNOWN = "known"
    STRANGERS = "strangers"


def person_behind(operation: Operation) -> SlackUser:
    """The person whose rights decide. Raises NotAllowed where no person asked."""
    if operation.person is None:
        raise NotAllowed(
            f"No person asked for #{operation.id}, so there are no rights to check.",
            next_step="Ask for it yourself.",
        )
    return operation.person


class Directory:
    """Looks people up. Slack is asked only for the user groups that a role names."""

    def __init__(
        self,
        client: AsyncWebClient,
        roles: Iterable[Role] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._clock = clock
        self._home: Workspace | None = None
        self._people: OrderedDict[str, _CachedPerson] = OrderedDict()
        self._members: dict[str, _Members] = {}
        self._look_ups: SharedLookups[_CachedPerson] = SharedLookups(clock)
        self._listings: SharedLookups[_Members] = SharedLookups(clock)
        self._strangers = _LookupQueue()
        self._warmed_up_at = -math.inf
        self._groups: tuple[str, ...] = ()
        self._groups_since = -math.inf
        """People who were looked up earlier were not checked against all groups that matter now."""
        self.expect(roles)

    def expect(self, roles: Iterable[Role]) -> None:
        """Look after the groups and people of these roles from now on, and no others."""
        each = tuple(roles)
        groups = {group for role in each for group in role.groups}
        if not groups.issubset(self._groups):
            self._groups_since = self._clock()
        self._groups = tuple(sorted(groups))
        self._named = frozenset(user for role in each for user in role.people)

    @property
    def workspace_if_known(self) -> Workspace | None:
        """The workspace, once Slack has said which."""
        return self._home

    async def workspace(self) -> Workspace:
        """The workspace. Raises OutsideFailure while Slack does not say which."""
        if self._home is None:
            answer = await self._asked(lambda: self._client.auth_test())
            self._home = Workspace.of(answer.data)
        return self._home

    async def warm_up(self) -> None:
        """Know who is in the groups that matter; not tried more than once a minute. Raises
        OutsideFailure.
        """
        missing = [one for one in self._groups if one not in self._members]
        if missing and self._clock() - self._warmed_up_at > _WARM_UP_SECONDS:
            self._warmed_up_at = self._clock()
            await asyncio.gather(
                *(self._members_of(one, self._clock(), _Lane.KNOWN) for one in missing)
            )

    def moment(self) -> float:
        """Now, for ``look_up_anew``."""
        return self._clock()

    def known(self, actor: SlackUser) -> Person | None:
        """The person, if they were looked up in the last minute. Makes no call."""
        return self._seen(actor, self._a_minute_ago())

    async def look_up(self, actor: SlackUser) -> Person:
        """Who it is, at most a minute old. Raises OutsideFailure when Slack does not say."""
        person = self.known(actor)
        if person is not None:
            return person
        since = self._a_minute_ago()
        if self._is_somebody(actor.user):
            return await self._looked_up(actor, since, _Lane.KNOWN)
        return await self._looked_up(actor, since, _Lane.STRANGERS)

    async def look_up_anew(self, actor: SlackUser, since: float | None = None) -> Person:
        """Who it is at this moment, or was no earlier than at another one: for votes. Never waits
        for strangers. Raises OutsideFailure when Slack does not say.
        """
        since = max(self._clock() if since is None else since, self._groups_since)
        person = self._seen(actor, since)
        return person or await self._looked_up(actor, since, _Lane.KNOWN)

    async def look_up_again(self, actor: SlackUser) -> Person:
        """Who it is now, by groups that were listed in the last minute: for whom what is known
        would be refused. Waits in the line of strangers. Raises OutsideFailure when Slack does not
        say.
        """
        return await self._looked_up(actor, self._a_minute_ago(), _Lane.STRANGERS)

    def _a_minute_ago(self) -> float:
        """Or later, where the groups that matter changed since."""
        return max(self._clock() - FRESH_SECONDS, self._groups_since)

    def _seen(self, actor: SlackUser, since: float) -> Person | None:
        cached = self._people.get(actor.user)
        if cached is None or cached.at < since:
            return None
        return cached.person if cached.person.team_id == actor.team else None

    def _is_somebody(self, user: str) -> bool:
        """Whether a role names them, or they were seen to be a member here."""
        cached = self._people.get(user)
        is_member = cached is not None and cached.person.membership is Membership.FULL_MEMBER
        return (
            is_member
            or user in self._named
            or any(user in members.people for members in self._members.values())
        )

    async def _looked_up(self, actor: SlackUser, since: float, lane: _Lane) -> Person:
        name = f"{lane}/{actor.team}/{actor.user}"
        while True:
            lookup = self._look_ups.answer(
                name, since, lambda: self._look_up_in_turn(actor, since, lane)
            )
            cached = await lookup
            # The caller who started it may have accepted older answers about groups.
            if cached.at >= since:
                return cached.person

    async def _look_up_in_turn(self, actor: SlackUser, since: float, lane: _Lane) -> _CachedPerson:
        if lane is _Lane.KNOWN:
            return await self._look_up(actor, since, lane)
        async with self._strangers.turn():
            return await self._look_up(actor, since, lane)

    async def _look_up(self, actor: SlackUser, since: float, lane: _Lane) -> _CachedPerson:
        home = await self.workspace()
        at = self._clock()
        if actor.team not in (home.team, home.enterprise):
            return _CachedPerson(Person(actor.user, actor.team, membership=Membership.OUTSIDER), at)
        answer = await self._asked(lambda: self._client.users_info(user=actor.user))
        standing = membership_of(answer["user"], home)
        groups: frozenset[str] = frozenset()
        if standing is Membership.FULL_MEMBER:
            groups, oldest = await self._groups_of(actor.user, since, lane)
            at = min(at, oldest)
        cached = _CachedPerson(Person(actor.user, actor.team, groups, standing), at)
        self._remember(cached)
        return cached

    async def _groups_of(
        self, user: str, since: float, lane: _Lane
    ) -> tuple[frozenset[str], float]:
        """A person's groups, and the time of the oldest answer about them."""
        expected = self._groups  # others may be expected before the answers are there
        answers = await asyncio.gather(
            *(self._members_of(group, since, lane) for group in expected)
        )
        pairs = zip(expected, answers, strict=True)
        groups = frozenset(group for group, answer in pairs if user in answer.people)
        return groups, min((answer.at for answer in answers), default=math.inf)

    async def _members_of(self, group: str, since: float, lane: _Lane) -> _Members:
        cached = self._members.get(group)
        if cached is not None and cached.at >= since:
            return cached
        return await self._listings.answer(f"{lane}/{group}", since, lambda: self._listed(group))

    async def _listed(self, group: str) -> _Members:
        at = self._clock()
        try:
            answer = await self._asked(lambda: self._client.usergroups_users_list(usergroup=group))
            people = frozenset(str(user) for user in answer["users"])
        except OutsideFailure as error:
            if not _says(error, _NO_GROUP):
                raise
            people = frozenset()
        members = _Members(people, at)
        cached = self._members.get(group)
        if cached is None or cached.at <= at:
            self._members[group] = members
        return members

    def _remember(self, cached: _CachedPerson) -> None:
        user = cached.person.user_id
        before = self._people.get(user)
        if before is None or before.at <= cached.at:
            self._people[user] = cached
        self._people.move_to_end(user)
        if len(self._people) > _REMEMBERED:
            self._people.popitem(last=False)

    async def _asked(self, call: Callable[[], Awaitable[Any]]) -> Any:
        """Slack's answer, after a few tries. Raises OutsideFailure."""
        pause = _PAUSE_SECONDS
        for _ in range(_TRIES - 1):
            try:
                return await call()
            except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
                wait = _worth_waiting(error, pause)
                if wait is None:
                    raise _failed(error) from error
                await asyncio.sleep(wait)
                pause *= 2
        try:
            return await call()
        except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _failed(error) from error


class _LookupQueue:
    """Where strangers wait to be looked up: a few at once, and not too many a minute."""

    def __init__(self) -> None:
        self._few = asyncio.Semaphore(_STRANGERS_AT_ONCE)
        self._rate = bucket(per_min(_STRANGERS_A_MINUTE, _STRANGERS_A_MINUTE // 2))
        self._waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Raises OutsideFailure where too many wait already."""
        if self._waiting >= _STRANGERS_IN_LINE:
            raise OutsideFailure(
                "Quaymaster could not find out who you are yet, so nothing was started.",
                why="Many people are sending their first command at once.",
                next_step="Try again in a minute.",
                trying_again_can_help=True,
            )
        self._waiting += 1
        try:
            async with self._few:
                while seconds := wait(self._rate, "strangers"):  # noqa: ASYNC110 (wakes nobody)
                    await asyncio.sleep(seconds)
                yield
        finally:
            self._waiting -= 1


def membership_of(user: Any, home: Workspace) -> Membership:
    """What ``users.info`` says: https://docs.slack.dev/reference/objects/user-object"""
    teams = {user.get("team_id"), *(user.get("enterprise_user") or {}).get("teams", ())}
    if user.get("is_stranger") or home.team not in teams:
        return Membership.OUTSIDER
    if user.get("is_bot") or user.get("is_workflow_bot") or user.get("id") == "USLACKBOT":
        return Membership.BOT
    if user.get("deleted"):
        return Membership.DEACTIVATED
    if user.get("is_restricted") or user.get("is_ultra_restricted"):
        return Membership.GUEST
    return Membership.FULL_MEMBER


def _worth_waiting(error: Exception, pause: float) -> float | None:
    """How long to wait before the next try; None when it would say the same again."""
    if not isinstance(error, SlackApiError):
        return pause
    status = status_of(error)
    if status == 429:
        headers = getattr(error.response, "headers", None) or {}
        after = float(headers.get("Retry-After", pause))
        return after if after <= _LONGEST_PAUSE_SECONDS else None
    return pause if status >= 500 else None


def _failed(error: Exception) -> OutsideFailure:
    name = error_name_of(error) if isinstance(error, SlackApiError) else ""
    if name in _NOT_THERE:
        return OutsideFailure(
            "Slack does not know who you are, so nothing was started.",
            why=f"Its answer was {name}.",
            next_step="Quaymaster works for full members of this workspace only.",
        )
    return OutsideFailure(
        "Quaymaster could not find out who you are, so nothing was started.",
        why=f"Slack's answer was {name}." if name else "Slack did not answer.",
        next_step="Try again in a minute.",
        trying_again_can_help=True,
    )


def _says(error: OutsideFailure, name: str) -> bool:
    cause = error.__cause__
    return isinstance(cause, SlackApiError) and error_name_of(cause) == name
