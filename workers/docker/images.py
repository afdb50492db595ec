"""The images of a Docker host: pull, push, tag, list, inspect."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import Field

from quaymaster.errors import NotFound, OutsideFailure
from quaymaster.image_ref import Digest, ImageRef, Repository
from quaymaster.outcomes import ExecutionParameters, HistoryStep, LocalImage, Pulled, Pushed, Tagged
from quaymaster.redaction.redaction import redact
from workers.docker.engine import Engine
from workers.docker.failures import Phase
from workers.docker.names import as_engines_name
from workers.docker.streams import TransferFold
from workers.docker.transfers import Report, transfer
from workers.outside.best_effort import best_effort
from workers.outside.exchange import Check
from workers.outside.foreign_json import Foreign, Texts
from workers.registry.auth import RegistryLogin
from workers.registry.image_configuration import Config, built_at

_NO_NAME = "<none>"
_MOST_LISTS = 5


@dataclass(frozen=True, slots=True)
class HostImage:
    """What an engine says about an image."""

    image_id: Digest
    names: tuple[str, ...]
    digests: tuple[str, ...]
    """``registry/path@sha256:…``, one for each repository it was pulled from or pushed to."""
    size: int
    created: datetime | None
    platform: str
    parameters: ExecutionParameters
    layers: int

    def digest_in(self, repository: Repository) -> Digest | None:
        """The digest of its manifest there, if the engine knows one."""
        for name in self.digests:
            found = as_engines_name(name)
            if found is not None and found.repository == repository:
                return found.digest
        return None


def pull(
    engine: Engine, image: ImageRef, login: RegistryLogin | None, report: Report, check: Check
) -> Pulled:
    """Bring an image to the host, by digest where the reference has one.

    Raises NotFound, LoginRefused, DiskFull or another OutsideFailure, and whatever ``check``
    raises; the engine keeps the layers that arrived, so that trying again goes on from there.
    """
    started = time.monotonic()
    fold = transfer(
        engine,
        "/images/create",
        # With a digest the engine takes it in the place of the tag.
        {"fromImage": str(image.repository), "tag": image.selector},
        login,
        _fold(engine, image, login, Phase.PULL),
        "pulling",
        report,
        check,
    )
    pulled = inspect(engine, image)
    digest = fold.digest or image.digest or pulled.digest_in(image.repository)
    if digest is None:
        raise _no_digest(engine, image)
    return Pulled(
        image.pinned(digest),
        engine.name,
        digest,
        pulled.size,
        time.monotonic() - started,
        already_there=fold.up_to_date,
    )


def push(
    engine: Engine,
    image: ImageRef,
    login: RegistryLogin | None,
    report: Report,
    check: Check,
    digest_in_registry: Callable[[ImageRef], Digest | None] = lambda _: None,
) -> Pushed:
    """Bring a tag of the host to its registry; raises like ``pull``.

    A push that was stopped leaves layers in the registry, and the tag as it was. ``asked`` has the
    registry say what a tag means, for engines that do not tell what they have pushed.
    """
    started = time.monotonic()
    if image.tag is None:
        raise NotFound(
            f"{image} names no tag to push.",
            next_step=f"Write {image.repository}:TAG; `/image images` lists what the host has.",
        )
    tagged = image.unpinned
    local = inspect(engine, tagged)
    fold = transfer(
        engine,
        f"/images/{image.repository}/push",
        {"tag": image.tag},
        login,
        _fold(engine, tagged, login, Phase.PUSH),
        "pushing",
        report,
        check,
    )
    digest = fold.digest or best_effort(lambda: digest_in_registry(tagged), None)
    if digest is None:
        raise _no_digest(engine, image)
    return Pushed(
        tagged.pinned(digest),
        engine.name,
        digest,
        local.size,
        fold.layers,
        fold.layers_already_there,
        time.monotonic() - started,
    )


def tag(engine: Engine, source: ImageRef, new: ImageRef) -> Tagged:
    """Give an image of the host one more name; ``new`` needs a tag.

    Raises NotFound when the source is not there.
    """
    started = time.monotonic()
    if new.tag is None:
        raise NotFound(
            f"{new} names no tag.",
            next_step=f"Write the whole new name, like {new.repository}:1.4.",
        )
    image = inspect(engine, source)
    replaced = _known(engine, new)
    with engine.calling(str(source)) as api:
        api.tag(str(image.image_id), str(new.repository), new.tag)
    return Tagged(
        source,
        new,
        engine.name,
        image.image_id,
        replaced.image_id if replaced and replaced.image_id != image.image_id else None,
        time.monotonic() - started,
    )


def images(engine: Engine) -> tuple[LocalImage, ...]:
    """The images of the host, newest first; those without a name have empty ``names``."""
    listing = _list_of(engine, _MOST_LISTS)
    oldest = datetime.fromtimestamp(0, UTC)
    return tuple(sorted(listing, key=lambda one: one.created or oldest, reverse=True))


def _list_of(engine: Engine, attempts: int) -> list[LocalImage]:
    """With containerd's store, an engine fails with 404 if an image is removed while it lists them
    (seen with Docker 26). Raises OutsideFailure if the last attempt fails in that way too.
    """
    try:
        with engine.calling() as api:
            return [_listed(_Listed.model_validate(one)) for one in api.images()]
    except NotFound as error:
        if attempts > 1:
            return _list_of(engine, attempts - 1)
        raise OutsideFailure(
            f"{engine.name} cannot list its images: it keeps losing one while it lists them.",
            why=str(error),
            next_step="Try again in a minute.",
        ) from error


def inspect(engine: Engine, image: ImageRef) -> HostImage:
    """What the engine knows of an image, by digest where the reference has one, else by tag.

    Raises NotFound when it is not on the host.
    """
    with engine.calling(str(image)) as api:
        return _host_image(_Image.model_validate(api.inspect_image(_name(image))))


def history(engine: Engine, image: ImageRef) -> tuple[HistoryStep, ...]:
    """The steps that an image of the host was built in, newest first; secrets are taken out."""
    with engine.calling(str(image)) as api:
        steps = [_Step.model_validate(one) for one in api.history(_name(image))]
        return tuple(
            HistoryStep(redact(step.created_by or step.comment), _moment(step.created), step.size)
            for step in steps
        )


def _known(engine: Engine, image: ImageRef) -> HostImage | None:
    try:
        return inspect(engine, image)
    except NotFound:
        return None


def _name(image: ImageRef) -> str:
    """Docker refuses a name with both; an image id (``name@id``) is known by the id alone."""
    pinned = image.if_pinned
    return pinned.by_digest if pinned is not None else f"{image.repository}:{image.selector}"


def _fold(
    engine: Engine, image: ImageRef, login: RegistryLogin | None, phase: Phase
) -> TransferFold:
    return TransferFold(str(image), engine.name, phase, login.secrets if login else ())


def _no_digest(engine: Engine, image: ImageRef) -> OutsideFailure:
    return OutsideFailure(
        f"{engine.name} ended the transfer of {image} without naming a digest.",
        why="It is not known whether it is complete.",
        next_step="Try again; if it keeps happening, look at the engine's log.",
        trying_again_can_help=True,
    )


def _is_name(text: str) -> bool:
    return _NO_NAME not in text


def _listed(image: "_Listed") -> LocalImage:
    return LocalImage(
        tuple(str(as_engines_name(name) or name) for name in image.names or () if _is_name(name)),
        image.id,
        image.size,
        datetime.fromtimestamp(image.created, UTC) if image.created > 0 else None,
    )


def _host_image(image: "_Image") -> HostImage:
    variant = f"/{image.variant}" if image.variant else ""
    return HostImage(
        image_id=Digest(image.id),
        names=tuple(filter(_is_name, image.names or ())),
        digests=tuple(filter(_is_name, image.digests or ())),
        size=image.size,
        created=built_at(image.created),
        platform=f"{image.os}/{image.architecture}{variant}",
        parameters=(image.config or Config()).parameters(),
        layers=len(image.root_fs.layers or ()) if image.root_fs else 0,
    )


def _moment(seconds: int) -> datetime | None:
    moment = datetime.fromtimestamp(max(0, seconds), UTC)
    return moment if moment.year > 1980 else None


class _RootFS(Foreign):
    layers: Texts | None = Field(default=None, alias="Layers")


class _Image(Foreign):
    id: str = Field(alias="Id")
    names: Texts | None = Field(default=None, alias="RepoTags")
    digests: Texts | None = Field(default=None, alias="RepoDigests")
    size: int = Field(default=0, alias="Size")
    created: str | None = Field(default=None, alias="Created")
    os: str = Field(default="linux", alias="Os")
    architecture: str = Field(default="unknown", alias="Architecture")
    variant: str | None = Field(default=None, alias="Variant")
    config: Config | None = Field(default=None, alias="Config")
    root_fs: _RootFS | None = Field(default=None, alias="RootFS")


class _Listed(Foreign):
    id: str = Field(alias="Id")
    names: Texts | None = Field(default=None, alias="RepoTags")
    size: int = Field(default=0, alias="Size")
    created: int = Field(default=0, alias="Created")


class _Step(Foreign):
    created: int = Field(default=0, alias="Created")
    created_by: str = Field(default="", alias="CreatedBy")
    comment: str = Field(default="", alias="Comment")
    size: int | None = Field(default=None, alias="Size")
