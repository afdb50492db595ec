"""What was recorded counts as far as it is signed by who may; a turn is given once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
import redis

from quaymaster.errors import Forged
from quaymaster.findings import ScannerDatabase, ScanReport
from quaymaster.releases import Release
from quaymaster.services import ServiceConfiguration
from quaymaster.signing_key import SigningKey
from quaymaster.store import keys, releases, reports, turns
from quaymaster.store.formats import RELEASE
from quaymaster.store.transactions import Command, Transaction, ask, perform
from quaymaster.target import ServiceRef
from testing.keys import BOT_KEY, OTHER_WORKER_KEY, SCANNER_KEY, WORKER_KEY
from testing.samples import DIGEST, NOW, WEB, pinned
from tests.tampering import altered
from tests.workers.services import SERVING
from tests.workers.toolboxes import toolbox
from workers.jobs.deploy.ledger import bad_digests_of, newest_report, next_turn, releases_of
from workers.targets.docker_host.as_observed import as_version
from workers.targets.observed import Condition, Observed

pytestmark = pytest.mark.engine


def write(valkey: redis.Redis, *commands: Command) -> None:
    """As a part of a move does."""
    perform(valkey, Transaction(commands, lambda _: None, lambda _: None))


def release(number: int) -> Release:
    """A release of the shop in production, whose host is app1."""
    configuration = ServiceConfiguration()
    at = NOW + timedelta(minutes=number)
    return Release(number, "production", "web", pinned(), configuration, "U0A", (), at, number)


def containers(*numbers: int) -> Observed:
    """What a target has of the service."""
    found = tuple(as_version(replace(SERVING, turn=turn)) for turn in numbers)
    return Observed(ServiceRef("production", "web"), Condition.WHOLE, found)


class TestReleases:
    def test_the_latest_come_first_and_each_is_there_once(self, valkey: redis.Redis) -> None:
        for number in (3, 5, 4, 5):
            write(valkey, *releases.record(release(number), WORKER_KEY))
        found = releases_of(ServiceRef("production", "web"), toolbox(valkey))
        assert [one.id for one in found] == [5, 4, 3]
        assert found[0] == release(5)

    def test_those_of_the_worker_of_another_host_are_left_out(self, valkey: redis.Redis) -> None:
        write(valkey, *releases.record(release(3), WORKER_KEY))
        write(valkey, *releases.record(release(4), OTHER_WORKER_KEY))
        assert [
            one.id for one in releases_of(ServiceRef("production", "web"), toolbox(valkey))
        ] == [3]

    @pytest.mark.parametrize("key", [BOT_KEY, SCANNER_KEY, SigningKey.new("worker-1")])
    def test_one_that_no_worker_signed_is_forged(
        self, valkey: redis.Redis, key: SigningKey
    ) -> None:
        write(valkey, *releases.record(release(3), key))
        with pytest.raises(Forged):
            releases_of(ServiceRef("production", "web"), toolbox(valkey))

    def test_one_that_was_altered_is_forged(self, valkey: redis.Redis) -> None:
        where = keys.releases(ServiceRef("production", "web"))
        write(valkey, *releases.record(release(3), WORKER_KEY))
        valkey.lset(where, 0, altered(valkey.lindex(where, 0)))  # type: ignore[arg-type]
        with pytest.raises(Forged, match="its signature does not fit"):
            releases_of(ServiceRef("production", "web"), toolbox(valkey))

    def test_one_of_elsewhere_is_forged(self, valkey: redis.Redis) -> None:
        """Whoever signs for a service that is not its own is refused too."""
        other = replace(release(3), environment="staging")
        text = RELEASE.signed(other, ("production", "web"), WORKER_KEY).text
        valkey.rpush(keys.releases(ServiceRef("production", "web")), text)
        with pytest.raises(Forged, match="not a release of production/web"):
            releases_of(ServiceRef("production", "web"), toolbox(valkey))


def test_a_mark_of_a_bad_digest_counts_where_a_worker_set_it(valkey: redis.Redis) -> None:
    write(valkey, *releases.mark_bad(ServiceRef("production", "web"), DIGEST, 7, NOW, WORKER_KEY))
    assert bad_digests_of(ServiceRef("production", "web"), toolbox(valkey))[DIGEST].operation == 7
    write(valkey, *releases.mark_bad(ServiceRef("production", "web"), DIGEST, 7, NOW, BOT_KEY))
    with pytest.raises(Forged):
        bad_digests_of(ServiceRef("production", "web"), toolbox(valkey))


def test_a_report_counts_where_the_scanner_signed_it(valkey: redis.Redis) -> None:
    assert newest_report(DIGEST, toolbox(valkey)) is None
    report = ScanReport(WEB, DIGEST, ScannerDatabase("v1", NOW), NOW, ())
    perform(valkey, reports.keep(report, SCANNER_KEY))
    assert newest_report(DIGEST, toolbox(valkey)) == report
    for key in (BOT_KEY, WORKER_KEY):
        perform(valkey, reports.keep(report, key))
        with pytest.raises(Forged):
            newest_report(DIGEST, toolbox(valkey))


class TestTurns:
    def test_the_first_is_one_and_each_is_higher(self, valkey: redis.Redis) -> None:
        tools = toolbox(valkey)
        assert [next_turn(containers(), tools) for _ in range(3)] == [1, 2, 3]
        assert ask(valkey, turns.highest(ServiceRef("production", "web"))) == 3

    def test_each_service_has_its_own(self, valkey: redis.Redis) -> None:
        tools = toolbox(valkey)
        next_turn(containers(), tools)
        for other in (ServiceRef("staging", "web"), ServiceRef("production", "worker")):
            assert next_turn(Observed(other, Condition.ABSENT), tools) == 1

    def test_many_at_once_get_different_ones(self, valkey: redis.Redis) -> None:
        tools, state = toolbox(valkey), containers(6)
        with ThreadPoolExecutor(8) as pool:
            given = list(pool.map(lambda _: next_turn(state, tools), range(40)))
        assert sorted(given) == list(range(7, 47))

    def test_where_redis_was_emptied_it_is_above_every_container(self, valkey: redis.Redis) -> None:
        tools, state = toolbox(valkey), containers(41, 1031, 7)
        next_turn(state, tools)
        valkey.flushall()
        assert next_turn(state, tools) == 1032

    def test_a_container_with_a_higher_one_than_redis_counts(self, valkey: redis.Redis) -> None:
        tools = toolbox(valkey)
        assert next_turn(containers(), tools) == 1
        assert next_turn(containers(500), tools) == 501
        assert next_turn(containers(500), tools) == 502

    def test_one_that_no_plans_can_have_led_to_is_not_given_to_a_container(
        self, valkey: redis.Redis
    ) -> None:
        """It would be there for ever, and too long to be read in the end."""
        assert perform(valkey, turns.give(ServiceRef("production", "web"), 0, 10**15 - 1))
        with pytest.raises(Forged, match="far above"):
            next_turn(containers(500), toolbox(valkey))

    def test_redis_with_a_higher_one_than_every_container_counts(self, valkey: redis.Redis) -> None:
        tools = toolbox(valkey)
        assert perform(valkey, turns.give(ServiceRef("production", "web"), 0, 900))
        assert next_turn(containers(500), tools) == 901
