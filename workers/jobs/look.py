"""The look at the end of the bake window: still healthy? Then it is released, else it goes back."""

from dataclasses import replace

from quaymaster.errors import Forged, QuaymasterError, Trouble, Unhealthy
from quaymaster.operations import Operation, State
from quaymaster.outcomes import Deployed, Ended, Failed
from quaymaster.plans import DeployPlan
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
    what = (deployed.service_ref, deployed.image)
    if what != (plan.service_ref, plan.image):
        # Any worker may queue the look again, and with it sign what was achieved.
        raise Forged("The result does not match the plan, so nothing was done.")
    running.report(Progress("final health check"))
    engine = tools.engine_of(plan.target)
    with service_lease(running, plan.service_ref) as still_mine:
        state = observe(engine, plan.service_ref)
        if _was_going_back(plan, state):
            settle(engine, plan.service_ref, still_mine)
            state = observe(engine, plan.service_ref)
            return _back(running, plan, state, engine, still_mine, _broken_off(operation), tools)
        serving = state.serving
        if serving is not None and not is_result_of(plan, serving):
            other = tools.familiar(serving.image) if serving.image else "Another container"
            why = f"{other} replaced it before its bake window ended."
            return Finished(Ended(why), State.SUPERSEDED)
        try:
            _check(engine, serving, plan, tools)
        except QuaymasterError as error:
            return _back(running, plan, state, engine, still_mine, error, tools)
    return Finished(deployed, also=released(operation, plan, tools))


def _was_going_back(plan: DeployPlan, state: ServiceState) -> bool:
    """Whether an earlier job of this look broke off on the way: it does not do so by half."""
    on_its_way = state.at(Place.CANDIDATE, Place.SERVING)
    return any(_is_from_before(plan, one) and one.turn < plan.turn for one in on_its_way)


def _is_from_before(plan: DeployPlan, container: Container) -> bool:
    """Its turn may be a later one, when somebody tried to roll back to it meanwhile."""
    before, image = plan.running, container.image
    if before is None or image is None or image.digest != before.image.digest:
        return False
    return not is_result_of(plan, container)


def _broken_off(operation: Operation) -> QuaymasterError:
    return QuaymasterError(f"{operation.interruption} while it rolled back.")


def _check(engine: Engine, serving: Container | None, plan: DeployPlan, tools: Toolbox) -> None:
    if serving is None:
        raise QuaymasterError(f"Nothing runs in {plan.service_ref} any more.")
    secrets = known_secrets(plan, tools)
    try:
        refuse_ended(engine, serving, plan.configuration.health, secrets or ())
        answer = ask_port(engine, serving)
        if not answer.is_fine:
            raise unhealthy(engine, serving, f"In its bake window {answer.words}.", secrets or ())
    except Unhealthy as error:
        if secrets is None:
            error.trouble = replace(error.trouble, log_tail=())
        raise


def known_secrets(plan: DeployPlan, tools: Toolbox) -> tuple[str, ...] | None:
    """What must not be seen of its log; None where nobody knows all of it, because a secret is
    another one by now: then nothing of the log is shown.
    """
    values = aside(lambda: tools.renderer.values(plan.configuration), None)
    if values is None:
        return None
    return None if values.changed or values.incomparable else values.secrets


def _back(
    running: Running,
    plan: DeployPlan,
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
    before = plan.running.resolved if plan.running else None
    marks = marks_on(plan.resolved, before, plan, running.operation, tools)
    name = tools.familiar(plan.running.image) if plan.running else "The previous version"
    new = tools.familiar(plan.image)
    went_back = f"Rolled back automatically to {name}: {new} became unhealthy."
    stayed = f"{new} became unhealthy in its bake window."
    if state.serving is not None and _is_from_before(plan, state.serving):
        supersede_waiting(running.operation, plan, tools)
        return Finished(_failed(error, went_back, f"{name} is back."), State.FAILED, also=marks)
    kept = [one for one in state.kept if _is_from_before(plan, one)]
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
        retire(engine, state.serving, plan.configuration.drain, keep, still_mine)
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
