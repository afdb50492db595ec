"""The second stage of a deploy: what was found, and what will change? Nothing does yet."""

from dataclasses import replace
from datetime import datetime

from quaymaster.approvals import ApprovalRule
from quaymaster.errors import Conflict, NotAdmissible
from quaymaster.image_ref import PinnedImage
from quaymaster.operations import Operation, State
from quaymaster.outcomes import Failed
from quaymaster.plan_kinds import PlanKind
from quaymaster.plans import Change, Plan, Undo
from quaymaster.plans import Serving as RunningNow
from quaymaster.progress import Progress
from quaymaster.releases import Release
from quaymaster.requests import DeployRequest
from quaymaster.rolling_back import last_good
from quaymaster.target import ServiceRef
from workers.jobs.deploy.ledger import bad_digests_of, next_turn, releases_of
from workers.jobs.deploy.permitted import Circumstances, admitted_to_plan
from workers.jobs.deploy.scanned import examined_of
from workers.outside.best_effort import best_effort
from workers.targets.observed import Observed, Version
from workers.targets.rendering import workload_fingerprint
from workers.work.running import RunningOperation
from workers.work.steps import Finished, Planned
from workers.work.toolbox import Toolbox


def plan_deploy(
    request: DeployRequest, work: RunningOperation, tools: Toolbox
) -> Planned | Finished:
    """Ask the gate about what was found, render the configuration, look at what runs; then people
    decide.
    """
    work.report(Progress("planning"))
    examined = examined_of(request, work.operation, tools)
    workload = tools.renderer.render(request.service_ref)
    circumstances = Circumstances(volumes=workload.volumes, verdict=examined.verdict)
    try:
        admitted = admitted_to_plan(work.operation, examined.resolved, tools, circumstances)
    except NotAdmissible as error:
        return Finished(Failed(error.problem), State.REFUSED, examined=examined)
    state = observed(request.service_ref, tools)
    serves = what_runs_now(state, tools)
    change = Change(
        environment=request.environment,
        service=request.service,
        turn=next_turn(state, tools),
        examined=examined,
        workload=workload,
        running=replace(serves, size=_size(serves.image, tools)) if serves else None,
        undo=_undo(request, RunningNow(examined.image, None, workload), tools),
    )
    rule = rule_for(work.operation, request.service_ref, tools)
    return Planned(
        plan_of(PlanKind.DEPLOY, request.environment, (change,), tools, rule=rule), admitted
    )


def plan_of(
    kind: PlanKind,
    environment: str,
    changes: tuple[Change, ...],
    tools: Toolbox,
    rule: ApprovalRule | None = None,
    notes: tuple[str, ...] = (),
) -> Plan:
    """The plan of these changes, on the target and by the configuration of the environment."""
    return Plan(
        kind,
        tools.configuration.target_of(environment),
        changes,
        tools.configuration.revision_of(environment),
        rule,
        notes,
    )


def rule_for(operation: Operation, service: ServiceRef, tools: Toolbox) -> ApprovalRule | None:
    """How votes are counted, by today's configuration; None where nobody has to agree."""
    policy = tools.configuration.approval_for(service)
    if policy.needed == 0:
        return None
    return ApprovalRule(
        needed=policy.needed,
        expires_at=min(tools.now() + policy.expires, _last_start(operation, tools)),
        requester=operation.requester,
        from_roles=policy.from_roles,
        channel=policy.channel,
        own_request_counts=policy.own_request_counts,
    )


def _last_start(operation: Operation, tools: Toolbox) -> datetime:
    """Whoever votes later votes for what does not start any more."""
    return operation.requested_at + tools.configuration.requests_valid_for


def observed(service: ServiceRef, tools: Toolbox) -> Observed:
    """The service on the target of its environment."""
    return tools.target(tools.configuration.target_of(service.environment)).observe(service)


def what_runs_now(state: Observed, tools: Toolbox) -> RunningNow | None:
    """What serves, by its runtime; its workload by the release that made it. Raises Conflict where
    that is not one version that we made.
    """
    state.expect_one_version()
    serving = state.serving
    if serving is None:
        return None
    image = serving.image
    if image is None:
        raise Conflict(
            f"The container {serving.name} was not made by Quaymaster, although its labels say so.",
            why="What it runs is not what it claims, so it is not replaced.",
            next_step="Look at it on the host and remove it by hand.",
        )
    release = _release_of(serving, releases_of(state.service, tools))
    if release is None:
        return RunningNow(image, None, None, turn=serving.turn)
    return RunningNow(
        release.image,
        release.id,
        release.workload,
        turn=serving.turn,
        member=release.member,
    )


def _release_of(serving: Version, history: tuple[Release, ...]) -> Release | None:
    """By its turn; where a rollback that failed has renamed it, by what it was made from."""
    image = serving.image
    alike = [one for one in history if image is not None and one.image.digest == image.digest]
    by_turn = (one for one in alike if one.turn == serving.turn)
    by_content = (one for one in alike if workload_fingerprint(one.workload) == serving.workload)
    return next(by_turn, None) or next(by_content, None)


def _undo(request: DeployRequest, deployed: RunningNow, tools: Toolbox) -> Undo | None:
    """What a rollback restores once this is deployed, by the rollback's own decision."""
    history = releases_of(request.service_ref, tools)
    bad = frozenset(bad_digests_of(request.service_ref, tools))
    target = last_good(history, deployed, bad)
    if target is None:
        return None
    return Undo(target.image, target.restores or target.id)


def _size(image: PinnedImage, tools: Toolbox) -> int | None:
    """What the registry says, so that it compares with the new one: an engine counts unpacked
    bytes. The image may be gone there, or the registry out of this worker's reach.
    """
    return best_effort(lambda: tools.registry(image.repository.registry).size(image), None)
