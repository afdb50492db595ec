"""The scanner's database is renewed beside the scanner, which goes on when that fails."""

import asyncio
from pathlib import Path

import pytest
import structlog

from testing.engines.waiting import until
from workers.process.scanner_upkeep import keep_database_fresh


async def test_where_somebody_else_renews_it_nothing_is_done(tmp_path: Path) -> None:
    environ = {"PATH": str(tmp_path), "TRIVY_SKIP_DB_UPDATE": "true"}
    with structlog.testing.capture_logs() as logged:
        await keep_database_fresh(environ, asyncio.Event())
    assert logged == []


async def test_who_stops_before_begins_nothing(tmp_path: Path) -> None:
    (stop := asyncio.Event()).set()
    with structlog.testing.capture_logs() as logged:
        await keep_database_fresh({"PATH": str(tmp_path)}, stop)
    assert logged == []


async def test_what_fails_is_tried_again_until_it_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here the scanner is a program that always fails."""
    (program := tmp_path / "trivy").write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    environ = {"PATH": str(tmp_path), "TRIVY_CACHE_DIR": str(tmp_path / "cache")}
    monkeypatch.setattr("workers.process.scanner_upkeep._LOOK_SECONDS", 0.01)
    stop = asyncio.Event()

    def failures() -> int:
        return [line["event"] for line in logged].count("the scanner's database is not renewed")

    with structlog.testing.capture_logs() as logged:
        keeping = asyncio.create_task(keep_database_fresh(environ, stop))
        await until(lambda: failures() >= 2, "it to be tried again")
        stop.set()
        await keeping
