"""Engines are shared by the processes of a run and outlive none of them."""

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import pytest

from testing.engines.local_images import push_image
from testing.engines.registries import Registry
from testing.engines.session import EngineSession
from testing.engines.waiting import wait_until
from testing.images.catalogue import LocalImages

pytestmark = pytest.mark.engine

_ROOT = Path(__file__).parents[3]
_CONTROLLER = """\
import os, sys
from testing.engines.run_directory import RunDirectory
from testing.engines.session import EngineSession
session = EngineSession(RunDirectory.create(), os.getpid())
print(session.docker().host, session.registries().staging.url, flush=True)
sys.stdin.read()
session.close()
"""


@contextmanager
def another_run(directory: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that controls a run of its own with every engine running."""
    process = subprocess.Popen(
        [sys.executable, "-c", _CONTROLLER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=_ROOT,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "QUAYMASTER_ENGINES_DIR": str(directory)},
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"unix://")
        yield process


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory whose path is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="runs-") as path:
        yield Path(path)


def mentions(directory: Path) -> list[str]:
    """What of this machine still has to do with a directory: files, mounts and processes."""
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    commands = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            commands.append(file.read_bytes().replace(b"\0", b" ").decode())
        except OSError:  # ended in the meantime
            continue
    found = [*map(str, directory.glob("qm-*")), *mounts, *commands]
    return [line for line in found if f"{directory}/qm-" in line]


def bridges() -> set[str]:
    return {file.name for file in Path("/sys/class/net").glob("qm-*")}


@pytest.mark.parametrize("killed", [True, False], ids=["kill -9", "the normal end"])
def test_nothing_is_left_of_a_run_after(directory: Path, killed: bool) -> None:
    with another_run(directory) as process:
        name = next(directory.glob("qm-*")).name
        assert name in bridges()
        if killed:
            process.send_signal(signal.SIGKILL)
        else:
            assert process.stdin is not None
            process.stdin.close()
        process.wait(timeout=60)
        wait_until(lambda: not mentions(directory), within=60, what="the run to be gone")
    assert name not in bridges()


def test_what_a_test_leaves_in_the_engine_is_found(
    engine_session: EngineSession,
    engine: docker.DockerClient,
    registry: Registry,
    images: LocalImages,
    repository: str,
) -> None:
    push_image(engine, registry, images.web_v1, repository, "1.0")
    name = repository.replace("/", "-")
    container = engine.containers.create(images.web_v1, name=name)
    network = engine.networks.create(name)
    engine.images.get(images.web_v1).tag(f"{repository}:left")
    try:
        found = engine_session.leftovers()
    finally:
        container.remove()
        network.remove()
        engine.images.remove(f"{repository}:left")
    # With containerd's store the digest that a push gave the image is a name of its own.
    ours = sorted(
        line for line in found if (name in line or repository in line) and "@" not in line
    )
    assert ours == [
        f"container {name} of {images.web_v1}",
        f"image {repository}:left",
        f"network {name}",
    ]
