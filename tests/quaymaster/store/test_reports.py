"""Reports count only with their signature, each for its own digest and database."""

import pytest
import redis

from quaymaster.errors import Forged
from quaymaster.findings import ScannerDatabase, ScanReport
from quaymaster.store import keys, reports
from quaymaster.store.transactions import ask, perform
from testing.keys import BOT_KEY, OTHER_WORKER_KEY, RING, SCANNER_KEY, WORKER_KEY
from testing.samples import DIGEST, NOW, OTHER_DIGEST, WEB

pytestmark = pytest.mark.engine

REPORT = ScanReport(WEB, DIGEST, ScannerDatabase("v1", NOW), NOW, ())


def test_a_report_is_kept_under_its_digest_and_database(valkey: redis.Redis) -> None:
    assert ask(valkey, reports.kept(DIGEST, "v1", RING)) is None
    perform(valkey, reports.keep(REPORT, SCANNER_KEY))
    assert ask(valkey, reports.kept(DIGEST, "v1", RING)) == REPORT
    assert ask(valkey, reports.kept(DIGEST, "v2", RING)) is None
    assert ask(valkey, reports.latest_database(DIGEST)) == "v1"
    assert ask(valkey, reports.latest_database(OTHER_DIGEST)) is None


def test_a_report_that_was_written_into_redis_is_refused(valkey: redis.Redis) -> None:
    perform(valkey, reports.keep(REPORT, SCANNER_KEY))
    key = keys.report(str(DIGEST), "v1")
    kept = valkey.get(key)
    assert isinstance(kept, bytes)
    valkey.set(key, kept.replace(b'"findings":[]', b'"findings":[ ]'))
    with pytest.raises(Forged, match="its signature does not fit"):
        ask(valkey, reports.kept(DIGEST, "v1", RING))


def test_a_report_of_another_digest_is_refused(valkey: redis.Redis) -> None:
    """“Clean” about one image, copied to where another one's report belongs."""
    perform(valkey, reports.keep(REPORT, SCANNER_KEY))
    clean = valkey.get(keys.report(str(DIGEST), "v1")) or b""
    valkey.set(keys.report(str(OTHER_DIGEST), "v1"), clean)
    with pytest.raises(Forged):
        ask(valkey, reports.kept(OTHER_DIGEST, "v1", RING))


def test_a_report_of_another_database_is_refused(valkey: redis.Redis) -> None:
    """An old “clean”, copied to where the newest database's report belongs."""
    perform(valkey, reports.keep(REPORT, SCANNER_KEY))
    valkey.set(keys.report(str(DIGEST), "v2"), valkey.get(keys.report(str(DIGEST), "v1")) or b"")
    with pytest.raises(Forged, match="its signature does not fit"):
        ask(valkey, reports.kept(DIGEST, "v2", RING))


def test_the_bot_writes_no_report(valkey: redis.Redis) -> None:
    perform(valkey, reports.keep(REPORT, BOT_KEY))
    with pytest.raises(Forged, match="signed by the bot, which may not sign one"):
        ask(valkey, reports.kept(DIGEST, "v1", RING))


def test_a_report_about_a_registrys_image_is_the_scanners_alone(valkey: redis.Redis) -> None:
    perform(valkey, reports.keep(REPORT, WORKER_KEY))
    with pytest.raises(Forged, match="signed by the worker, which may not sign one"):
        ask(valkey, reports.kept(DIGEST, "v1", RING))


def test_a_report_about_an_image_of_a_host_is_its_workers_and_no_verdict(
    valkey: redis.Redis,
) -> None:
    perform(valkey, reports.keep_local("build1", REPORT, WORKER_KEY))
    assert ask(valkey, reports.kept_local("build1", DIGEST, "v1", RING)) == REPORT
    assert ask(valkey, reports.kept_local("app1", DIGEST, "v1", RING)) is None
    assert ask(valkey, reports.kept(DIGEST, "v1", RING)) is None
    for key in (SCANNER_KEY, OTHER_WORKER_KEY):
        perform(valkey, reports.keep_local("build1", REPORT, key))
        with pytest.raises(Forged):
            ask(valkey, reports.kept_local("build1", DIGEST, "v1", RING))


def test_a_report_about_an_image_of_a_host_is_nothing_elsewhere(valkey: redis.Redis) -> None:
    perform(valkey, reports.keep_local("build1", REPORT, WORKER_KEY))
    genuine = valkey.get(keys.local_report("build1", str(DIGEST), "v1")) or b""
    valkey.set(keys.report(str(DIGEST), "v1"), genuine)
    valkey.set(keys.local_report("app1", str(DIGEST), "v1"), genuine)
    for query in (
        reports.kept(DIGEST, "v1", RING),
        reports.kept_local("app1", DIGEST, "v1", RING),
    ):
        with pytest.raises(Forged, match="its signature does not fit"):
            ask(valkey, query)


def test_of_scans_at_once_one_alerts_and_again_when_it_is_repeated(valkey: redis.Redis) -> None:
    assert perform(valkey, reports.claim_alerts(WEB, ["CVE-1"], 1)) == (True,)
    assert perform(valkey, reports.claim_alerts(WEB, ["CVE-1", "CVE-2"], 2)) == (False, True)
    assert perform(valkey, reports.claim_alerts(WEB, ["CVE-1"], 1)) == (True,)
    assert ask(valkey, reports.open_findings(WEB)) == {"CVE-1": 1, "CVE-2": 2}
