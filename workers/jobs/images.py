"""images: what is on a Docker host."""

from quaymaster.outcomes import ImagesListed
from quaymaster.requests import ImagesRequest
from workers.images import images
from workers.steps import Finished
from workers.toolbox import Toolbox


def list_images(request: ImagesRequest, tools: Toolbox) -> Finished:
    """Ask the engine; newest first."""
    return Finished(ImagesListed(request.host, images(tools.engine(request.host))))
