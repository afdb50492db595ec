"""A long answer of a job: its first page in the record, the others beside it."""

import pytest
import redis

from quaymaster.journal import event_of
from quaymaster.operations import State
from quaymaster.outcomes import TagsListed
from quaymaster.requests import TagsRequest
from quaymaster.store import keys, pages, records
from quaymaster.store.transactions import ask, perform
from testing.keys import RING, WORKER_KEY
from testing.samples import NOW, WEB, operation
from tests.workers.toolboxes import now, recorded, running, toolbox
from workers.jobs.paged import paged
from workers.work.steps import after

pytestmark = pytest.mark.engine


def test_every_row_of_a_long_list_can_be_turned_to_after_the_end(valkey: redis.Redis) -> None:
    names = tuple(f"v{number}" for number in range(100_000))
    before = recorded(valkey, operation(request=TagsRequest(WEB)))
    started = before.moved(State.RUNNING, NOW)
    perform(valkey, records.move(before, started, event_of(started), WORKER_KEY))
    whole = TagsListed(WEB, names, len(names), len(names))
    finished = paged(whole, running(started, valkey), toolbox(valkey))
    ended = after(started, finished, NOW, WORKER_KEY)
    move = records.move(started, ended, event_of(ended), WORKER_KEY, also=finished.also)
    perform(valkey, move)

    first = now(valkey, before).outcome
    assert isinstance(first, TagsListed)
    assert (first.total, first.kept) == (100_000, 5_000)
    rows = first.tags
    for number in range(1, 250):
        page = ask(valkey, pages.load(before.id, number, RING))
        assert isinstance(page, TagsListed)
        rows += page.tags
    assert rows == names[:5_000]
    assert (valkey.memory_usage(keys.operation(before.id), samples=0) or 0) < 4_000
