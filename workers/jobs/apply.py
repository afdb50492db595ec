"""The last stage of a deploy or rollback: carry out the plan, by digest, and nothing else."""

import time
from dataclasses import replace
from datetime import timedelta

from quaymaster.admissible import refuse
from quaymaster.errors import NotFound, OutsideFailure, QuaymasterError, Unavailable
from quaymaster.image_ref import PinnedImage
from quaymaster.operations import Operation, Stage, State
from quaymaster.outcomes import Deployed, Ended
from quaymaster.plans import DeployPlan
from quaymaster.progress import Progress
from quaymaster.releases import Release
from quaymaster.request_facts import service_change
from quaymaster.store import releases
from quaymaster.store.transactions import Command
from workers.approved import approved_plan
from workers.asides import aside
from workers.candidates import StillMine
from workers.change import Change
from workers.containers import Container, ServiceState, observe
from workers.engine import Engine
from workers.host_paths import expect_within
from workers.images import inspect, pull
from workers.marks import marks_on
from workers.members import refuse_another
from workers.permitted import answers_about_plan, are_known
from workers.rendering import Values
from workers.running import Running, service_lease
from workers.settle import settle
from workers.steps import Bakes, Continues, Finished, Returns, Step
from workers.superseding import supersede_waiting, superseded_by
from workers.switch import (
    NOTHING_SERVED,
)
from workers.toolbox import Toolbox


def apply_plan(running: Running, tools: Toolbox) -> Step:
    """Start the new container beside the old one, check it, switch, keep the old one stopped.

    Whatever goes wrong before the switch leaves the old one serving. A pull may take hours, so
    after one it is asked again whether this may still happen. Raises Forged, NotAllowed,
    NotAdmissible, Conflict, Unhealthy or another OutsideFailure.
    """
    started = time.monotonic()
    operation = running.operation
    plan = _plan_to_carry_out(operation, tools)
    if (back := _asked(operation, plan, tools)) is not None:
        return back
    engine = tools.engine_of(plan.target)
    with service_lease(running, plan.service_ref) as still_mine:
        settle(engine, plan.service_ref, still_mine)
        state = observe(engine, plan.service_ref)
        values = tools.renderer.values(plan.configuration)
        if (instead := _overtaken(operation, plan, state, values, tools)) is not None:
            return instead
        change = _prepared(running, plan, state, values, engine, still_mine, tools)
        if isinstance(change, Returns):
            return change
        gap, notes = _carried_out(change, tools)
        if state.serving is not None:
            running.report(Progress("stopping the old container"))
            is_retired = change.retire(state.serving, tools.configuration.keep_releases)
            still_mine.is_unfinished = not is_retired
    deployed = Deployed(
        environment=plan.environment,
        service=plan.service,
        image=plan.image,
        gap_seconds=gap,
        replaced=plan.running.image if plan.running else None,
        seconds=time.monotonic() - started,
        notes=(*notes, *_moved_tag(plan, tools)),
    )
    return live(operation, plan, deployed, tools)


def _prepared(
    running: Running,
    plan: DeployPlan,
    state: ServiceState,
    values: Values,
    engine: Engine,
    still_mine: StillMine,
    tools: Toolbox,
) -> Change | Returns:
    """The change, with its image on the host and its directories looked at."""
    try:
        held, was_pulled = bring_image(engine, plan, running, tools)
        if was_pulled and (back := _asked(running.operation, plan, tools)) is not None:
            return back
        _expect_volumes(plan, engine, still_mine, tools)
    except QuaymasterError as error:
        error.runs_now = error.runs_now or serves_on(engine, state, tools)
        raise
    return Change(plan, state, values, engine, still_mine, running, held)


def _carried_out(change: Change, tools: Toolbox) -> tuple[float | None, tuple[str, ...]]:
    """How long nobody answered, if that is known, and what there is to note."""
    plan, engine = change.plan, change.engine
    try:
        return change.carry_out().gap_seconds, plan.notes
    except QuaymasterError as error:
        if not _is_finished_all_the_same(engine, plan, change.still_mine, error):
            error.runs_now = error.runs_now or serves_on(engine, change.state, tools)
            raise
    return None, (*plan.notes, f"{plan.host} failed once after the switch. The rest was finished.")


def live(operation: Operation, plan: DeployPlan, deployed: Deployed, tools: Toolbox) -> Step:
    """What follows when the new version serves: the bake window, or the release at once. Other
    plans that wait are about what ran before.
    """
    supersede_waiting(operation, plan, tools)
    if plan.configuration.bake > 0:
        return Bakes(deployed, tools.now() + timedelta(seconds=plan.configuration.bake))
    return Finished(deployed, also=released(operation, plan, tools))


def released(operation: Operation, plan: DeployPlan, tools: Toolbox) -> tuple[Command, ...]:
    """The commands that record the release, and after a rollback mark what was rolled back from."""
    release = Release(
        id=operation.id,
        environment=plan.environment,
        service=plan.service,
        image=plan.image,
        configuration=plan.configuration,
        released_by=operation.requester,
        approved_by=operation.approval.approvers if operation.approval else (),
        released_at=tools.now(),
        turn=plan.turn,
        restores=plan.restores,
        member=plan.examined.member,
    )
    left = plan.running.resolved if plan.running and plan.kind == "rollback" else None
    marks = marks_on(left, plan.resolved, plan, operation, tools)
    return (*releases.record(release, tools.keys.private), *marks)


def is_result_of(plan: DeployPlan, serving: Container) -> bool:
    """Whether this container is what the plan was to put there: it carries its turn, also one that
    a rollback has started again.
    """
    return serving.turn == plan.turn


def _asked(operation: Operation, plan: DeployPlan, tools: Toolbox) -> Returns | None:
    """May this still happen? Where nobody has looked lately who asked and who agreed, the bot does
    first. Raises NotAdmissible.
    """
    if not are_known(operation, tools):
        return Returns()
    refuse(answers_about_plan(operation, plan, tools))
    return None


def bring_image(
    engine: Engine, plan: DeployPlan, running: Running, tools: Toolbox
) -> tuple[str, bool]:
    """Have exactly the image of the plan on the host; a registry that is down does not matter when
    it is there. Gives the engine's id of it, and whether it had to be pulled; raises
    OutsideFailure when it is another one.
    """
    pinned = replace(plan.image, tag=None)
    was_pulled = False
    try:
        held = inspect(engine, pinned)
    except NotFound:
        was_pulled = True
        login = tools.login(plan.image.repository.registry)
        pull(engine, pinned, login, running.report, running.check)
        held = inspect(engine, pinned)
    refuse_another(engine, plan.image, plan.examined.member, held.image_id)
    return str(held.image_id), was_pulled


def _is_finished_all_the_same(
    engine: Engine, plan: DeployPlan, still_mine: StillMine, error: QuaymasterError
) -> bool:
    """Whether the new version serves although the engine failed, with what was left to do done."""
    if not isinstance(error, OutsideFailure):
        return False

    def is_finished() -> bool:
        serving = observe(engine, plan.service_ref).serving
        if serving is None or not is_result_of(plan, serving):
            return False
        settled = settle(engine, plan.service_ref, still_mine).serving
        return settled is not None and is_result_of(plan, settled)

    return aside(is_finished, otherwise=False, but=(Unavailable,))


def _expect_volumes(
    plan: DeployPlan, engine: Engine, still_mine: StillMine, tools: Toolbox
) -> None:
    """What it mounts of the host is within what is allowed, by the host's own files."""
    expect_within(
        engine,
        plan.service_ref,
        plan.image,
        plan.configuration.volumes,
        tools.configuration.host(plan.host).allow_paths,
        still_mine,
    )


def serves_on(engine: Engine, before: ServiceState, tools: Toolbox) -> str:
    """What serves after a failure that changed nothing, in words; nothing where that is not so."""
    state = aside(lambda: observe(engine, before.service), None)
    if state is None:
        return ""
    after = state.serving
    if before.serving is None:
        return NOTHING_SERVED if after is None else ""
    image = before.serving.image
    if after is None or after.id != before.serving.id or image is None:
        return ""
    return f"{_said(image, tools)} is still running. Nothing changed."


def _plan_to_carry_out(operation: Operation, tools: Toolbox) -> DeployPlan:
    service = service_change(operation.request).service
    return approved_plan(operation, tools.configuration.approval_for(service))


def _overtaken(
    operation: Operation, plan: DeployPlan, state: ServiceState, values: Values, tools: Toolbox
) -> Finished | Continues | Returns | None:
    """Why the plan is no longer about what is there, if so: nobody approved what would happen.

    By another operation, and a person may want it still; or else in a way that a new plan follows
    (never a rollback: the next one would go back further).
    """
    newest = max(state.containers, key=lambda one: one.turn, default=None)
    serving, planned = state.serving, plan.running
    is_past = newest is not None and plan.turn <= newest.turn
    if newest is not None and (is_past or (serving is not None and _is_other(serving, plan))):
        # Where the one from before serves again, the newest is what it was taken back for.
        return _after_another(operation, newest.operation, plan)
    if plan.kind == "rollback":
        if serving is None and planned is not None:
            return Finished(_gone(plan, planned.image, tools), State.SUPERSEDED)
        return None
    if serving is None and planned is not None:
        return Returns(_gone(plan, planned.image, tools))
    if values.changed or values.incomparable:
        return Returns(
            Ended(
                f"{_about_secrets(values)} Nothing was changed.",
                next_step="Ask for it again, so that what runs is what was approved.",
            )
        )
    return None


def _after_another(operation: Operation, by: int, plan: DeployPlan) -> Finished | Continues:
    """What was asked for after that one, and nobody had to agree to, has only waited in line: it is
    planned now that its turn has come. Else it has been superseded.
    """
    if plan.kind == "deploy" and plan.rule is None and by < operation.id:
        return Continues(Stage.PLAN, operation.queue)
    return Finished(superseded_by(by, plan), State.SUPERSEDED)


def _is_other(serving: Container, plan: DeployPlan) -> bool:
    """Whether another container serves than that which the plan replaces. A rollback is about the
    version: what was baking may have become a release meanwhile.
    """
    planned, image = plan.running, serving.image
    if planned is None or image is None or image.digest != planned.image.digest:
        return True
    return plan.kind == "deploy" and planned.turn is not None and serving.turn != planned.turn


def _gone(plan: DeployPlan, planned: PinnedImage, tools: Toolbox) -> Ended:
    return Ended(
        f"{_said(planned, tools)} ran in {plan.service_ref} when the plan was made, and nothing "
        "runs there now. Nothing changed.",
        next_step="Ask for it again, so that the plan is about what runs now.",
    )


def _about_secrets(values: Values) -> str:
    if values.changed:
        return f"These secrets have changed since the plan was made: {', '.join(values.changed)}."
    return (
        "These secrets cannot be compared with those of the plan, because the fingerprint key "
        f"is different: {', '.join(values.incomparable)}."
    )


def _said(image: PinnedImage, tools: Toolbox) -> str:
    return f"{tools.familiar(image)} ({image.digest.short})"


def _moved_tag(plan: DeployPlan, tools: Toolbox) -> tuple[str, ...]:
    """A tag that points elsewhere by now is said; what was approved runs all the same."""
    tag = plan.image.unpinned
    if plan.kind != "deploy" or tag.tag is None:
        return ()
    asked = aside(lambda: [tools.registry(tag.repository.registry).find(tag)], [])
    if not asked:
        return ()
    found = asked[0]
    if found is None:
        return (f"The tag {tag.tag} is gone from the registry. The approved image is running.",)
    if found.digest in (plan.named, plan.digest):
        return ()
    return (
        f"The tag {tag.tag} has since moved to {found.digest.short}. "
        f"The approved image is running: {plan.named.short}.",
    )
