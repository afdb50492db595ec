"""Connecting to an engine, and what is said when there is none."""

import socket
from pathlib import Path

import pytest

from quaymaster.errors import ConfigurationError, OutsideFailure
from workers.docker.engine import Engine


def test_an_engine_that_is_not_there_is_named_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(OutsideFailure, match="app1 does not answer") as raised:
        Engine.connect(f"unix://{tmp_path}/none.sock", name="app1")
    assert raised.value.trying_again_can_help
    assert raised.value.problem.next_step


def test_a_machine_that_refuses_is_not_reached() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(OutsideFailure):
            Engine.connect(f"tcp://127.0.0.1:{port}", name="app1")


def test_an_engine_that_hangs_is_given_up(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "docker.sock"))
        silent.listen()
        with pytest.raises(OutsideFailure, match="app1"):
            Engine.connect(f"unix://{tmp_path}/docker.sock", name="app1", timeout=0.3)


@pytest.mark.parametrize("url", ["ftp://host", "npipe:////./pipe/docker", "nonsense"])
def test_an_address_of_another_kind_is_a_mistake_in_the_configuration(url: str) -> None:
    with pytest.raises(ConfigurationError, match="not the address of a Docker engine"):
        Engine.connect(url)


@pytest.mark.parametrize("url", ["ssh://-oProxyCommand=x/", "ssh://u:secret@host", "ssh://"])
def test_an_ssh_address_cannot_smuggle_options_or_passwords(url: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Engine.connect(url)
    assert "secret" not in str(raised.value)


def test_a_machine_that_ssh_does_not_reach_says_what_ssh_said() -> None:
    with pytest.raises(OutsideFailure, match="ssh says") as raised:
        Engine.connect("ssh://nobody@127.0.0.1:1", name="app1", timeout=5)
    assert "app1" in str(raised.value)


@pytest.mark.engine
def test_a_real_engine_says_its_version(docker_host: str) -> None:
    with Engine.connect(docker_host, name="build1") as engine:
        assert engine.information()["ServerVersion"]
        assert engine.own_container is None
        assert engine.reaches_containers
