"""pull: bring an image to a host."""

from quaymaster.requests import PullRequest
from workers.docker.images import pull
from workers.work.running import RunningOperation
from workers.work.steps import Finished
from workers.work.toolbox import Toolbox


def pull_image(request: PullRequest, work: RunningOperation, tools: Toolbox) -> Finished:
    """Pull with the configured login, with one bar for all layers."""
    login = tools.login(request.image.repository.registry)
    engine = tools.engine(request.host)
    return Finished(pull(engine, request.image, login, work.report, work.check))
