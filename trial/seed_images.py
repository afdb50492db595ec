"""Puts the sample images into the registry or onto the Docker host."""

from typing import Any

from quaymaster.errors import OutsideFailure
from trial.archive import archive_of
from trial.busybox import static_busybox
from trial.engine import Engine
from trial.images import PUBLISHED, TO_BE_PUSHED, sample_images
from trial.invocation import invocation
from trial.registry import SampleRegistry


def seed_images(engine: Engine, registry: SampleRegistry, trial: str) -> None:
    """Put every sample image into place; those that are already there stay unchanged.

    Raises NotFound, saying what to install, when there is nothing to make them of, and
    OutsideFailure with the engine's words.
    """
    missing = [one for one in PUBLISHED if not registry.has(*one)]
    absent = [one for one in TO_BE_PUSHED if not _is_on(engine, _reference(registry, *one))]
    if not missing and not absent:
        return
    images = sample_images(static_busybox(engine), engine.architecture, trial)
    wanted = {_reference(registry, *one): images[one] for one in (*missing, *absent)}
    for _ in engine.client.images.load(archive_of(wanted)):
        pass
    for repository, tag in missing:
        _publish(engine, registry, repository, tag)


def _publish(engine: Engine, registry: SampleRegistry, repository: str, tag: str) -> None:
    """Push an image; the engine keeps no tag of it."""
    name = f"{registry.host}/{repository}"
    events: Any = engine.client.images.push(
        name, tag, auth_config=registry.credentials, stream=True, decode=True
    )
    for event in events:
        if "error" in event:  # a failed push is reported inside the stream, and nowhere else
            raise OutsideFailure(
                f"The sample image {name}:{tag} could not be pushed.",
                why=str(event["error"]),
                next_step=(
                    f"Start again; if it keeps happening, start over: {invocation('--reset')}."
                ),
            )
    engine.client.images.remove(f"{name}:{tag}", noprune=True)


def _reference(registry: SampleRegistry, repository: str, tag: str) -> str:
    return f"{registry.host}/{repository}:{tag}"


def _is_on(engine: Engine, reference: str) -> bool:
    return bool(engine.client.images.list(name=reference))
