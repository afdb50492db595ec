"""Where no engine answers, a trial has one of its own, and leaves nothing of it."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.trial.page import opened
from tests.trial.programs import processes_of, running_trial
from trial.bridge import Bridge
from trial.choices import CHOICES, Choices, kept_choices
from trial.installed import find_program
from trial.ports import is_free
from trial.reachable import OWN

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]


def left_of(choices: Choices, state: Path) -> list[str]:
    """What is left of a trial and its engine on this machine, wherever it may be."""
    name = f"qm-{choices.name}"
    run = Path("/run") / name
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    return [
        *processes_of(state),
        *processes_of(run),
        *([str(run)] if run.exists() else []),
        *(["bridge"] if (Path("/sys/class/net") / name).exists() else []),
        *(line for line in mounts if f"{state}/" in line or name in line),
        *(part for part, port in choices.ports() if not is_free(port)),
    ]


def forwards(bridge: Bridge) -> bool:
    """Whether the packet filter lets the range of the bridge pass."""
    command = [find_program("iptables"), "--list-rules", "FORWARD"]
    rules = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    return f"-s {bridge.network} " in rules


def bridge_of(state: Path) -> Bridge:
    """That of the engine, which runs."""
    bridge = Bridge.existing(f"qm-{kept_choices(state / CHOICES).name}")
    assert bridge is not None
    assert forwards(bridge)
    return bridge


def test_an_engine_of_its_own_is_ended_found_again_and_removed(tmp_path: Path) -> None:
    state = tmp_path / "try"
    with running_trial(state, OWN) as trial:
        trial.sees("Starting a Docker engine of its own")
        with opened(trial.address()) as tab:
            tab.command("push shop/web:v2")
            tab.sees_card("Push shop/web:v2 from local", "Pushed")
        first = bridge_of(state)
        assert trial.stops() == 0, trial.text
    choices = kept_choices(state / CHOICES)
    assert left_of(choices, state) == []
    assert not forwards(first)

    with running_trial(state, OWN) as trial:
        with opened(trial.address()) as tab:
            tab.command("deploy shop/web:v2 to staging")
            tab.sees_card("Deploy shop/web:v2 to staging/web", "Deployed")
        second = bridge_of(state)
        trial.send(signal.SIGKILL)
        os.kill(trial.parts()["engine"], signal.SIGKILL)
        trial.ended()
    assert any("containerd-shim" in line for line in left_of(choices, state))

    with running_trial(state, OWN, "--remove") as trial:
        assert trial.ended() == 0, trial.text
    assert not state.exists()
    assert left_of(choices, state) == []
    assert not forwards(second)
