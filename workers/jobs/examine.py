"""The first stage of a deploy or a scan: what is this image? Then the scanner is asked."""

from quaymaster.admissible import refuse
from quaymaster.image_ref import ImageRef
from quaymaster.operations import Stage
from quaymaster.plans import Resolved
from quaymaster.progress import Progress
from quaymaster.requests import DeployRequest, ScanRequest
from workers.permitted import answers
from workers.running import Running
from workers.steps import OrdersScan
from workers.toolbox import Toolbox


def examine(request: DeployRequest, running: Running, tools: Toolbox) -> OrdersScan:
    """Pin the tag to its digest, refuse what may not run there, and order its scan."""
    resolved = _resolved(request.image, running, tools)
    refuse(answers(running.operation, resolved.image, tools))
    return OrdersScan(resolved, Stage.PLAN)


def examine_alone(request: ScanRequest, running: Running, tools: Toolbox) -> OrdersScan:
    """Pin the tag to its digest, and order its scan."""
    return OrdersScan(_resolved(request.image, running, tools), Stage.WORK)


def _resolved(image: ImageRef, running: Running, tools: Toolbox) -> Resolved:
    """What the tag means: found out once, also when the scan has to be ordered again."""
    known = running.operation.resolved
    if known is not None:
        return known
    running.report(Progress("resolving the tag"))
    registry = tools.registry(image.repository.registry)
    pinned = image.pinned(registry.resolve(image).digest)
    return Resolved(pinned, registry.size(pinned))
