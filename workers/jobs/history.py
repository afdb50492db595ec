"""history: the steps that an image was built in."""

from quaymaster.outcomes import HistoryListed
from quaymaster.requests import HistoryRequest
from workers.docker.images import history
from workers.work.toolbox import Toolbox


def list_history(request: HistoryRequest, tools: Toolbox) -> HistoryListed:
    """Look where the request says."""
    if request.host is not None:
        where, steps = request.host, history(tools.engine(request.host), request.image)
    else:
        registry = tools.registry(request.image.repository.registry)
        where, steps = "registry", registry.configuration(request.image).history
    return HistoryListed(request.image, where, steps, len(steps), len(steps))
