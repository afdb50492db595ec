"""How events change what a window knows: pure functions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.page.conftest import Open

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="session")]

_SCRIPT = """async (given) => {
  const { after, emptyModel, withMessages, withReplies, withWorkspace } =
    await import("./static/model.js");
  const people = [{ id: "U1", realName: "Bob" }, { id: "U2", realName: "Alice" }];
  const workspace = { people, groups: [], channels: [{ id: "C1" }], views: [] };
  const place = { channel: "C1", tab: "messages", thread: "" };
  let model = withWorkspace(emptyModel(place), workspace, people[1]);
  const said = [];
  const message = ([ts, text, thread_ts = null]) =>
    ({ channel: "C1", ts, text, thread_ts, user: "U1", files: [], only_for: null });
  for (const [what, ...step] of given) {
    if (what === "waits") model = withMessages(model, "C1", [], true, false);
    if (what === "loads") model = withMessages(model, "C1", step.map(message), true);
    if (what === "opens") model = withReplies(model, "C1", step[0], step.slice(1).map(message));
    const kind = { new: "message", edit: "message", gone: "message_deleted" }[what];
    const event = { kind, number: said.length, isNew: what === "new", message: message(step) };
    if (kind) model = after(model, event);
    said.push(model.notice?.text);
  }
  const texts = (one) => [...(one?.messages.values() ?? [])].map((message) => message.text);
  return [texts(model.conversations.get("C1")), texts(model.threads.get("C1/3")), said.at(-1)];
}"""


async def test_events_and_what_is_loaded_come_together(open_window: Open) -> None:
    page = (await open_window("alice")).page

    async def after(*steps: tuple[str, ...] | tuple[Any, ...]) -> list[Any]:
        found: list[Any] = await page.evaluate(_SCRIPT, steps)
        return found

    waiting, two = ("waits",), ("loads", ("3", "c"), ("4", "d"))
    assert await after(("new", "9", "z")) == [[], [], "Bob: z"]
    # What comes while the first page is on its way is newer than that page, and is not lost.
    assert (await after(waiting, ("new", "5", "e"), two))[0] == ["c", "d", "e"]
    assert (await after(waiting, ("edit", "4", "D"), two))[0] == ["c", "D"]
    assert (await after(waiting, ("edit", "1", "A"), two))[0] == ["c", "d"]
    # What is older than what is loaded waits until one scrolls there.
    assert (await after(two, ("edit", "1", "A")))[0] == ["c", "d"]
    assert (await after(two, ("loads", ("1", "a"))))[0] == ["a", "c", "d"]
    assert (await after(two, ("gone", "3", "c"), ("gone", "8", "?")))[0] == ["d"]
    # A reply is in its thread alone, and only where that is open.
    reply = ("new", "5", "reply", "3")
    assert await after(two, reply) == [["c", "d"], [], None]
    opened = ("opens", "3", ("3", "c"))
    assert (await after(two, opened, reply))[:2] == [["c", "d"], ["c", "reply"]]
    assert (await after(two, opened, ("edit", "3", "C")))[:2] == [["C", "d"], ["C"]]
    # A card that counts on says nothing; one that comes to a new state does.
    assert (await after(two, ("edit", "3", "c 12.5 %"), ("edit", "3", "c 80 %")))[
        2
    ] == "Bob: c 12.5 %"
    assert (await after(two, ("edit", "3", "c 1 MB"), ("edit", "3", "*done*")))[2] == "Bob: done"
