"""An engine whose images are kept from one run to the next."""

import contextlib
import secrets
import shutil
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import docker

from testing.engines.docker_daemon import BUILT_IN_NETWORKS, DockerDaemon
from testing.engines.kinds import INSTALLED, installed_version
from testing.engines.run_directory import RunDirectory
from testing.kept_folder import kept_alone
from trial.processes import kill_and_wait


@contextmanager
def engine_that_keeps(run: RunDirectory) -> Iterator[DockerDaemon]:
    """A Docker engine whose images, and nothing else, are still there in the next run."""
    # An engine does not read what a newer one wrote.
    with kept_alone(f"docker-data-{installed_version().rstrip('.')}") as data:
        _end_the_one_before(data)
        # It would give the new bridge the address of the one before.
        shutil.rmtree(data / "network", ignore_errors=True)
        # No run that was killed has left a bridge of this name.
        daemon = DockerDaemon.start(run, f"kept-{secrets.token_hex(2)}", INSTALLED, data)
        try:
            _forget(daemon)
            yield daemon
        finally:
            _forget(daemon)
            daemon.stop()


def _end_the_one_before(data: Path) -> None:
    """Of a run that was killed an engine may still be about to end its containers."""
    option = f"--data-root={data}".encode()
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if option in entry.read_bytes().split(b"\0"):
                pid = int(entry.parent.name)
                kill_and_wait(pid, signal.SIGTERM, within=100)
                kill_and_wait(pid)


def _forget(daemon: DockerDaemon) -> None:
    """Remove what a run leaves that was killed."""
    with closing(docker.DockerClient(base_url=daemon.host)) as client:
        for container in client.containers.list(all=True):
            container.remove(force=True, v=True)
        for network in client.networks.list():
            if network.name not in BUILT_IN_NETWORKS:
                network.remove()
        for volume in client.volumes.list():
            volume.remove(force=True)
