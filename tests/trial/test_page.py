"""The chat page of a trial: where it is, who may open it, and what the next start finds again."""

import signal
from pathlib import Path

import docker
import pytest

from tests.trial.page import opened
from tests.trial.programs import left_running, running_trial

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]


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
    with running_trial(trial_state, docker_host) as trial, opened(trial.address()) as tab:
        address = trial.address()
        secret = address.split("/chat/")[1].strip("/")
        assert len(secret) >= 43
        assert secret not in command_lines()
        workspace = tab.workspace()
        assert "deploy" in {verb["name"] for verb in workspace["commands"]["verbs"]}
        assert workspace["commands"]["values"]["ENVIRONMENT"] == ["staging", "production"]
        tab.sees("Welcome to the shop!")
        tab.acts("say", text="I was here")
        tab.command("tags shop/web")
        tab.sees("v4-vulnerable")
        tab.sees("Deployed", within=60)
        trial.send(signal.SIGINT)
        assert trial.ended() == 0, trial.text
    assert left_running(trial_state, engine) == []

    with running_trial(trial_state, docker_host) as trial, opened(trial.address()) as tab:
        assert trial.address() == address
        messages = tab.messages()
        assert "I was here" in messages
        assert "Deployed" in messages
        assert messages.count("Welcome to the shop!") == 1
        trial.send(signal.SIGTERM)
        assert trial.ended() == 0, trial.text
    assert left_running(trial_state, engine) == []
