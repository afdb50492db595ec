"""`quaymaster try` as a process, and everything that it could leave behind."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import docker

from testing.engines.waiting import wait_until

ROOT = Path(__file__).parent.parent.parent


class Trial:
    """A running `quaymaster try` that opens no browser."""

    def __init__(self, state: Path, docker_host: str, *options: str) -> None:
        self.state = state
        self.output: list[str] = []
        given = ["--state", str(state), *options]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "programs.cli", "try", "--no-browser", *given],
            cwd=ROOT,
            env=_environment(docker_host),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def text(self) -> str:
        """Everything that was written so far."""
        return "".join(self.output)

    def sees(self, words: str, within: float = 90) -> None:
        """Wait until this was written."""
        with suppress(TimeoutError):
            wait_until(lambda: self._has_written(words), within=within, what=words)
        assert words in self.text, f"{words!r} was not written:\n{self.text}"

    def _has_written(self, words: str) -> bool:
        """Whether it has, or writes nothing any more."""
        return words in self.text or not self._reader.is_alive()

    def address(self) -> str:
        """Wait for the address of the chat page."""
        self.sees("/chat/")
        match = re.search(r"http://127\.0\.0\.1:[0-9]+/chat/[\w-]+/", self.text)
        assert match is not None, self.text
        return match[0]

    def send(self, number: signal.Signals) -> None:
        """Send a signal to it alone."""
        self._process.send_signal(number)

    def stops(self) -> int:
        """Stop it as Ctrl-C does, and wait; its exit status."""
        self.send(signal.SIGINT)
        return self.ended()

    def ended(self, within: float = 60) -> int:
        """Wait until it has ended; its exit status."""
        status = self._process.wait(within)
        self._reader.join(10)
        return status

    def parts(self) -> Mapping[str, int]:
        """The processes that it has written down, by name."""
        entries = json.loads((self.state / "processes.json").read_text())
        return {one["name"]: one["pid"] for one in entries}

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                self.output.append(line)


@contextmanager
def running_trial(state: Path, docker_host: str, *options: str) -> Iterator[Trial]:
    """A trial that is ended when it has not ended by itself."""
    trial = Trial(state, docker_host, *options)
    try:
        yield trial
    finally:
        with contextlib.suppress(ProcessLookupError):
            trial.send(signal.SIGTERM)
        trial.ended()


def left_running(state: Path, engine: docker.DockerClient) -> list[str]:
    """Processes that have something to do with a state directory, and what is on the engine."""
    name = json.loads((state / "choices.json").read_text())["name"]
    label = f"io.quaymaster.trial={name}"
    containers: list[Any] = engine.containers.list(all=True, filters={"label": label})
    networks: list[Any] = [
        one
        for environment in ("staging", "production")
        for one in engine.networks.list(filters={"label": f"quaymaster.environment={environment}"})
    ]
    return [
        *processes_of(state),
        *(f"container {one.name}" for one in containers),
        *(f"network {one.name}" for one in networks),
    ]


def remove_what_is_kept(state: Path, engine: docker.DockerClient) -> None:
    """Remove the images that a trial leaves for its next start, if there was one."""
    if not (state / "choices.json").exists():
        return
    name = json.loads((state / "choices.json").read_text())["name"]
    for image in engine.images.list(filters={"label": f"io.quaymaster.trial={name}"}):
        engine.images.remove(image.id, force=True)


def processes_of(state: Path) -> Iterator[str]:
    """Whatever works in the directory or was started with a path in it."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            folder = (process / "cwd").readlink()
            if f"{state}/" in f"{command} {folder}/" and process.name != str(os.getpid()):
                yield f"process {process.name}: {command}"


def _environment(docker_host: str) -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("TRIVY_")}
    return inherited | {
        "DOCKER_HOST": docker_host,
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
    }
