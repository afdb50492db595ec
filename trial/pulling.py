"""Images of Docker Hub, where it can be reached."""

import docker
import requests
from docker.errors import DockerException

from trial.engine import Engine

_PATIENCE_SECONDS = 30
"""How long a pull may say nothing; it talks all the time while bytes arrive."""


def pulled(engine: Engine, image: str) -> bool:
    """Whether the engine has the image now: it had it, or could pull it."""
    if _has(engine, image):
        return True
    repository, _, tag = image.partition(":")
    client = docker.DockerClient(base_url=engine.host, timeout=_PATIENCE_SECONDS)
    try:
        # What goes wrong comes in the stream, or before it as an answer of the engine.
        events = client.api.pull(repository, tag, stream=True, decode=True)
        if any("error" in event for event in events):
            return False
    except (DockerException, requests.RequestException):
        return False
    finally:
        client.close()
    return _has(engine, image)


def _has(engine: Engine, image: str) -> bool:
    try:
        engine.client.images.get(image)
    except DockerException:
        return False
    return True
