"""Whether Slack is set up: tokens, scopes, and the channels, people and groups that are named."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.conversation.answers import error_name_of, status_of
from bot.conversation.identity import Workspace, membership_of
from bot.slack.session import slack_client, slack_session
from quaymaster.checks import Check, Probe
from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import OutsideFailure
from quaymaster.policy import Membership
from quaymaster.settings import SLACK_APP_TOKEN, SLACK_BOT_TOKEN, Settings
from quaymaster.spelling import listed

NEEDED_SCOPES: Mapping[str, str] = {
    "app_mentions:read": "to receive mentions",
    "channels:history": "to look for a card before it is posted again",
    "channels:read": "to check whether it is in a channel",
    "chat:write": "to post cards",
    "commands": "to receive the slash command",
    "files:write": "to attach reports and logs",
    "groups:history": "to look for a card in a private channel",
    "groups:read": "to check whether it is in a private channel",
    "im:history": "to look for a direct message before it is sent again",
    "im:write": "to send direct messages",
    "usergroups:read": "to see who is in a group that a role names",
    "users:read": "to tell members from guests and strangers",
}
"""The scopes of the bot token, as ``slack-manifest.yml`` asks for them, and what each is for:
https://docs.slack.dev/reference/scopes"""

_CALL_SECONDS = 6.0
_AT_ONCE = 8
_BAD_TOKEN = frozenset(
    {"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"}
)
_STANDINGS = {
    Membership.GUEST: "is a guest",
    Membership.BOT: "is a bot",
    Membership.DEACTIVATED: "is deactivated",
    Membership.OUTSIDER: "belongs to another workspace",
}


def slack_probes(settings: Settings, configuration: Configuration) -> tuple[Probe, ...]:
    """Looks at Slack with the tokens of this environment."""
    return (
        Probe("Slack bot token", lambda: asyncio.run(_installation(settings, configuration))),
        Probe("Slack app token", lambda: asyncio.run(_socket_mode(settings))),
    )


async def _installation(settings: Settings, configuration: Configuration) -> Sequence[Check]:
    token = settings.bot_token().get_secret_value()
    async with _client(token, settings) as client:
        answer = await _asked(SLACK_BOT_TOKEN.name, client.auth_test)
        workspace = _Workspace(client, Workspace.of(_data(answer)))
        channels = [workspace.channel(*pair) for pair in configured_channels(configuration).items()]
        people = [workspace.person(*pair) for pair in configured_people(configuration).items()]
        groups = await workspace.groups(configured_groups(configuration))
        checks = await asyncio.gather(*channels, *people)
    where = f"accepted by {answer['team']}, where the bot is @{answer['user']}."
    return (
        Check("Slack bot token", "ok", where),
        scopes_check(answer.headers),
        *checks,
        *groups,
        *too_few_approvers(configuration, workspace.members),
    )


async def _socket_mode(settings: Settings) -> Sequence[Check]:
    subject = "Slack app token"
    if settings.slack_app_token is None and settings.slack_signing_secret is not None:
        return (Check(subject, "ok", "not set: the bot takes requests over HTTP."),)
    token = settings.app_token().get_secret_value()
    async with _client(token, settings) as client:
        await _asked(
            SLACK_APP_TOKEN.name, lambda: client.apps_connections_open(app_token=token), "app"
        )
    return (Check(subject, "ok", "Slack opens a Socket Mode connection for it."),)


def scopes_check(headers: Mapping[str, str]) -> Check:
    """Whether the scopes that Slack names with every answer are those that are needed.

    https://docs.slack.dev/authentication/installing-with-oauth
    """
    subject = "Slack scopes"
    header = next((v for name, v in headers.items() if name.lower() == "x-oauth-scopes"), None)
    if header is None:
        return Check(subject, "warning", "Slack does not say which scopes the token has.")
    scopes = {scope.strip() for scope in header.split(",")}
    missing = {scope: why for scope, why in NEEDED_SCOPES.items() if scope not in scopes}
    if not missing:
        return Check(subject, "ok", f"all {len(NEEDED_SCOPES)} that are needed.")
    reasons = listed(f"{scope} ({why})" for scope, why in missing.items())
    return Check(
        subject,
        "broken",
        f"The token lacks {reasons}.",
        "On the app's page, paste slack-manifest.yml under “App Manifest” and save; then "
        "“Install App” → “Reinstall to Workspace”.",
    )


def configured_channels(configuration: Configuration) -> Mapping[str, str]:
    """Every channel that the configuration names, and what for."""
    uses: dict[str, list[str]] = {}

    def used(channel: str | None, what: str) -> None:
        if channel is not None:
            uses.setdefault(channel, []).append(what)

    used(configuration.alerts.channel, "alerts")
    used(configuration.declaration.defaults.approval.channel, "approvals")
    for name, environment in configuration.environments.items():
        used(environment.approval.channel, f"approvals of {name}")
        for service_name, service in environment.services.items():
            used(service.channel, f"{name}/{service_name}")
            used(service.approval.channel, f"approvals of {name}/{service_name}")
    return {channel: listed(what) for channel, what in uses.items()}


def configured_people(configuration: Configuration) -> Mapping[str, str]:
    """Every person in a role, and their roles."""
    return _by_member({name: role.people for name, role in configuration.roles.items()})


def configured_groups(configuration: Configuration) -> Mapping[str, str]:
    """Every user group in a role, and its roles."""
    return _by_member({name: role.groups for name, role in configuration.roles.items()})


def too_few_approvers(
    configuration: Configuration, members: Mapping[str, frozenset[str]]
) -> Iterable[Check]:
    """The services whose deploys nobody can approve, because too few people may.

    ``members`` are the full members by person or group id; an id that is missing counts for none.
    """
    for service in configuration.services:
        policy = configuration.approval_for(service)
        roles = [configuration.roles[name] for name in policy.from_roles]
        if any(role.everyone for role in roles):
            continue
        ids = frozenset[str]().union(*(role.people | role.groups for role in roles))
        may = frozenset[str]().union(*(members.get(one, frozenset()) for one in ids))
        if len(may) < policy.needed:
            yield Check(
                f"approvals of {service}",
                "broken",
                f"{policy.needed} are needed, and {len(may)} of the people in "
                f"{listed(policy.from_roles)} can give one.",
                "Add people to the role, or lower `needed`.",
            )


@dataclass(slots=True)
class _Workspace:
    """Asks about the ids that the configuration names, a few at a time."""

    client: AsyncWebClient
    home: Workspace
    members: dict[str, frozenset[str]] = field(default_factory=dict)
    """The full members by person or group id."""
    _turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def channel(self, channel: str, uses: str) -> Check:
        """Whether cards and alerts reach a channel."""
        subject = f"channel {channel} ({uses})"
        answer = await self._fetched(
            subject, lambda: self.client.conversations_info(channel=channel)
        )
        if isinstance(answer, Check):
            return answer
        details = answer["channel"]
        name = f"#{details.get('name') or 'a direct message'}"
        if details.get("is_archived"):
            return Check(subject, "broken", f"{name} is archived.", "Name another channel.")
        if not details.get("is_member"):
            way = f"In {name}, type `/invite` and the bot's name."
            return Check(subject, "broken", f"The bot is not in {name}.", way)
        return Check(subject, "ok", f"{name}, and the bot is in it.")

    async def person(self, user: str, roles: str) -> Check:
        """Whether a person with a role can use it."""
        subject = f"person {user} ({roles})"
        answer = await self._fetched(subject, lambda: self.client.users_info(user=user))
        if isinstance(answer, Check):
            return answer
        details = answer["user"]
        standing = membership_of(details, self.home)
        name = details.get("real_name") or details.get("name")
        if standing is Membership.FULL_MEMBER:
            self.members[user] = frozenset({user})
            return Check(subject, "ok", f"{name}, a full member.")
        what = f"{name} {_STANDINGS[standing]} and cannot do anything."
        return Check(subject, "broken", what, "Take the id out of the role, or name another one.")

    async def groups(self, groups: Mapping[str, str]) -> Sequence[Check]:
        """Whether the groups that have a role exist and have members."""
        if not groups:
            return ()

        def ask() -> Awaitable[AsyncSlackResponse]:
            return self.client.usergroups_list(include_disabled=True, include_users=True)

        answer = await self._fetched("user groups", ask)
        if isinstance(answer, Check):
            return (answer,)
        by_id = {str(group["id"]): group for group in answer["usergroups"]}
        return [self._group(group, roles, by_id.get(group)) for group, roles in groups.items()]

    def _group(self, group: str, roles: str, details: Mapping[str, Any] | None) -> Check:
        subject = f"group {group} ({roles})"
        if details is None:
            way = "Copy the id again: in Slack, “People” → “User groups” → the group → “⋮”."
            return Check(subject, "broken", "There is no such group in this workspace.", way)
        name = f"@{details.get('handle')}"
        if details.get("date_delete"):
            return Check(subject, "broken", f"{name} is disabled.", "Enable it, or name another.")
        self.members[group] = frozenset(map(str, details.get("users") or ()))
        count = len(self.members[group])
        if not count:
            return Check(subject, "warning", f"{name} has no members.", "Add people to it.")
        return Check(subject, "ok", f"{name}, {count} {'person' if count == 1 else 'people'}.")

    async def _fetched(
        self, subject: str, call: Callable[[], Awaitable[AsyncSlackResponse]]
    ) -> Mapping[str, Any] | Check:
        async with self._turn:
            try:
                return _data(await _asked(subject, call))
            except OutsideFailure as error:
                return Check.of_error(subject, error)


@asynccontextmanager
async def _client(token: str, settings: Settings) -> AsyncIterator[AsyncWebClient]:
    timeout = aiohttp.ClientTimeout(total=_CALL_SECONDS)
    async with slack_session(timeout) as session:
        yield slack_client(token, settings.slack_api_url, session, settings.proxies)


async def _asked(
    what: str, call: Callable[[], Awaitable[AsyncSlackResponse]], kind: str = "bot"
) -> AsyncSlackResponse:
    """Slack's answer. Raises OutsideFailure with words for the administrator."""
    try:
        return await call()
    except SlackApiError as error:
        raise _refused(what, error, kind) from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise OutsideFailure(
            "Slack cannot be reached.",
            why=_why_not_reached(error),
            next_step="Check that this machine may open HTTPS connections to slack.com, and "
            "SLACK_API_URL if it is set.",
            trying_again_can_help=True,
        ) from error


def _why_not_reached(error: Exception) -> str:
    """An answer's error has the address in it, and that of a proxy has its login."""
    match error:
        case aiohttp.ClientHttpProxyError():
            return f"The proxy of the environment answered {error.status}."
        case aiohttp.ClientResponseError():
            return f"{type(error).__name__}: its answer is not HTTP."
        case _:
            return f"{type(error).__name__}: {error}"


def _refused(what: str, error: SlackApiError, kind: str) -> OutsideFailure:
    name = error_name_of(error)
    if status_of(error) == 429 or name == "ratelimited":
        return OutsideFailure(
            "Slack limits the number of calls.", next_step="Check again in a minute."
        )
    if name in _BAD_TOKEN or name == "not_allowed_token_type":
        page = {
            "bot": "“OAuth & Permissions” → “Bot User OAuth Token”",
            "app": "“Basic Information” → “App-Level Tokens”, with the scope connections:write",
        }[kind]
        return OutsideFailure(
            f"Slack does not accept {what} ({name}).",
            next_step=f"Copy it again from the app's page: {page}.",
        )
    if name == "missing_scope":
        needed = _data(error.response).get("needed", "a scope")
        return OutsideFailure(
            f"The token lacks the scope {needed}.",
            next_step="Update the app from slack-manifest.yml and install it again.",
        )
    if name in ("channel_not_found", "user_not_found", "user_not_visible"):
        return OutsideFailure(
            f"Slack shows the bot nothing with this id ({name}).",
            next_step="Check the id. For a private channel, invite the bot first.",
        )
    return OutsideFailure(
        f"Slack answered {name or status_of(error)}.",
        next_step="Try again in a minute; Slack's state is on https://status.slack.com.",
        trying_again_can_help=True,
    )


def _data(response: Any) -> Mapping[str, Any]:
    data = getattr(response, "data", None)
    return data if isinstance(data, Mapping) else {}


def _by_member(roles: Mapping[str, frozenset[str]]) -> Mapping[str, str]:
    by_member: dict[str, list[str]] = {}
    for role, ids in roles.items():
        for one in sorted(ids):
            by_member.setdefault(one, []).append(role)
    return {one: listed(names) for one, names in by_member.items()}
