"""The trial as a person starts it: the whole tour, every way to end it, and nothing is left."""

import json
import os
import signal
import socket
from pathlib import Path

import docker
import pytest

from tests.images.catalogue import LocalImages
from tests.trial.programs import Trial, left_running, running_trial
from trial.choices import CHOICES, kept_choices

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

TOUR = """\
/image tags shop/web
:wait 4 tags
/image push shop/media:v1
:wait Pushed
/image push shop/web:v2
:wait Pushed
/image scan shop/web:v4-vulnerable
:wait would stop a deploy
:in #security
:wait new findings in shop/web
:in #shop
/image deploy shop/web:v4-vulnerable to staging
:wait Refused
/image deploy shop/web:v2 to staging
:wait Deployed
/image deploy shop/web:v2 to production
:wait Needs 2 approvals
:as carol
:click approve
:wait Needs 1 approval
:as dave
:click approve
:wait Deployed
:as alice
/image deploy shop/web:v3-broken to staging
:wait is not healthy
/image deploy shop/web:v5-leaky to staging
:wait Deployed
/image deploy shop/web:v5-leaky to production
:wait Needs 2 approvals
:as carol
:click approve
:wait Needs 1 approval
:as dave
:click approve
:wait Live, being watched
:wait shop/web:v2 serves again
:as alice
/image status production
:wait web shop/web:v2
:in @quaymaster
status production
:wait web shop/web:v2
"""


def started(trial: Trial) -> None:
    trial.sees("Five things to try")


def test_the_tour_works_and_the_next_start_finds_its_history(
    trial_state: Path, tmp_path: Path, docker_host: str, engine: docker.DockerClient
) -> None:
    script = tmp_path / "tour.txt"
    script.write_text(TOUR)
    with running_trial(trial_state, docker_host, "--script", str(script)) as trial:
        assert trial.ends(within=200) == 0, trial.text
    assert left_running(trial_state, engine) == []
    assert "v3-broken" in trial.text
    assert trial_state.stat().st_mode & 0o777 == 0o700

    with running_trial(trial_state, docker_host) as again:
        again.type(
            "/image status production",
            ":wait web shop/web:v2",
            "/image tags shop/web",
            ":wait 5 tags",
        )
        assert again.ends() == 0, again.text
    assert left_running(trial_state, engine) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_nothing_running(
    trial_state: Path, docker_host: str, engine: docker.DockerClient, number: signal.Signals
) -> None:
    with running_trial(trial_state, docker_host) as trial:
        trial.type(
            "/image push shop/web:v2", ":wait Pushed", "/image deploy shop/web:v2 to staging"
        )
        trial.sees("Deploy shop/web:v2 to staging/web")
        trial.send(number)
        assert trial.ended() == 128 + number, trial.text
    assert left_running(trial_state, engine) == []


def test_a_signal_while_it_starts_leaves_nothing_running(
    trial_state: Path, docker_host: str, engine: docker.DockerClient
) -> None:
    with running_trial(trial_state, docker_host) as trial:
        trial.sees("Looking for a registry")
        trial.send(signal.SIGTERM)
        assert trial.ended() == 128 + signal.SIGTERM, trial.text
    assert left_running(trial_state, engine) == []


def test_a_part_that_ends_is_told_with_its_log_and_ends_the_rest(
    trial_state: Path, docker_host: str, engine: docker.DockerClient
) -> None:
    with running_trial(trial_state, docker_host) as trial:
        started(trial)
        os.kill(trial.parts()["bot"], signal.SIGKILL)
        assert trial.ended() == 2
    assert "The bot ended with status -9" in trial.text
    assert left_running(trial_state, engine) == []


def test_what_a_killed_run_left_is_ended_by_the_next(
    trial_state: Path, docker_host: str, engine: docker.DockerClient
) -> None:
    with running_trial(trial_state, docker_host) as trial:
        started(trial)
        trial.send(signal.SIGKILL)
        trial.ends()
    assert left_running(trial_state, engine)
    with running_trial(trial_state, docker_host) as trial:
        started(trial)
        assert "The last run was killed; what it left running is ended now: " in trial.text
        assert trial.ends() == 0
    assert left_running(trial_state, engine) == []


def test_reset_begins_anew(
    trial_state: Path, docker_host: str, engine: docker.DockerClient
) -> None:
    with running_trial(trial_state, docker_host) as trial:
        trial.type("/image push shop/web:v2", ":wait Pushed")
        assert trial.ends() == 0, trial.text
    before = (trial_state / "choices.json").read_text()
    with running_trial(trial_state, docker_host, "--reset") as trial:
        trial.type("/image tags shop/web", ":wait 4 tags")
        assert trial.ends() == 0, trial.text
    assert (trial_state / "choices.json").read_text() != before


def test_a_broken_state_is_told_and_reset_helps(
    trial_state: Path, docker_host: str, engine: docker.DockerClient
) -> None:
    trial_state.mkdir()
    (trial_state / "made-by-quaymaster-try").touch()
    (trial_state / "choices.json").write_text("{")
    with running_trial(trial_state, docker_host) as trial:
        assert trial.ends() == 2
    assert "Begin anew with `quaymaster try --reset`." in trial.text
    with running_trial(trial_state, docker_host, "--reset") as trial:
        assert trial.ends() == 0, trial.text


def test_remove_leaves_no_directory_and_no_image(
    trial_state: Path, docker_host: str, engine: docker.DockerClient
) -> None:
    with running_trial(trial_state, docker_host) as trial:
        assert trial.ends() == 0, trial.text
    name = json.loads((trial_state / "choices.json").read_text())["name"]
    with running_trial(trial_state, docker_host, "--remove") as trial:
        assert trial.ends() == 0, trial.text
    assert not trial_state.exists()
    assert not engine.images.list(filters={"label": f"io.quaymaster.trial={name}"})


def test_a_second_run_in_the_same_directory_is_refused(trial_state: Path, docker_host: str) -> None:
    with running_trial(trial_state, docker_host) as first:
        started(first)
        with running_trial(trial_state, docker_host) as second:
            second.sees("runs in")
            assert second.ends() == 2
            assert "--state DIR" in second.text
        assert first.ends() == 0, first.text


def test_what_is_typed_wrongly_ends_a_script_with_status_1(
    trial_state: Path, docker_host: str
) -> None:
    with running_trial(trial_state, docker_host) as trial:
        trial.type(":fly away", ":people")
        assert trial.ends() == 1
    assert ":fly away is not understood." in trial.text


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
        assert trial.ends() == 2
    assert f"Port {port} on 127.0.0.1 is in use, and the local Slack" in trial.text
    assert left_running(trial_state, engine) == []


def test_without_an_engine_it_says_how_to_get_one(tmp_path: Path) -> None:
    with running_trial(tmp_path / "try", f"unix://{tmp_path}/no.sock") as trial:
        assert trial.ends() == 2
    assert f"No Docker engine answers at unix://{tmp_path}/no.sock." in trial.text


def test_an_engine_on_another_machine_is_refused(tmp_path: Path) -> None:
    with running_trial(tmp_path / "try", "ssh://deploy@build1.example.com") as trial:
        assert trial.ends() == 2
    assert "needs a Docker engine on this machine" in trial.text


def test_a_directory_of_somebody_else_is_refused(tmp_path: Path, docker_host: str) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    with running_trial(tmp_path, docker_host, "--reset") as trial:
        assert trial.ends() == 2
    assert "holds something else" in trial.text
    assert (tmp_path / "precious.txt").read_text() == "mine"


def test_services_of_another_quaymaster_are_not_touched(
    trial_state: Path, docker_host: str, engine: docker.DockerClient, images: LocalImages
) -> None:
    labels = {"quaymaster.environment": "staging", "quaymaster.service": "web"}
    foreign = engine.containers.create(images.web_v1, labels=labels)
    try:
        with running_trial(trial_state, docker_host) as trial:
            assert trial.ends() == 2
        assert f"has the container {foreign.name} of another Quaymaster" in trial.text
        foreign.reload()
    finally:
        foreign.remove(force=True)
