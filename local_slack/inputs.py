"""What people chose and were offered so far, in each message and view."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, TypeAlias

from local_slack.choices import chosen, keeps_choice, need_required, values_of
from local_slack.message import Json, Message
from local_slack.outcome import NotPossible
from local_slack.state import OpenView, State
from local_slack.webapi.shapes import file_json

_Element: TypeAlias = tuple[str, str, str, str]  # person, place, block id, action id


class Inputs:
    """Remembers the choices of each person: everybody has their own in the same message.

    A place is a message (its channel and timestamp) or the id of a view.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._in_messages: dict[tuple[str, str], Json] = {}
        self._offered: defaultdict[_Element, dict[str, Json]] = defaultdict(dict)

    def offer(self, user: str, place: str, block: Json, element: Json, options: list[Json]) -> None:
        """Remember what the app suggested, on top of what it suggested there before."""
        name = (user, place, block["block_id"], element["action_id"])
        self._offered[name].update({option["value"]: option for option in options})

    def chosen(self, user: str, place: str, block: Json, element: Json, value: Any) -> Json:
        """What a value becomes in the payload: see `choices.chosen`.

        Files are named by their ids.
        """
        if element["type"] == "file_input":
            value = [self._file(user, element, str(one)) for one in value or ()]
        name = (user, place, block["block_id"], element["action_id"])
        offered = self._offered[name].values() if name in self._offered else ()
        return chosen(element, value, tuple(offered))

    def _file(self, user: str, element: Json, name: str) -> Json:
        stored = self._state.files.get(name)
        if stored is None or stored.file.owner != user:
            raise NotPossible(f"{user} has no file {name}")
        kinds, ending = element.get("filetypes"), stored.file.name.rpartition(".")[2].lower()
        if kinds and ending not in (kind.lower() for kind in kinds):
            raise NotPossible(f"{element['action_id']} takes only {', '.join(kinds)}")
        return file_json(self._state, stored.file)

    def press(
        self,
        user: str,
        message: Message,
        block: Json,
        element: Json,
        value: Any,
        values: Mapping[str, Any],
    ) -> tuple[Json, Json]:
        """What was pressed, and the state of the message where ``values`` were filled in."""
        _tells(block, element)
        place, blocks = message_place(message), list(message.blocks)
        picked = self.chosen(user, place, block, element, value)
        before = self._in_messages.get((user, place), {})
        state = self._values(user, place, blocks, before, values)
        state = self._in_messages[user, place] = _with(state, block, element, picked)
        return picked, state

    def press_in_view(
        self, view: OpenView, block: Json, element: Json, value: Any, values: Mapping[str, Any]
    ) -> Json:
        """What was pressed in a view where ``values`` were filled in; the view keeps both."""
        _tells(block, element)
        picked = self.chosen(view.user, view.id, block, element, value)
        state = self._values(view.user, view.id, view.body["blocks"], view.values, values)
        view.values = _with(state, block, element, picked)
        return picked

    def fill_in(self, view: OpenView, values: Mapping[str, Any]) -> None:
        """Put ``values`` into a view that is to be submitted.

        Raises `NotPossible` when a value has no input, or a required input stays empty, as Slack's
        own client would.
        """
        blocks = view.body["blocks"]
        state = self._values(view.user, view.id, blocks, view.values, values)
        need_required(blocks, state)
        view.values = state

    def _values(
        self, user: str, place: str, blocks: list[Json], before: Json, values: Mapping[str, Any]
    ) -> Json:
        def choose(block: Json, element: Json, value: Any) -> Json:
            return self.chosen(user, place, block, element, value)

        return values_of(blocks, before, values, choose)


def message_place(message: Message) -> str:
    """The place that a message is."""
    return f"{message.channel}/{message.ts}"


def _tells(block: Json, element: Json) -> None:
    """An input sends an event only if it has ``dispatch_action``.

    https://docs.slack.dev/reference/block-kit/blocks/input-block
    """
    if block["type"] == "input" and not block.get("dispatch_action"):
        raise NotPossible(f"{element['action_id']} does not tell the app what is put in")


def _with(state: Json, block: Json, element: Json, picked: Json) -> Json:
    """``state`` with one choice changed."""
    if not keeps_choice(element):
        return state
    block_id, action_id = block["block_id"], element["action_id"]
    entry = {"type": element["type"], **picked}
    return state | {block_id: state.get(block_id, {}) | {action_id: entry}}
