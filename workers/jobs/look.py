"""The look at the end of the bake window: still healthy? Then it is released, else it goes back."""

from dataclasses import replace

from quaymaster.errors import Forged, QuaymasterError, Trouble, Unhealthy
from quaymaster.operations import Operation, State
from quaymaster.outcomes import Deployed, Ended, Failed
from quaymaster.plans import Change, Plan
from quaymaster.progress import Progress
from workers.asides import aside, beside
from workers.candidates import StillMine
from workers.containers import Container, Place, ServiceState, observe
from workers.engine import Engine
from workers.health import LOG_LINES, ask_port, refuse_ended, unhealthy, wait_until_healthy, way_out
from workers.jobs.apply import is_result_of, released
from workers.marks import marks_on
from workers.running import Running, service_lease
from workers.settle import settle
from workers.sole_change import sole_change
from workers.steps import Finished
from workers.superseding import supersede_waiting
from workers.switch import put_away, retire, revive, switch
from workers.toolbox import Toolbox


def look_again(running: Running, tools: Toolbox) -> Finished:
    """Ask the service once more where its callers ask."""
    operation = running.operation
    plan, deployed = operation.plan, operation.interim
    if plan is None or not isinstance(deployed, Deployed):
        raise Forged("There is nothing to check: the record has no plan.")
    change = sole_change(plan)
    what = (deployed.service_ref, deployed.image)
    if what != (change.service_ref, change.image):
        # Any worker may queue the look again, and with it sign what was achieved.
        raise Forged("The result does not match the plan, so nothing was done.")
    running.report(Progress("final health check"))
    engine = tools.engine_of(plan.target)
    with service_lease(running, change.service_ref) as still_mine:
        state = observe(engine, change.service_ref)
        if _was_going_back(change, state):
            settle(engine, change.service_ref, still_mine)
            state = observe(engine, change.service_ref)
            return _back(
                running, plan, change, state, engine, still_mine, _broken_off(operation), tools
            )
        serving = state.serving
        if serving is not None and not is_result_of(change, serving):
            other = tools.familiar(serving.image) if serving.image else "Another container"
            why = f"{other} replaced it before its bake window ended."
            return Finished(Ended(why), State.SUPERSEDED)
        try:
            _check(engine, serving, change, tools)
        except QuaymasterError as error:
            return _back(running, plan, change, state, engine, still_mine, error, tools)
    return Finished(deployed, also=released(operation, plan, tools))


def _was_going_back(change: Change, state: ServiceState) -> bool:
    """Whether an earlier job of this look broke off on the way: it does not do so by half."""
    on_its_way = state.at(Place.CANDIDATE, Place.SERVING)
    return any(_is_from_before(change, one) and one.turn < change.turn for one in on_its_way)


def _is_from_before(change: Change, container: Container) -> bool:
    """Its turn may be a later one, when somebody tried to roll back to it meanwhile."""
    before, image = change.running, container.image
    if before is None or image is None or image.digest != before.image.digest:
        return False
    return not is_result_of(change, container)


def _broken_off(operation: Operation) -> QuaymasterError:
    return QuaymasterError(f"{operation.interruption} while it rolled back.")


def _check(engine: Engine, serving: Container | None, change: Change, tools: Toolbox) -> None:
    if serving is None:
        raise QuaymasterError(f"Nothing runs in {change.service_ref} any more.")
    secrets = known_secrets(change, tools)
    try:
        refuse_ended(engine, serving, change.workload.health, secrets or ())
        answer = ask_port(engine, serving)
        if not answer.is_fine:
            raise unhealthy(engine, serving, f"In its bake window {answer.words}.", secrets or ())
    except Unhealthy as error:
        if secrets is None:
            error.trouble = replace(error.trouble, log_tail=())
        raise


def known_secrets(change: Change, tools: Toolbox) -> tuple[str, ...] | None:
    """What must not be seen of its log; None where nobody knows all of it, because a secret is
    another one by now: then nothing of the log is shown.
    """
    values = aside(lambda: tools.renderer.values(change.workload), None)
    if values is None:
        return None
    return None if values.changed or values.incomparable else values.secrets


def _back(
    running: Running,
    plan: Plan,
    change: Change,
    state: ServiceState,
    engine: Engine,
    still_mine: StillMine,
    error: QuaymasterError,
    tools: Toolbox,
) -> Finished:
    """Bring the version from before back, and mark this one as bad. Plans that were made
    meanwhile are about what does not serve any more then.
    """
    running.report(Progress("rolling back to the previous version"))
    before = change.running.resolved if change.running else None
    marks = marks_on(change.resolved, before, change.service_ref, running.operation, tools)
    name = tools.familiar(change.running.image) if change.running else "The previous version"
    new = tools.familiar(change.image)
    went_back = f"Rolled back automatically to {name}: {new} became unhealthy."
    stayed = f"{new} became unhealthy in its bake window."
    if state.serving is not None and _is_from_before(change, state.serving):
        supersede_waiting(running.operation, plan, tools)
        return Finished(_failed(error, went_back, f"{name} is back."), State.FAILED, also=marks)
    kept = [one for one in state.kept if _is_from_before(change, one)]
    if not kept:
        failed = _failed(error, stayed, "There is no previous version.")
        return Finished(failed, State.FAILED, also=marks)
    candidate = revive(engine, kept[0], still_mine)
    health = kept[0].health_check
    try:
        wait_until_healthy(engine, candidate, health, running.report, lambda: None)
        switched = switch(engine, state.serving, candidate, still_mine)
    except QuaymasterError as second:
        with beside(second):
            put_away(engine, candidate, still_mine)
        words = f"Rolling back failed too: {second.trouble.what} {second.trouble.why}"
        return Finished(_failed(error, stayed, words), State.FAILED, also=marks)
    supersede_waiting(running.operation, plan, tools)
    if state.serving is not None:
        keep = tools.configuration.keep_releases
        retire(engine, state.serving, change.workload.drain, keep, still_mine)
    words = f"{name} is back. Down for {switched.gap_seconds:.2f} s."
    return Finished(_failed(error, went_back, words), State.FAILED, also=marks)


def _failed(error: QuaymasterError, what: str, runs_now: str) -> Failed:
    trouble = error.trouble
    tail = trouble.log_tail[-LOG_LINES:]
    return Failed(
        Trouble(
            what,
            why=" ".join(part for part in (trouble.what, trouble.why) if part),
            next_step=way_out(tail),
            log_tail=tail,
        ),
        runs_now,
    )
