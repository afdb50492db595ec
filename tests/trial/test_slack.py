"""The local Slack of a trial as a program: everything it needs is in the state directory."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from trial.choices import CHOICES, kept_choices
from trial.slack import HISTORY


@contextmanager
def started(state: Path) -> Iterator[Any]:
    """The first line that it writes."""
    environment = {**os.environ, "QUAYMASTER_CONFIG": str(state / "quaymaster.yml")}
    with subprocess.Popen(
        [sys.executable, "-m", "trial.slack", "--state", str(state)],
        env=environment,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


def test_the_page_is_where_the_choices_say_and_its_history_closes_with_it(tmp_path: Path) -> None:
    choices = kept_choices(tmp_path / CHOICES)
    with started(tmp_path) as told:
        address = f"http://127.0.0.1:{choices.slack_port}/chat/{choices.page_token}/"
        assert told["page_url"] == address
        workspace = httpx.get(f"{address}workspace", trust_env=False).raise_for_status().json()
        assert "tags" in {verb["name"] for verb in workspace["commands"]["verbs"]}
    assert [file.name for file in tmp_path.glob(f"{HISTORY}*")] == [HISTORY]


def test_a_history_that_is_none_is_told_with_the_way_out(tmp_path: Path) -> None:
    kept_choices(tmp_path / CHOICES)
    (tmp_path / HISTORY).write_text("a list of things to buy")
    with started(tmp_path) as told:
        assert "is not a history" in told["trouble"]
        assert told["next_step"] == "Start over with `quaymaster try --reset`."
