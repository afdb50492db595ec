"""One process keeps its children running, and none outlives it."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from quaymaster.configuration.reloading import ask_to_reload
from quaymaster.signs_of_life import HEALTH_VARIABLE, Signs
from testing.configurations import SMALL_TEXT
from testing.engines.waiting import wait_until

PROGRAM = """
import os, signal, sys, time
from pathlib import Path
from quaymaster.signs_of_life import Signs
from workers.process.supervisor import Child, Supervisor

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


RELOADING = """
import os, signal, sys, time
from pathlib import Path
from quaymaster.configuration.configuration import Configuration
from quaymaster.signs_of_life import Signs
from workers.work import configurations
from workers.process.supervisor import Child, ProcessReload, Supervisor

folder, file, signs = Path(sys.argv[1]), Path(sys.argv[2]), Signs(Path(sys.argv[3]))
configuration = Configuration.load(file)
shared = configurations.share(configuration)

def run(sign):
    name = f"{shared.now.requests_valid_for.total_seconds():.0f}-{os.getpid()}"
    (folder / name).touch()
    time.sleep(600)

children = [Child("stays", run), Child("ends", run, ends_for_new_configuration=True)]
sys.exit(Supervisor(children, 1, signs, ProcessReload.of(shared, signs)).run())
"""


@pytest.fixture(params=[RELOADING], ids=["ends"])
def reloading(
    request: pytest.FixtureRequest, folder: Path, tmp_path: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """A supervisor that reads its configuration again, with a child of each kind."""
    (file := tmp_path / "quaymaster.yml").write_text(SMALL_TEXT)
    given = [str(folder), str(file), str(folder.with_name("health"))]
    command = [sys.executable, "-c", request.param, *given]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        wait_until(lambda: len(list(folder.iterdir())) == 2, within=20, what="both children")
        yield process
        process.kill()


def test_a_new_configuration_ends_only_the_children_that_cannot_take_it_up(
    reloading: "subprocess.Popen[bytes]", folder: Path, tmp_path: Path
) -> None:
    environ = {HEALTH_VARIABLE: str(folder.with_name("health"))}
    before = {file.name for file in folder.iterdir()}
    text = f"{SMALL_TEXT}defaults: {{requests_valid_for: 1h}}\n"
    (tmp_path / "quaymaster.yml").write_text(text)
    assert ask_to_reload(environ)[1] == 0
    wait_until(lambda: len(list(folder.iterdir())) == 3, within=20, what="the new child")
    (new,) = {file.name for file in folder.iterdir()} - before
    assert new.startswith("3600-")
    alive = [name for name in before if is_alive(int(name.partition("-")[2]))]
    assert len(alive) == 1
    reloading.send_signal(signal.SIGTERM)
    assert reloading.wait(20) == 0


STUCK = RELOADING.replace(
    "    time.sleep(600)", "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n    time.sleep(600)"
)


@pytest.mark.parametrize("reloading", [STUCK], indirect=True, ids=["stuck"])
def test_a_child_that_does_not_end_for_a_new_configuration_is_killed(
    reloading: "subprocess.Popen[bytes]", folder: Path, tmp_path: Path
) -> None:
    """Else it would work with the old one for good."""
    text = f"{SMALL_TEXT}defaults: {{requests_valid_for: 1h}}\n"
    (tmp_path / "quaymaster.yml").write_text(text)
    assert ask_to_reload({HEALTH_VARIABLE: str(folder.with_name("health"))})[1] == 0
    try:
        wait_until(lambda: len(list(folder.iterdir())) == 3, within=20, what="the new child")
        alive = [one.name for one in folder.iterdir() if is_alive(int(one.name.partition("-")[2]))]
        assert len(alive) == 2
        assert any(name.startswith("3600-") for name in alive)
        assert reloading.poll() is None
    finally:  # they do not end with their parent
        reloading.kill()
        for one in folder.iterdir():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(one.name.partition("-")[2]), signal.SIGKILL)


def test_a_broken_configuration_ends_no_child(
    reloading: "subprocess.Popen[bytes]", folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "quaymaster.yml").write_text("hosts: []\n")
    assert ask_to_reload({HEALTH_VARIABLE: str(folder.with_name("health"))})[1] == 1
    assert all(is_alive(int(file.name.partition("-")[2])) for file in folder.iterdir())
    assert reloading.poll() is None


TOLD_AT_BIRTH = """
import os, signal, sys, time
from pathlib import Path
from workers.process.supervisor import Child, Supervisor

folder, fork, forks = Path(sys.argv[1]), os.fork, []

def told_at_birth():
    forks.append(1)
    pid = fork()
    if pid == 0 and len(forks) == 2:
        os.kill(os.getpid(), signal.SIGTERM)
    return pid

def run(sign):
    (folder / str(os.getpid())).touch()
    time.sleep(600)

os.fork = told_at_birth
sys.exit(Supervisor([Child("elder", run), Child("younger", run)], 1).run())
"""


def test_a_child_that_is_told_to_end_as_soon_as_it_is_born_ends_and_nobody_else(
    folder: Path,
) -> None:
    """Until it has its own way to take a signal it has that of its parent, which tells all."""
    command = [sys.executable, "-c", TOLD_AT_BIRTH, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        wait_until(lambda: len(children(folder)) >= 2, within=20, what="both children")
        process.send_signal(signal.SIGTERM)
        words, _ = process.communicate(timeout=20)
        assert process.returncode == 0
    ended = [line for line in words.splitlines() if "ended by itself" in line]
    assert len(ended) == 1
    assert "younger" in ended[0]
