"""The trial as a person starts it: the whole tour, every way to end it, and nothing is left."""

import json
import os
import signal
import socket
from pathlib import Path

import docker
import pytest

from testing.images.catalogue import LocalImages
from tests.trial.page import Tab, opened
from tests.trial.programs import Trial, left_running, running_trial
from trial.choices import CHOICES, kept_choices
from trial.world import CAROL, DAVE, EVE, SECURITY

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

STARTED = "Its chat page is here"


def test_the_tour_works_and_the_next_start_finds_its_history(
    trial_state: Path, docker_host: str, engine: docker.DockerClient
) -> None:
    with running_trial(trial_state, docker_host) as trial, opened(trial.address()) as alice:
        for image in ("shop/media:v1", "shop/web:v2"):
            alice.command(f"push {image}")
            alice.sees_card(f"Push {image} from local", "Pushed")
        alice.command("scan shop/web:v4-vulnerable")
        alice.by(EVE, SECURITY).sees("new findings in shop/web", within=90)
        alice.command("deploy shop/web:v4-vulnerable to staging")
        alice.sees_card("Deploy shop/web:v4-vulnerable to staging/web", "Refused")
        alice.command("deploy shop/web:v2 to staging")
        alice.sees_card("Deploy shop/web:v2 to staging/web", "Deployed")
        deploys_with_approvals(alice, "v2", "Deployed")
        alice.command("deploy shop/web:v3-broken to staging")
        alice.sees_card("Deploy shop/web:v3-broken to staging/web", "is not healthy")
        alice.command("deploy shop/web:v5-leaky to staging")
        alice.sees_card("Deploy shop/web:v5-leaky to staging/web", "Deployed")
        deploys_with_approvals(alice, "v5-leaky", "shop/web:v2 is back")
        direct = alice.with_the_bot()
        direct.acts("say", text="status production")
        direct.sees("web shop/web:v2")
        assert trial.stops() == 0, trial.text
    assert left_running(trial_state, engine) == []
    assert trial_state.stat().st_mode & 0o777 == 0o700

    with running_trial(trial_state, docker_host) as trial, opened(trial.address()) as alice:
        alice.command("status production")
        alice.sees("web shop/web:v2")
        alice.command("tags shop/web")
        alice.sees_card("Tags of shop/web", "5 tags")
        assert trial.stops() == 0, trial.text
    assert left_running(trial_state, engine) == []


def deploys_with_approvals(alice: Tab, tag: str, end: str) -> None:
    """To production: two release managers approve it."""
    title = f"Deploy shop/web:{tag} to production/web"
    alice.command(f"deploy shop/web:{tag} to production")
    alice.sees_card(title, "Needs 2 approvals")
    alice.by(CAROL).press("approve", title)
    alice.sees_card(title, "Needs 1 approval")
    alice.by(DAVE).press("approve", title)
    alice.sees_card(title, end)


def deploys_half(trial: Trial) -> None:
    """A deploy is in the middle of something, as far as one can say."""
    with opened(trial.address()) as alice:
        alice.command("push shop/web:v2")
        alice.sees_card("Push shop/web:v2 from local", "Pushed")
        alice.command("deploy shop/web:v2 to staging")
        alice.sees("Deploy shop/web:v2 to staging/web")


def test_sigterm_leaves_nothing_running(
    trial_state: Path, docker_host: str, engine: docker.DockerClient
) -> None:
    with running_trial(trial_state, docker_host) as trial:
        deploys_half(trial)
        trial.send(signal.SIGTERM)
        assert trial.ended() == 0, trial.text
    assert left_running(trial_state, engine) == []


def test_a_signal_while_it_starts_leaves_nothing_running(
    trial_state: Path, docker_host: str, engine: docker.DockerClient
) -> None:
    with running_trial(trial_state, docker_host) as trial:
        trial.sees("Looking for a registry")
        trial.send(signal.SIGTERM)
        assert trial.ended() == 0, trial.text
    assert left_running(trial_state, engine) == []


def test_what_a_killed_run_left_is_ended_by_the_next_and_sigint_leaves_nothing_running(
    trial_state: Path, docker_host: str, engine: docker.DockerClient
) -> None:
    with running_trial(trial_state, docker_host) as trial:
        trial.sees(STARTED)
        trial.send(signal.SIGKILL)
        trial.ended()
    assert left_running(trial_state, engine)
    with running_trial(trial_state, docker_host) as trial:
        trial.sees(STARTED)
        assert "The last run was killed. Stopped what it left running: " in trial.text
        deploys_half(trial)
        trial.send(signal.SIGINT)
        assert trial.ended() == 0, trial.text
    assert left_running(trial_state, engine) == []


def test_a_broken_state_is_told_and_reset_starts_over(
    trial_state: Path, docker_host: str, engine: docker.DockerClient
) -> None:
    trial_state.mkdir()
    (trial_state / "made-by-quaymaster-try").touch()
    (trial_state / "choices.json").write_text("{")
    with running_trial(trial_state, docker_host) as trial:
        assert trial.ended() == 2
    assert "Start over with `quaymaster try --reset`." in trial.text
    with running_trial(trial_state, docker_host, "--reset") as trial:
        with opened(trial.address()) as alice:
            alice.command("push shop/web:v2")
            alice.sees_card("Push shop/web:v2 from local", "Pushed")
        assert trial.stops() == 0, trial.text
    before = (trial_state / "choices.json").read_text()
    with running_trial(trial_state, docker_host, "--reset") as trial:
        with opened(trial.address()) as alice:
            alice.command("tags shop/web")
            alice.sees_card("Tags of shop/web", "4 tags")
        assert trial.stops() == 0, trial.text
    assert (trial_state / "choices.json").read_text() != before


def test_one_run_at_a_time_ends_with_its_parts_and_remove_leaves_no_directory_and_no_image(
    trial_state: Path, docker_host: str, engine: docker.DockerClient
) -> None:
    with running_trial(trial_state, docker_host) as trial:
        trial.sees(STARTED)
        with running_trial(trial_state, docker_host) as second:
            second.sees("runs in")
            assert second.ended() == 2
            assert "--state DIR" in second.text
        os.kill(trial.parts()["bot"], signal.SIGKILL)
        assert trial.ended() == 2
    assert "The bot ended with status -9" in trial.text
    assert left_running(trial_state, engine) == []
    name = json.loads((trial_state / "choices.json").read_text())["name"]
    with running_trial(trial_state, docker_host, "--remove") as trial:
        assert trial.ended() == 0, trial.text
    assert not trial_state.exists()
    assert not engine.images.list(filters={"label": f"io.quaymaster.trial={name}"})


def test_a_port_in_use_is_named(
    trial_state: Path, docker_host: str, engine: docker.DockerClient
) -> None:
    trial_state.mkdir()
    (trial_state / "made-by-quaymaster-try").touch()
    port = kept_choices(trial_state / CHOICES).slack_port
    with (
        socket.create_server(("127.0.0.1", port)),
        running_trial(trial_state, docker_host) as trial,
    ):
        assert trial.ended() == 2
    assert f"Port {port} on 127.0.0.1 is in use, and the local Slack" in trial.text
    assert left_running(trial_state, engine) == []


def test_without_an_engine_it_says_how_to_get_one(tmp_path: Path) -> None:
    with running_trial(tmp_path / "try", f"unix://{tmp_path}/no.sock") as trial:
        assert trial.ended() == 2
    assert f"No Docker engine answers at unix://{tmp_path}/no.sock." in trial.text


def test_an_engine_on_another_machine_is_refused(tmp_path: Path) -> None:
    with running_trial(tmp_path / "try", "ssh://deploy@build1.example.com") as trial:
        assert trial.ended() == 2
    assert "needs a Docker engine on this machine" in trial.text


def test_a_directory_of_somebody_else_is_refused(tmp_path: Path, docker_host: str) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    with running_trial(tmp_path, docker_host, "--reset") as trial:
        assert trial.ended() == 2
    assert "holds something other than the state" in trial.text
    assert (tmp_path / "precious.txt").read_text() == "mine"


def test_services_of_another_quaymaster_are_not_touched(
    trial_state: Path, docker_host: str, engine: docker.DockerClient, images: LocalImages
) -> None:
    labels = {"quaymaster.environment": "staging", "quaymaster.service": "web"}
    foreign = engine.containers.create(images.web_v1, labels=labels)
    try:
        with running_trial(trial_state, docker_host) as trial:
            assert trial.ended() == 2
        assert f"has the container {foreign.name} of another Quaymaster" in trial.text
        foreign.reload()
    finally:
        foreign.remove(force=True)
