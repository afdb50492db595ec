"""What follows from the kind of a plan (docs/decisions/0003)."""

from quaymaster.plan_kinds import PlanKind


def test_every_kind_states_its_facts() -> None:
    for kind in PlanKind:
        assert kind.facts.done[:1].isupper()


def test_a_rollback_restores_and_a_deploy_is_judged() -> None:
    deploy, rollback = PlanKind.DEPLOY.facts, PlanKind.ROLLBACK.facts
    assert (deploy.is_rescue, rollback.is_rescue) == (False, True)
    assert (deploy.is_planned_again, rollback.is_planned_again) == (True, False)
    assert (deploy.marks_what_it_leaves, rollback.marks_what_it_leaves) == (False, True)
