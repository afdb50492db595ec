"""images: what is on a Docker host."""

from quaymaster.outcomes import ImagesListed
from quaymaster.requests import ImagesRequest
from workers.docker.images import images
from workers.work.toolbox import Toolbox


def list_images(request: ImagesRequest, tools: Toolbox) -> ImagesListed:
    """Ask the engine; newest first."""
    listing = images(tools.engine(request.host))
    return ImagesListed(request.host, listing, len(listing), len(listing))
