"""An operation that is forged in Redis ends, with what is genuine of it."""

from dataclasses import replace

import pytest
import redis

from quaymaster.errors import Trouble
from quaymaster.journal import event_of
from quaymaster.operations import State
from quaymaster.outcomes import Failed
from quaymaster.store import keys, records
from quaymaster.store.formats import SUBMISSION
from quaymaster.store.transactions import ask, perform
from tests.keys import BOT_KEY, RING, WORKER
from tests.samples import operation
from workers.forged import end_forged

pytestmark = pytest.mark.engine

TROUBLE = Trouble("The record of 1042 is not acted upon.")


def put(connection: redis.Redis, **fields: str) -> None:
    """An operation, with other texts in some of its fields."""
    given = operation()
    perform(connection, records.accept(given, event_of(given), BOT_KEY))
    for name, text in fields.items():
        connection.hset(keys.operation(1042), name, text)


def test_it_ends_with_the_reason_and_what_was_asked_for(valkey: redis.Redis) -> None:
    put(valkey, record="forged")
    end_forged(valkey, 1042, TROUBLE, WORKER)
    stored = ask(valkey, records.load(1042, RING))
    assert stored is not None
    assert stored.operation.state is State.FAILED
    assert stored.operation.outcome == Failed(TROUBLE)
    assert stored.operation.request == operation().request
    assert ask(valkey, records.open_ids()) == ()


def test_where_nothing_is_genuine_it_is_open_no_more(valkey: redis.Redis) -> None:
    put(valkey, record="forged", submission="forged")
    end_forged(valkey, 1042, TROUBLE, WORKER)
    assert ask(valkey, records.open_ids()) == ()
    assert valkey.hget(keys.operation(1042), "record") == b"forged"


def test_what_a_newer_program_was_asked_is_left_to_it(valkey: redis.Redis) -> None:
    newer = replace(SUBMISSION, version=SUBMISSION.version + 1)
    asked = newer.signed(operation().submission.value, ("1042",), BOT_KEY)
    put(valkey, record="forged", submission=asked.text)
    end_forged(valkey, 1042, TROUBLE, WORKER)
    assert ask(valkey, records.open_ids()) == (1042,)


def test_where_there_is_nothing_nothing_happens(valkey: redis.Redis) -> None:
    end_forged(valkey, 1042, TROUBLE, WORKER)
    assert not valkey.exists(keys.operation(1042), keys.JOURNAL)
