"""tags: every tag of a repository."""

from quaymaster.outcomes import TagsListed
from quaymaster.requests import TagsRequest
from workers.work.toolbox import Toolbox


def list_tags(request: TagsRequest, tools: Toolbox) -> TagsListed:
    """Ask the registry, over as many pages as it makes of them."""
    names = tools.registry(request.repository.registry).tags(request.repository).names
    return TagsListed(request.repository, names, len(names), len(names))
