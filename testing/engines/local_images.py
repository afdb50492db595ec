"""Bringing the test images into an engine and from there into a registry."""

import contextlib
import hashlib
from collections.abc import Mapping
from typing import Any

import docker
from docker.errors import ImageNotFound, NotFound

from testing.engines.registries import Registry
from testing.engines.run_directory import EngineError
from testing.images.catalogue import make_big_image
from trial.archive import Image, archive_of


def load_images(engine: docker.DockerClient, images: Mapping[str, Image]) -> None:
    """Load images under these names. Raises EngineError when one arrived as something else."""
    for _ in engine.images.load(archive_of(images)):
        pass
    for name, image in images.items():
        held = engine.images.get(name).attrs["RootFS"]["Layers"]
        if held != [layer.digest for layer in image.layers]:
            raise EngineError(f"{name} has other layers in the engine: {held}")


def load_big_image(
    engine: docker.DockerClient, name: str, *, layers: int = 6, layer_bytes: int = 4_000_000
) -> None:
    """Load an image of layers that do not compress, for transfers one can watch and cut. No other
    name has the same: a store of containerd has one push of a layer wait for another.
    """
    kind = hashlib.sha256(name.encode()).hexdigest()[:16]
    load_images(engine, {name: make_big_image(layers=layers, layer_bytes=layer_bytes, kind=kind)})


def push_image(
    engine: docker.DockerClient, registry: Registry, image: str, repository: str, tag: str
) -> str:
    """Push a local image as `repository:tag`; return its digest in the registry.

    The engine keeps no tag of it. Raises EngineError with the engine's words when the push
    fails, which it reports inside the stream.
    """
    reference = f"{registry.host}/{repository}"
    engine.images.get(image).tag(reference, tag)
    try:
        credentials = {"username": registry.username, "password": registry.password}
        events = engine.images.push(
            reference, tag, auth_config=credentials, stream=True, decode=True
        )
        for event in events:
            if "error" in event:
                raise EngineError(f"push of {reference}:{tag}: {event['error']}")
    finally:
        engine.images.remove(f"{reference}:{tag}", noprune=True)
    digest = registry.digest(repository, tag)
    if digest is None:
        raise EngineError(f"{reference}:{tag} is not in the registry after its push")
    return digest


def remove_images(engine: docker.DockerClient, repository: str) -> None:
    """Remove every local tag and digest whose name holds `repository`."""
    # The plain list: `engine.images.list()` asks about each image again, and others remove some.
    for image in _listed(engine):
        names = image.get("RepoTags") or []
        digests = image["RepoDigests"] or []
        for reference in (*names, *digests):
            if f"/{repository}:" in reference or f"/{repository}@" in reference:
                try:
                    engine.images.remove(reference, force=True, noprune=False)
                except ImageNotFound:  # its last name went with the one before
                    break


def _listed(engine: docker.DockerClient) -> list[dict[str, Any]]:
    """With containerd's store, an engine cannot list while another test removes an image."""
    for _ in range(20):
        with contextlib.suppress(NotFound):
            return list(engine.api.images())
    return list(engine.api.images())
