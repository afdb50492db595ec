"""Having exactly the image of a change on a Docker host."""

from collections.abc import Callable
from dataclasses import replace

from quaymaster.errors import NotFound, OutsideFailure
from quaymaster.image_ref import Digest, PinnedImage
from quaymaster.plans import Change
from quaymaster.platforms import Member
from workers.docker.engine import Engine
from workers.docker.images import inspect, pull
from workers.registry.auth import RegistryLogin
from workers.targets.target import Work

Login = Callable[[str], RegistryLogin | None]
"""How to log in to a registry, by its name."""


def bring_image(engine: Engine, change: Change, login: Login, work: Work) -> str:
    """Have exactly the image of the change on the host; a registry that is down does not matter
    when it is there. Gives the engine's id of it; raises OutsideFailure when it is another one.
    """
    pinned = replace(change.image, tag=None)
    try:
        held = inspect(engine, pinned)
    except NotFound:
        pull(engine, pinned, login(pinned.repository.registry), work.report, work.check)
        work.confirm()
        held = inspect(engine, pinned)
    refuse_another(engine, change.image, change.examined.member, held.image_id)
    return str(held.image_id)


def refuse_another(engine: Engine, image: PinnedImage, member: Member | None, held: Digest) -> None:
    """Raise OutsideFailure unless what the engine holds is the image that was looked at.

    ``held`` is the engine's own id of it: the digest of the configuration in the classic store,
    that of the manifest in containerd's.
    """
    if member is None:
        raise OutsideFailure(
            f"It is not known what {engine.name} should hold, so nothing was done.",
            why="The plan does not say what its image consists of.",
            next_step="Ask for it again.",
        )
    expected = image.digest if engine.has_containerds_store else member.config
    if held != expected:
        raise OutsideFailure(
            f"What {engine.name} holds as {image.repository.path}@{image.digest.short} is not the "
            "image that was examined, so it was not started.",
            why=f"Its id is {held.short}, and it should be {expected.short}.",
            next_step=f"Remove it on {engine.name} (`docker rmi {image.by_digest}`) and ask again; "
            "the host's administrator should find out how it got there.",
        )
