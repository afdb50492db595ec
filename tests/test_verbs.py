"""A verb is one row, one type, one job, one outcome with its view; its facts do the rest."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from bot.commands.grammar import VERBS
from bot.conversation.acceptance import standings_at_the_request
from bot.conversation.admission import check_admission
from bot.conversation.clarifying import changes_something
from bot.views.card_context import CardContext
from bot.views.headline import headline_of
from bot.views.outcomes import view_of
from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import Conflict, NotAllowed
from quaymaster.outcomes import Outcome
from quaymaster.plan_kinds import PlanKind
from quaymaster.policy import Person
from quaymaster.request_facts import Eligibility
from quaymaster.requests import REQUESTS, AnsweredByBot, Request
from quaymaster.routing import first_step
from quaymaster.stages import Stage
from testing.configurations import SHOP, SHOP_TEXT
from testing.keys import BOT_KEY
from tests.bot.views.cases import CASES, CONFIGURATION, NOW
from tests.new_verb import SCALE
from tests.stored.values import REQUESTS as REQUEST_SAMPLES
from workers.dispatch import job_of

every_request = pytest.mark.parametrize("request_", REQUEST_SAMPLES, ids=lambda one: one.verb)


def test_there_is_a_sample_of_every_request() -> None:
    assert [type(one) for one in REQUEST_SAMPLES] == list(get_args(get_args(Request)[0]))
    assert {one.verb: type(one) for one in REQUEST_SAMPLES} == REQUESTS


@every_request
def test_every_request_has_a_row_facts_and_a_headline(request_: Request) -> None:
    facts = request_.facts
    assert facts.right is request_.right
    assert (request_.verb in VERBS) is (facts.right is not Eligibility.PRODUCT)
    assert isinstance(request_, AnsweredByBot) is (facts.work is None)
    assert headline_of(request_, "registry.staging:5000")


@every_request
def test_every_request_that_is_work_has_a_job(request_: Request) -> None:
    """What the product tells by itself has ended when it is recorded."""
    is_work = request_.facts.work is not None and request_.right is not Eligibility.PRODUCT
    assert (job_of(request_) is not None) is is_work


def test_every_row_reads_a_request_of_its_own_verb() -> None:
    assert VERBS.keys() == REQUESTS.keys() - {"drift"}


@pytest.mark.parametrize("kind", get_args(get_args(Outcome)[0]))
def test_every_outcome_has_a_view(kind: type[Any]) -> None:
    shown = [case for case in CASES.values() if isinstance(case.outcome, kind)]
    assert shown
    for case in shown:
        context = CardContext(case, CONFIGURATION, NOW)
        view = view_of(case.outcome, context)  # type: ignore[arg-type]  # chosen by its kind
        assert view.emoji
        assert view.word[:1].isupper() or view.word[:1].isdigit()
        assert all(isinstance(part, str) or part for part in view.summary)
        assert view.blocks() or "No " in view.word


MEMBER = Person("U0DEV", "T0TEAM")
TUESDAY = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
FROZEN = ("freeze", '["2026-12-20/2027-01-03"]', TUESDAY.replace(month=12, day=21), "is frozen")
CLOSED = ("allowed", '["Mon-Fri 09:00-17:00 UTC"]', TUESDAY.replace(hour=20), "takes deploys")


@pytest.mark.parametrize(("key", "value", "then", "why"), [FROZEN, CLOSED])
def test_a_new_verb_that_changes_a_service_waits_for_its_window(
    key: str, value: str, then: datetime, why: str
) -> None:
    text = SHOP_TEXT.replace("  production:\n", f"  production:\n    {key}: {value}\n")
    configuration = Configuration.parse(text)
    check_admission(configuration, MEMBER, SCALE, TUESDAY)
    check_admission(configuration, MEMBER, replace(SCALE, kind=PlanKind.ROLLBACK), then)
    with pytest.raises(Conflict, match=why):
        check_admission(configuration, MEMBER, SCALE, then)


def test_a_new_verb_needs_its_right_where_it_changes_something() -> None:
    configuration = Configuration.parse(SHOP_TEXT.replace("deploy, ", '"deploy:staging", '))
    check_admission(configuration, MEMBER, replace(SCALE, environment="staging"), TUESDAY)
    with pytest.raises(NotAllowed, match="can deploy to production/web"):
        check_admission(configuration, MEMBER, SCALE, TUESDAY)


def test_a_new_verb_is_asked_back_signed_for_and_begins_where_it_says() -> None:
    assert changes_something(SCALE)
    (standing,) = standings_at_the_request(7, SCALE, MEMBER, BOT_KEY)
    assert standing.value.user == MEMBER.user_id
    assert first_step(SCALE, SHOP) == (Stage.PLAN, "host:app1")


def test_a_new_verb_has_its_headline() -> None:
    assert headline_of(SCALE, "registry.staging:5000") == "Scale production/web"
