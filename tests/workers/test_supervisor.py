"""One process keeps its children running, and none outlives it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from quaymaster.signs_of_life import Signs
from tests.engines.waiting import wait_until

PROGRAM = """
import os, signal, sys, time
from pathlib import Path
from quaymaster.signs_of_life import Signs
from workers.supervisor import Child, Supervisor

folder, how = Path(sys.argv[1]), sys.argv[2]

def run(sign):
    (folder / str(os.getpid())).touch()
    if how == "ends":
        return
    sign.give()
    time.sleep(600)

def hang(_sign):
    time.sleep(600)

children = [Child("child", run), Child("mute", hang)]
sys.exit(Supervisor(children, 1, Signs(folder.with_name("health"))).run())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where each child leaves a file named after its process; beside it, where signs of life go."""
    (tmp_path / "health").mkdir()
    folder = tmp_path / "children"
    folder.mkdir()
    return folder


@pytest.fixture(params=["stays"])
def supervisor(request: pytest.FixtureRequest, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A supervisor with this child, and one that never says anything."""
    command = [sys.executable, "-c", PROGRAM, str(folder), request.param]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        yield process
        process.kill()


def children(folder: Path) -> list[int]:
    return [int(file.name) for file in folder.iterdir()]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.parametrize("supervisor", ["ends"], indirect=True)
def test_a_child_that_ends_by_itself_is_started_again(
    supervisor: "subprocess.Popen[bytes]", folder: Path
) -> None:
    wait_until(lambda: len(children(folder)) >= 2, within=20, what="a second child")
    supervisor.send_signal(signal.SIGTERM)
    assert supervisor.wait(20) == 0


@pytest.mark.usefixtures("supervisor")
def test_every_child_is_expected_to_give_signs_of_life(folder: Path) -> None:
    signs = Signs(folder.with_name("health"))
    mute = ["The mute has given no sign of life yet."]
    wait_until(lambda: signs.complaints() == mute, within=20, what="a sign of the child")


def test_children_of_a_killed_supervisor_end(
    supervisor: "subprocess.Popen[bytes]", folder: Path
) -> None:
    wait_until(lambda: bool(children(folder)), within=20, what="a child")
    (child,) = children(folder)
    supervisor.kill()
    try:
        wait_until(lambda: not is_alive(child), within=10, what="the end of the child")
    finally:
        if is_alive(child):
            os.kill(child, signal.SIGKILL)


def test_children_are_asked_to_stop(supervisor: "subprocess.Popen[bytes]", folder: Path) -> None:
    wait_until(lambda: bool(children(folder)), within=20, what="a child")
    (child,) = children(folder)
    supervisor.send_signal(signal.SIGTERM)
    supervisor.wait(20)
    assert not is_alive(child)
