"""A second start finds the history as it was."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from local_slack import HistoryError, HistoryInUse, LocalSlack, World, serve
from local_slack.clock import Clock
from local_slack.history import VERSION, History
from local_slack.message import File, Message, StoredFile
from local_slack.rates import RateLimiter
from local_slack.state import State
from local_slack.webapi.shapes import message_json
from local_slack.world import Channel
from tests.people import ALICE, BOB

SHOP = "C0SHOP"
CARD = {"type": "section", "block_id": "card", "text": {"type": "mrkdwn", "text": "*pushed*"}}
LONE_SURROGATE = "\ud83d"  # JSON may hold one, UTF-8 may not


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


@contextmanager
def started(path: Path, world: World | None = None, ahead: float = 0.0) -> Iterator[State]:
    """A workspace with the history in ``path``; its clock goes ``ahead`` seconds ahead."""
    history = History.at(path)
    with closing(history):
        clock = Clock(history=history)
        clock.skip(ahead)
        rates = RateLimiter(clock, enabled=False)
        yield State(world or World.default(), clock, rates, history=history)


def say(state: State, text: str = "hello", channel: str = SHOP, **more: object) -> Message:
    message = Message(channel, state.clock.next_ts(), BOB, text)
    return state.post(replace(message, **more))  # type: ignore[arg-type]


# what is found again


async def test_messages_are_as_they_were(path: Path) -> None:
    with started(path) as state:
        metadata = {"event_type": "operation", "event_payload": {"id": "op1"}}
        card = say(state, "card", blocks=(CARD,), metadata=metadata, bot_id="B0QUAYMASTER")
        say(state, "a reply", thread_ts=card.ts)
        say(state, f"half a {LONE_SURROGATE}")
        gone = say(state, "gone")
        changed = state.change(replace(card, text="newer", edited_ts=state.clock.next_ts()))
        state.react(changed, "eyes", ALICE)
        state.delete(gone)
        before, shown = state.all_messages([SHOP]), message_json(state, changed)
    with started(path) as state:
        assert state.all_messages([SHOP]) == before
        assert [one.text for one in before] == ["newer", "a reply", f"half a {LONE_SURROGATE}"]
        assert message_json(state, changed) == shown
        assert shown["reply_count"] == 1
        assert [one.text for one in state.replies(ALICE, SHOP, card.ts)] == ["a reply"]


async def test_marks_are_as_they_were(path: Path) -> None:
    with started(path) as state:
        first = say(state, "one")
        second = say(state, "two")
        say(state, "three")
        state.mark(ALICE, SHOP, first.ts)
        state.mark(ALICE, SHOP, second.ts)
    with started(path) as state:
        assert state.unread(ALICE, SHOP) == 1
        assert state.unread("U0CAROL", SHOP) == 3


async def test_a_direct_conversation_is_the_same_one(path: Path) -> None:
    with started(path) as state:
        direct = state.direct_channel(ALICE)
        say(state, "between us", direct.id)
    with started(path) as state:
        assert state.direct_channel(ALICE) == direct
        assert [one.text for one in state.history(direct.id)] == ["between us"]


async def test_files_are_as_they_were(path: Path) -> None:
    with started(path) as state:
        for content in (b"\x00report\xff", b"private"):
            file = File(state.new_id("F"), "report.txt", "Report", len(content), BOB)
            state.files[file.id] = StoredFile(file, len(content), content)
            state.keep_file(state.files[file.id])
        shared, private = state.files.values()
        say(state, files=(shared.file,))
        say(state, channel="C0GENERAL", files=(shared.file,))
        before = dict(state.files)
    with started(path) as state:
        assert state.files == before
        assert state.files[shared.file.id].channels == [SHOP, "C0GENERAL"]
        assert not state.files[private.file.id].shared


async def test_ephemeral_messages_are_not_kept(path: Path) -> None:
    with started(path) as state:
        root = say(state, "for all")
        ephemeral = say(state, "for alice", only_for=ALICE)
        say(state, "a reply for alice", only_for=ALICE, thread_ts=root.ts)
        state.change(replace(ephemeral, text="newer"))
        state.mark(ALICE, SHOP, ephemeral.ts)
    with started(path) as state:
        assert [one.text for one in state.screen(ALICE, [SHOP])] == ["for all"]
        assert state.replies(ALICE, SHOP, root.ts) == []
        assert state.unread(ALICE, SHOP) == 0


async def test_people_and_channels_come_from_the_world(path: Path) -> None:
    world = World.default()
    with started(path, world.with_channel(Channel("C0ONCE", "once"))) as state:
        say(state, "where I was", "C0ONCE")
        say(state, "here")
        state.direct_channel("U0EVE")
    fewer = replace(world, users=tuple(one for one in world.users if one.id != "U0EVE"))
    with started(path, fewer) as state:
        assert "C0ONCE" not in state.channels
        assert [one.text for one in state.all_messages(["C0ONCE", SHOP])] == ["here"]
        assert all(
            "U0EVE" not in one.members or one.name != "directmessage"
            for one in state.channels.values()
        )
    with started(path, world.with_channel(Channel("C0ONCE", "again"))) as state:
        assert [one.text for one in state.history("C0ONCE")] == ["where I was"]


# what never comes twice


async def test_no_id_comes_twice(path: Path) -> None:
    seen: list[str] = []
    for _ in range(3):
        with started(path) as state:
            seen += [state.new_id("F") for _ in range(1_200)]
    assert len(set(seen)) == len(seen) == 3_600
    assert seen == sorted(seen)


async def test_timestamps_rise_also_when_the_clock_was_set_back(path: Path) -> None:
    seen: list[str] = []
    for ahead in (0.0, -3_600.0, 5.0, -7_200.0):
        with started(path, ahead=ahead) as state:
            seen += [state.clock.next_ts(), say(state).ts, say(state, only_for=ALICE).ts]
            state.delete(state.history(SHOP)[-1])
    assert seen == sorted(set(seen))


async def test_a_restart_does_not_run_ahead_of_the_clock(path: Path) -> None:
    for _ in range(5):
        with started(path) as state:
            assert float(say(state).ts) < state.clock.now() + 6


# what cannot be used


def damaged(path: Path) -> None:
    with started(path):
        pass
    content = bytearray(path.read_bytes())
    content[4096 + 8 : 3 * 4096] = b"\xa5" * (2 * 4096 - 8)
    path.write_bytes(content)


def cut_short(path: Path) -> None:
    with started(path):
        pass
    path.write_bytes(path.read_bytes()[: 2 * 4096 + 100])


def holds_what_no_version_wrote(path: Path) -> None:
    execute(path, "INSERT INTO messages VALUES ('C0SHOP', '1.0', '{\"channel\": 1}')")


def knows_no_ids(path: Path) -> None:
    execute(path, "DELETE FROM reserved")


def of_another_version(path: Path) -> None:
    execute(path, f"PRAGMA user_version = {VERSION + 1}")


def another_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE messages (channel TEXT)")


def no_database(path: Path) -> None:
    path.write_text("A shopping list, long enough for a header of SQLite's: " + "milk, " * 50)


def a_directory(path: Path) -> None:
    path.mkdir()


def execute(path: Path, sql: str) -> None:
    with started(path):
        pass
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute(sql)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (damaged, "is damaged"),
        (cut_short, "is damaged"),
        (holds_what_no_version_wrote, "is damaged"),
        (knows_no_ids, "is damaged"),
        (of_another_version, r"another version .* \(format 2; this one reads 1\)"),
        (another_database, "is not a history"),
        (no_database, "is not a history"),
        (a_directory, "cannot be opened"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(
    path: Path, spoil: Callable[[Path], None], says: str
) -> None:
    spoil(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(HistoryError, match=says) as raised, serve(history=path):
        pass
    assert str(path) in str(raised.value)
    assert str(raised.value).endswith(".")
    assert before == (path.read_bytes() if path.is_file() else None)


def test_a_place_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="cannot be opened: No such file or directory"):
        History.at(tmp_path / "nowhere" / "history.db")


def test_only_one_at_a_time_has_it(path: Path) -> None:
    in_use = pytest.raises(HistoryInUse, match="is in use by another local Slack")
    with closing(History.at(path)), in_use:
        History.at(path)
    History.at(path).close()


def test_nobody_else_can_read_it(path: Path) -> None:
    History.at(path).close()
    assert path.stat().st_mode & 0o077 == 0


async def test_what_cannot_be_kept_is_not_said(path: Path) -> None:
    with started(path) as state:
        message = say(state)
    with pytest.raises(HistoryError, match="cannot be written"):
        state.change(replace(message, text="newer"))
    with pytest.raises(HistoryError, match="cannot be written"):
        state.delete(message)
    assert state.history(SHOP) == [message]
    assert [one.kind for one in state.feed.since(0)] == ["message_posted"]


# the whole server


def client(slack: LocalSlack, session: aiohttp.ClientSession) -> AsyncWebClient:
    return AsyncWebClient(token=slack.world.app.bot_token, base_url=slack.api_url, session=session)


async def test_an_app_finds_what_it_left(path: Path, session: aiohttp.ClientSession) -> None:
    with serve(history=path) as slack:
        web = client(slack, session)
        card = await web.chat_postMessage(channel=SHOP, text="card", blocks=[CARD])
        await web.chat_postMessage(channel=SHOP, text="reply", thread_ts=card["ts"])
        await web.chat_postEphemeral(channel=SHOP, text="psst", user=ALICE)
        await web.chat_update(channel=SHOP, ts=card["ts"], text="done", blocks=[CARD])
        await web.files_upload_v2(channel=SHOP, filename="a.txt", content="so it was")
        await web.files_upload_v2(filename="b.txt", content="private")
        direct = (await web.conversations_open(users=BOB))["channel"]["id"]
        history = (await web.conversations_history(channel=SHOP)).data
        async with slack.workspace() as workspace:
            messages = await workspace.messages()
    with serve(history=path) as slack:
        web = client(slack, session)
        found = (await web.conversations_history(channel=SHOP)).data
        assert without_addresses(found) == without_addresses(history)
        assert (await web.conversations_open(users=BOB))["channel"]["id"] == direct
        async with slack.workspace() as workspace:
            kept = await workspace.messages()
            assert kept == tuple(one for one in messages if one.only_for is None)
            (file,) = kept[-1].files
            assert await workspace.file(file.id) == b"so it was"
        await web.chat_update(channel=SHOP, ts=card["ts"], text="still mine")
        new = await web.chat_postMessage(channel=SHOP, text="new")
        assert new["ts"] > max(one.ts for one in messages)
        upload = await web.files_getUploadURLExternal(filename="c.txt", length=1)
        assert upload["file_id"] > file.id


def without_addresses(history: object) -> object:
    """The port is another one after a restart, and Slack's files say when they were looked at."""
    if isinstance(history, dict):
        moving = ("url_private", "url_private_download", "permalink", "created")
        return {key: without_addresses(one) for key, one in history.items() if key not in moving}
    if isinstance(history, list):
        return [without_addresses(one) for one in history]
    return history


async def test_without_a_history_everything_is_forgotten(session: aiohttp.ClientSession) -> None:
    for _ in range(2):
        with serve() as slack:
            await client(slack, session).chat_postMessage(channel=SHOP, text="hello")
            async with slack.workspace() as workspace:
                assert len(await workspace.messages()) == 1
