"""The last stage of a deploy or rollback: carry out the plan, by digest, and nothing else."""

import time
from datetime import timedelta

from quaymaster.admissible import refuse
from quaymaster.errors import LeaseLost, OutsideFailure, QuaymasterError, Unavailable
from quaymaster.image_ref import PinnedImage
from quaymaster.operations import Operation, Stage, State
from quaymaster.outcomes import Deployed, Ended
from quaymaster.plans import Change, Plan
from quaymaster.progress import Progress
from quaymaster.releases import Release
from quaymaster.request_facts import service_change
from quaymaster.store import releases
from quaymaster.store.transactions import Command
from workers.jobs.deploy.approved import approved_plan
from workers.jobs.deploy.marks import marks_on
from workers.jobs.deploy.permitted import answers_about_plan, are_known
from workers.jobs.deploy.sole_change import sole_change
from workers.jobs.deploy.superseding import supersede_waiting, superseded_by
from workers.outside.best_effort import best_effort
from workers.targets.observed import NOTHING_SERVED, Observed, Version, VersionRole
from workers.targets.rendering import Values
from workers.targets.target import Target
from workers.work.running import RunningOperation, service_lease
from workers.work.service_work import OperationWork
from workers.work.steps import Bakes, Continues, Finished, Returns, Step
from workers.work.toolbox import Toolbox


def apply_plan(running: RunningOperation, tools: Toolbox) -> Step:
    """Start the new container beside the old one, check it, switch, keep the old one stopped.

    Whatever goes wrong before the switch leaves the old one serving. A pull may take hours, so
    after one it is asked again whether this may still happen. Raises Forged, NotAllowed,
    NotAdmissible, Conflict, Unhealthy or another OutsideFailure.
    """
    started = time.monotonic()
    operation = running.operation
    plan = _plan_to_carry_out(operation, tools)
    change = sole_change(plan)
    if (back := _asked(operation, plan, tools)) is not None:
        return back
    target = tools.target(plan.target)
    with service_lease(running, change.service_ref) as right:
        before = target.settle(change.service_ref, OperationWork(running, right))
        before.expect_one_version()
        values = tools.renderer.values(change.workload)
        if (instead := _overtaken(operation, plan, change, before, values, tools)) is not None:
            return instead

        def confirm() -> None:
            if _asked(operation, plan, tools) is not None:
                raise _PeopleUnknown("Nobody has looked up lately who asked for this.")

        work = OperationWork(running, right, values.secrets, confirm)
        try:
            gap, notes = _executed(target, plan, change, values, before, work, tools)
        except _PeopleUnknown:
            return Returns()
        if before.having(VersionRole.SERVING, VersionRole.STOPPED, VersionRole.DETACHED):
            running.report(Progress("stopping the old container"))
            retire(target, change, work, tools)
    deployed = Deployed(
        environment=change.environment,
        service=change.service,
        image=change.image,
        gap_seconds=gap,
        replaced=change.running.image if change.running else None,
        seconds=time.monotonic() - started,
        notes=(*notes, *_moved_tag(plan, change, tools)),
    )
    return live(operation, plan, deployed, tools)


class _PeopleUnknown(QuaymasterError):
    """The bot has to look people up again before this may happen."""


def _executed(
    target: Target,
    plan: Plan,
    change: Change,
    values: Values,
    before: Observed,
    work: OperationWork,
    tools: Toolbox,
) -> tuple[float | None, tuple[str, ...]]:
    """How long nobody answered, if that is known, and what there is to note."""
    try:
        staged = target.stage(change, values, work)
        return target.commit(staged, work).gap_seconds, plan.notes
    except QuaymasterError as error:
        if not _is_finished_all_the_same(target, change, work, error):
            error.runs_now = error.runs_now or serves_on(target, before, tools)
            raise
    return None, (
        *plan.notes,
        f"{plan.target} failed once after the switch. The rest was finished.",
    )


def retire(target: Target, change: Change, work: OperationWork, tools: Toolbox) -> None:
    """Stop what serves no more, and keep it. The new version serves already: what fails here is not
    the operation's failure, and a look at the service finishes it. Raises LeaseLost.
    """
    keep, drain = tools.configuration.keep_releases, change.workload.drain
    try:
        target.retire(change.service_ref, keep, drain, work)
    except LeaseLost:
        raise
    except QuaymasterError as error:
        work.report(Progress(f"the old container stays for now: {error.problem.what}"))
        work.right.is_unfinished = True


def live(operation: Operation, plan: Plan, deployed: Deployed, tools: Toolbox) -> Step:
    """What follows when the new version serves: the bake window, or the release at once. Other
    plans that wait are about what ran before.
    """
    supersede_waiting(operation, plan, tools)
    bake = max(change.workload.bake for change in plan.changes)
    if bake > 0:
        return Bakes(deployed, tools.now() + timedelta(seconds=bake))
    return Finished(deployed, also=released(operation, plan, tools))


def released(operation: Operation, plan: Plan, tools: Toolbox) -> tuple[Command, ...]:
    """The commands that record a release of each service, and after a rollback mark what was rolled
    back from.
    """
    of_each = (_released(operation, plan, change, tools) for change in plan.changes)
    return tuple(command for commands in of_each for command in commands)


def _released(
    operation: Operation, plan: Plan, change: Change, tools: Toolbox
) -> tuple[Command, ...]:
    release = Release(
        id=operation.id,
        environment=change.environment,
        service=change.service,
        image=change.image,
        workload=change.workload,
        released_by=operation.requester,
        approved_by=operation.approval.approvers if operation.approval else (),
        released_at=tools.now(),
        turn=change.turn,
        restores=change.restores,
        member=change.examined.member,
    )
    is_marked = plan.facts.marks_what_it_leaves
    left = change.running.resolved if change.running and is_marked else None
    marks = marks_on(left, change.resolved, change.service_ref, operation, tools)
    return (*releases.record(release, tools.keys.private), *marks)


def is_result_of(change: Change, serving: Version) -> bool:
    """Whether this version is what the change was to put there: it carries its turn, also one
    that a rollback has started again.
    """
    return serving.turn == change.turn


def _asked(operation: Operation, plan: Plan, tools: Toolbox) -> Returns | None:
    """May this still happen? Where nobody has looked lately who asked and who agreed, the bot does
    first. Raises NotAdmissible.
    """
    if not are_known(operation, tools):
        return Returns()
    refuse(answers_about_plan(operation, plan, tools))
    return None


def _is_finished_all_the_same(
    target: Target, change: Change, work: OperationWork, error: QuaymasterError
) -> bool:
    """Whether the new version serves although its runtime failed, with what was left to do done."""
    if not isinstance(error, OutsideFailure):
        return False

    def is_finished() -> bool:
        serving = target.observe(change.service_ref).serving
        if serving is None or not is_result_of(change, serving):
            return False
        settled = target.settle(change.service_ref, work).serving
        return settled is not None and is_result_of(change, settled)

    return best_effort(is_finished, otherwise=False, but=(Unavailable,))


def serves_on(target: Target, before: Observed, tools: Toolbox) -> str:
    """What serves after a failure that changed nothing, in words; nothing where that is not so."""
    state = best_effort(lambda: target.observe(before.service), None)
    if state is None:
        return ""
    after = state.serving
    if before.serving is None:
        return NOTHING_SERVED if after is None else ""
    image = before.serving.image
    if after is None or after.identity != before.serving.identity or image is None:
        return ""
    return f"{_image_words(image, tools)} is still running. Nothing changed."


def _plan_to_carry_out(operation: Operation, tools: Toolbox) -> Plan:
    service = service_change(operation.request).service
    return approved_plan(operation, tools.configuration.approval_for(service))


def _overtaken(
    operation: Operation,
    plan: Plan,
    change: Change,
    state: Observed,
    values: Values,
    tools: Toolbox,
) -> Finished | Continues | Returns | None:
    """Why the plan is no longer about what is there, if so: nobody approved what would happen.

    By another operation, and a person may want it still; or else in a way that a new plan follows
    (never a rollback: the next one would go back further).
    """
    newest, serving, planned = state.newest, state.serving, change.running
    is_past = newest is not None and change.turn <= newest.turn
    is_another = serving is not None and _is_other(serving, plan, change)
    if newest is not None and (is_past or is_another):
        # Where the one from before serves again, the newest is what it was taken back for.
        return _after_another(operation, newest.operation, plan, change)
    if not plan.facts.is_planned_again:
        if serving is None and planned is not None:
            return Finished(_gone(change, planned.image, tools), State.SUPERSEDED)
        return None
    if serving is None and planned is not None:
        return Returns(_gone(change, planned.image, tools))
    if values.changed or values.incomparable:
        return Returns(
            Ended(
                f"{_about_secrets(values)} Nothing was changed.",
                next_step="Ask for it again, so that what runs is what was approved.",
            )
        )
    return None


def _after_another(
    operation: Operation, by: int, plan: Plan, change: Change
) -> Finished | Continues:
    """What was asked for after that one, and nobody had to agree to, has only waited in line: it is
    planned now that its turn has come. Else it has been superseded.
    """
    if plan.facts.is_planned_again and plan.rule is None and by < operation.id:
        return Continues(Stage.PLAN, operation.queue)
    return Finished(superseded_by(by, [change.service_ref]), State.SUPERSEDED)


def _is_other(serving: Version, plan: Plan, change: Change) -> bool:
    """Whether another container serves than that which the plan replaces, or another version."""
    planned, image = change.running, serving.image
    if planned is None or image is None or image.digest != planned.image.digest:
        return True
    if not plan.facts.replaces_one_container or planned.turn is None:
        return False
    return serving.turn != planned.turn


def _gone(change: Change, planned: PinnedImage, tools: Toolbox) -> Ended:
    return Ended(
        f"{_image_words(planned, tools)} ran in {change.service_ref} when the plan was made, and "
        "nothing "
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


def _image_words(image: PinnedImage, tools: Toolbox) -> str:
    return f"{tools.familiar(image)} ({image.digest.short})"


def _moved_tag(plan: Plan, change: Change, tools: Toolbox) -> tuple[str, ...]:
    """A tag that points elsewhere by now is said; what was approved runs all the same."""
    tag = change.image.unpinned
    if not plan.facts.follows_a_tag or tag.tag is None:
        return ()
    answers = best_effort(lambda: [tools.registry(tag.repository.registry).find(tag)], [])
    if not answers:
        return ()
    digest = answers[0]
    if digest is None:
        return (f"The tag {tag.tag} is gone from the registry. The approved image is running.",)
    if digest.digest in (change.named, change.digest):
        return ()
    return (
        f"The tag {tag.tag} has since moved to {digest.digest.short}. "
        f"The approved image is running: {change.named.short}.",
    )
