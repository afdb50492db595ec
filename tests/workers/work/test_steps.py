"""What a job ends with is bounded before it is recorded."""

from dataclasses import replace

from quaymaster import bounds
from quaymaster.errors import Problem
from quaymaster.findings import Unknown
from quaymaster.operations import Stage, State
from quaymaster.outcomes import Failed, Interrupted
from quaymaster.plans import Examined, Plan
from testing.keys import WORKER_KEY
from testing.planned import the_change
from testing.samples import NOW, admitted, deploy, plan
from workers.work.steps import Bakes, Finished, Planned, after

LONG = "x" * 100_000
RUNNING = deploy(state=State.RUNNING)


def known() -> Examined:
    """What is known about an image that somebody said a lot about."""
    return replace(the_change(plan()).examined, verdict=Unknown(LONG))


def planned() -> Plan:
    return plan(examined=known())


def test_an_end() -> None:
    ended = after(RUNNING, Finished(Failed(Problem(LONG)), State.FAILED), NOW, WORKER_KEY)
    assert isinstance(ended.outcome, Failed)
    assert len(ended.outcome.trouble.what) == bounds.SENTENCE


def test_what_is_known_so_far_and_the_plan() -> None:
    for plan_ in (planned(), replace(planned(), rule=None)):
        operation = after(RUNNING, Planned(plan_, admitted()), NOW, WORKER_KEY)
        assert the_change(operation.plan).examined.verdict == bounds.verdict(Unknown(LONG))
    refused = Finished(Failed(Problem("The gate.")), State.REFUSED, examined=known())
    known_so_far = after(RUNNING, refused, NOW, WORKER_KEY).examined
    assert known_so_far is not None
    assert known_so_far.verdict == bounds.verdict(Unknown(LONG))


def test_people_decide_about_a_plan_unless_nobody_has_to_agree() -> None:
    waiting = after(RUNNING, Planned(plan(), admitted()), NOW, WORKER_KEY)
    assert (waiting.state, waiting.stage) == (State.AWAITING_APPROVAL, RUNNING.stage)
    ready = after(RUNNING, Planned(plan(rule=None), admitted()), NOW, WORKER_KEY)
    assert (ready.state, ready.stage, ready.queue) == (State.QUEUED, Stage.APPLY, "host:app1")


def test_a_result_while_it_is_watched() -> None:
    watched = after(RUNNING, Bakes(Interrupted(LONG, ""), NOW), NOW, WORKER_KEY)
    assert isinstance(watched.interim, Interrupted)
    assert len(watched.interim.what_was_found) == bounds.SENTENCE
