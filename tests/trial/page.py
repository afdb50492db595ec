"""The chat page of a trial, as a browser asks for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.engines.waiting import wait_until
from trial.world import ALICE, SHOP


class Tab:
    """Alice in the channel in which one begins, as her browser asks."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def workspace(self) -> Any:
        """Everything but messages."""
        return self._asked("workspace", **{"as": "alice"})

    def messages(self) -> str:
        """The messages, as they came."""
        return str(self._asked("messages", **{"as": ALICE}, channel=SHOP, limit="200"))

    def acts(self, act: str, **arguments: str) -> None:
        """Do something."""
        asked = {"as": ALICE, "act": act, "arguments": {"channel": SHOP, **arguments}}
        answer = self._client.post("act", json=asked)
        assert answer.json()["error"] is None, answer.text

    def sees(self, words: str, within: float = 30) -> None:
        """Wait until a message says so."""
        try:
            wait_until(lambda: words in self.messages(), within=within, what=words)
        except TimeoutError:
            raise AssertionError(self.messages()) from None

    def _asked(self, path: str, **query: str) -> Any:
        return self._client.get(path, params=query).raise_for_status().json()


@contextmanager
def opened(address: str) -> Iterator[Tab]:
    """The page, which has to be there."""
    origin = address.split("/chat/")[0]
    with httpx.Client(base_url=address, headers={"Origin": origin}, trust_env=False) as client:
        page = client.get("").raise_for_status()
        assert page.headers["content-type"].startswith("text/html")
        yield Tab(client)
