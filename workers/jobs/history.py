"""history: the steps that an image was built in."""

from quaymaster.outcomes import HistoryListed
from quaymaster.requests import HistoryRequest
from workers.images import history
from workers.steps import Finished
from workers.toolbox import Toolbox


def list_history(request: HistoryRequest, tools: Toolbox) -> Finished:
    """Look where the request says."""
    if request.host is not None:
        steps = history(tools.engine(request.host), request.image)
        return Finished(HistoryListed(request.image, request.host, steps))
    about = tools.registry(request.image.repository.registry).configuration(request.image)
    return Finished(HistoryListed(request.image, "registry", about.history))
