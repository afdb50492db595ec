"""The chat page of a trial: where it is, who may open it, and what the next start finds again."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest

from tests.trial.programs import left_running, running_page
from trial.world import ALICE, SHOP

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]


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
        deadline = time.monotonic() + within
        while words not in self.messages():
            assert time.monotonic() < deadline, self.messages()
            time.sleep(0.05)

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


def command_lines() -> str:
    """What every user of the machine can read of its programs."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return "\n".join(found)


def test_the_page_works_from_the_first_minute_and_the_next_start_finds_it_as_it_was(
    trial_state: Path, docker_host: str, engine: docker.DockerClient
) -> None:
    with running_page(trial_state, docker_host) as trial, opened(trial.address()) as tab:
        address = trial.address()
        secret = address.split("/chat/")[1].strip("/")
        assert len(secret) >= 43
        assert secret not in command_lines()
        workspace = tab.workspace()
        assert "deploy" in {verb["name"] for verb in workspace["commands"]["verbs"]}
        assert workspace["commands"]["values"]["ENVIRONMENT"] == ["staging", "production"]
        tab.sees("Welcome to the shop!")
        tab.acts("say", text="I was here")
        tab.acts("command", name="/image", text="tags shop/web")
        tab.sees("v4-vulnerable")
        tab.sees("Deployed", within=60)
        trial.send(signal.SIGINT)
        assert trial.ended() == 0, trial.text
    assert left_running(trial_state, engine) == []

    with running_page(trial_state, docker_host) as trial, opened(trial.address()) as tab:
        assert trial.address() == address
        messages = tab.messages()
        assert "I was here" in messages
        assert "Deployed" in messages
        assert messages.count("Welcome to the shop!") == 1
        trial.send(signal.SIGTERM)
        assert trial.ended() == 0, trial.text
    assert left_running(trial_state, engine) == []
