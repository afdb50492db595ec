"""Finds a Docker engine that answers.

Needs Python alone: `.ci/prepare` asks before anything is installed, ``python -m trial.reachable``
with the options of ``quaymaster try``. Its status is 0 when an engine answers, 1 when none does,
and 2, with the reason on stderr, when that is so of one that was named.
"""

import argparse
import os
import sys
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from socket import AF_UNIX, socket
from urllib.parse import urlsplit

from quaymaster.errors import OutsideFailure, QuaymasterError, UsageError

DEFAULT_HOST = "unix:///var/run/docker.sock"
OWN = "own"
"""Instead of an address: the trial's own engine, even if another one answers."""

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_SECONDS = 10.0
_NOT_OURS = "You may not open its socket."


def engine_host(host: str | None, environment: Mapping[str, str]) -> str | None:
    """The address of an engine that answers: the one passed in, DOCKER_HOST's, or one in the usual
    places. None if none was named and none answers, and for OWN. Raises OutsideFailure when the one
    that was named does not answer, or the usual one is not for us, UsageError when it is on another
    machine.
    """
    named = host or environment.get("DOCKER_HOST") or None
    if named == OWN:
        return None
    if named is None:
        return _usual(environment)
    _check_local(named)
    reason = why_silent(named)
    if reason is None:
        return named
    raise OutsideFailure(
        f"No Docker engine answers at {named}.",
        why=reason,
        next_step="Correct the address (--docker or DOCKER_HOST), or start the engine there.",
    )


def usual_hosts(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The system's engine, one without root, and those of Docker Desktop.

    https://docs.docker.com/engine/security/rootless/ and https://docs.docker.com/desktop/
    """
    home = environment.get("HOME", "")
    runtime = environment.get("XDG_RUNTIME_DIR", "")
    return (
        DEFAULT_HOST,
        *([f"unix://{runtime}/docker.sock"] if runtime else []),
        *([f"unix://{home}/.docker/{part}/docker.sock" for part in ("run", "desktop")]),
    )


def why_silent(host: str) -> str | None:
    """Why no engine answers there; None when one does."""
    connection = _connection(host)
    try:
        connection.request("GET", "/_ping")
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        return _reason(error)
    finally:
        connection.close()
    return None if status == 200 else f"What listens there says {status} to a ping."


def _usual(environment: Mapping[str, str]) -> str | None:
    silent = {}
    for host in usual_hosts(environment):
        reason = why_silent(host)
        if reason is None:
            return host
        silent[host] = reason
    if silent[DEFAULT_HOST] == _NOT_OURS:
        raise OutsideFailure(
            f"There is a Docker engine at {DEFAULT_HOST} that does not answer you.",
            why=_NOT_OURS,
            next_step="Join the group that may (`sudo usermod -aG docker $USER`, then `newgrp "
            "docker`), or name another engine with --docker or DOCKER_HOST.",
        )
    return None


def _check_local(host: str) -> None:
    url = urlsplit(host)
    if url.scheme == "unix" or (url.scheme in ("tcp", "http") and url.hostname in _LOOPBACK):
        return
    raise UsageError(
        f"`quaymaster try` needs a Docker engine on this machine, and {host} is not one.",
        why="The sample registry and the services are on this machine's loopback.",
        next_step=f"Name a local one, for example --docker {DEFAULT_HOST}.",
    )


class _UnixConnection(HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_SECONDS)
        self._path = path

    def connect(self) -> None:
        """In the place of TCP."""
        self.sock = socket(AF_UNIX)
        self.sock.settimeout(_SECONDS)
        self.sock.connect(self._path)


def _connection(host: str) -> HTTPConnection:
    url = urlsplit(host)
    if url.scheme == "unix":
        return _UnixConnection(url.path)
    return HTTPConnection(url.hostname or "localhost", url.port or 2375, timeout=_SECONDS)


def _reason(error: Exception) -> str:
    match error:
        case PermissionError():
            return _NOT_OURS
        case FileNotFoundError():
            return "There is no such socket."
        case ConnectionRefusedError():
            return "Nothing listens there."
    return f"{error or type(error).__name__}."


def main(words: list[str]) -> int:
    """The program."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--docker")
    options, _ = parser.parse_known_args(words)
    try:
        host = engine_host(options.docker, os.environ)
    except QuaymasterError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0 if host else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
