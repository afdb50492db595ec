"""A Docker engine over a real SSH server on loopback, with keys of the test's own."""

import getpass
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from quaymaster.errors import OutsideFailure
from testing.images.catalogue import LocalImages
from tests.workers.services import Service, wait_for
from workers.docker.engine import Engine
from workers.targets.docker_host.probe import ask_http, ask_tcp

pytestmark = pytest.mark.engine

# Debian puts it where only root looks.
_SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
_CONFIGURATION = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {directory}/host
AuthorizedKeysFile {directory}/user.pub
StrictModes no
UsePAM no
PidFile none
PermitRootLogin yes
"""
_CLIENT = """\
#!{python}
import os, sys
with open("{directory}/environment", "a") as told:
    print(dict(os.environ), file=told)
os.execv("{ssh}", ["ssh", "-i", "{directory}/user", "-o", "StrictHostKeyChecking=no",
                   "-o", "UserKnownHostsFile={directory}/known", *sys.argv[1:]])
"""


@pytest.fixture
def ssh_port(tmp_path: Path, free_port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """An SSH server; the `ssh` on PATH has its key."""
    ssh = shutil.which("ssh")
    if _SSHD is None or ssh is None:
        pytest.skip("needs Debian's openssh-server and openssh-client")
    for name in ("host", "user"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)], check=True
        )
    Path("/run/sshd").mkdir(exist_ok=True)
    (tmp_path / "config").write_text(_CONFIGURATION.format(port=free_port, directory=tmp_path))
    client = tmp_path / "bin" / "ssh"
    client.parent.mkdir()
    client.write_text(_CLIENT.format(python=sys.executable, ssh=ssh, directory=tmp_path))
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{client.parent}:{os.environ['PATH']}")
    log = tmp_path / "log"
    process = subprocess.Popen([_SSHD, "-D", "-f", str(tmp_path / "config"), "-E", str(log)])
    wait_for(lambda: log.exists() and "listening" in log.read_text())
    yield free_port
    process.terminate()
    process.wait(10)


def _url(port: int, docker_host: str) -> str:
    return f"ssh://{getpass.getuser()}@127.0.0.1:{port}{docker_host.removeprefix('unix://')}"


def test_an_engine_is_driven_over_ssh_and_its_containers_are_reached(
    ssh_port: int, docker_host: str, service: Service, images: LocalImages
) -> None:
    candidate = service.candidate(service.spec(service.image(images.web_v1, "1"), 1))
    with Engine.connect(_url(ssh_port, docker_host), name="app1") as engine:
        assert engine.reaches_containers
        dial = partial(engine.dial, candidate.address)
        assert ask_http(partial(dial, 8000), "/healthz").is_fine
        assert ask_tcp(partial(dial, 8000), 8000, engine.hang_up_seconds).is_fine
        assert not ask_tcp(partial(dial, 8001), 8001, engine.hang_up_seconds).is_fine
        assert not ask_http(partial(dial, 8001), "/healthz").is_fine


def test_ssh_gets_no_secret_in_its_environment(
    ssh_port: int, docker_host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-made-up")
    monkeypatch.setenv("MOTD", "made-up-2")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/nowhere")
    with (
        Engine.connect(_url(ssh_port, docker_host), name="app1") as engine,
        engine.dial("127.0.0.1", ssh_port),
    ):
        wait_for(lambda: len((tmp_path / "environment").read_text().splitlines()) == 2)
    told = (tmp_path / "environment").read_text()
    assert "made-up" not in told
    assert "/nowhere" in told


def test_a_socket_that_is_not_there_is_said(ssh_port: int) -> None:
    with pytest.raises(OutsideFailure, match="app1"):
        Engine.connect(_url(ssh_port, "unix:///nowhere.sock"), name="app1", timeout=5)


def test_an_address_cannot_smuggle_options(ssh_port: int, docker_host: str) -> None:
    """An address comes from what an engine says."""
    with (
        Engine.connect(_url(ssh_port, docker_host), name="app1") as engine,
        pytest.raises(OSError, match="not an address"),
    ):
        engine.dial("-oProxyCommand=true", 8000)


def test_nothing_is_left_running_afterwards(ssh_port: int, docker_host: str) -> None:
    with Engine.connect(_url(ssh_port, docker_host), name="app1") as connected:
        connected.dial("127.0.0.1", ssh_port).close()
    children = subprocess.run(
        ["ps", "-o", "args=", "--ppid", str(os.getpid())], capture_output=True, check=True
    )
    assert b"docker.sock" not in children.stdout
