"""Whether something may happen now, question by question."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from quaymaster.admissible import (
    AdmissionFacts,
    Answer,
    Predecessor,
    Question,
    admissible,
    mark_on,
    predecessors,
    refuse,
    shown,
    verdict_now,
)
from quaymaster.approvals import Vote
from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import NotAdmissible
from quaymaster.findings import Clean, Finding, Severity, Unknown
from quaymaster.gate import blocked_by
from quaymaster.image_ref import Digest
from quaymaster.plan_kinds import PlanKind
from quaymaster.plans import Resolved
from quaymaster.platforms import Member
from quaymaster.policy import Membership, Person
from quaymaster.releases import BadDigest
from quaymaster.request_facts import AnyRequest, service_change
from quaymaster.requests import DeployRequest, RollbackRequest
from quaymaster.services import Volume
from quaymaster.target import ServiceRef
from testing.samples import ALICE, DIGEST, NOW, approval, image, pinned, vote
from tests.new_verb import SCALE

CONFIGURATION = """
default_registry: registry.staging:5000
registries: {registry.staging:5000: {}}
hosts:
  app1: {allow_paths: [/srv/shop]}
environments:
  staging:
    target: {docker: [app1]}
    services:
      web: {image: registry.staging:5000/shop/web}
      shop-window: {image: registry.staging:5000/shop/web}
      api: {image: registry.staging:5000/shop/api}
  production:
    target: {docker: [app1]}
    after: staging
    approval: {needed: 2, from: [release-managers]}
    allowed: ["Mon-Fri 09:00-17:00 UTC"]
    freeze: ["2026-12-24/2026-12-26"]
    services:
      web: {image: registry.staging:5000/shop/web}
roles:
  developers: [U0ALICE]
  release-managers: [U0BOB, U0CAROL]
permissions: {developers: [deploy, rollback]}
"""
SHOP = Configuration.parse(CONFIGURATION)
DEPLOY = DeployRequest(image(), "production", "web")
ROLLBACK = RollbackRequest("production", "web")
PEOPLE = {user: Person(user, "T0TEAM") for user in ("U0ALICE", "U0BOB", "U0CAROL")}
MARK = BadDigest("production", "web", DIGEST, 1040, NOW)
BLOCKED = blocked_by((Finding("CVE-2026-1", "zlib", "1", "2", Severity.CRITICAL, "T"),))
VOTES = (vote("U0BOB"), vote("U0CAROL"))


def _facts(**changes: Any) -> AdmissionFacts:
    """A deploy on a Tuesday morning against which nothing speaks."""
    votes: tuple[Vote, ...] = changes.pop("votes", VOTES)
    changes.setdefault("change", service_change(changes.get("request", DEPLOY)))
    return replace(
        AdmissionFacts(
            request=DEPLOY,
            change=service_change(DEPLOY),
            requester=ALICE.user,
            requested_at=NOW,
            resolved=Resolved(pinned(DIGEST), None),
            now=NOW,
            people=PEOPLE,
            approval=approval(*votes),
            before=(Predecessor("web", is_released=True),),
            planned=Clean(),
            verdict=Clean(),
        ),
        **changes,
    )


def _against(**changes: Any) -> tuple[Answer, ...]:
    configuration = changes.pop("configuration", SHOP)
    found = admissible(configuration, _facts(**changes))
    return tuple(answer for answer in found if answer.is_against)


def _without(user: str, standing: Membership | None = None) -> dict[str, Person]:
    """The people, one of whom is no full member any more, or has no role."""
    person = replace(PEOPLE[user], membership=standing) if standing else Person("U0EVE", "T0TEAM")
    return {**PEOPLE, user: person}


def test_every_question_is_answered_in_a_sentence() -> None:
    answers = admissible(SHOP, _facts())
    assert {answer.question for answer in answers} == set(Question)
    assert all(answer.words.endswith(".") for answer in answers)
    assert not any(answer.is_against or answer.stops for answer in answers)
    refuse(answers)


@pytest.mark.parametrize(
    ("question", "changes"),
    [
        (Question.REQUESTER, {"people": _without("U0ALICE", Membership.DEACTIVATED)}),
        (Question.REQUESTER, {"people": _without("U0ALICE")}),
        (Question.VOTERS, {"people": _without("U0BOB", Membership.DEACTIVATED)}),
        (Question.VOTERS, {"people": _without("U0CAROL", Membership.GUEST)}),
        (Question.VOTERS, {"people": _without("U0CAROL")}),
        (Question.AGE, {"requested_at": NOW - timedelta(days=300)}),
        (Question.EXPIRY, {"votes": (VOTES[0], vote("U0CAROL", at=NOW + timedelta(hours=5)))}),
        (Question.MARK, {"mark": MARK}),
        (Question.AFTER, {"before": ()}),
        (Question.AFTER, {"before": (Predecessor("web", is_released=False),)}),
        (Question.AFTER, {"before": (Predecessor("web", is_released=True, mark=MARK),)}),
        (Question.FREEZE, {"now": NOW.replace(month=12, day=24)}),
        (Question.WINDOW, {"now": NOW.replace(hour=18)}),
        (Question.GATE, {"verdict": BLOCKED}),
        (Question.GATE, {"verdict": Unknown("Too old.")}),
        (Question.GATE, {"planned": None, "verdict": BLOCKED}),
        (Question.VOLUMES, {"volumes": (Volume("/srv/other", "/data"),)}),
        (Question.VOLUMES, {"volumes": (Volume("/etc/shop", "/data"),)}),
    ],
)
@pytest.mark.parametrize("request_", [DEPLOY, SCALE], ids=lambda one: one.verb)
def test_each_of_them_alone_stops_a_deploy(
    request_: AnyRequest, question: Question, changes: dict[str, Any]
) -> None:
    """And whatever else changes a service, by its facts alone."""
    changes = {"request": request_, **changes}
    if "now" in changes:
        changes = {**changes, "requested_at": changes["now"]}
    if question is Question.EXPIRY:
        with_late = approval(VOTES[0])
        late = replace(approval(*VOTES).signed_votes[1], value=changes.pop("votes")[1])
        given = replace(with_late, signed_votes=(*with_late.signed_votes, late))
        changes = {**changes, "approval": given}
    (answer,) = _against(**changes)
    assert (answer.question, answer.stops) == (question, True)
    with pytest.raises(NotAdmissible) as raised:
        refuse((answer,))
    assert raised.value.problem.what == answer.words
    assert raised.value.problem.next_step


@pytest.mark.parametrize(
    ("question", "changes"),
    [
        (Question.FREEZE, {"now": NOW.replace(month=12, day=24)}),
        (Question.WINDOW, {"now": NOW.replace(hour=18)}),
        (Question.GATE, {"verdict": BLOCKED}),
    ],
)
def test_gate_window_and_freeze_are_shown_of_a_rollback_and_do_not_stop_it(
    question: Question, changes: dict[str, Any]
) -> None:
    changes = {"requested_at": changes.get("now", NOW), "request": ROLLBACK, **changes}
    (answer,) = _against(**changes)
    assert (answer.question, answer.stops) == (question, False)
    refuse((answer,))
    assert shown((answer,))[0].startswith(answer.words.rstrip("."))


@pytest.mark.parametrize(
    ("question", "changes"),
    [
        (Question.REQUESTER, {"people": _without("U0ALICE", Membership.DEACTIVATED)}),
        (Question.MARK, {"mark": MARK}),
        (Question.VOLUMES, {"volumes": (Volume("/srv/other", "/data"),)}),
    ],
)
def test_rights_marks_and_volumes_stop_a_rollback(
    question: Question, changes: dict[str, Any]
) -> None:
    (answer,) = _against(request=ROLLBACK, approval=None, **changes)
    assert (answer.question, answer.stops) == (question, True)


def test_what_the_gate_let_through_is_stopped_by_something_worse_alone() -> None:
    assert _against(planned=BLOCKED, verdict=BLOCKED) == ()
    assert _against(planned=Unknown("Too old."), verdict=Clean()) == ()


def test_who_was_not_looked_up_is_not_asked_about() -> None:
    found = {answer.question for answer in admissible(SHOP, _facts(people={}))}
    assert Question.REQUESTER not in found


def test_more_approvals_than_needed_may_lose_some() -> None:
    one = Configuration.parse(CONFIGURATION.replace("needed: 2", "needed: 1"))
    people = _without("U0BOB", Membership.DEACTIVATED)
    assert _against(configuration=one, people=people) == ()


def test_all_that_stops_it_is_said() -> None:
    with pytest.raises(NotAdmissible) as raised:
        refuse(_against(mark=MARK, verdict=BLOCKED))
    assert "was rolled back from production/web" in raised.value.problem.what
    assert "has got worse" in raised.value.problem.why


def test_after_is_about_the_same_service_or_the_same_repository() -> None:
    assert predecessors(SHOP, ServiceRef("production", "web")) == ("web", "shop-window")
    assert predecessors(SHOP, ServiceRef("staging", "web")) == ()


def test_of_two_predecessors_one_that_kept_it_is_enough() -> None:
    left = Predecessor("web", is_released=True, mark=MARK)
    kept = Predecessor("shop-window", is_released=True)
    assert _against(before=(left, kept)) == ()


@pytest.mark.parametrize("named", ["itself", "its index", "an index of the same image"])
def test_a_mark_counts_whether_the_image_is_named_itself_or_by_an_index(named: str) -> None:
    index, other = (Digest("sha256:" + pair * 32) for pair in ("11", "22"))
    mark = replace(MARK, index=index)
    marks = {DIGEST: mark, index: mark}
    member = Member(other, index if named == "its index" else other, "linux/arm64")
    given = {
        "itself": Resolved(pinned(DIGEST), None),
        "its index": Resolved(pinned(other), None, member),
        "an index of the same image": Resolved(pinned(DIGEST), None, member),
    }
    assert mark_on(given[named], marks) == mark
    assert mark_on(Resolved(pinned(other), None), marks) is None


def test_a_report_that_is_gone_is_unknown_and_a_rollback_is_not_scanned() -> None:
    rule = SHOP.gate_for(ServiceRef("production", "web"))
    assert isinstance(verdict_now(PlanKind.DEPLOY, None, rule, NOW), Unknown)
    assert verdict_now(PlanKind.ROLLBACK, None, rule, NOW) is None
