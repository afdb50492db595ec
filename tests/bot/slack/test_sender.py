"""Calls to Slack, against the local Slack: each says in a typed result what became of it."""

from collections.abc import AsyncIterator, Iterator

import pytest
from slack_sdk.models.blocks import Block, SectionBlock

from bot.slack.errors import CannotPost, Gone, Limited, NoThread, Rejected, SlackFailed
from bot.slack.sender import Content, DirectMessages, MessageKey, NotPosted, Sender, Sent, Uploaded
from local_slack import Fault, FaultKind, LocalSlack, Workspace, serve
from quaymaster.subjects import OperationSubject

MARK = MessageKey(OperationSubject(1042), "card")
ALWAYS = (0.0, 4_000_000_000.0)


@pytest.fixture(scope="module")
def slack() -> Iterator[LocalSlack]:
    with serve() as running:
        yield running


@pytest.fixture
async def workspace(slack: LocalSlack) -> AsyncIterator[Workspace]:
    async with slack.workspace() as workspace:
        await workspace.skip(60)  # the rates of one test are not those of the next
        yield workspace
        await workspace.mend()


@pytest.fixture
async def sender(slack: LocalSlack) -> AsyncIterator[Sender]:
    async with Sender.opened(slack.world.app.bot_token, slack.api_url) as found:
        yield found


def content(
    text: str = "Pushing", blocks: tuple[Block, ...] = (), mark: MessageKey = MARK
) -> Content:
    return Content(text, blocks, mark)


async def posted(sender: Sender, channel: str = "C0SHOP", text: str = "Pushing") -> Sent:
    result = await sender.post(channel, content(text, (SectionBlock(text=text),)))
    assert isinstance(result, Sent)
    return result


async def test_a_message_is_posted_and_edited_in_place(
    sender: Sender, workspace: Workspace
) -> None:
    sent = await posted(sender)
    assert isinstance(await sender.update(sent.channel, sent.ts, content("Pushed")), Sent)
    message = await workspace.message(sent.channel, sent.ts)
    assert message is not None
    assert message.text == "Pushed"
    assert message.blocks == ()  # the old blocks went with the old text


async def test_a_message_is_found_again_by_its_operation_and_slot(
    sender: Sender, workspace: Workspace
) -> None:
    mark = MessageKey(OperationSubject(7), "card")
    await sender.post("C0DATA", content(mark=MessageKey(OperationSubject(7), "approval")))
    sent = await sender.post("C0DATA", content(mark=mark))
    assert await sender.find_message("C0DATA", None, mark, ALWAYS) == sent
    assert await sender.find_message("C0DATA", None, mark, (0.0, 1.0)) == NotPosted()
    assert (
        await sender.find_message("C0DATA", None, MessageKey(OperationSubject(8), "card"), ALWAYS)
        == NotPosted()
    )


async def test_a_reply_is_found_in_its_thread(sender: Sender, workspace: Workspace) -> None:
    parent, mark = await posted(sender), MessageKey(OperationSubject(9), "log")
    sent = await sender.post(parent.channel, content(mark=mark), parent.ts)
    assert await sender.find_message(parent.channel, parent.ts, mark, ALWAYS) == sent
    assert await sender.find_message(parent.channel, None, mark, ALWAYS) == NotPosted()


async def test_a_file_is_seen_once_it_is_shared_and_found_again_by_its_name(
    sender: Sender, workspace: Workspace
) -> None:
    parent = await posted(sender)
    uploaded = await sender.upload("findings-9.txt", "SEVERITY ü\n".encode())
    assert isinstance(uploaded, Uploaded)
    thread = (parent.channel, parent.ts)
    assert await sender.find_file(*thread, "findings-9.txt", ALWAYS) == NotPosted()
    shared = await sender.share(uploaded.file, "Findings", *thread, "The whole report")
    assert shared == Sent("C0SHOP", uploaded.file)
    assert await sender.find_file(*thread, "findings-9.txt", ALWAYS) == shared
    assert await workspace.file(uploaded.file) == "SEVERITY ü\n".encode()


async def test_direct_messages_are_opened(sender: Sender, workspace: Workspace) -> None:
    opened = await sender.open_direct("U0BOB")
    assert isinstance(opened, DirectMessages)
    assert isinstance(await sender.post(opened.channel, content()), Sent)
    assert isinstance(await sender.open_direct("U0GONE"), CannotPost)


async def test_one_person_alone_sees_an_ephemeral_message(
    sender: Sender, workspace: Workspace
) -> None:
    text = "For Bob alone"
    assert isinstance(await sender.post_only_for("U0BOB", "C0SHOP", content(text)), Sent)
    assert text in [message.text for message in await workspace.messages(user="U0BOB")]
    assert text not in [message.text for message in await workspace.messages(user="U0CAROL")]


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        ("C0RANDOM", "not_in_channel"),
        ("C0SECRET", "channel_not_found"),
        ("C0OLD", "is_archived"),
    ],
)
async def test_where_nothing_can_be_posted_is_told(
    sender: Sender, workspace: Workspace, channel: str, error: str
) -> None:
    assert await sender.post(channel, content()) == CannotPost(error)
    assert isinstance(await sender.post_only_for("U0BOB", channel, content()), CannotPost)


async def test_a_message_that_is_gone_a_thread_that_is_not_there_and_bad_blocks_are_told(
    sender: Sender, workspace: Workspace
) -> None:
    assert await sender.update("C0SHOP", "1.000001", content()) == Gone("message_not_found")
    assert isinstance(await sender.post("C0SHOP", content(), "1.000001"), NoThread)
    many = tuple(SectionBlock(text="x") for _ in range(51))
    assert isinstance(await sender.post("C0SHOP", content(blocks=many)), Rejected)


async def test_text_is_cut_where_an_update_would_not_take_it(
    sender: Sender, workspace: Workspace
) -> None:
    sent = await posted(sender)
    assert isinstance(await sender.update("C0SHOP", sent.ts, content("x" * 5_000)), Sent)


async def test_429_is_told_with_the_time_to_wait(sender: Sender, workspace: Workspace) -> None:
    await workspace.fault(Fault(FaultKind.RATE_LIMITED, "chat.postMessage", retry_after=17))
    assert await sender.post("C0SHOP", content()) == Limited(17.0)


@pytest.mark.parametrize("kind", [FaultKind.SERVER_ERROR, FaultKind.LOST_ANSWER, FaultKind.REFUSED])
async def test_a_call_without_an_answer_may_have_done_its_work(
    sender: Sender, workspace: Workspace, kind: FaultKind
) -> None:
    await workspace.fault(Fault(kind, "chat.postMessage"))
    result = await sender.post("C0SHOP", content())
    assert isinstance(result, SlackFailed)
    assert not result.nothing_happened
    calls = (await workspace.calls("chat.postMessage")).calls
    assert len([call for call in calls if call.error in ("http_500", "lost", "refused")]) > 0


async def test_a_lost_answer_is_not_made_up_for_by_a_second_call(
    sender: Sender, workspace: Workspace
) -> None:
    before = len(await workspace.calls("chat.postMessage"))
    await workspace.fault(Fault(FaultKind.LOST_ANSWER, "chat.postMessage", calls=1))
    await sender.post("C0SHOP", content())
    assert len(await workspace.calls("chat.postMessage")) == before + 1


async def test_without_a_slack_nothing_happened(free_port: int) -> None:
    async with Sender.opened("xoxb-none", f"http://127.0.0.1:{free_port}/api/") as sender:
        result = await sender.post("C0SHOP", content())
    assert isinstance(result, SlackFailed)
    assert result.nothing_happened


async def test_a_token_that_is_not_accepted_may_be_put_right(slack: LocalSlack) -> None:
    async with Sender.opened("xoxb-wrong", slack.api_url) as sender:
        assert await sender.post("C0SHOP", content()) == SlackFailed("invalid_auth", True)


async def test_all_calls_share_few_connections(sender: Sender, workspace: Workspace) -> None:
    before = len(await workspace.calls())
    sent = await posted(sender)
    for number in range(40):
        assert isinstance(await sender.update("C0SHOP", sent.ts, content(str(number))), Sent)
    calls = (await workspace.calls()).calls[before:]
    assert sum(call.opened for call in calls) <= 0.05 * len(calls)
