"""The bot takes up another configuration between two deliveries."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from bot.listening.reload import RequestedReload
from quaymaster.configuration.configuration import Configuration
from quaymaster.configuration.reloading import Reloading
from quaymaster.signs_of_life import Signs
from quaymaster.target import ServiceRef
from testing.configurations import SHOP_TEXT


@pytest.fixture
def program(tmp_path: Path) -> Reloading:
    (file := tmp_path / "quaymaster.yml").write_text(SHOP_TEXT)
    return Reloading(Configuration.load(file), Signs(None))


async def test_each_signal_has_the_file_read_and_stop_ends_it(
    program: Reloading, tmp_path: Path
) -> None:
    stop, taken = asyncio.Event(), asyncio.Queue[Configuration]()

    def take_up(new: Configuration) -> str:
        taken.put_nowait(new)
        return ""

    reload = RequestedReload.on_signal(program, stop)
    reading = asyncio.create_task(reload.whenever_asked(take_up, stop))
    file = tmp_path / "quaymaster.yml"
    for needed in (1, 3):
        file.write_text(SHOP_TEXT.replace("needed: 2", f"needed: {needed}"))
        os.kill(os.getpid(), signal.SIGHUP)
        new = await asyncio.wait_for(taken.get(), 10)
        assert new.approval_for(ServiceRef("production", "web")).needed == needed
    assert not stop.is_set()
    stop.set()
    await asyncio.wait_for(reading, 5)


async def test_a_closed_terminal_ends_the_program(
    program: Reloading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "_had_terminal", True)
    monkeypatch.setattr("quaymaster.configuration.reloading.os.isatty", lambda _: False)
    stop = asyncio.Event()
    reload = RequestedReload.on_signal(program, stop)
    os.kill(os.getpid(), signal.SIGHUP)
    await asyncio.wait_for(stop.wait(), 5)
    assert not reload.asked.is_set()
