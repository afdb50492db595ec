"""Where an engine is looked for, and what is said when none answers; without any engine."""

import os
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from quaymaster.errors import OutsideFailure, UsageError
from tests.readme import ROOT
from trial import reachable
from trial.reachable import OWN, engine_host, usual_hosts, why_silent


class Answer(BaseHTTPRequestHandler):
    """What an engine says to a ping."""

    status = 200

    def do_GET(self) -> None:
        """https://docs.docker.com/reference/api/engine/"""
        assert self.path == "/_ping"
        self.send_response(self.status)
        self.end_headers()

    def address_string(self) -> str:
        """A Unix socket has no address to log."""
        return "us"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def listening(path: Path, status: int = 200) -> Iterator[str]:
    """Something that answers at a socket; its address."""
    handler = type("Handler", (Answer,), {"status": status})
    with socketserver.ThreadingUnixStreamServer(str(path), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"unix://{path}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def usual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the system's engine has its socket."""
    path = tmp_path / "docker.sock"
    monkeypatch.setattr(reachable, "DEFAULT_HOST", f"unix://{path}")
    return path


def test_the_usual_engine_is_found(usual: Path) -> None:
    with listening(usual) as host:
        assert engine_host(None, {}) == host
        assert engine_host(None, {"DOCKER_HOST": ""}) == host


def test_what_answers_a_ping_otherwise_is_no_engine(usual: Path) -> None:
    with listening(usual, status=503) as host:
        assert why_silent(host) == "What listens there says 503 to a ping."
        assert engine_host(None, {}) is None


def test_a_socket_that_nobody_listens_at_is_no_engine(usual: Path) -> None:
    with listening(usual):
        pass
    assert usual.exists()
    assert engine_host(None, {}) is None


def test_one_without_root_and_docker_desktop_are_found(usual: Path, tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path / "run")}
    for folder in ("run", ".docker/run"):
        (tmp_path / folder).mkdir(parents=True)
        place = tmp_path / folder / "docker.sock"
        assert f"unix://{place}" in usual_hosts(environment)
        with listening(place) as host:
            assert engine_host(None, environment) == host


def test_one_that_was_named_and_does_not_answer_is_told(usual: Path, tmp_path: Path) -> None:
    """Nobody wants another one then."""
    with listening(usual), pytest.raises(OutsideFailure, match="There is no such socket"):
        engine_host(f"unix://{tmp_path}/no.sock", {})
    with pytest.raises(OutsideFailure, match="Correct the address"):
        engine_host(None, {"DOCKER_HOST": "tcp://127.0.0.1:1"})


@pytest.mark.parametrize("host", ["ssh://deploy@build1.example.com", "tcp://192.0.2.1:2375"])
def test_one_on_another_machine_is_refused(host: str) -> None:
    with pytest.raises(UsageError, match="needs a Docker engine on this machine"):
        engine_host(host, {})


def test_one_of_its_own_can_be_asked_for_where_another_answers(usual: Path) -> None:
    with listening(usual):
        assert engine_host(OWN, {}) is None


def test_the_usual_one_that_is_not_for_us_is_told(
    usual: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(host: str) -> str | None:
        return "You may not open its socket." if host.endswith(str(usual)) else "Nothing."

    monkeypatch.setattr(reachable, "why_silent", refused)
    with pytest.raises(OutsideFailure, match="usermod -aG docker"):
        engine_host(None, {})


@pytest.mark.parametrize(("named", "status"), [("here", 0), ("nowhere", 2), (None, 1)])
def test_the_program_needs_python_alone(tmp_path: Path, named: str | None, status: int) -> None:
    """Isolated from every installed package, as before anything is installed."""
    with listening(tmp_path / "here"):
        given = ["--docker", f"unix://{tmp_path}/{named}"] if named else ["--docker", OWN]
        done = subprocess.run(
            [sys.executable, "-S", "-m", "trial.reachable", *given, "--no-browser"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            check=False,
            text=True,
        )
    assert done.returncode == status, done.stderr
    assert ("No Docker engine answers at" in done.stderr) == (status == 2)
