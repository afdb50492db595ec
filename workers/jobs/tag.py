"""tag: one more name for an image, in the registry where it is there, else on a host."""

import time

from quaymaster.errors import NotFound
from quaymaster.operations import Stage
from quaymaster.outcomes import Tagged
from quaymaster.queues import host_of, host_queue
from quaymaster.requests import TagRequest
from workers.docker.images import tag
from workers.work.running import RunningOperation
from workers.work.steps import Continues, Finished
from workers.work.toolbox import Toolbox


def tag_image(request: TagRequest, work: RunningOperation, tools: Toolbox) -> Finished | Continues:
    """In the registry; where the source is not there, the host's worker does it instead."""
    here = host_of(work.operation.queue)
    if here is not None:
        return Finished(tag(tools.engine(here), request.source, request.new))
    started = time.monotonic()
    registry = tools.registry(request.source.repository.registry)
    try:
        retagged = registry.tag(request.source, request.new, work.check)
    except NotFound:
        hosts = tuple(tools.configuration.hosts)
        host = request.host or (hosts[0] if len(hosts) == 1 else None)
        if host is None:
            raise
        return Continues(Stage.WORK, host_queue(host))
    return Finished(
        Tagged(
            source=request.source.pinned(retagged.digest),
            new=request.new.pinned(retagged.digest),
            where="registry",
            digest=retagged.digest,
            replaced=retagged.replaced,
            seconds=time.monotonic() - started,
        )
    )
