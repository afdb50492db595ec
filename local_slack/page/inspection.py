"""The page's inspector: the traffic between app and Slack, what of its rates the app uses, and the
faults that a person can cause.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import assert_never

from starlette.requests import Request

from local_slack.actions import Actions
from local_slack.delivery.lines import Lines
from local_slack.faults import Fault, FaultKind
from local_slack.message import Json
from local_slack.outcome import NotPossible
from local_slack.state import State
from local_slack.traffic import Exchange, Traffic

_MINUTE = 60.0
_POSTING = ("chat.postMessage", "chat.update")


@dataclass(frozen=True, slots=True)
class _Repeat:
    """Deliver the last delivery once more."""


@dataclass(frozen=True, slots=True)
class _Drop:
    """Cut the connections of the app."""


@dataclass(frozen=True, slots=True)
class _Mend:
    """End every fault."""


Disruption = tuple[Fault, ...] | _Repeat | _Drop | _Mend

DISRUPTIONS: Mapping[str, Disruption] = {
    "delay": (Fault(FaultKind.SLOW, seconds=_MINUTE, delay=2.0),),
    "rate_limit": tuple(
        Fault(FaultKind.RATE_LIMITED, method, seconds=_MINUTE, retry_after=5) for method in _POSTING
    ),
    "server_error": tuple(
        Fault(FaultKind.SERVER_ERROR, method, seconds=_MINUTE) for method in _POSTING
    ),
    "lost_answer": (Fault(FaultKind.LOST_ANSWER, "chat.postMessage", calls=1),),
    "repeat": _Repeat(),
    "disconnect": _Drop(),
    "mend": _Mend(),
}
"""What each button of the inspector does."""


class Inspection:
    """What the inspector shows and does."""

    def __init__(self, state: State, actions: Actions, lines: Lines, traffic: Traffic) -> None:
        self._state = state
        self._actions = actions
        self._lines = lines
        self._traffic = traffic

    @property
    def connections(self) -> int:
        """How many Socket Mode connections the app has; a Request URL counts as one."""
        return self._lines.hub.connections or int(self._lines.request_url is not None)

    def summary(self, number: int) -> Json | None:
        """An exchange as one line of the list; with the reasons where Slack refused the call."""
        exchange = self._traffic.get(number)
        return None if exchange is None else _summary(exchange)

    async def exchanges(self, request: Request) -> Json:
        """The exchanges after ``after``, a line each."""
        exchanges = self._traffic.since(int(request.query_params.get("after", "0")), bodies=False)
        return {"exchanges": [_line(one) for one in exchanges]}

    async def exchange(self, request: Request) -> Json:
        """One exchange, with its bodies."""
        exchange = self._traffic.get(int(request.query_params["number"]))
        if exchange is None:
            raise NotPossible("this exchange is not kept any more")
        return asdict(exchange)

    async def usage(self, _: Request) -> Json:
        """What of the rates is used, and which faults are in force."""
        faults = [one.as_json() for one in self._state.faults.active()]
        return asdict(self._state.rates.usage()) | {"faults": faults}

    async def disrupt(self, request: Request) -> Json:
        """Cause one of `DISRUPTIONS`."""
        name = (await request.json())["what"]
        trouble = DISRUPTIONS.get(name)
        match trouble:
            case tuple():
                for fault in trouble:
                    self._state.faults.add(fault)
            case _Repeat():
                await self._actions.repeat_last()
            case _Drop():
                self._lines.hub.drop()
            case _Mend():
                self._state.faults.clear()
            case None:
                raise NotPossible(f"there is no fault called {name}")
            case _:
                assert_never(trouble)
        return {}


def _line(exchange: Exchange) -> Json:
    left_out: tuple[str, ...] = ("request", "answer")
    return {name: value for name, value in asdict(exchange).items() if name not in left_out}


def _summary(exchange: Exchange) -> Json:
    answer = exchange.answer if isinstance(exchange.answer, dict) else {}
    reasons = answer.get("response_metadata", {}).get("messages", [])
    was_refused = exchange.direction == "from_app" and answer.get("ok") is False
    was_refused = was_refused and exchange.error != "ratelimited"  # says nothing about the call
    return _line(exchange) | {"wasRefused": was_refused, "reasons": reasons}


Summarise = Callable[[int], Json | None]
"""An exchange as one line, by its number."""
