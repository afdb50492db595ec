"""push: bring a tag of a host to its registry."""

from quaymaster.image_ref import Digest, ImageRef
from quaymaster.requests import PushRequest
from workers.docker.images import push
from workers.work.running import RunningOperation
from workers.work.steps import Finished
from workers.work.toolbox import Toolbox


def push_image(request: PushRequest, work: RunningOperation, tools: Toolbox) -> Finished:
    """Push with the configured login, with one bar for all layers."""
    login = tools.login(request.image.repository.registry)
    engine = tools.engine(request.host)

    def in_registry(image: ImageRef) -> Digest | None:
        found = tools.registry(image.repository.registry).find(image)
        return found.digest if found is not None else None

    return Finished(push(engine, request.image, login, work.report, work.check, in_registry))
