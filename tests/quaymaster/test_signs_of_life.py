"""Signs of life: what a health check is told, and at what price."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from quaymaster.errors import ConfigurationError
from quaymaster.settings import Settings
from quaymaster.signs_of_life import HEALTH_VARIABLE, Signs, tell


@pytest.fixture
def signs(tmp_path: Path) -> Signs:
    return Settings.from_env({HEALTH_VARIABLE: str(tmp_path / "health")}).signs()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the clock says: change its one element."""
    now = [time.monotonic()]
    monkeypatch.setattr("quaymaster.signs_of_life.time.monotonic", lambda: now[0])
    return now


def test_a_program_is_well_when_every_process_has_given_a_sign(signs: Signs) -> None:
    assert signs.complaints() == ["The program has not started yet."]
    signs.expect(["worker 1", "courier"])
    signs.of("worker 1", 45).give()
    assert signs.complaints() == ["The courier has given no sign of life yet."]
    signs.of("courier", 30).give()
    assert signs.complaints() == []


def test_a_sign_that_is_old_says_nothing(signs: Signs, at: list[float]) -> None:
    sign = signs.of("worker 1", 45)
    sign.give()
    at[0] += 44
    assert signs.complaints() == []
    at[0] += 2
    assert signs.complaints() == ["The worker 1 gave its last sign of life 46 seconds ago."]
    sign.give()
    assert signs.complaints() == []


def test_a_sign_from_before_the_machine_was_started_says_nothing(
    signs: Signs, at: list[float]
) -> None:
    """In a folder that outlives the machine, of a program that was not started again."""
    signs.of("bot", 20).give()
    at[0] -= 1000
    assert signs.complaints() == [
        "The bot has given no sign of life since this machine was started."
    ]


def test_who_gives_signs_all_the_time_writes_seldom(
    signs: Signs, at: list[float], tmp_path: Path
) -> None:
    sign = signs.of("leases", 20)
    sign.give()
    (file,) = (tmp_path / "health").iterdir()
    written = file.stat().st_mtime_ns, file.stat().st_ino
    at[0] += 1.9
    sign.give()
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == written
    at[0] += 0.2
    sign.give()
    assert (file.stat().st_mtime_ns, file.stat().st_ino) != written


def test_who_is_not_well_says_why_until_it_is(signs: Signs) -> None:
    sign = signs.of("bot", 20)
    sign.give()
    sign.withhold("cannot record anything: Redis\nis away.")
    assert signs.complaints() == ["The bot cannot record anything: Redis is away."]
    sign.give()
    assert signs.complaints() == []


def test_what_an_earlier_program_left_says_nothing_and_what_is_not_ours_stays(
    signs: Signs, tmp_path: Path
) -> None:
    signs.of("bot", 20).give()
    (tmp_path / "health" / "somebody's").touch()
    signs.begin()
    assert signs.complaints() == ["The program has not started yet."]
    assert [file.name for file in (tmp_path / "health").iterdir()] == ["somebody's"]


def test_a_sign_that_cannot_be_read_is_none(signs: Signs, tmp_path: Path) -> None:
    (tmp_path / "health" / "bot.sign").write_text("")
    assert signs.complaints() == ["The bot left a sign that cannot be read."]


def test_a_folder_that_cannot_be_written_to_is_said_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = Settings.from_env({HEALTH_VARIABLE: str(tmp_path / "file")})
    with pytest.raises(ConfigurationError, match="cannot be written: File exists"):
        settings.signs()


def test_a_folder_that_is_there_and_read_only_is_said_at_the_start() -> None:
    """Nobody makes files there, root included."""
    settings = Settings.from_env({HEALTH_VARIABLE: "/proc/self"})
    with pytest.raises(ConfigurationError, match="HEALTH=/proc/self cannot be written: "):
        settings.signs()


def test_what_somebody_put_in_the_way_is_neither_followed_nor_waited_for(
    signs: Signs, tmp_path: Path
) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text("as it was")
    (tmp_path / "health" / "bot.unfinished").symlink_to(theirs)
    os.mkfifo(tmp_path / "health" / "worker 1.unfinished")
    signs.of("bot", 20).give()
    signs.of("worker 1", 20).give()
    assert signs.complaints() == []
    assert theirs.read_text() == "as it was"


def test_a_sign_that_cannot_be_written_ends_nothing(signs: Signs, tmp_path: Path) -> None:
    (tmp_path / "health").rmdir()
    signs.of("bot", 20).give()
    assert signs.complaints() == ["The program has not started yet."]


def test_without_a_folder_nothing_is_written_and_the_command_says_what_to_set(
    capfd: pytest.CaptureFixture[str],
) -> None:
    signs = Settings.from_env({}).signs()
    signs.of("bot", 20).give()
    assert tell({}) == 1
    assert f"{HEALTH_VARIABLE} is not set" in capfd.readouterr().out


def healthy(folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "programs", "healthy"],
        env={HEALTH_VARIABLE: str(folder), "PYTHONPATH": ":".join(sys.path)},
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )


def test_the_command_tells_by_its_exit_status_and_loads_next_to_nothing(
    signs: Signs, tmp_path: Path
) -> None:
    signs.expect(["bot"])
    done = healthy(tmp_path / "health")
    assert (done.returncode, done.stdout) == (1, "The bot has given no sign of life yet.\n")
    signs.of("bot", 20).give()
    done = healthy(tmp_path / "health")
    assert (done.returncode, done.stdout) == (0, "well\n")
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    ours = {name for name in loaded if name.partition(".")[0] in ("programs", "quaymaster")}
    assert ours == {"programs", "programs.hidden", "quaymaster", "quaymaster.signs_of_life"}
    heavy = {"asyncio", "json", "pydantic", "redis", "slack_sdk", "socket", "typer"}
    assert loaded & heavy == set()
