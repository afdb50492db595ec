"""Bring the messages of one subject in line: post, look, update, or leave alone.

Before a message is posted it is noted that it will be; a note without an address that is found
later means that the answer was lost, with the process or on the way, and the message is looked for
before it is posted again.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import structlog

from bot.courier import steps
from bot.courier.steps import Direct, InChannel, Place, Step
from bot.courier.throttle import NotYet, Throttle
from bot.slack.errors import CannotPost, NoThread, Refusal, Rejected, TooOld, error_of
from bot.slack.rates import POST, UPDATE, Call, Urgency
from bot.slack.sender import Content, DirectMessages, MessageKey, NotPosted, Sender, Sent, Uploaded
from bot.views.messages import Drawing, FindingsFile, Message, TextFile
from quaymaster.key_ring import CLOCK_SKEW
from quaymaster.store import cards
from quaymaster.store.cards import GAVE_UP, Posting
from quaymaster.store.transactions import AsyncConnection, ask_async, perform_async
from quaymaster.subjects import OperationSubject, Subject

_log = structlog.get_logger(__name__)

UPDATE_SECONDS: Mapping[Urgency, float] = {"ended": 0.0, "changed": 1.0, "progress": 1.6}
"""The least time between the beginnings of two calls about one message. With the call itself less
than 2 s, so the newest state is never shown later than that while the budget lasts."""
SETTLE_SECONDS = 1.0
"""So long Slack may still be at work on a call whose answer was lost."""
SETTLE_FILE_SECONDS = 4.0
"""Slack shares a file some time after it has answered."""
_CLOCKS_APART_SECONDS = CLOCK_SKEW.total_seconds() + 30.0
"""Slack dates a message by its own clock, and some time after the call began."""


@dataclass(slots=True)
class _Memory:
    """What this process knows about a message beyond what is noted. Losing it costs a call."""

    last_call: float = 0.0
    is_not_there: bool = False
    """The last attempt to post it did nothing, so there is nothing to look for."""
    without_blocks: str = ""
    """What it would show when Slack did not take its blocks."""
    without_thread: bool = False


@dataclass(slots=True)
class _Batch:
    """The messages of one subject while they are brought in line."""

    drawing: Drawing
    messages: Mapping[str, Message]
    postings: dict[str, Posting]


@dataclass(frozen=True, slots=True)
class Delivered:
    """What came of bringing a subject's messages in line."""

    waits: Sequence[NotYet]
    """What is still to be done and when; nothing when Slack shows everything."""
    postings: Mapping[str, Posting]
    """Where each message is, by its slot."""


@dataclass(slots=True)
class Delivery:
    """Slack's side of the courier."""

    connection: AsyncConnection
    throttle: Throttle
    clock: Callable[[], float]
    findings_text: Callable[[FindingsFile], Awaitable[str]]
    _memories: dict[tuple[Subject, str], _Memory] = field(default_factory=dict)
    _direct: dict[str, str] = field(default_factory=dict)

    async def deliver(self, drawing: Drawing) -> Delivered:
        """Bring all messages of a subject in line, each for itself. Raises LeaseLost and
        Unavailable.
        """
        noted = await ask_async(self.connection, cards.postings(drawing.subject))
        messages = (*drawing.messages, *steps.left_over(drawing, noted))
        batch = _Batch(drawing, {message.slot: message for message in messages}, dict(noted))
        waits: list[NotYet] = []
        for message in messages:
            try:
                await self._bring(batch, message)
                notice = steps.notice(message, drawing, batch.postings.get(message.slot))
                if notice:
                    await self._bring(batch, notice)
            except NotYet as wait:
                waits.append(wait)
        return Delivered(waits, batch.postings)

    async def warn(self, subject: OperationSubject) -> Sequence[NotYet]:
        """Where an operation is shown, say that its record is not genuine; post nothing.

        Returns what is still to be done and when. Raises LeaseLost and Unavailable.
        """
        noted = await ask_async(self.connection, cards.postings(subject))
        waits: list[NotYet] = []
        for message, posting in steps.warnings(subject, noted):
            try:
                result = await self._updated(message, posting)
            except NotYet as wait:
                waits.append(wait)
                continue
            if not isinstance(result, Sent):
                _log.warning("slack refused a warning", **_names(message), error=error_of(result))
            warned = replace(posting, shows=message.shows)
            noted_so = cards.note_posting(subject, message.slot, warned)
            await perform_async(self.connection, noted_so)
        return waits

    def forget(self, before: float) -> None:
        """Drop what is remembered about messages that were last touched before a time."""
        old = [key for key, memory in self._memories.items() if memory.last_call < before]
        for key in old:
            del self._memories[key]

    async def _bring(self, batch: _Batch, message: Message) -> None:
        posting = batch.postings.get(message.slot)
        step = steps.next_step(message, posting)
        if step is Step.SEARCH and posting:
            posting = await self._looked_for(batch, message, posting)
            step = steps.next_step(message, posting) if posting.ts else Step.POST
        match step:
            case Step.POST:
                await self._post(batch, message, posting.channel if posting else None)
            case Step.UPDATE if posting:
                await self._update(batch, message, posting)
            case _:
                pass

    async def _post(self, batch: _Batch, message: Message, tried: str | None) -> None:
        error = ""
        for place in steps.remaining(self._places(batch, message), tried):
            result = await self._post_at(batch, message, place)
            if isinstance(result, Sent):
                return
            error = error_of(result) or ""
            if not isinstance(result, CannotPost):
                break
        await self._give_up(batch, message, error)

    async def _post_at(self, batch: _Batch, message: Message, place: Place) -> Sent | Refusal:
        memory = self._memory(message)
        target = await self._target(message, place)
        if not isinstance(target, InChannel):
            return target
        if memory.without_thread:
            target = replace(target, thread=None)
        method, send = await self._prepared(message, target)
        attempt = Posting(target.channel, "", message.shows, self.clock())
        try:
            result = await self.throttle.call(
                _call(method, message, target.channel),
                send,
                cards.note_posting(message.subject, message.slot, attempt).commands,
            )
        except NotYet as wait:
            if wait.failed:
                self._tried(message, wait)
            raise
        memory.last_call = attempt.attempted_at
        if isinstance(result, Sent):
            memory.is_not_there = False
            await self._note(batch, message, replace(attempt, ts=result.ts))
            return result
        memory.is_not_there = True
        return await self._humbler(batch, message, place, target, result)

    async def _humbler(
        self,
        batch: _Batch,
        message: Message,
        place: Place,
        target: InChannel,
        result: Refusal,
    ) -> Sent | Refusal:
        """Try once more without what Slack did not take, if that can help."""
        memory = self._memory(message)
        _log.warning("slack refused a post", **_names(message), error=error_of(result))
        if isinstance(result, NoThread) and target.thread:
            memory.without_thread = True
            return await self._post_at(batch, message, place)
        is_plain = memory.without_blocks == message.shows or not message.blocks
        if isinstance(result, CannotPost | NoThread) or is_plain:
            return result
        memory.without_blocks = message.shows
        return await self._post_at(batch, message, place)

    def _tried(self, message: Message, wait: NotYet) -> None:
        memory = self._memory(message)
        memory.last_call = self.clock()
        memory.is_not_there = wait.nothing_happened
        if not wait.nothing_happened:
            wait.until = max(wait.until, self.clock() + _settling(message))

    async def _prepared(
        self, message: Message, target: InChannel
    ) -> tuple[str, Callable[[Sender], Awaitable[Sent | Refusal]]]:
        """The method that makes a message visible, and the call. A file is brought there first."""
        content = self._content(message)
        channel, thread = target.channel, target.thread
        if message.file:
            file = await self._upload(message)
            title, comment = message.file.title, message.text
            return "files.completeUploadExternal", lambda sender: sender.share(
                file, title, channel, thread, comment
            )
        if target.only_for:
            user = target.only_for
            return "chat.postEphemeral", lambda sender: sender.post_only_for(
                user, channel, content, thread
            )
        return POST, lambda sender: sender.post(channel, content, thread)

    async def _upload(self, message: Message) -> str:
        match message.file:
            case TextFile(content=content):
                text = content
            case FindingsFile() as findings:
                text = await self.findings_text(findings)
            case None:
                raise ValueError("a message without a file has nothing to upload")
        name, data = message.file.name, (text or "(empty)").encode()
        result = await self.throttle.call(
            _call("files.getUploadURLExternal", message),
            lambda sender: sender.upload(name, data),
        )
        if not isinstance(result, Uploaded):
            raise NotYet(self.clock() + 60, message.urgency, failed=error_of(result) or "upload")
        return result.file

    async def _update(self, batch: _Batch, message: Message, posting: Posting) -> None:
        result = await self._updated(message, posting)
        if isinstance(result, Sent):
            await self._note(batch, message, replace(posting, shows=message.shows))
            return
        _log.warning("slack refused an update", **_names(message), error=error_of(result))
        await self._after_refused_update(batch, message, posting, result)

    async def _updated(self, message: Message, posting: Posting) -> Sent | Refusal:
        memory = self._memory(message)
        ready_at = memory.last_call + UPDATE_SECONDS[message.urgency]
        if ready_at > self.clock():
            raise NotYet(ready_at, message.urgency)
        content = self._content(message)

        async def update(sender: Sender) -> Sent | Refusal:
            memory.last_call = self.clock()
            return await sender.update(posting.channel, posting.ts, content)

        return await self.throttle.call(_call(UPDATE, message, posting.channel), update)

    async def _after_refused_update(
        self, batch: _Batch, message: Message, posting: Posting, result: Refusal
    ) -> None:
        memory = self._memory(message)
        if isinstance(result, TooOld) and message.urgency != "ended":
            await self._note(batch, message, replace(posting, shows=message.shows))
        elif not isinstance(result, Rejected):
            await self._post(batch, message, None)
        elif message.blocks and memory.without_blocks != message.shows:
            memory.without_blocks, memory.last_call = message.shows, 0.0
            await self._update(batch, message, posting)
        else:
            _log.error("an update was given up", **_names(message), error=result.error)
            await self._note(batch, message, replace(posting, shows=message.shows))

    async def _looked_for(self, batch: _Batch, message: Message, posting: Posting) -> Posting:
        """The posting with the address that was found, or without one when it is not there."""
        is_ephemeral = message.only_for and not steps.is_direct(posting.channel)
        if self._memory(message).is_not_there or is_ephemeral:
            return posting
        settled = posting.attempted_at + _settling(message)
        if settled > self.clock():
            raise NotYet(settled, message.urgency)
        if not message.file:
            self.throttle.line.expects(_call(POST, message, posting.channel))
        thread = self._thread(batch, message, posting.channel)
        sent = await self._find(message, posting, thread)
        if isinstance(sent, Sent):
            posting = replace(posting, ts=sent.ts)
            await self._note(batch, message, posting)
        elif not isinstance(sent, NotPosted):
            _log.warning("cannot look", **_names(message), error=error_of(sent))
        self._memory(message).is_not_there = not posting.ts
        return posting

    async def _find(
        self, message: Message, posting: Posting, thread: str | None
    ) -> Sent | NotPosted | Refusal:
        began = posting.attempted_at
        between = (began - _CLOCKS_APART_SECONDS, began + _CLOCKS_APART_SECONDS)
        method = "conversations.replies" if thread else "conversations.history"
        mark, file, channel = _key(message), message.file, posting.channel

        async def find(sender: Sender) -> Sent | NotPosted | Refusal:
            if file:
                return await sender.find_file(channel, thread, file.name, between)
            return await sender.find_message(channel, thread, mark, between)

        return await self.throttle.call(_call(method, message, channel), find)

    async def _target(self, message: Message, place: Place) -> InChannel | Refusal:
        match place:
            case InChannel():
                return place
            case Direct(user=user):
                channel = self._direct.get(user)
                if channel:
                    return InChannel(channel)
                result = await self.throttle.call(
                    _call("conversations.open", message),
                    lambda sender: sender.open_direct(user),
                )
                if not isinstance(result, DirectMessages):
                    return result
                self._direct[user] = result.channel
                return InChannel(result.channel)

    def _places(self, batch: _Batch, message: Message) -> tuple[Place, ...]:
        card = batch.postings.get("card")
        card_channel = card.channel if card and card.is_there else None
        parent = batch.postings.get(message.reply_to or "")
        if message.reply_to not in batch.messages and parent is None:
            return steps.places(message, batch.drawing, card_channel)
        if parent is None or not parent.ts:
            raise NotYet(self.clock() + SETTLE_SECONDS, message.urgency)
        direct = steps.to_requester(batch.drawing.requester)
        if parent.was_given_up:
            return direct
        return (InChannel(parent.channel, self._thread(batch, message, parent.channel)), *direct)

    def _thread(self, batch: _Batch, message: Message, channel: str) -> str | None:
        """The thread that a message belongs in: a reply's is that of its parent, or the parent."""
        if self._memory(message).without_thread:
            return None
        if message.reply_to is None:
            return message.thread if channel == message.channel else None
        parent = batch.postings.get(message.reply_to)
        if parent is None or not parent.is_there or parent.channel != channel:
            return None
        original = batch.messages.get(message.reply_to)
        if original and original.thread and original.channel == parent.channel:
            return original.thread
        return parent.ts

    async def _give_up(self, batch: _Batch, message: Message, error: str) -> None:
        _log.error("a message was given up", **_names(message), error=error)
        posting = Posting(message.channel, f"{GAVE_UP}{error}", message.shows, self.clock())
        await self._note(batch, message, posting)

    async def _note(self, batch: _Batch, message: Message, posting: Posting) -> None:
        noted = cards.note_posting(message.subject, message.slot, posting)
        await perform_async(self.connection, noted)
        batch.postings[message.slot] = posting

    def _content(self, message: Message) -> Content:
        content = Content(message.text, message.blocks, _key(message))
        is_plain = self._memory(message).without_blocks == message.shows
        return content.without_blocks() if is_plain and message.blocks else content

    def _memory(self, message: Message) -> _Memory:
        return self._memories.setdefault((message.subject, message.slot), _Memory())


def _call(method: str, message: Message, channel: str = "") -> Call:
    return Call(method, channel, message.urgency, message.subject)


def _settling(message: Message) -> float:
    return SETTLE_FILE_SECONDS if message.file else SETTLE_SECONDS


def _key(message: Message) -> MessageKey:
    return MessageKey(message.subject, message.slot)


def _names(message: Message) -> dict[str, object]:
    return {"subject": str(message.subject), "slot": message.slot, "channel": message.channel}
