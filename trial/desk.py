"""One person at a time in one channel of the local Slack, and what they see of it."""

import asyncio
import time
from collections.abc import Iterable
from typing import Any

from local_slack.feed import Change
from local_slack.message import Json, Message
from local_slack.outcome import Outcome
from local_slack.workspace import Workspace
from quaymaster.errors import Conflict, NotFound, UsageError
from trial.paper import Paper
from trial.rendering import Names, lines_of


class Desk:
    """Acts in the local Slack, and writes what changes there onto paper."""

    def __init__(self, workspace: Workspace, paper: Paper, info: Json) -> None:
        self._workspace = workspace
        self._paper = paper
        self._bot: str = info["bot_user"]
        self._learn(info)
        self.person = "alice"
        self.channel = "shop"
        self._newest: int = info["newest"]
        self._since = 0
        """The last change before the person did something: what `wait_for` looks after."""
        self._touched: dict[tuple[str, str], int] = {}
        self._seen: dict[tuple[str, str], Message] = {}

    def _learn(self, info: Json) -> None:
        """Who and what there is; direct conversations are opened as they are needed."""
        self._people = {one["name"]: one["id"] for one in info["users"]}
        self._channels: dict[str, str] = {
            one["name"]: one["id"] for one in info["channels"] if "name" in one
        }
        self._members = {one["id"]: set(one["members"]) for one in info["channels"]}
        self._direct: dict[str, str] = {
            member: one["id"]
            for one in info["channels"]
            if "name" not in one
            for member in one["members"]
            if member != self._bot
        }
        self.names = Names(
            {one["id"]: one["name"] for one in info["users"]},
            {one["id"]: one["handle"] for one in info["groups"]},
            {channel: name for name, channel in self._channels.items()},
        )

    @property
    def where(self) -> str:
        """Who and where one is, as the prompt says it."""
        return f"{self.person} {self._said(self.channel)}"

    @property
    def _here(self) -> str:
        """The id of the conversation that the person is in."""
        if self.channel == self.bot:
            return self._direct[self._people[self.person]]
        return self._channels[self.channel]

    @property
    def bot(self) -> str:
        """The bot as people write to it: also the name of their conversation with it."""
        return self.names.person(self._bot)

    def _said(self, channel: str) -> str:
        return channel if channel == self.bot else f"#{channel}"

    def people(self) -> tuple[str, ...]:
        """Everybody one can be."""
        return tuple(name for name, user in self._people.items() if user != self._bot)

    def channels(self) -> tuple[str, ...]:
        """Every channel that the person is in."""
        user = self._people[self.person]
        return tuple(
            name for name, channel in self._channels.items() if user in self._members[channel]
        )

    # acting

    def become(self, name: str) -> None:
        """Be somebody else from now on. Raises UsageError for somebody who is not there."""
        wanted = name.removeprefix("@")
        if wanted not in self.people():
            raise UsageError(f"There is nobody called {name}.", next_step=_of(self.people()))
        self.person = wanted
        if self.channel not in self.channels():
            self.channel = self.channels()[0]

    async def enter(self, name: str) -> None:
        """Go into another channel, or with ``@quaymaster`` into the conversation with the bot.
        Raises UsageError for one that the person is not in.
        """
        user = self._people[self.person]
        if name.casefold() == self.bot.casefold():
            if user not in self._direct:  # what opens the app in Slack opens its messages
                await self._workspace.person(user).open_home()
                self._learn(await self._workspace.info())
            self.channel = self.bot
            return
        wanted = name.removeprefix("#")
        if wanted not in self.channels():
            raise UsageError(
                f"{self.person} is in no channel {name}.", next_step=_of(self.channels())
            )
        self.channel = wanted

    async def type(self, text: str) -> None:
        """Type a slash command, or say something. Raises Conflict when nobody answers in time."""
        await self._begin()
        person = self._workspace.person(self._people[self.person])
        channel = self._here
        if not text.startswith("/"):
            _expect_answer(await person.say(channel, text))
            return
        name, _, rest = text.partition(" ")
        _expect_answer(await person.command(channel, rest.strip(), name=name))

    async def click(self, what: str, operation: str | None) -> None:
        """Press a button by its word, on the card of an operation or on the newest that has it,
        in this channel first.

        Raises NotFound when the person sees no such button, Conflict when nobody answers.
        """
        here = self._here
        visible = sorted(await self._visible(), key=lambda one: (one.channel == here, one.ts))
        for message in reversed(visible):
            action = _action(message, what)
            if action and operation in (None, _operation(message)):
                await self._begin()
                person = self._workspace.person(self._people[self.person])
                _expect_answer(await person.click(message, action))
                return
        card = f"of #{operation} " if operation else ""
        raise NotFound(
            f"{self.person} sees no button {what} {card}anywhere.",
            next_step="`:show` shows what is there.",
        )

    async def _begin(self) -> None:
        self._since = (await self._workspace.info())["newest"]

    async def wait_for(self, words: str, within: float) -> None:
        """Wait until a message that the person sees says this, and has appeared or changed after
        what was done last. Raises NotFound after ``within`` seconds.
        """
        deadline = time.monotonic() + within
        while not self._says(words):
            left = deadline - time.monotonic()
            if left <= 0:
                raise NotFound(f"Nothing said “{words}” within {within:g} seconds.")
            await asyncio.sleep(min(left, 0.05))

    async def show(self, count: int) -> None:
        """Write the last messages of the channel again."""
        visible = await self._visible(self._here)
        for message in visible[-count:]:
            lines = lines_of(message, self.names)
            title = self._title(message, float(message.ts))
            self._paper.say("", title, *(f"│ {line}" for line in lines))

    async def file(self, name: str) -> None:
        """Write a file that was shared. Raises NotFound when there is none of that name."""
        for message in reversed(await self._visible()):
            for file in message.files:
                if file.name == name:
                    content = (await self._workspace.file(file.id)).decode(errors="replace")
                    self._paper.say(*content.splitlines())
                    return
        raise NotFound(f"There is no file {name} in a channel of {self.person}.")

    # seeing

    async def watch(self) -> None:
        """Write what changes, for as long as one lets it."""
        while True:
            for change in await self._workspace.changes(self._newest, wait=20.0):
                message = change.data.get("message")
                if message and message["channel"] not in self._members:
                    self._learn(await self._workspace.info())
                self._saw(change)
                self._newest = change.number

    def _saw(self, change: Change) -> None:
        if change.kind not in ("message_posted", "message_changed", "message_deleted"):
            return
        message = Message.from_json(change.data["message"])
        key = (message.channel, message.ts)
        if change.kind == "message_deleted":
            self._seen.pop(key, None)
            return
        self._touched[key] = change.number
        self._seen[key] = message
        if not self._is_visible(message):
            return
        if message.channel == self._here:
            now = time.time() if change.kind == "message_changed" else float(message.ts)
            self._paper.draw(key, self._title(message, now), lines_of(message, self.names))
        elif change.kind == "message_posted":
            first = next(iter(lines_of(message, self.names)), "")
            is_direct = message.channel in self._direct.values()
            room = self.bot if is_direct else self.names.channel(message.channel)
            self._paper.say(f"  ({room}: {first}   :in {room} shows it)")

    def _says(self, words: str) -> bool:
        return any(
            self._touched[key] > self._since
            and self._is_visible(message)
            and words in "\n".join(lines_of(message, self.names))
            for key, message in self._seen.items()
        )

    async def _visible(self, channel: str | None = None) -> list[Message]:
        user = self._people[self.person]
        found = await self._workspace.messages(channel, user=user)
        return [one for one in found if self._is_visible(one)]

    def _is_visible(self, message: Message) -> bool:
        user = self._people[self.person]
        is_for_them = message.only_for in (None, user)
        return is_for_them and user in self._members.get(message.channel, ())

    def _title(self, message: Message, moment: float) -> str:
        clock = time.strftime("%H:%M:%S", time.localtime(moment))
        who = self.names.people.get(message.user, message.user)
        only = "  (only you can see this)" if message.only_for else ""
        thread = "  (in the thread)" if message.thread_ts not in (None, message.ts) else ""
        return f"{clock} {who}{thread}{only}"


def _operation(message: Message) -> str | None:
    payload: dict[str, Any] = (message.metadata or {}).get("event_payload", {})
    return str(payload["operation"]) if "operation" in payload else None


def _action(message: Message, what: str) -> str | None:
    """The action of the button that is called so, by what is on it or by its id."""
    for _, element in message.elements():
        label = (element.get("text") or {}).get("text", "")
        if what.lower() in (str(label).lower(), str(element["action_id"]).lower()):
            return str(element["action_id"])
    return None


def _expect_answer(outcome: Outcome) -> None:
    if not outcome.acknowledged:
        raise Conflict(
            f"The bot did not answer: {outcome.error}.",
            next_step="Its log is in the state directory, in logs/bot.log.",
        )


def _of(names: Iterable[str]) -> str:
    return f"There are: {', '.join(names)}."
