"""Who somebody is: looked up at Slack, never taken from what they say."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.answers import error_name_of, status_of
from quaymaster.errors import OutsideFailure
from quaymaster.operations import Actor
from quaymaster.policy import Person, Standing

FRESH_SECONDS = 60.0
"""How long a look-up counts for what is not a vote."""
_REMEMBERED = 5_000
_TRIES = 3
_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 5.0
_NOT_THERE = frozenset({"user_not_found", "user_not_visible", "users_not_found"})
_NO_GROUP = "no_such_subteam"


@dataclass(frozen=True, slots=True)
class Home:
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
class _Seen:
    person: Person
    at: float


@dataclass(frozen=True, slots=True)
class _Members:
    people: frozenset[str]
    at: float


class Directory:
    """Looks people up. Only the user groups that a role names are asked for."""

    def __init__(
        self,
        client: AsyncWebClient,
        groups: Iterable[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._groups = tuple(sorted(set(groups)))
        self._clock = clock
        self._home: Home | None = None
        self._people: dict[str, _Seen] = {}
        self._members: dict[str, _Members] = {}
        self._under_way: dict[str, asyncio.Task[Person]] = {}

    @property
    def home_if_known(self) -> Home | None:
        """The workspace, once Slack has said which."""
        return self._home

    async def home(self) -> Home:
        """The workspace. Raises OutsideFailure while Slack does not say which."""
        if self._home is None:
            answer = await self._asked(lambda: self._client.auth_test())
            self._home = Home.of(answer.data)
        return self._home

    def known(self, actor: Actor) -> Person | None:
        """Who it is, if that was looked up in the last minute. Asks nobody."""
        seen = self._people.get(actor.user)
        if seen is None or self._clock() - seen.at > FRESH_SECONDS:
            return None
        return seen.person if seen.person.team_id == actor.team else None

    async def look_up(self, actor: Actor) -> Person:
        """Who it is, at most a minute old. Raises OutsideFailure when Slack does not say."""
        known = self.known(actor)
        if known is not None:
            return known
        key = f"{actor.team}/{actor.user}"
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.create_task(self._look_up(actor, since=self._clock() - FRESH_SECONDS))
            self._under_way[key] = task
            task.add_done_callback(lambda _: self._under_way.pop(key, None))
        return await asyncio.shield(task)

    async def look_up_anew(self, actor: Actor) -> Person:
        """Who it is at this moment: for votes. Raises OutsideFailure when Slack does not say."""
        return await self._look_up(actor, since=self._clock())

    async def _look_up(self, actor: Actor, since: float) -> Person:
        home = await self.home()
        at = self._clock()
        if actor.team not in (home.team, home.enterprise):
            return Person(actor.user, actor.team, standing=Standing.OUTSIDER)
        answer = await self._asked(lambda: self._client.users_info(user=actor.user))
        standing = standing_of(answer["user"], home)
        groups: frozenset[str] = frozenset()
        if standing is Standing.FULL_MEMBER:
            groups, oldest = await self._groups_of(actor.user, since)
            at = min(at, oldest)
        person = Person(actor.user, actor.team, groups, standing)
        self._remember(actor.user, person, at)
        return person

    async def _groups_of(self, user: str, since: float) -> tuple[frozenset[str], float]:
        """The groups that somebody is in, and when the oldest of these answers was given."""
        answers = await asyncio.gather(*(self._members_of(group, since) for group in self._groups))
        pairs = zip(self._groups, answers, strict=True)
        groups = frozenset(group for group, answer in pairs if user in answer.people)
        return groups, min((answer.at for answer in answers), default=math.inf)

    async def _members_of(self, group: str, since: float) -> "_Members":
        known = self._members.get(group)
        if known is not None and known.at >= since:
            return known
        at = self._clock()
        try:
            answer = await self._asked(lambda: self._client.usergroups_users_list(usergroup=group))
            people = frozenset(str(user) for user in answer["users"])
        except OutsideFailure as error:
            if not _says(error, _NO_GROUP):
                raise
            people = frozenset()
        self._members[group] = _Members(people, at)
        return self._members[group]

    def _remember(self, user: str, person: Person, at: float) -> None:
        if len(self._people) >= _REMEMBERED:
            self._people.clear()
        self._people[user] = _Seen(person, at)

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


def standing_of(user: Any, home: Home) -> Standing:
    """What ``users.info`` says: https://docs.slack.dev/reference/objects/user-object"""
    teams = {user.get("team_id"), *(user.get("enterprise_user") or {}).get("teams", ())}
    if user.get("is_stranger") or home.team not in teams:
        return Standing.OUTSIDER
    if user.get("is_bot") or user.get("is_workflow_bot") or user.get("id") == "USLACKBOT":
        return Standing.BOT
    if user.get("deleted"):
        return Standing.DEACTIVATED
    if user.get("is_restricted") or user.get("is_ultra_restricted"):
        return Standing.GUEST
    return Standing.FULL_MEMBER


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
