"""Releases and marks count where they were made, each once, by a worker of that host."""

from dataclasses import replace
from typing import Any

import pytest
import redis

from quaymaster.errors import Forged
from quaymaster.releases import BadDigest, Release
from quaymaster.services import ServiceConfiguration
from quaymaster.signing_key import SigningKey
from quaymaster.store import keys, releases
from quaymaster.store.formats import BAD_DIGEST, RELEASE
from quaymaster.store.transactions import Command, Transaction, ask, perform
from quaymaster.target import ServiceRef
from testing.keys import BOT_KEY, OTHER_WORKER_KEY, RING, SCANNER_KEY, WORKER_KEY
from testing.samples import DIGEST, NOW, OTHER_DIGEST, pinned

pytestmark = pytest.mark.engine

QUEUE = "host:app1"
SERVICE = ServiceRef("production", "web")
SEVENTH = Release(
    id=7,
    environment="production",
    service="web",
    image=pinned(DIGEST),
    workload=ServiceConfiguration(),
    released_by="U0ALICE",
    approved_by=("U0BOB", "U0CAROL"),
    released_at=NOW,
    turn=7,
)
EIGHTH = replace(SEVENTH, id=8, turn=8, image=pinned(OTHER_DIGEST, "1.5"))


def store(connection: redis.Redis, *commands: Command) -> None:
    """Write them as a move would."""
    perform(connection, Transaction(commands, lambda _: None, lambda _: None))


def record(connection: redis.Redis, release: Release, key: SigningKey = WORKER_KEY) -> None:
    """Store a release as a worker does."""
    store(connection, *releases.record(release, key))


def latest(connection: redis.Redis, **changes: Any) -> tuple[Release, ...]:
    """What is known of production/web."""
    return ask(connection, releases.latest(SERVICE, RING, QUEUE, **changes))


def test_releases_are_listed_newest_first(valkey: redis.Redis) -> None:
    assert latest(valkey) == ()
    for release in (SEVENTH, EIGHTH):
        record(valkey, release)
    assert latest(valkey) == (EIGHTH, SEVENTH)
    assert latest(valkey, count=1) == (EIGHTH,)


def test_a_release_that_stands_there_twice_is_one(valkey: redis.Redis) -> None:
    for release in (SEVENTH, EIGHTH, SEVENTH):
        record(valkey, release)
    assert latest(valkey) == (EIGHTH, SEVENTH)


@pytest.mark.parametrize(("environment", "service"), [("staging", "web"), ("production", "admin")])
def test_a_release_that_was_copied_to_another_service_is_refused(
    valkey: redis.Redis, environment: str, service: str
) -> None:
    record(valkey, SEVENTH)
    text = valkey.lindex(keys.releases(SERVICE), 0) or b""
    valkey.rpush(keys.releases(ServiceRef(environment, service)), text)
    with pytest.raises(Forged, match="its signature does not fit"):
        ask(valkey, releases.latest(ServiceRef(environment, service), RING, QUEUE))


def test_a_release_is_of_the_service_that_it_stands_under(valkey: redis.Redis) -> None:
    """Also where a worker's own key put it elsewhere."""
    elsewhere = replace(SEVENTH, environment="staging")
    valkey.rpush(keys.releases(SERVICE), RELEASE.signed(elsewhere, SERVICE.place, WORKER_KEY).text)
    with pytest.raises(Forged, match="#7 is not a release of production/web"):
        latest(valkey)


def test_releases_of_a_worker_that_is_not_enrolled_for_the_host_are_left_out(
    valkey: redis.Redis,
) -> None:
    record(valkey, SEVENTH)
    record(valkey, EIGHTH, OTHER_WORKER_KEY)
    assert latest(valkey) == (SEVENTH,)
    assert ask(valkey, releases.latest(SERVICE, RING, "host:db1")) == (EIGHTH,)


@pytest.mark.parametrize("key", [BOT_KEY, SCANNER_KEY])
def test_only_a_worker_records_a_release(valkey: redis.Redis, key: SigningKey) -> None:
    record(valkey, SEVENTH, key)
    with pytest.raises(Forged, match="may not sign one"):
        latest(valkey)


def test_a_release_that_was_altered_is_refused(valkey: redis.Redis) -> None:
    record(valkey, SEVENTH)
    text = valkey.lpop(keys.releases(SERVICE))
    assert isinstance(text, bytes)
    valkey.rpush(keys.releases(SERVICE), text.replace(b"U0BOB", b"U0EVE"))
    with pytest.raises(Forged, match="its signature does not fit"):
        latest(valkey)


def test_a_digest_that_was_rolled_back_from_is_known_with_the_operation(
    valkey: redis.Redis,
) -> None:
    assert ask(valkey, releases.bad_digests(SERVICE, RING, QUEUE)) == {}
    store(valkey, *releases.mark_bad(SERVICE, DIGEST, 9, NOW, WORKER_KEY))
    mark = BadDigest(*SERVICE.place, DIGEST, 9, NOW)
    assert ask(valkey, releases.bad_digests(SERVICE, RING, QUEUE)) == {DIGEST: mark}
    assert ask(valkey, releases.bad_digests(ServiceRef("staging", "web"), RING, QUEUE)) == {}


def test_with_an_image_the_index_that_its_name_meant_is_known(valkey: redis.Redis) -> None:
    store(valkey, *releases.mark_bad(SERVICE, DIGEST, 9, NOW, WORKER_KEY, index=OTHER_DIGEST))
    mark = BadDigest(*SERVICE.place, DIGEST, 9, NOW, OTHER_DIGEST)
    known = ask(valkey, releases.bad_digests(SERVICE, RING, QUEUE))
    assert known == {DIGEST: mark, OTHER_DIGEST: mark}


@pytest.mark.parametrize(
    ("environment", "field"),
    [("staging", str(DIGEST)), ("production", str(OTHER_DIGEST)), ("production", b"\xff")],
)
def test_a_mark_that_was_copied_is_refused(
    valkey: redis.Redis, environment: str, field: str | bytes
) -> None:
    store(valkey, *releases.mark_bad(SERVICE, DIGEST, 9, NOW, WORKER_KEY))
    text = valkey.hget(keys.bad_digests(SERVICE), str(DIGEST)) or b""
    valkey.hset(keys.bad_digests(ServiceRef(environment, "web")), field, text)
    with pytest.raises(Forged, match="its signature does not fit"):
        ask(valkey, releases.bad_digests(ServiceRef(environment, "web"), RING, QUEUE))


def test_a_mark_is_about_the_digest_that_it_stands_for(valkey: redis.Redis) -> None:
    """Also where a worker's own key put it there."""
    mark = BadDigest(*SERVICE.place, OTHER_DIGEST, 9, NOW)
    text = BAD_DIGEST.signed(mark, (*SERVICE.place, str(DIGEST)), WORKER_KEY).text
    valkey.hset(keys.bad_digests(SERVICE), str(DIGEST), text)
    with pytest.raises(Forged, match="stored in the wrong place"):
        ask(valkey, releases.bad_digests(SERVICE, RING, QUEUE))


def test_marks_of_a_worker_that_is_not_enrolled_for_the_host_are_left_out(
    valkey: redis.Redis,
) -> None:
    """Whoever marks what was good chooses what a rollback goes back to."""
    store(valkey, *releases.mark_bad(SERVICE, DIGEST, 9, NOW, WORKER_KEY))
    store(valkey, *releases.mark_bad(SERVICE, OTHER_DIGEST, 9, NOW, OTHER_WORKER_KEY))
    assert [*ask(valkey, releases.bad_digests(SERVICE, RING, QUEUE))] == [DIGEST]
    assert [*ask(valkey, releases.bad_digests(SERVICE, RING, "host:db1"))] == [OTHER_DIGEST]
