"""A program takes up all of a new configuration or nothing, and says which."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from quaymaster.configuration.configuration import Configuration
from quaymaster.configuration.reloading import Reloading, ask_to_reload
from quaymaster.errors import ConfigurationError
from quaymaster.settings import Settings
from quaymaster.signs_of_life import ANSWER, HEALTH_VARIABLE, Signs, tell
from quaymaster.target import ServiceRef
from testing.configurations import SHOP_TEXT

PROGRAM = """
import os, signal, sys, time
from pathlib import Path
from quaymaster.configuration.configuration import Configuration
from quaymaster.configuration.reloading import Reloading
from quaymaster.signs_of_life import Signs

program = Reloading(Configuration.load(Path(sys.argv[1])), Signs(Path(sys.argv[2])))
asked = []
signal.signal(signal.SIGHUP, lambda *_: asked.append(1))
program.begin()
if os.fork() == 0:  # what it forks outlives it here, and is not the program
    time.sleep(60)
print("works", flush=True)
while True:
    time.sleep(0.02)
    if asked:
        asked.clear()
        program.settle(program.read(), lambda _: "")
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (file := tmp_path / "quaymaster.yml").write_text(SHOP_TEXT)
    return file


@pytest.fixture
def signs(tmp_path: Path) -> Signs:
    return Settings.from_env({HEALTH_VARIABLE: str(tmp_path / "health")}).signs()


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {HEALTH_VARIABLE: str(tmp_path / "health")}


@pytest.fixture
def program(file: Path, signs: Signs) -> Iterator["subprocess.Popen[bytes]"]:
    """One that reads the file again when it is asked to, and a process that it has forked."""
    command = [sys.executable, "-c", PROGRAM, str(file), str(signs.folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"works\n"
        yield process
        os.killpg(process.pid, signal.SIGKILL)


def test_a_change_is_taken_up_and_its_environments_are_named(
    program: "subprocess.Popen[bytes]", file: Path, environ: dict[str, str]
) -> None:
    file.write_text(SHOP_TEXT.replace("needed: 2", "needed: 1"))
    text, status = ask_to_reload(environ)
    assert status == 0
    assert text == (
        "quaymaster.yml is in use now. Changed: production. A plan that waits for "
        "approval there no longer counts."
    )
    file.write_text(file.read_text() + "# a comment\n")
    assert ask_to_reload(environ) == ("quaymaster.yml means the same as before.", 0)
    file.write_text(file.read_text() + "alerts: {at_least: low}\n")
    assert "No environment changed." in ask_to_reload(environ)[0]
    assert program.poll() is None


def test_a_broken_file_is_refused_with_the_words_of_the_start(
    program: "subprocess.Popen[bytes]",
    file: Path,
    environ: dict[str, str],
    capfd: pytest.CaptureFixture[str],
) -> None:
    file.write_text(SHOP_TEXT.replace("needed: 2", "neded: 2"))
    with pytest.raises(ConfigurationError) as raised:
        Configuration.load(file)
    text, status = ask_to_reload(environ)
    assert status == 1
    assert text == f"{raised.value}\nThe old configuration stays in use."
    Signs(Path(environ[HEALTH_VARIABLE])).of("bot", 60).give()
    assert tell(environ) == 0
    assert "the new one was refused" in capfd.readouterr().out
    file.write_text(SHOP_TEXT)
    assert ask_to_reload(environ) == ("quaymaster.yml means the same as before.", 0)
    assert program.poll() is None
    assert tell(environ) == 0
    assert capfd.readouterr().out == "well\n"


@pytest.mark.parametrize(
    "text", ["a: " + "[" * 5_000, 'a: "\\UFFFFFFFF"'], ids=["far too deep", "no such character"]
)
def test_no_file_ends_a_program_that_works(
    text: str, program: "subprocess.Popen[bytes]", file: Path, environ: dict[str, str]
) -> None:
    file.write_text(text)
    answer, status = ask_to_reload(environ)
    assert (status, program.poll()) == (1, None)
    assert "this is not valid YAML" in answer
    file.write_text(SHOP_TEXT)
    assert ask_to_reload(environ)[1] == 0


def test_what_nobody_foresaw_does_not_end_it_either(
    file: Path, signs: Signs, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = Reloading(Configuration.load(file), signs)

    def load(_: Path) -> Configuration:
        raise MemoryError

    monkeypatch.setattr(Configuration, "load", load)
    result = program.read().result
    assert isinstance(result, ConfigurationError)
    assert "MemoryError" in str(result)


def test_what_the_program_cannot_work_with_is_refused_too(file: Path, signs: Signs) -> None:
    def refuse(_: Configuration) -> str:
        raise ConfigurationError("There is no queue host:app1.")

    taken: list[Configuration] = []

    def take_up(new: Configuration) -> str:
        taken.append(new)
        return ""

    program = Reloading(Configuration.load(file), signs)
    file.write_text(SHOP_TEXT.replace("needed: 2", "needed: 1"))
    assert not program.settle(program.read(), refuse)
    assert signs.folder is not None
    assert "There is no queue host:app1." in (signs.folder / ANSWER).read_text()
    assert program.settle(program.read(), take_up)
    assert [one.approval_for(ServiceRef("production", "web")).needed for one in taken] == [1]
    assert "Changed: production" in (signs.folder / ANSWER).read_text()


def test_a_program_that_is_gone_is_not_asked_nor_who_has_its_number(
    program: "subprocess.Popen[bytes]", environ: dict[str, str], signs: Signs
) -> None:
    """Also while a process that it forked lives on."""
    program.kill()
    program.wait()
    assert signs.folder is not None
    with subprocess.Popen(["sleep", "60"]) as stranger:
        (signs.folder / "program.lock").write_text(str(stranger.pid))
        text, status = ask_to_reload(environ)
        assert status == 2
        assert "No program of Quaymaster runs" in text
        with pytest.raises(subprocess.TimeoutExpired):
            stranger.wait(0.1)
        stranger.kill()


@pytest.mark.parametrize("number", ["-1", "0", "9" * 40])
def test_only_one_process_is_ever_asked(
    number: str, signs: Signs, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where others may write to the folder: 0 and -1 stand for many processes."""
    assert signs.folder is not None
    asked: list[int] = []
    with _lock_of_another(signs.folder / "program.lock", number) as holder:
        with monkeypatch.context() as patched:
            patched.setattr(
                "quaymaster.configuration.reloading.os.kill", lambda pid, _: asked.append(pid)
            )
            text, status = ask_to_reload(environ, within=0.1)
        holder.kill()
    assert (status, asked) == (2, [])
    assert "No program of Quaymaster runs" in text


def test_a_link_in_the_place_of_the_lock_is_not_followed(
    file: Path, signs: Signs, environ: dict[str, str], tmp_path: Path
) -> None:
    assert signs.folder is not None
    (precious := tmp_path / "precious").write_text("of somebody")
    (signs.folder / "program.lock").symlink_to(precious)
    program = Reloading(Configuration.load(file), signs)
    program.begin()
    assert precious.read_text() == "of somebody"
    assert program._lock is None
    assert ask_to_reload(environ)[1] == 2


def test_without_a_folder_nobody_is_asked() -> None:
    assert ask_to_reload({})[1] == 2
    assert HEALTH_VARIABLE in ask_to_reload({})[0]


def test_an_answer_from_before_is_none(file: Path, signs: Signs, environ: dict[str, str]) -> None:
    """Whoever read the file before it was asked may have read the old one."""
    program = Reloading(Configuration.load(file), signs)
    program.settle(program.read(), lambda _: "")
    number = os.getpid()
    signs_folder = signs.folder
    assert signs_folder is not None
    answer = (signs_folder / ANSWER).read_text()
    heard: list[int] = []
    before = signal.signal(signal.SIGHUP, lambda *_: heard.append(number))
    holder = _lock_of_another(signs_folder / "program.lock", number)
    try:
        text, status = ask_to_reload(environ, within=0.3)
    finally:
        signal.signal(signal.SIGHUP, before)
        with holder:
            holder.kill()
    assert heard == [number]
    assert status == 2
    assert "did not answer" in text
    assert (signs_folder / ANSWER).read_text() == answer


def _lock_of_another(path: Path, number: int | str) -> "subprocess.Popen[bytes]":
    """A process that holds the lock in the name of this one."""
    text = (
        "import fcntl, sys, time\n"
        "file = open(sys.argv[1], 'w'); fcntl.lockf(file, fcntl.LOCK_EX)\n"
        "file.write(sys.argv[2]); file.flush(); print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", text, str(path), str(number)]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    return holder


def test_what_is_not_printable_does_not_reach_the_terminal(
    signs: Signs, environ: dict[str, str]
) -> None:
    folder = signs.folder
    assert folder is not None
    before = signal.signal(signal.SIGHUP, lambda *_: None)
    holder = _lock_of_another(folder / "program.lock", os.getpid())

    def answer() -> None:
        (folder / ANSWER).write_text(f"{time.monotonic() + 1}\nrefused\n\x1b[2Jhello\nyou\n")

    timer = threading.Timer(0.2, answer)
    timer.start()
    try:
        assert ask_to_reload(environ, within=10) == ("\ufffd[2Jhello\nyou", 1)
    finally:
        signal.signal(signal.SIGHUP, before)
        with holder:
            holder.kill()


def test_a_file_that_was_replaced_behind_a_mount_is_not_taken_for_the_new_one(
    file: Path, signs: Signs
) -> None:
    """A mount of one file goes on showing the file that was there when it was made, as an open
    file does.
    """
    with file.open() as opened:
        behind = Path(f"/proc/self/fd/{opened.fileno()}")
        program = Reloading(Configuration.load(behind), signs)
        (new := file.with_suffix(".new")).write_text(SHOP_TEXT.replace("needed: 2", "needed: 1"))
        new.replace(file)
        result = program.read().result
    assert isinstance(result, ConfigurationError)
    assert "was replaced by another file" in str(result)
