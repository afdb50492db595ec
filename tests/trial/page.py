"""The chat page of a trial, as the browsers of several people ask for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from local_slack.blocks import texts
from testing.engines.waiting import wait_until
from trial.world import ALICE, SHOP, sample_world


@dataclass(frozen=True, slots=True)
class Tab:
    """One person in one channel, as their browser asks; `opened` gives Alice in #shop."""

    client: httpx.Client
    person: str = ALICE
    channel: str = SHOP

    def by(self, person: str, channel: str = SHOP) -> "Tab":
        """Another person, or another channel, on the same page."""
        return Tab(self.client, person, channel)

    def with_the_bot(self) -> "Tab":
        """The same person in their conversation with the bot."""
        self._act("open_home")
        channels = self.workspace()["channels"]
        (direct,) = (one["id"] for one in channels if one["kind"] == "direct")
        return self.by(self.person, direct)

    def workspace(self) -> Any:
        """Everything but messages. The page asks for it by the name of the person."""
        (name,) = (one.name for one in sample_world().users if one.id == self.person)
        return self._get("workspace", **{"as": name})

    def messages(self) -> str:
        """What can be read in the channel."""
        return "\n".join(_words(one) for one in self._messages())

    def command(self, text: str) -> None:
        """Type a command without the slash and its name."""
        self.acts("command", name="/image", text=text)

    def acts(self, act: str, **arguments: str) -> None:
        """Do something in the channel."""
        self._act(act, channel=self.channel, **arguments)

    def press(self, action_id: str, title: str) -> None:
        """Press a button of the newest card with this title."""
        self.acts("click", ts=self._card(title)["ts"], action_id=action_id)

    def sees(self, words: str, within: float = 30) -> None:
        """Wait until a message says so."""
        try:
            wait_until(lambda: words in self.messages(), within=within, what=words)
        except TimeoutError:
            raise AssertionError(self.messages()) from None

    def sees_card(self, title: str, words: str, within: float = 90) -> None:
        """Wait until the newest card with this title says so."""

        def says_so() -> bool:
            return words in _words(self._card(title))

        try:
            wait_until(says_so, within=within, what=words)
        except TimeoutError:
            raise AssertionError(_words(self._card(title)) or self.messages()) from None

    def _act(self, act: str, **arguments: str) -> None:
        request = {"as": self.person, "act": act, "arguments": arguments}
        answer = self.client.post("act", json=request, timeout=10)
        assert answer.json()["error"] is None, answer.text

    def _card(self, title: str) -> Any:
        """The newest with this title; one without words until it is there."""
        cards = [one for one in self._messages() if _title(one) == title]
        return cards[-1] if cards else {"blocks": [], "text": ""}

    def _messages(self) -> Any:
        query = {"as": self.person, "channel": self.channel, "limit": "200"}
        return self._get("messages", **query)["messages"]

    def _get(self, path: str, **query: str) -> Any:
        return self.client.get(path, params=query).raise_for_status().json()


def _title(message: Any) -> str | None:
    headers = [one["text"]["text"] for one in message["blocks"] if one["type"] == "header"]
    return headers[0] if headers else None


def _words(message: Any) -> str:
    blocks = message["blocks"]
    return "".join(texts(blocks)) if blocks else str(message["text"])


@contextmanager
def opened(address: str) -> Iterator[Tab]:
    """The page, which has to be there."""
    origin = address.split("/chat/")[0]
    with httpx.Client(base_url=address, headers={"Origin": origin}, trust_env=False) as client:
        page = client.get("").raise_for_status()
        assert page.headers["content-type"].startswith("text/html")
        yield Tab(client)
