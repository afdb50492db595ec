"""How operations begin."""

import ast
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from quaymaster.actors import PRODUCT, Actor, Schedule
from quaymaster.drift import Drift, DriftKind
from quaymaster.errors import UsageError
from quaymaster.operations import Origin, State
from quaymaster.outcomes import Ended, Failed
from quaymaster.request_revision import revision_for
from quaymaster.requests import DeployRequest, DriftRequest, TagsRequest
from quaymaster.store.formats import DRIFT, SUBMISSION
from quaymaster.store.new_operations import (
    Asked,
    Report,
    asked_again,
    new_operation,
    report_of_drift,
)
from testing.configurations import SHOP
from testing.keys import BOT_KEY, RING, WORKER_KEY
from testing.samples import ALICE, NOW, WEB, deploy, image, operation

ROOT = Path(__file__).parents[3]
STAGING = DeployRequest(image(), "staging", "web")


@pytest.mark.parametrize("actor", [ALICE, Schedule("nightly"), PRODUCT])
def test_an_operation_begins_with_what_was_asked_and_what_the_bot_signs(actor: Actor) -> None:
    incoming = Asked(STAGING, actor, Origin("C0SHOP", "t1"))
    made = new_operation(7, incoming, SHOP, NOW, BOT_KEY, state=State.QUEUED)
    assert (made.id, made.request, made.actor, made.origin) == (7, STAGING, actor, incoming.origin)
    assert (made.state, made.version, made.changed_at) == (State.QUEUED, 1, NOW)
    assert made.submission.value.configuration_revision == revision_for(STAGING, SHOP)
    assert made.queue == "host:build1"
    assert SUBMISSION.read(made.submission.text, ("7",), RING).value == made.submission.value


def test_nothing_begins_in_an_environment_that_is_not_configured() -> None:
    incoming = Asked(replace(STAGING, environment="nowhere"), ALICE, Origin("C0SHOP", "t1"))
    with pytest.raises(UsageError):
        new_operation(7, incoming, SHOP, NOW, BOT_KEY, state=State.QUEUED)


class TestAskedAgain:
    def test_is_the_same_deploy_by_the_same_person_in_the_same_place(self) -> None:
        superseded = deploy()
        again = asked_again(superseded)
        assert again is not None
        assert (again.request, again.actor) == (superseded.request, superseded.actor)
        assert again.origin.channel == superseded.origin.channel

    def test_is_nothing_for_what_was_asked_again_already(self) -> None:
        again = asked_again(deploy())
        assert again is not None
        opened = deploy(origin=again.origin)
        assert asked_again(opened) is None

    def test_is_nothing_for_what_is_no_deploy(self) -> None:
        assert asked_again(operation(request=TagsRequest(WEB))) is None


class TestAReportOfDrift:
    def test_is_the_products_own_and_has_ended(self) -> None:
        report = _report(DriftKind.FOUND, "Nothing is running.")
        assert report.asked.request == DriftRequest("staging", "web")
        assert report.asked.actor == PRODUCT
        assert report.state is State.FAILED
        assert isinstance(report.outcome, Failed)
        assert report.outcome.trouble.why == "Nothing is running."

    @pytest.mark.parametrize("kind", [DriftKind.SETTLED, DriftKind.OVER])
    def test_of_what_is_in_order_is_a_success(self, kind: DriftKind) -> None:
        report = _report(kind, "It was tidied.")
        assert report.state is State.SUCCEEDED
        assert isinstance(report.outcome, Ended)

    def test_comes_in_a_delivery_of_its_observation(self) -> None:
        one, same = (_report(DriftKind.OVER, "x") for _ in range(2))
        later = _report(DriftKind.OVER, "x", minutes=1)
        assert one.asked.origin.delivery == same.asked.origin.delivery
        assert one.asked.origin.delivery != later.asked.origin.delivery


def test_operations_are_made_here_and_recorded_by_the_bot_alone() -> None:
    """Workers observe and report; what becomes of it is the bot's to sign."""
    makers = {name for name, tree in _sources() if any(_calls(tree, "new_operation"))}
    assert makers == {"bot/conversation/acceptance.py"}
    recorders = {name for name, tree in _sources() if any(_calls(tree, "accept", of="records"))}
    assert recorders == {"bot/conversation/acceptance.py"}
    signers = {name for name, tree in _sources() if any(_calls(tree, "signed", of="SUBMISSION"))}
    assert signers == {"quaymaster/store/new_operations.py", "quaymaster/store/revocation.py"}
    built = {name for name, tree in _sources() if any(_calls(tree, "Submission"))}
    assert built == {"quaymaster/store/new_operations.py"}


def _report(kind: DriftKind, what: str, minutes: int = 0) -> Report:
    drift = Drift("staging", "web", "build1", kind, what, NOW + timedelta(minutes=minutes))
    return report_of_drift(DRIFT.signed(drift, drift.service_ref.place, WORKER_KEY), "C0SHOP")


def _sources() -> Iterator[tuple[str, ast.Module]]:
    for package in ("bot", "workers", "quaymaster"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            yield name, ast.parse(path.read_text(encoding="utf-8"), name)


def _calls(tree: ast.Module, function: str, of: str = "") -> Iterator[ast.Call]:
    whole = f"{of}.{function}" if of else function
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == whole:
            yield node
