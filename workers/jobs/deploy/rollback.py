"""rollback: back to the last good release, configuration included. Nobody has to agree to it."""

from quaymaster.admissible import shown
from quaymaster.errors import Conflict
from quaymaster.findings import Unknown
from quaymaster.plan_kinds import PlanKind
from quaymaster.plans import Change, Examined
from quaymaster.progress import Progress
from quaymaster.releases import Release
from quaymaster.requests import RollbackRequest
from quaymaster.rolling_back import last_good
from workers.jobs.deploy.ledger import bad_digests_of, newest_report, next_turn, releases_of
from workers.jobs.deploy.permitted import Circumstances, admitted_to_plan, verdict_of_now
from workers.jobs.deploy.plan import observed, plan_of, what_runs_now
from workers.targets.rendering import Values
from workers.work.running import RunningOperation
from workers.work.steps import Planned
from workers.work.toolbox import Toolbox


def plan_rollback(request: RollbackRequest, work: RunningOperation, tools: Toolbox) -> Planned:
    """Find the release to go back to; its secrets mean what they mean today."""
    work.report(Progress("looking for the last good release"))
    state = observed(request.service_ref, tools)
    now = what_runs_now(state, tools)
    history = releases_of(request.service_ref, tools)
    bad = frozenset(bad_digests_of(request.service_ref, tools))
    target = last_good(history, now, bad)
    if target is None:
        raise Conflict(
            f"There is no earlier release of {request.service_ref} to roll back to.",
            why="No earlier good release is known."
            if history
            else "Nothing was released there yet.",
            next_step="Deploy the version that you want instead.",
        )
    examined = _examined(target, tools)
    verdict = verdict_of_now(PlanKind.ROLLBACK, request.service_ref, target.image.digest, tools)
    circumstances = Circumstances(volumes=target.workload.volumes, verdict=verdict)
    admitted = admitted_to_plan(work.operation, target.resolved, tools, circumstances)
    values = tools.renderer.values(target.workload)
    change = Change(
        environment=request.environment,
        service=request.service,
        turn=next_turn(state, tools),
        examined=examined,
        workload=target.workload,
        running=now,
        restores=target.restores or target.id,
    )
    notes = (*_about(values), *shown(admitted.answers))
    plan = plan_of(PlanKind.ROLLBACK, request.environment, (change,), tools, notes=notes)
    return Planned(plan, admitted)


def _about(values: Values) -> tuple[str, ...]:
    """Which secrets are not those of the release, as far as anybody can tell."""
    notes = []
    if values.changed:
        notes.append(f"These secrets have different values today: {', '.join(values.changed)}.")
    if values.incomparable:
        notes.append(
            "These secrets cannot be compared with the earlier ones: "
            f"{', '.join(values.incomparable)}."
        )
    return tuple(notes)


def _examined(target: Release, tools: Toolbox) -> Examined:
    """What is known about it; a rollback is not stopped by findings that came to light since."""
    report = newest_report(target.image.digest, tools)
    counts = tuple(report.counts().items()) if report else ()
    verdict = Unknown("A rollback is not scanned again.")
    return Examined(target.image, None, verdict, counts, member=target.member)
