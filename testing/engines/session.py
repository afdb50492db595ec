"""How the processes of a test run share engines: started by the first who needs them."""

import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker

from testing.engines.docker_daemon import BUILT_IN_NETWORKS
from testing.engines.keeper import (
    DockerEngine,
    Kind,
    Registries,
    read_docker,
    read_registries,
    ready_file,
)
from testing.engines.run_directory import EngineError, RunDirectory
from testing.engines.waiting import wait_until
from trial.processes import kill_and_wait

_ROOT = Path(__file__).parent.parent.parent


@dataclass(slots=True)
class EngineSession:
    """One process's way to the engines of the run; `controller` is the pid of pytest itself."""

    run: RunDirectory
    controller: int
    # Kept so that Python does not warn about children that are meant to outlive the test.
    _children: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    def docker(self) -> DockerEngine:
        """The Docker engine of the run. Raises EngineError with the log when it cannot start."""
        self._ensure("docker")
        return read_docker(self.run)

    def registries(self) -> Registries:
        """The registries of the run. Raises EngineError with the log when they cannot start."""
        self._ensure("registries")
        return read_registries(self.run)

    def leftovers(self) -> list[str]:
        """What tests of this run left in the engine, one line each; none when it never ran."""
        if not ready_file(self.run, "docker").exists():
            return []
        engine = read_docker(self.run)
        client = docker.DockerClient(base_url=engine.host)
        try:
            return _leftovers(client, engine, self.run.name)
        finally:
            client.close()

    def close(self) -> None:
        """End every process of the run and delete its directory: the controller's last act."""
        keepers = [int(file.read_text()) for file in self.run.path.glob("*.keeper")]
        for pid in keepers:
            kill_and_wait(pid, number=signal.SIGTERM, within=0)
        for pid in keepers:
            kill_and_wait(pid, number=signal.SIGTERM, within=60)
        self.run.end_processes()
        for child in self._children:
            child.wait()
        self.run.remove()

    def _ensure(self, kind: Kind) -> None:
        ready = ready_file(self.run, kind)
        if ready.exists():
            return
        with self.run.locked(kind):
            if not ready.exists():
                self._start(kind, ready)

    def _start(self, kind: Kind, ready: Path) -> None:
        log = self.run.path / "logs" / f"{kind}.keeper.log"
        if log.exists():
            raise EngineError(f"{kind} did not start: {log.read_text(errors='replace')}")
        command = [sys.executable, "-m", "testing.engines.keeper", kind]
        with log.open("wb") as output:
            keeper = subprocess.Popen(
                [*command, str(self.run.path), str(self.controller)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=_ROOT,
                start_new_session=True,
            )
        self._children.append(keeper)
        self.run.record(keeper)
        (self.run.path / f"{kind}.keeper").write_text(str(keeper.pid))
        wait_until(
            lambda: ready.exists() or keeper.poll() is not None, within=90, what=f"{kind} to start"
        )
        if not ready.exists():
            raise EngineError(f"{kind} did not start: {log.read_text(errors='replace')}")


def _leftovers(client: docker.DockerClient, engine: DockerEngine, run_name: str) -> list[str]:
    """In our own engine everything counts; in an existing one, only what names this run."""
    containers = [
        f"container {container.name} of {container.attrs['Config']['Image']}"
        for container in client.containers.list(all=True)
    ]
    networks = [
        f"network {network.name}"
        for network in client.networks.list()
        if network.name not in BUILT_IN_NETWORKS
    ]
    volumes = [f"volume {volume.name}" for volume in client.volumes.list()]
    images = [
        f"image {reference}"
        for image in client.images.list()
        for reference in _references(image.attrs)
        if not _is_expected(reference, engine)
    ]
    found = [*containers, *networks, *volumes, *images]
    return found if engine.is_own else [line for line in found if run_name in line]


def _is_expected(reference: str, engine: DockerEngine) -> bool:
    """Whether it names a test image. Containerd's store has a digest for each from the start."""
    repository, _, digest = reference.partition("@")
    names = engine.images.all()
    return reference in names or (bool(digest) and repository in {_path(name) for name in names})


def _path(name: str) -> str:
    return name.rpartition(":")[0]


def _references(image: Mapping[str, Any]) -> list[str]:
    """Every name of an image, or its id when it has none (old engines say `<none>` then)."""
    names = [*(image["RepoTags"] or []), *(image["RepoDigests"] or [])]
    return [name for name in names if "<none>" not in name] or [image["Id"]]
