"""rollback: back to the last good release, configuration included. Nobody has to agree to it."""

from quaymaster.errors import Conflict
from quaymaster.findings import Unknown
from quaymaster.operations import Stage
from quaymaster.plans import DeployPlan, Examined
from quaymaster.progress import Progress
from quaymaster.queues import host_queue
from quaymaster.requests import RollbackRequest
from quaymaster.rolling_back import last_good
from quaymaster.store import releases, reports
from quaymaster.store.releases import Release
from quaymaster.store.transactions import ask
from workers.jobs.plan import what_runs_now
from workers.running import Running
from workers.steps import Continues
from workers.toolbox import Toolbox


def plan_rollback(request: RollbackRequest, running: Running, tools: Toolbox) -> Continues:
    """Find the release to go back to; its secrets mean what they mean today."""
    running.report(Progress("looking for the last good release"))
    now = what_runs_now(request.environment, request.service, tools)
    known = ask(tools.connection, releases.latest(request.environment, request.service))
    bad = ask(tools.connection, releases.bad_digests(request.environment, request.service))
    target = last_good(known, now, bad)
    if target is None:
        raise Conflict(
            f"There is no earlier release of {request.environment}/{request.service} "
            "to go back to.",
            why="None is known that is older than what runs and was not rolled back from."
            if known
            else "Nothing was released there yet.",
            next_step="Deploy the version that you want instead.",
        )
    target.check(tools.sealer)
    changed = tools.renderer.values(target.configuration).changed
    plan = DeployPlan(
        kind="rollback",
        environment=request.environment,
        service=request.service,
        host=tools.configuration.host_of(request.environment),
        examined=_examined(target, tools),
        configuration=target.configuration,
        configuration_revision=tools.configuration.revision,
        running=now,
        restores=target.restores or target.id,
        notes=(f"restores the release of #{target.restores or target.id}",)
        + ((f"these secrets have other values today: {', '.join(changed)}",) if changed else ()),
    ).sealed(tools.sealer, running.operation.id)
    return Continues(Stage.APPLY, host_queue(plan.host), plan=plan)


def _examined(target: Release, tools: Toolbox) -> Examined:
    """What is known about it; a rollback is not stopped by findings that came to light since."""
    digest = target.image.digest
    key = ask(tools.connection, reports.latest_key(digest)) if digest else None
    report = ask(tools.connection, reports.kept_under(key, tools.sealer)) if key else None
    counts = tuple(report.counts().items()) if report else ()
    return Examined(target.image, None, Unknown("A rollback is not scanned again."), counts)
