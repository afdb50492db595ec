"""The look at the end of the bake window: still healthy? Then it is released, else it goes back."""

from dataclasses import dataclass, replace

from quaymaster.errors import Forged, LeaseLost, Problem, QuaymasterError, Unavailable
from quaymaster.operations import Operation, State
from quaymaster.outcomes import Deployed, Ended, Failed
from quaymaster.plans import Change, Plan
from quaymaster.progress import Progress
from workers.jobs.deploy.apply import is_result_of, released, retire
from workers.jobs.deploy.marks import marks_on
from workers.jobs.deploy.sole_change import sole_change
from workers.jobs.deploy.superseding import supersede_waiting
from workers.outside.best_effort import best_effort
from workers.targets.observed import Observed, Version, VersionRole
from workers.targets.target import Target
from workers.targets.unhealthy import LOG_LINES, way_out
from workers.work.running import RunningOperation, service_lease
from workers.work.service_work import OperationWork
from workers.work.steps import Finished
from workers.work.toolbox import Toolbox


def verify_release(work: RunningOperation, tools: Toolbox) -> Finished:
    """Ask the service once more where its callers ask."""
    operation = work.operation
    plan, deployed = operation.plan, operation.interim
    if plan is None or not isinstance(deployed, Deployed):
        raise Forged("There is nothing to check: the record has no plan.")
    change = sole_change(plan)
    what = (deployed.service_ref, deployed.image)
    if what != (change.service_ref, change.image):
        # Any worker may queue the look again, and with it sign what was achieved.
        raise Forged("The result does not match the plan, so nothing was done.")
    work.report(Progress("final health check"))
    target = tools.target(plan.target)
    with service_lease(work, change.service_ref) as right:
        going_back = _GoingBack(plan, change, target, OperationWork(work, right), work, tools)
        observed = target.observe(change.service_ref)
        if _was_going_back(change, observed):
            observed = target.settle(change.service_ref, going_back.work)
            return going_back.finish(observed, _broken_off(operation))
        serving = observed.serving
        if serving is not None and not is_result_of(change, serving):
            other = tools.familiar(serving.image) if serving.image else "Another container"
            why = f"{other} replaced it before its bake window ended."
            return Finished(Ended(why), State.SUPERSEDED)
        if (trouble := _trouble_of(going_back)) is not None:
            return going_back.finish(observed, trouble)
    return Finished(deployed, also=released(operation, plan, tools))


def _was_going_back(change: Change, observed: Observed) -> bool:
    """Whether an earlier job of this look broke off on the way: it does not do so by half."""
    on_its_way = observed.having(VersionRole.STAGED, VersionRole.SERVING)
    return any(_is_from_before(change, one) and one.turn < change.turn for one in on_its_way)


def _is_from_before(change: Change, version: Version) -> bool:
    """Its turn may be a later one, when somebody tried to roll back to it meanwhile."""
    before, image = change.running, version.image
    if before is None or image is None or image.digest != before.image.digest:
        return False
    return not is_result_of(change, version)


def _broken_off(operation: Operation) -> Problem:
    return Problem(f"{operation.interruption} while it rolled back.")


def _trouble_of(going_back: "_GoingBack") -> Problem | None:
    """What is wrong with what serves, if anything; also why that could not be asked."""
    change = going_back.change
    secrets = known_secrets(change, going_back.tools)
    probe = replace(going_back.work, secrets=secrets or ())
    try:
        observed = going_back.target.observe(change.service_ref, probe)
    except QuaymasterError as error:
        return error.problem
    if observed.serving is None:
        return Problem(f"Nothing runs in {change.service_ref} any more.")
    trouble = observed.unhealthy
    return replace(trouble, log_tail=()) if trouble and secrets is None else trouble


def known_secrets(change: Change, tools: Toolbox) -> tuple[str, ...] | None:
    """What must not be seen of its log; None where nobody knows all of it, because a secret is
    another one by now: then nothing of the log is shown.
    """
    values = best_effort(lambda: tools.renderer.values(change.workload), None)
    if values is None:
        return None
    return None if values.changed or values.incomparable else values.secrets


@dataclass(frozen=True, slots=True)
class _GoingBack:
    """From a version that did not stay healthy to the one before."""

    plan: Plan
    change: Change
    target: Target
    work: OperationWork
    running: RunningOperation
    tools: Toolbox

    def finish(self, observed: Observed, problem: Problem) -> Finished:
        """Bring the version from before back, and mark this one as bad. Plans that were made
        meanwhile are about what does not serve any more then.
        """
        self.running.report(Progress("rolling back to the previous version"))
        change, operation = self.change, self.running.operation
        before = change.running.resolved if change.running else None
        marks = marks_on(change.resolved, before, change.service_ref, operation, self.tools)
        name = self.tools.familiar(change.running.image) if change.running else ""
        new = self.tools.familiar(change.image)
        went_back = f"Rolled back automatically to {name}: {new} became unhealthy."
        stayed = f"{new} became unhealthy in its bake window."
        if observed.serving is not None and _is_from_before(change, observed.serving):
            supersede_waiting(operation, self.plan, self.tools)
            failed = _failed(problem, went_back, f"{name} is back.")
            return Finished(failed, State.FAILED, also=marks)
        retained = observed.having(VersionRole.RETAINED)
        kept = next((one for one in retained if _is_from_before(change, one)), None)
        if kept is None:
            failed = _failed(problem, stayed, "There is no previous version.")
            return Finished(failed, State.FAILED, also=marks)
        try:
            live = self.target.restore(observed.back_to(kept), self.work)
        except (LeaseLost, Unavailable):
            raise
        except QuaymasterError as second:
            words = f"Rolling back failed too: {second.problem.what} {second.problem.why}"
            return Finished(_failed(problem, stayed, words), State.FAILED, also=marks)
        supersede_waiting(operation, self.plan, self.tools)
        retire(self.target, change, self.work, self.tools)
        words = f"{name} is back. Down for {live.gap_seconds:.2f} s."
        return Finished(_failed(problem, went_back, words), State.FAILED, also=marks)


def _failed(problem: Problem, what: str, runs_now: str) -> Failed:
    tail = problem.log_tail[-LOG_LINES:]
    return Failed(
        Problem(
            what,
            why=" ".join(part for part in (problem.what, problem.why) if part),
            next_step=way_out(tail),
            log_tail=tail,
        ),
        runs_now,
    )
