"""What ended long ago, is too old, or was voted for too late does not start."""

from datetime import UTC, datetime, timedelta

import pytest
import redis

from quaymaster.audit.auditor import chain_journal
from quaymaster.configuration.configuration import Configuration
from quaymaster.journal import event_of
from quaymaster.operations import Operation, Stage, State
from quaymaster.outcomes import Ended, Failed
from quaymaster.store import keys, records
from quaymaster.store.transactions import perform
from testing.configurations import SHOP_TEXT
from testing.keys import BOT_KEY, WORKER
from testing.samples import NOW, awaiting, deploy, having, operation, plan, rule, vote
from tests.workers.toolboxes import now, of_shop, recorded, toolbox
from workers.run import run
from workers.work.freshness import FreshnessFacts, refusal, why_not_started

DAY = timedelta(hours=24)
MINUTE = timedelta(minutes=1)
SKEW = timedelta(minutes=5)


def said(before: Operation, at: datetime = NOW, ended: State | None = None) -> str:
    """Why it does not start at this time; empty when it does."""
    trouble = refusal(before, FreshnessFacts(at, DAY, ended))
    return f"{trouble.what} {trouble.why} {trouble.next_step}" if trouble else ""


class TestRefusal:
    """The decision, which asks nobody."""

    def test_what_was_just_asked_for_starts(self) -> None:
        assert said(operation()) == ""

    @pytest.mark.parametrize("state", [state for state in State if state.is_terminal])
    def test_what_has_ended_does_not_start(self, state: State) -> None:
        words = said(operation(), ended=state)
        assert words.startswith(
            "#1042 had already ended; something put it back into the queue. Nothing was done."
        )
        assert state.predicate in words

    def test_a_request_is_valid_for_as_long_as_is_configured(self) -> None:
        assert said(operation(), NOW + DAY) == ""
        words = said(operation(), NOW + DAY + timedelta(seconds=1))
        assert words.startswith("#1042 was requested more than 24 hours ago. Nothing was done.")

    def test_a_request_may_be_from_the_future_by_as_much_as_clocks_differ(self) -> None:
        assert said(operation(), NOW - SKEW) == ""
        assert "in the future" in said(operation(), NOW - SKEW - timedelta(seconds=1))

    def test_a_vote_counts_until_its_rule_expires_give_or_take_the_clocks(self) -> None:
        expires_at = NOW + 4 * timedelta(hours=1)
        before = awaiting(plan=plan(rule=rule(expires_at=expires_at)))
        in_time = [vote("U0BOB", at=NOW), vote("U0CAROL", at=expires_at + SKEW)]
        assert said(having(before, votes=in_time)) == ""
        late = [*in_time[:1], vote("U0CAROL", at=expires_at + SKEW + timedelta(seconds=1))]
        assert "a vote after its approval had expired" in said(having(before, votes=late))

    def test_how_late_it_starts_after_the_vote_is_not_asked(self) -> None:
        before = awaiting(votes=[vote("U0BOB"), vote("U0CAROL")])
        assert said(before, NOW + 23 * timedelta(hours=1)) == ""


pytestmark = pytest.mark.engine


def put_back(connection: redis.Redis, kept: bytes) -> None:
    """What whoever can write to Redis does with a record that they kept: every signature is in
    order.
    """
    connection.restore(keys.operation(1042), 0, kept, replace=True)


def refused(connection: redis.Redis, before: Operation) -> str:
    """How its card says that it was refused."""
    after = now(connection, before)
    assert after.state is State.REFUSED
    assert isinstance(after.outcome, Failed)
    return after.outcome.trouble.what


@pytest.mark.parametrize("is_chained", [False, True], ids=["in the journal", "in the audit"])
@pytest.mark.parametrize("state", [State.CANCELLED, State.FAILED])
def test_what_ended_and_was_put_back_is_refused_on_its_card(
    valkey: redis.Redis, state: State, is_chained: bool
) -> None:
    old = recorded(valkey, of_shop(operation()))
    kept = valkey.dump(keys.operation(1042))
    assert isinstance(kept, bytes)
    ended = old.moved(state, datetime.now(UTC), outcome=Ended("It was cancelled."))
    perform(valkey, records.move(old, ended, event_of(ended), BOT_KEY))
    if is_chained:
        chain_journal(valkey, WORKER)
    put_back(valkey, kept)
    run(1042, old.job_id, toolbox(valkey))
    assert refused(valkey, old) == (
        "#1042 had already ended; something put it back into the queue. Nothing was done."
    )


def test_what_was_asked_for_too_long_ago_is_refused_on_its_card(valkey: redis.Redis) -> None:
    old = recorded(valkey, of_shop(operation(), requested_at=datetime.now(UTC) - DAY - MINUTE))
    run(1042, old.job_id, toolbox(valkey))
    assert "more than 24 hours ago" in refused(valkey, old)


def test_how_long_ago_is_configured(valkey: redis.Redis) -> None:
    short = Configuration.parse(SHOP_TEXT + "defaults: {requests_valid_for: 1m}\n")
    before = of_shop(operation())
    old = recorded(valkey, having(before, requested_at=datetime.now(UTC) - 2 * MINUTE))
    run(1042, old.job_id, toolbox(valkey, short))
    assert "more than 1 minute ago" in refused(valkey, old)


def test_a_vote_after_the_end_of_its_time_is_refused_on_its_card(valkey: redis.Redis) -> None:
    at = datetime.now(UTC)
    frozen = plan(rule=rule(needed=1, expires_at=at - timedelta(hours=1)))
    before = of_shop(deploy(plan=frozen, stage=Stage.APPLY, attempt=2))
    voted = recorded(valkey, having(before, votes=[vote("U0BOB", at=at)]))
    run(1042, voted.job_id, toolbox(valkey))
    assert "a vote after" in refused(valkey, voted)


def test_where_the_audit_does_not_hold_nothing_starts(valkey: redis.Redis) -> None:
    valkey.rpush(keys.AUDIT, "hello")
    before = recorded(valkey, of_shop(operation()))
    run(1042, before.job_id, toolbox(valkey))
    after = now(valkey, before)
    assert after.state is State.FAILED
    assert isinstance(after.outcome, Failed)
    assert "The audit does not hold" in after.outcome.trouble.what


@pytest.mark.parametrize("stage", [Stage.RECOVER, Stage.VERIFY])
def test_whoever_looks_after_what_was_begun_is_never_kept_from_it(
    valkey: redis.Redis, stage: Stage
) -> None:
    valkey.rpush(keys.AUDIT, "hello")
    before = of_shop(operation(stage=stage), requested_at=NOW - DAY)
    assert why_not_started(before, toolbox(valkey)) is None


@pytest.mark.parametrize("stage", [Stage.WORK, Stage.EXAMINE, Stage.PLAN, Stage.APPLY])
def test_every_other_stage_is_asked(valkey: redis.Redis, stage: Stage) -> None:
    before = of_shop(operation(stage=stage), requested_at=datetime.now(UTC) - DAY - MINUTE)
    assert why_not_started(before, toolbox(valkey)) is not None
