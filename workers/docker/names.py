"""Names of images as engines write them: one without a registry is on Docker Hub there."""

from quaymaster.errors import UsageError
from quaymaster.image_ref import DOCKER_HUB, ImageRef

_ID = "sha256:"


def as_engines_name(text: str) -> ImageRef | None:
    """The image that an engine means by a name; None for other text, such as an image's id."""
    if text.startswith(_ID):
        return None
    try:
        return ImageRef.parse(text, DOCKER_HUB)
    except UsageError:
        return None
