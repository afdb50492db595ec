"""The process that owns the engines of a run, and takes them down whatever happens.

It ends its engines on SIGTERM and also when the controller process of the
tests is gone, so that neither Ctrl-C nor kill -9 leaves an engine behind.

    python -m testing.engines.keeper docker|registries RUN_DIRECTORY CONTROLLER_PID
"""

import json
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Literal, NoReturn, TypeAlias

import docker

from testing.engines.docker_daemon import DockerDaemon
from testing.engines.local_images import load_images
from testing.engines.registries import Registry, running_registry
from testing.engines.run_directory import RunDirectory
from testing.images.catalogue import LocalImages, make_images

HOST_VARIABLE = "QUAYMASTER_TEST_DOCKER_HOST"

Kind: TypeAlias = Literal["docker", "registries"]


@dataclass(frozen=True, slots=True)
class DockerEngine:
    """A Docker engine with the test images in it; `is_own` when the run started it."""

    host: str
    is_own: bool
    images: LocalImages


@dataclass(frozen=True, slots=True)
class Registries:
    """The registries of a run; all know the same login."""

    staging: Registry
    production: Registry
    tls: Registry


@contextmanager
def running_docker(run: RunDirectory) -> Iterator[DockerEngine]:
    """A Docker engine with the test images: $QUAYMASTER_TEST_DOCKER_HOST, or one of our own."""
    names, images = make_images(run.name)
    given = os.environ.get(HOST_VARIABLE)
    own = None if given else DockerDaemon.start(run)
    engine = DockerEngine(given or (own.host if own else ""), own is not None, names)
    client = docker.DockerClient(base_url=engine.host)
    try:
        load_images(client, images)
        yield engine
    finally:
        if own:
            client.close()
            own.stop()
        else:
            for name in names.all():
                client.images.remove(name, force=True)
            client.close()


@contextmanager
def running_registries(run: RunDirectory) -> Iterator[Registries]:
    """Two registries over plain HTTP, and one with a certificate of its own authority."""
    with ExitStack() as stack:
        yield Registries(
            staging=stack.enter_context(running_registry(run, "registry-staging")),
            production=stack.enter_context(running_registry(run, "registry-production")),
            tls=stack.enter_context(running_registry(run, "registry-tls", tls=True)),
        )


def read_docker(run: RunDirectory) -> DockerEngine:
    """What the keeper of the Docker engine wrote down."""
    document = json.loads(ready_file(run, "docker").read_text())
    return DockerEngine(document["host"], document["is_own"], LocalImages(**document["images"]))


def read_registries(run: RunDirectory) -> Registries:
    """What the keeper of the registries wrote down."""
    document = json.loads(ready_file(run, "registries").read_text())
    return Registries(**{name: _registry(fields) for name, fields in document.items()})


def ready_file(run: RunDirectory, kind: Kind) -> Path:
    """Written when the engines of that kind answer."""
    return run.path / f"{kind}.json"


def _registry(fields: dict[str, Any]) -> Registry:
    ca_file = fields.pop("ca_file")
    return Registry(**fields, ca_file=Path(ca_file) if ca_file else None)


def _write(run: RunDirectory, kind: Kind, engines: DockerEngine | Registries) -> None:
    unfinished = run.path / f"{kind}.unfinished"
    unfinished.write_text(json.dumps(asdict(engines), default=str))
    unfinished.rename(ready_file(run, kind))


class _ToldToEnd(Exception):
    """SIGTERM arrived."""


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # taking down is not interrupted
    raise _ToldToEnd


def _keep(run: RunDirectory, kind: Kind, controller: int) -> None:
    """Run the engines until SIGTERM, or until the controller is gone."""
    signal.signal(signal.SIGTERM, _end)
    start: Mapping[
        Kind, Callable[[RunDirectory], AbstractContextManager[DockerEngine | Registries]]
    ]
    start = {"docker": running_docker, "registries": running_registries}
    try:
        handle = os.pidfd_open(controller)
        with start[kind](run) as engines:
            _write(run, kind, engines)
            select.select([handle], [], [])
    except _ToldToEnd:
        return
    except ProcessLookupError:  # the controller was gone before we could watch it
        pass
    _leave_nothing(run, kind)


def _leave_nothing(run: RunDirectory, kind: Kind) -> None:
    """What the controller would have done; the last keeper to end does it."""
    with run.locked("keepers"):
        run.forget(os.getpid())
        (run.path / f"{kind}.keeper").unlink(missing_ok=True)
        if not list(run.path.glob("*.keeper")):
            run.end_processes()
            run.remove()


def main() -> None:
    """Keep the engines that the command line names."""
    match sys.argv[1:]:
        case ["docker" | "registries" as kind, directory, controller]:
            _keep(RunDirectory(Path(directory)), kind, int(controller))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
