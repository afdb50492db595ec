"""The configuration of an image: what runs, as whom, with which variables and health check.

https://github.com/opencontainers/image-spec/blob/main/config.md
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import Field, ValidationError

from quaymaster.errors import OutsideFailure
from quaymaster.image_ref import shown
from quaymaster.outcomes import ExecutionParameters, HistoryStep
from quaymaster.platforms import Platform
from quaymaster.redaction.redaction import MARK, looks_secret, redact, redact_words
from quaymaster.redaction.secret_names import is_harmless_name
from workers.outside.foreign_json import Foreign, Several, TextByName, Texts, Words, reason_of
from workers.registry.manifests import (
    OCI_IMAGE,
    Descriptor,
    ImageManifest,
    not_an_image,
    unreadable,
)

# What Docker takes for the configuration of an image, some of it written by old registries:
# https://github.com/moby/moby/blob/v26.1.5/distribution/registry.go (ImageTypes)
_CONFIGURATION_TYPES = frozenset(
    {
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.docker.container.image.v1+json",
        *("application/octet-stream", "application/json", "text/html", ""),
    }
)


@dataclass(frozen=True, slots=True)
class ImageConfiguration:
    """What an image says about itself."""

    image: ImageManifest
    """For an index: the member for the platform."""
    platform: Platform
    created: datetime | None
    parameters: ExecutionParameters
    history: tuple[HistoryStep, ...]
    """Newest first. Sizes are those of the stored layers (compressed), where they are clear."""


def read_configuration(content: bytes, image: ImageManifest, name: str) -> ImageConfiguration:
    """Read the configuration of an image that people call ``name``.

    Docker reads that of an OCI manifest whatever it is called, and goes by what it says: by the
    layers of the image, which those of other artifacts do not have. Raises OutsideFailure for what
    is none.
    """
    try:
        file = _File.model_validate_json(content)
    except ValidationError as error:
        raise unreadable("configuration", name, reason_of(error)) from None
    if not is_named_as_one(image):
        layers = file.root_fs.layers if file.root_fs else None
        if not layers or len(layers) != len(image.layers):
            raise of_something_else(image, name)
    return ImageConfiguration(
        image=image,
        platform=Platform(file.os, file.architecture, file.variant),
        created=built_at(file.created),
        parameters=(file.config or Config()).parameters(),
        history=_history(file.history or [], image.layers),
    )


def is_named_as_one(image: ImageManifest) -> bool:
    """Whether the media type of its configuration says that this is an image."""
    return image.config.media_type.partition(";")[0].strip().lower() in _CONFIGURATION_TYPES


def may_be_one(image: ImageManifest) -> bool:
    """Whether its configuration is worth reading."""
    return is_named_as_one(image) or image.media_type == OCI_IMAGE


def of_something_else(image: ImageManifest, name: str) -> OutsideFailure:
    """The error for the manifest of another artifact."""
    return not_an_image(name, f"It holds {shown(image.config.media_type)}.")


def built_at(text: str | None) -> datetime | None:
    """A date, or None for none; reproducible builds write the years 1, 1970 or 1980 for it."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment if moment.year > 1980 else None


class _HealthCheck(Foreign):
    test: Texts | None = Field(default=None, alias="Test")

    def command(self) -> str:
        words = self.test or []
        if not words or words[0] == "NONE":
            return ""
        command = words[1:] if words[0] in ("CMD", "CMD-SHELL") else words
        return " ".join(redact_words(command))


class Config(Foreign):
    """The part that registries and engines write in the same way."""

    env: Texts | None = Field(default=None, alias="Env")
    labels: TextByName | None = Field(default=None, alias="Labels")
    entrypoint: Words | None = Field(default=None, alias="Entrypoint")
    cmd: Words | None = Field(default=None, alias="Cmd")
    user: str = Field(default="", alias="User")
    exposed_ports: dict[str, object] | None = Field(default=None, alias="ExposedPorts")
    health_check: _HealthCheck | None = Field(default=None, alias="Healthcheck")

    def parameters(self) -> ExecutionParameters:
        """The same without what is secret."""
        entrypoint, command = _run(self.entrypoint or [], self.cmd or [])
        return ExecutionParameters(
            entrypoint=entrypoint,
            command=command,
            user=redact(self.user),
            ports=tuple(redact(port) for port in sorted(self.exposed_ports or {})),
            environment=tuple(_shown_variable(one) for one in self.env or ()),
            labels=tuple(
                (redact(key), _shown(key, value)) for key, value in (self.labels or {}).items()
            ),
            health_check=self.health_check.command() if self.health_check else "",
        )


def _run(entrypoint: list[str], command: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Both are one command line: ``["curl"]`` and ``["-u", "ci:…"]``."""
    words = redact_words([*entrypoint, *command])
    if len(words) != len(entrypoint) + len(command):  # a key that stood in several words
        return redact_words(entrypoint), redact_words(command)
    return words[: len(entrypoint)], words[len(entrypoint) :]


def _shown_variable(text: str) -> str:
    """``NAME=value``, with the value only of a variable that is known to be harmless."""
    name, equals, value = text.partition("=")
    is_shown = not value or (is_harmless_name(name) and not looks_secret(name, value))
    return f"{redact(name)}{equals}{value if is_shown else MARK}"


def _shown(name: str, value: str) -> str:
    return MARK if looks_secret(name, value) else value


def _history(steps: "list[_Step]", layers: tuple[Descriptor, ...]) -> tuple[HistoryStep, ...]:
    filled = sum(not step.empty_layer for step in steps)
    sizes = iter(layers) if filled == len(layers) else None
    read = []
    for step in steps:
        size = 0 if step.empty_layer else (next(sizes).size if sizes is not None else None)
        words = redact(step.created_by or step.comment)
        read.append(HistoryStep(words, built_at(step.created), size))
    return tuple(reversed(read))


class _Step(Foreign):
    created: str | None = None
    created_by: str = ""
    comment: str = ""
    empty_layer: bool = False


class _RootFS(Foreign):
    layers: Texts | None = Field(default=None, alias="diff_ids")


class _File(Foreign):
    os: str = "unknown"
    architecture: str = "unknown"
    variant: str = ""
    created: str | None = None
    config: Config | None = None
    root_fs: _RootFS | None = Field(default=None, alias="rootfs")
    history: Several[_Step] | None = None
