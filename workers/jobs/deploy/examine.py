"""The first stage of a deploy or a scan: what is this image? Then the scanner is asked."""

from quaymaster.admissible import refuse
from quaymaster.image_ref import ImageRef
from quaymaster.operations import Stage
from quaymaster.plans import Resolved
from quaymaster.progress import Progress
from quaymaster.request_facts import service_change
from quaymaster.requests import DeployRequest, ScanRequest
from workers.jobs.deploy.members import ImageSelection, for_host, for_people, resolve_member
from workers.jobs.deploy.permitted import answers
from workers.work.running import RunningOperation
from workers.work.steps import OrdersScan
from workers.work.toolbox import Toolbox


def examine(request: DeployRequest, work: RunningOperation, tools: Toolbox) -> OrdersScan:
    """Pin the tag to its digest, refuse what may not run there, and order its scan.

    Raises UsageError for an image of a repository that the service may not run, whatever the bot
    signed: it cannot be talked into more than the configuration says.
    """
    tools.configuration.service_for(request.environment, request.image.repository, request.service)
    target = tools.configuration.target_of(request.environment)
    choice = for_host(request.image, target.name, tools)
    resolved = _resolved(request.image, choice, work, tools)
    refuse(answers(work.operation, service_change(request), resolved, tools))
    return OrdersScan(resolved, Stage.PLAN)


def examine_alone(request: ScanRequest, work: RunningOperation, tools: Toolbox) -> OrdersScan:
    """Pin the tag to its digest, and order its scan."""
    choice = for_people(request.image, tools.configuration)
    return OrdersScan(_resolved(request.image, choice, work, tools), Stage.WORK)


def _resolved(
    image: ImageRef, choice: ImageSelection, work: RunningOperation, tools: Toolbox
) -> Resolved:
    """What the tag means: found out once, also when the scan has to be ordered again."""
    resolved = work.operation.resolved
    if resolved is not None:
        return resolved
    work.report(Progress("resolving the tag"))
    return resolve_member(image, tools.registry(image.repository.registry), choice)
