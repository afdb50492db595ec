"""Leases: one owner at a time, and none when nobody says that it lives."""

import pytest
import redis

from quaymaster.store import keys, leases
from quaymaster.store.transactions import ask, perform
from testing.engines.waiting import wait_until

pytestmark = pytest.mark.engine


def test_a_lease_has_one_owner(valkey: redis.Redis) -> None:
    assert perform(valkey, leases.take("work", "first", 5_000))
    assert not perform(valkey, leases.take("work", "second", 5_000))
    assert not perform(valkey, leases.renew("work", "second", 60_000))
    assert not perform(valkey, leases.give_back("work", "second"))
    assert ask(valkey, leases.owner_of("work")) == "first"
    assert perform(valkey, leases.give_back("work", "first"))
    assert perform(valkey, leases.take("work", "second", 5_000))


def test_a_lease_runs_out_unless_its_owner_renews_it(valkey: redis.Redis) -> None:
    assert perform(valkey, leases.take("work", "first", 60_000))
    assert 0 < valkey.pttl(keys.lease("work")) <= 60_000
    assert perform(valkey, leases.renew("work", "first", 50))
    wait_until(
        lambda: ask(valkey, leases.owner_of("work")) is None, within=2, what="the end of the lease"
    )
    assert not perform(valkey, leases.renew("work", "first", 5_000))


def test_a_lease_is_taken_over_from_who_has_it(valkey: redis.Redis) -> None:
    assert perform(valkey, leases.take("work", "first", 5_000))
    assert not perform(valkey, leases.take_over("work", "another", "second", 5_000))
    assert perform(valkey, leases.take_over("work", "first", "second", 5_000))
    assert ask(valkey, leases.owner_of("work")) == "second"
