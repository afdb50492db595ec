"""The parts of a trial, started for real."""

from contextlib import ExitStack, closing
from pathlib import Path

import pytest
import redis

from quaymaster.checks import perform
from quaymaster.errors import ConfigurationError
from quaymaster.store import keys
from trial.configuration import HOST
from trial.interruption import Interruption
from trial.programs import Programs
from trial.slack import HISTORY
from trial.state_directory import opened
from workers.checks.redis_checks import redis_probe

pytestmark = pytest.mark.engine


def test_the_database_of_a_trial_loses_nothing_and_asks_for_a_password(tmp_path: Path) -> None:
    with opened(tmp_path / "state") as state, ExitStack() as stack:
        parts = Programs(state, Interruption(), stack)
        parts.database_answers(parts.start_database())
        choices = state.choices
        url = f"redis://:{choices.valkey_password}@127.0.0.1:{choices.valkey_port}/0"
        found = perform([redis_probe(url)])
        assert {check.verdict for check in found} == {"ok"}, found


def test_a_trial_may_use_another_engine_than_the_one_before(tmp_path: Path) -> None:
    with opened(tmp_path / "state") as state, ExitStack() as stack:
        parts = Programs(state, Interruption(), stack)
        database = parts.start_database()
        parts.database_answers(database)
        with closing(redis.Redis.from_url(state.choices.redis_url)) as client:
            client.hset(keys.HOST_ENGINES, mapping={HOST: "of another engine", "": "3"})
            parts.database_answers(database)
            assert client.hgetall(keys.HOST_ENGINES) == {b"": b"3"}, "the count goes on"


def test_messages_that_cannot_be_read_are_told_with_the_way_out(tmp_path: Path) -> None:
    with opened(tmp_path / "state") as state, ExitStack() as stack:
        (state.path / HISTORY).write_text("a list of things to buy")
        parts = Programs(state, Interruption(), stack)
        with pytest.raises(ConfigurationError, match="Start over with `quaymaster try --reset`"):
            parts.start_slack()
