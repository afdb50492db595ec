"""Checks on the host itself that a mounted directory is where its name says.

A name within ``allow_paths`` proves nothing: anyone who can write to an allowed directory can put a
symbolic link to /etc there. The worker does not see the host's files, so the engine is asked: by a
container that is made and never started, with the allowed directory mounted under a name that
nobody could know, and looked into step by step. What the image of that container holds plays no
part in it.

https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerArchiveInfo
"""

import base64
import posixpath
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from docker.types import Mount

from quaymaster.configuration.schema_values import is_inside
from quaymaster.errors import NotAllowed, NotFound, OutsideFailure
from quaymaster.image_ref import PinnedImage
from quaymaster.services import Volume
from quaymaster.target import ServiceRef
from workers.docker.engine import Engine
from workers.outside.best_effort import best_effort
from workers.outside.foreign_json import Foreign
from workers.targets.docker_host.labels import LABEL
from workers.targets.target import Work

_STAT = "X-Docker-Container-Path-Stat"
_IS_LINK = 1 << 27
"""Of Go's own file modes (https://pkg.go.dev/io/fs#FileMode)."""
_LOOKING = "look-at-paths"


def expect_within(
    engine: Engine,
    service: ServiceRef,
    image: PinnedImage,
    volumes: Sequence[Volume],
    allowed: Sequence[str],
    work: Work,
) -> None:
    """Raise NotAllowed for a directory of the host that leads out of what is allowed, or could:
    within an allowed directory no part of the name may be a symbolic link. Raises NotFound for one
    that is not there, which the engine would make, and whoever is faster could put a link there.

    ``image`` is one that the engine holds, for this service.
    """
    beneath: dict[str, list[str]] = {}
    for volume in volumes:
        if volume.source.startswith("/"):
            root = _root_of(volume.source, allowed)
            if root != volume.source:
                beneath.setdefault(root, []).append(volume.source)
    if not beneath:
        return
    _remove_earlier(engine, service, work)
    for root, sources in beneath.items():
        with _looking_into(engine, service, image, root, work) as is_link:
            for source in sources:
                _expect_no_link(engine, source, root, is_link)


def _root_of(source: str, allowed: Sequence[str]) -> str:
    """The outermost one: who may write there can replace one that is allowed within it."""
    roots = [path for path in allowed if is_inside(source, path)]
    if posixpath.normpath(source) != source or not roots:
        raise NotAllowed(
            f"The volume {source} is not mounted.",
            why="It is not within the `allow_paths` of its host.",
            next_step="Your Quaymaster administrator can allow it there.",
        )
    return min(roots, key=len)


def _expect_no_link(
    engine: Engine, source: str, root: str, is_link: Callable[[str], bool | None]
) -> None:
    within = ""
    for name in posixpath.relpath(source, root).split("/"):
        within = posixpath.join(within, name)
        link = is_link(within)
        if link is None:
            raise NotFound(
                f"The volume {source} is not mounted.",
                why=f"{posixpath.join(root, within)} does not exist on {engine.name}.",
                next_step="Make it there, for the user that the service runs as.",
            )
        if link:
            raise NotAllowed(
                f"The volume {source} is not mounted.",
                why=f"{posixpath.join(root, within)} is a symbolic link on {engine.name}: anyone "
                f"who can write to {root} decides where it leads.",
                next_step="Write the real directory in `volumes`, or replace the link with a "
                "directory.",
            )


@contextmanager
def _looking_into(
    engine: Engine,
    service: ServiceRef,
    image: PinnedImage,
    root: str,
    work: Work,
) -> Iterator[Callable[[str], bool | None]]:
    """Whether a name within a directory of the host is a link; None if it is missing."""
    point = f"/quaymaster-{secrets.token_hex(16)}"
    work.fence()
    with engine.calling(f"{root} on {engine.name}") as api:
        created = api.create_container(
            image.by_digest,
            entrypoint=["/never-started"],
            command=[],
            name=f"quaymaster-look-{secrets.token_hex(8)}",
            labels={
                f"{LABEL}role": _LOOKING,
                f"{LABEL}environment": service.environment,
                f"{LABEL}service": service.service,
            },
            network_disabled=True,
            host_config=api.create_host_config(
                # A mount, not a bind: what is missing is an error then, and is not made.
                mounts=[Mount(point, root, type="bind", read_only=True)],
                network_mode="none",
            ),
        )["Id"]
    try:
        yield lambda name: _is_link(engine, created, f"{point}/{name}", posixpath.join(root, name))
    finally:
        # It never ran, and the next look removes what is left.
        best_effort(lambda: _remove(engine, created), None)


def _remove(engine: Engine, container: str) -> None:
    with engine.calling("The container") as api:
        api.remove_container(container, force=True, v=True)


def _is_link(engine: Engine, container: str, path: str, shown: str) -> bool | None:
    with engine.calling(shown) as api:
        answer = api.head(
            f"{api.base_url}/v{api.api_version}/containers/{container}/archive",
            params={"path": path},
            timeout=api.timeout,
        )
    if answer.status_code == 404:
        return None
    header = answer.headers.get(_STAT)
    if answer.status_code != 200 or header is None:
        raise OutsideFailure(
            f"{engine.name} does not report what is at {shown}.",
            why=f"It answered with the status {answer.status_code}.",
            next_step="Check that each part of it is a directory and not a link to itself; "
            "otherwise look at the log of the Docker engine there.",
        )
    with engine.calling(shown):
        return bool(_Stat.model_validate_json(base64.b64decode(header)).mode & _IS_LINK)


class _Stat(Foreign):
    mode: int


def _remove_earlier(engine: Engine, service: ServiceRef, work: Work) -> None:
    """What a worker left that died meanwhile: who has the lease of the service looks alone."""
    labels = [
        f"role={_LOOKING}",
        f"environment={service.environment}",
        f"service={service.service}",
    ]
    with engine.calling() as api:
        left = api.containers(all=True, filters={"label": [f"{LABEL}{one}" for one in labels]})
    for one in left:
        work.fence()
        with suppress(NotFound):
            _remove(engine, one["Id"])
