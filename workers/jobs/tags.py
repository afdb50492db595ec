"""tags: every tag of a repository."""

from quaymaster.outcomes import TagsListed
from quaymaster.requests import TagsRequest
from workers.steps import Finished
from workers.toolbox import Toolbox


def list_tags(request: TagsRequest, tools: Toolbox) -> Finished:
    """Ask the registry, over as many pages as it makes of them."""
    tags = tools.registry(request.repository.registry).tags(request.repository)
    return Finished(TagsListed(request.repository, tags.names))
