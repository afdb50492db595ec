"""inspect: what an image is, in the registry or on a host."""

from quaymaster.image_ref import ImageRef
from quaymaster.outcomes import Inspected
from quaymaster.requests import InspectRequest
from workers.docker.images import inspect
from workers.registry.manifests import ImageIndex, Manifest
from workers.work.steps import Finished
from workers.work.toolbox import Toolbox

_WHERE = "registry"


def inspect_image(request: InspectRequest, tools: Toolbox) -> Finished:
    """Look where the request says."""
    if request.host is not None:
        return Finished(_on_host(request.image, request.host, tools))
    return Finished(_in_registry(request, tools))


def _in_registry(request: InspectRequest, tools: Toolbox) -> Inspected:
    registry = tools.registry(request.image.repository.registry)
    manifest = registry.manifest(request.image)
    pinned = request.image.pinned(manifest.digest)
    about = registry.configuration(pinned)
    return Inspected(
        image=pinned,
        where=_WHERE,
        digest=manifest.digest,
        size=about.image.size,
        created=about.created,
        platforms=_platforms(manifest) or (str(about.platform),),
        parameters=about.parameters,
        layers=len(about.image.layers),
    )


def _on_host(image: ImageRef, host: str, tools: Toolbox) -> Inspected:
    details = inspect(tools.engine(host), image)
    digest = details.digest_in(image.repository)
    return Inspected(
        image=image,
        where=host,
        digest=digest or details.image_id,
        is_image_id=digest is None,
        size=details.size,
        created=details.created,
        platforms=(details.platform,),
        parameters=details.parameters,
        layers=details.layers,
    )


def _platforms(manifest: Manifest) -> tuple[str, ...]:
    if isinstance(manifest, ImageIndex):
        return tuple(str(platform) for platform in manifest.platforms)
    return ()
