"""The configuration of an image: what runs, as whom, with which variables and health check.

https://github.com/opencontainers/image-spec/blob/main/config.md; Docker's differs by the health
check (https://docs.docker.com/reference/dockerfile/#healthcheck).
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import BaseModel, Field, ValidationError

from quaymaster.outcomes import HistoryStep
from quaymaster.redaction import MARK, looks_secret, redact
from workers.manifests import Descriptor, ImageManifest, Platform, not_an_image

CONFIGURATION_TYPES = frozenset(
    {
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.docker.container.image.v1+json",
    }
)


@dataclass(frozen=True, slots=True)
class ImageConfiguration:
    """What an image says about itself. Values that look secret are already replaced."""

    image: ImageManifest
    """For an index: the member for the platform."""
    platform: Platform
    created: datetime | None
    environment: tuple[str, ...]
    """``NAME=value``"""
    labels: tuple[tuple[str, str], ...]
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    user: str
    ports: tuple[str, ...]
    """``8080/tcp``"""
    working_directory: str
    health_check: str
    """The command, or nothing where there is no check."""
    history: tuple[HistoryStep, ...]
    """Newest first. Sizes are those of the stored layers (compressed), where they are clear."""


def read_configuration(content: bytes, image: ImageManifest, name: str) -> ImageConfiguration:
    """Read the configuration of an image that people call ``name``.

    Raises OutsideFailure for what is none.
    """
    try:
        file = _File.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise not_an_image(name, f"Its configuration does not read: {first['msg']}.") from None
    config = file.config or _Config()
    return ImageConfiguration(
        image=image,
        platform=Platform(file.os, file.architecture, file.variant),
        created=_date(file.created),
        environment=tuple(shown_variable(one) for one in config.env or ()),
        labels=tuple((key, _shown(key, value)) for key, value in (config.labels or {}).items()),
        entrypoint=tuple(redact(word) for word in config.entrypoint or ()),
        command=tuple(redact(word) for word in config.cmd or ()),
        user=config.user,
        ports=tuple(sorted(config.exposed_ports or {})),
        working_directory=config.working_dir,
        health_check=_health_check(config.healthcheck),
        history=_history(file.history or [], image.layers),
    )


def shown_variable(text: str) -> str:
    """``NAME=value``, without the value where it looks secret."""
    name, equals, value = text.partition("=")
    return f"{name}{equals}{_shown(name, value)}"


def _shown(name: str, value: str) -> str:
    return MARK if looks_secret(name, value) else value


def _health_check(found: "_HealthCheck | None") -> str:
    words = list(found.test or ()) if found else []
    if not words or words[0] == "NONE":
        return ""
    return redact(" ".join(words[1:] if words[0] in ("CMD", "CMD-SHELL") else words))


def _history(steps: "list[_Step]", layers: tuple[Descriptor, ...]) -> tuple[HistoryStep, ...]:
    filled = sum(not step.empty_layer for step in steps)
    sizes = iter(layers) if filled == len(layers) else None
    read = []
    for step in steps:
        size = 0 if step.empty_layer else (next(sizes).size if sizes is not None else None)
        words = redact(step.created_by or step.comment)
        read.append(HistoryStep(words, _date(step.created), size))
    return tuple(reversed(read))


def _date(text: str | None) -> datetime | None:
    """A date, or None for none; reproducible builds write the years 1, 1970 or 1980 for it."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return found if found.year > 1980 else None


class _HealthCheck(BaseModel):
    test: list[str] | None = Field(default=None, alias="Test")


class _Config(BaseModel):
    env: list[str] | None = Field(default=None, alias="Env")
    labels: dict[str, str] | None = Field(default=None, alias="Labels")
    entrypoint: list[str] | None = Field(default=None, alias="Entrypoint")
    cmd: list[str] | None = Field(default=None, alias="Cmd")
    user: str = Field(default="", alias="User")
    exposed_ports: dict[str, object] | None = Field(default=None, alias="ExposedPorts")
    working_dir: str = Field(default="", alias="WorkingDir")
    healthcheck: _HealthCheck | None = Field(default=None, alias="Healthcheck")


class _Step(BaseModel):
    created: str | None = None
    created_by: str = ""
    comment: str = ""
    empty_layer: bool = False


class _File(BaseModel):
    os: str = "unknown"
    architecture: str = "unknown"
    variant: str = ""
    created: str | None = None
    config: _Config | None = None
    history: list[_Step] | None = None
