"""The workspace as a test or a terminal works with it: act, look, wait, cause faults."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from local_slack.calls import Call, CallLog
from local_slack.client import ControlClient
from local_slack.faults import ActiveFault, Fault, FaultKind
from local_slack.feed import Change
from local_slack.message import Json, Message
from local_slack.outcome import Offer, Outcome
from local_slack.person import Person
from local_slack.plan import Planned
from local_slack.rates import Usage
from local_slack.traffic import Exchange


class NotSeen(AssertionError):
    """The expected message did not appear in time; the text shows what was there instead."""


class Workspace:
    """A running local Slack, reached through its control API. Use it with ``async with``."""

    def __init__(self, base_url: str, control_token: str) -> None:
        self._control = ControlClient(base_url, control_token)

    async def __aenter__(self) -> Workspace:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._control.close()

    def person(self, user: str) -> Person:
        """The person with this user id."""
        return Person(self, user)

    async def info(self) -> Json:
        """Who and what there is, and how the app is connected."""
        payload: Json = await self._control.get("info")
        return payload

    # acting

    async def act(self, *planned: Planned) -> tuple[Outcome, ...]:
        """Execute several actions that begin at the same moment; `Person.plan` makes them."""
        acts = [{"act": one.act, "arguments": one.arguments} for one in planned]
        outcomes = await self._control.post("act", {"acts": acts})
        return tuple(Outcome.from_json(one) for one in outcomes)

    async def suggest(self, **arguments: Any) -> Offer:
        """What the app suggests: see `Actions.suggest`; `Person.suggest` is the one to use."""
        return Offer.from_json(await self._control.post("suggest", arguments))

    async def upload(self, user: str, name: str, content: bytes) -> str:
        """The id of a file that ``user`` has chosen for a file input."""
        reply = await self._control.upload("upload", content, user=user, name=name)
        return str(reply["id"])

    # looking

    async def messages(
        self, channel: str | None = None, *, user: str | None = None
    ) -> tuple[Message, ...]:
        """The messages of a channel (or of all), oldest first, or what ``user`` sees of them."""
        rows = await self._control.get("messages", channel=channel, user=user)
        return tuple(Message.from_json(one) for one in rows)

    async def message(self, channel: str, ts: str) -> Message | None:
        """One message as it is now; None when it is gone."""
        messages = [one for one in await self.messages(channel) if one.ts == ts]
        return messages[0] if messages else None

    async def views(self, user: str | None = None) -> tuple[Json, ...]:
        """The modals and Home tabs that are open, as the API shows them, with their ``user``."""
        return tuple(await self._control.get("views", user=user))

    async def file(self, file_id: str) -> bytes:
        """The content of a file."""
        return await self._control.download("file", id=file_id)

    async def calls(self, *methods: str) -> CallLog:
        """The Web API calls so far; only those of ``methods`` where some are named."""
        log = CallLog(tuple(Call(**one) for one in await self._control.get("calls")))
        return log.of(*methods) if methods else log

    async def traffic(self, after: int = 0) -> tuple[Exchange, ...]:
        """What went to and fro between the app and Slack after exchange ``after``, oldest first."""
        return tuple(Exchange(**one) for one in await self._control.get("traffic", after=after))

    async def usage(self) -> Usage:
        """How much of its rates the app uses."""
        return Usage.from_json(await self._control.get("rates"))

    async def changes(
        self, after: int = 0, wait: float = 0.0, *, behind: bool = False
    ) -> tuple[Change, ...]:
        """What happened after change ``after``; waits up to ``wait`` seconds for the first.

        ``behind`` includes what no person in the workspace sees: exchanges and faults.
        """
        changes = await self._control.get(
            "feed", after=after, wait=wait, behind="true" if behind else None
        )
        return tuple(Change(**one) for one in changes)

    # waiting

    async def until(
        self,
        predicate: Callable[[Message], bool],
        *,
        channel: str | None = None,
        user: str | None = None,
        after: str = "",
        within: float = 30.0,
    ) -> Message:
        """The newest message that fits; raises `NotSeen` after ``within`` seconds without one.

        ``after`` leaves out messages up to this timestamp.
        """
        deadline, number = time.monotonic() + within, 0
        while True:
            changes = await self.changes(number)
            number = changes[-1].number if changes else number
            messages = await self.messages(channel, user=user)
            fitting = [one for one in messages if one.ts > after and predicate(one)]
            if fitting:
                return fitting[-1]
            left = deadline - time.monotonic()
            if left <= 0:
                screen = "\n---\n".join(one.words for one in messages) or "nothing"
                raise NotSeen(f"not seen within {within} s; what was there:\n{screen}")
            await self.changes(number, wait=min(left, 5.0))

    async def connected(self, count: int = 1, *, within: float = 30.0) -> None:
        """Wait until the app has ``count`` Socket Mode connections; raises `NotSeen`."""
        deadline = time.monotonic() + within
        while (await self.info())["connections"] < count:
            if time.monotonic() > deadline:
                raise NotSeen(f"the app did not connect within {within} s")
            await asyncio.sleep(0.02)

    # causing faults

    async def repeat_last(self) -> Outcome:
        """Deliver what was delivered last to the app once more: see `Actions.repeat_last`."""
        return (await self.act(Planned("repeat_last", {})))[0]

    async def faults(self) -> tuple[ActiveFault, ...]:
        """The faults that are in force."""
        return tuple(ActiveFault.from_json(one) for one in await self._control.get("faults"))

    async def fault(self, *faults: Fault) -> None:
        """Put faults in force, on top of those that are."""
        if faults:
            await self._control.post("faults", [_fault_json(one) for one in faults])

    async def slow(self, seconds: float = 0.25) -> None:
        """Every answer comes ``seconds`` late from now on."""
        await self.fault(Fault(FaultKind.SLOW, delay=seconds))

    async def mend(self) -> None:
        """End all faults."""
        await self._control.post("faults", [])

    async def drop_sockets(self) -> None:
        """Cut all Socket Mode connections without a word."""
        await self._change(socket="drop")

    async def refresh_sockets(self, reason: str = "refresh_requested") -> None:
        """Ask the app to reconnect, as Slack does at times; returns when that is done."""
        await self._change(socket=reason)

    # changing

    async def skip(self, seconds: float) -> None:
        """Let time pass for rate windows, response_url and trigger_id."""
        await self._change(skip=seconds)

    async def rate_limits(self, enabled: bool) -> None:
        """Switch rate limits."""
        await self._change(rate_limits=enabled)

    async def use_http(self, request_url: str) -> None:
        """Deliver to this Request URL from now on."""
        await self._change(request_url=request_url)

    async def set_membership(self, user: str, membership: str) -> None:
        """Change a user's kind of membership, to a value of `MemberKind`."""
        await self._change(user={"id": user, "membership": membership})

    async def set_channel(
        self,
        channel: str,
        *,
        archived: bool | None = None,
        join: Sequence[str] = (),
        leave: Sequence[str] = (),
    ) -> None:
        """Archive a channel, or let users (the bot, too) join and leave it."""
        change: Json = {"id": channel, "join": list(join), "leave": list(leave)}
        await self._change(channel=change | ({} if archived is None else {"archived": archived}))

    async def set_scopes(self, *scopes: str) -> None:
        """Give the bot's token these scopes and no others."""
        await self._change(scopes=list(scopes))

    async def _change(self, **change: Any) -> None:
        await self._control.post("change", change)


def _fault_json(fault: Fault) -> Json:
    return {
        "kind": fault.kind.value,
        "method": fault.method,
        "calls": fault.calls,
        "seconds": fault.seconds,
        "retry_after": fault.retry_after,
        "delay": fault.delay,
    }
