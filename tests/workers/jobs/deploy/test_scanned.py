"""What the scanner answered is judged where the operation goes on."""

import pytest
import redis

from quaymaster.errors import Forged
from quaymaster.findings import Clean, ScannerDatabase, ScanReport, Unknown
from quaymaster.gate import GateRule
from quaymaster.scan_orders import ScanAnswer
from quaymaster.store import keys, reports, scan_orders
from quaymaster.store.formats import REPORT
from quaymaster.store.scan_orders import GivenUp
from quaymaster.store.transactions import Transaction, ask, perform
from testing.keys import RING, SCANNER_KEY, WORKER_KEY
from testing.samples import DIGEST, NOW, WEB, operation
from tests.workers.process.test_scan_order import ORDER, placed
from tests.workers.toolboxes import toolbox
from tests.workers.work.test_scan_watch import scanned
from workers.jobs.deploy.scanned import ScanResult, scan_result_of

pytestmark = pytest.mark.engine
DATABASE = ScannerDatabase("v1", NOW)
REPORTED = ScanReport(WEB, DIGEST, DATABASE, NOW, ())


def answered(valkey: redis.Redis, answer: ScanAnswer) -> ScanResult:
    """What a worker makes of an answer."""
    placed(valkey)
    order = ask(valkey, scan_orders.load(ORDER, RING))
    assert order is not None
    assert perform(valkey, scan_orders.answer(answer, order, SCANNER_KEY))
    return scan_result_of(scanned(), toolbox(valkey))


def test_the_report_of_the_answer_is_judged(valkey: redis.Redis) -> None:
    perform(valkey, reports.keep(REPORTED, SCANNER_KEY))
    found = answered(valkey, ScanAnswer(ORDER, DATABASE, reused=True, seconds=1.5))
    assert found == ScanResult(REPORTED, "", 1.5, was_there=True)


def test_without_a_report_nobody_knows(valkey: redis.Redis) -> None:
    for answer in (
        ScanAnswer(ORDER, None, "The scanner failed."),
        ScanAnswer(ORDER, DATABASE),
    ):
        verdict = answered(valkey, answer).verdict(GateRule(), toolbox(valkey))
        assert isinstance(verdict, Unknown)
        assert not isinstance(verdict, Clean)


@pytest.mark.parametrize(
    ("why", "words"),
    [("died", "died 3 times"), ("slow", "within 15 minutes"), ("", "has not answered")],
)
def test_a_scanner_that_never_answered_is_said_with_the_reason(
    valkey: redis.Redis, why: GivenUp, words: str
) -> None:
    commands = scan_orders.given_up(ORDER, why)
    perform(valkey, Transaction(commands, lambda _: None, lambda _: None))
    result = scan_result_of(scanned(), toolbox(valkey))
    assert result.report is None
    assert words in result.why


def test_a_report_that_is_forged_is_no_verdict(valkey: redis.Redis) -> None:
    place = (str(DIGEST), DATABASE.version)
    valkey.set(keys.report(*place), REPORT.signed(REPORTED, place, WORKER_KEY).text)
    with pytest.raises(Forged, match="signed by the worker"):
        answered(valkey, ScanAnswer(ORDER, DATABASE))


def test_what_nobody_looked_at_is_no_verdict(valkey: redis.Redis) -> None:
    with pytest.raises(Forged, match="not examined"):
        scan_result_of(operation(), toolbox(valkey))
