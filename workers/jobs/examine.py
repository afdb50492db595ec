"""The first stage of a deploy or a scan: what is this image? Then the scanner is asked."""

from quaymaster.errors import Conflict
from quaymaster.image_ref import Digest, ImageRef
from quaymaster.operations import Stage
from quaymaster.plans import Resolved
from quaymaster.progress import Progress
from quaymaster.requests import DeployRequest, ScanRequest
from workers.ledger import bad_digests_of, releases_of
from workers.members import Choice, for_host, for_people, resolve_member
from workers.running import Running
from workers.steps import OrdersScan
from workers.toolbox import Toolbox


def examine(request: DeployRequest, running: Running, tools: Toolbox) -> OrdersScan:
    """Pin the tag to its digest, refuse what may not run there, and order its scan.

    Raises UsageError for an image of a repository that the service may not run, whatever the bot
    signed: it cannot be talked into more than the configuration says.
    """
    tools.configuration.service_for(request.environment, request.image.repository, request.service)
    host = tools.configuration.host_of(request.environment)
    choice = for_host(request.image, host, tools)
    resolved = _resolved(request.image, choice, running, tools)
    _refuse_rolled_back(request, resolved.image.pin, tools)
    _refuse_unreleased_before(request, resolved, tools)
    return OrdersScan(resolved, Stage.PLAN)


def examine_alone(request: ScanRequest, running: Running, tools: Toolbox) -> OrdersScan:
    """Pin the tag to its digest, and order its scan."""
    choice = for_people(request.image, tools.configuration)
    return OrdersScan(_resolved(request.image, choice, running, tools), Stage.WORK)


def _resolved(image: ImageRef, choice: Choice, running: Running, tools: Toolbox) -> Resolved:
    """What the tag means: found out once, also when the scan has to be ordered again."""
    known = running.operation.resolved
    if known is not None:
        return known
    running.report(Progress("resolving the tag"))
    return resolve_member(image, tools.registry(image.repository.registry), choice)


def _refuse_rolled_back(request: DeployRequest, digest: Digest, tools: Toolbox) -> None:
    mark = bad_digests_of(request.environment, request.service, tools).get(digest)
    if mark is not None:
        raise Conflict(
            f"{tools.familiar(request.image)} was rolled back from "
            f"{request.environment}/{request.service}.",
            why=f"#{mark.operation} did that, so the same digest {digest.short} is not deployed "
            "there again.",
            next_step="Deploy another build of it.",
        )


def _refuse_unreleased_before(request: DeployRequest, resolved: Resolved, tools: Toolbox) -> None:
    """The same image, or another member of the same index: hosts may be of several platforms."""
    before = tools.configuration.environment(request.environment).after
    if before is None:
        return
    services = tools.configuration.environment(before).services
    for service in services:
        for one in releases_of(before, service, tools, 500):
            released = Resolved(one.image, None, one.member)
            if released.image.pin == resolved.image.pin or released.named == resolved.named:
                return
    name = tools.familiar(request.image)
    raise Conflict(
        f"{name} ({resolved.named.short}) was never released in {before}.",
        why=f"{request.environment} accepts only what ran in {before}.",
        next_step=f"Deploy it there first: `/image deploy {name} to {before}`.",
    )
