"""How single values of ``quaymaster.yml`` are written, as annotated types for ``schema``."""

import posixpath
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator, PlainValidator, ValidationInfo
from pydantic_core import PydanticCustomError

from quaymaster.capabilities import parse_capability, parse_dropped
from quaymaster.configuration.secret_references import SecretReference, Template
from quaymaster.errors import UsageError
from quaymaster.host_engines import is_engine_id
from quaymaster.image_ref import (
    ImageRef,
    Repository,
    canonical_registry,
    is_registry_host,
    shown,
)
from quaymaster.platforms import Platform
from quaymaster.quantities import parse_duration, parse_memory
from quaymaster.rights import Permission, Role
from quaymaster.services import PublishedPort, Volume
from quaymaster.windows import Freeze, Window

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")
_SMALL_WORDS = frozenset({"to", "as", "on", "in", "from", "for", "of"})
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
# https://docs.slack.dev/reference/objects/conversation-object: public and private channels
# and conversations.
_CHANNEL = re.compile(r"[CGD][A-Z0-9]{2,30}")
_PORT = re.compile(
    r"(?:(?P<address>[0-9.]{7,15}|\[[0-9a-fA-F:]{2,39}\]):)?"
    r"(?P<host>[0-9]{1,5}):(?P<container>[0-9]{1,5})(?:/(?P<protocol>tcp|udp))?"
)
# https://github.com/moby/moby/blob/master/daemon/names/names.go
_VOLUME_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{1,254}")


def field_error(error: UsageError) -> PydanticCustomError:
    """The error of a reader, with the text that appears in the complaint about the field."""
    problem = error.problem
    reason = " ".join(part for part in (problem.what, problem.why, problem.next_step) if part)
    return PydanticCustomError("value", "{reason}", {"reason": reason})


def reading(reader: Callable[[str], Any]) -> PlainValidator:
    """Have a field read by a function from text that raises UsageError."""

    def read(value: object) -> Any:
        # YAML reads a bare 2026-12-20 as a date, and a time of day as another time, in UTC.
        if isinstance(value, date) and not isinstance(value, datetime):
            value = value.isoformat()
        if not isinstance(value, str):
            raise PydanticCustomError("value", "This has to be text; put it in quotes.")
        try:
            return reader(value)
        except UsageError as error:
            raise field_error(error) from error

    return PlainValidator(read)


def _name(text: str) -> str:
    if not _NAME.fullmatch(text) or text in _SMALL_WORDS:
        raise UsageError(
            f"{shown(text)} is not a name: lower-case letters, digits, _ . and -, at most 40, and "
            "none of the small words of commands (to, as, on, in, from, for, of)."
        )
    return text


def _platform(text: str) -> Platform:
    try:
        return Platform.parse(text)
    except ValueError:
        raise UsageError(
            f"{shown(text)} is not a platform: it is written os/architecture or "
            "os/architecture/variant, like linux/amd64/v2."
        ) from None


def _variable_name(text: str) -> str:
    if not _VARIABLE.fullmatch(text):
        raise UsageError(
            f"{shown(text)} is not the name of a variable: letters, digits, _ . and -."
        )
    return text


def _channel(text: str) -> str:
    if not _CHANNEL.fullmatch(text):
        raise UsageError(
            f"{shown(text)} is not a channel's id, which starts with C, G or D.",
            next_step="Slack shows it at the end of the channel's details.",
        )
    return text


def _registry_host(text: str) -> str:
    if not is_registry_host(text):
        raise _not_a_registry(text)
    try:
        return Repository(text, "x").registry
    except UsageError as error:
        raise _not_a_registry(text) from error


def _not_a_registry(text: str) -> UsageError:
    return UsageError(
        f"{shown(text)} is not a registry.",
        why="Write its host or host:port, with at least a dot or a port in it.",
    )


def _each_once(value: object) -> object:
    """Two entries of one registry under two names: one of them would go by in silence."""
    if isinstance(value, dict):
        by_value: dict[str, str] = {}
        for host in (key for key in value if isinstance(key, str)):
            name = canonical_registry(host)
            if name in by_value:
                raise PydanticCustomError(
                    "value",
                    "{one} and {other} are the same registry, {name}. Remove one of them.",
                    {"one": by_value[name], "other": host, "name": name},
                )
            by_value[name] = host
    return value


def _redirect_host(text: str) -> str:
    """The host that answers at an address, without other names of a registry."""
    _registry_host(text)
    return text.lower().removesuffix(":443")


def _engine_url(text: str) -> str:
    url = urlsplit(text)
    right = (url.scheme == "unix" and not url.netloc and url.path.startswith("/")) or (
        url.scheme in ("ssh", "tcp") and url.hostname
    )
    if not right:
        raise UsageError("This is not the address of a Docker engine: unix://, ssh:// or tcp://.")
    if url.password:
        raise UsageError("A password does not belong in the address; use a key of the SSH agent.")
    return text


def _absolute_path(text: str) -> str:
    if not text.startswith("/") or posixpath.normpath(text) != text or text.startswith("//"):
        raise UsageError(f"{shown(text)} is not a plain absolute path.")
    if is_engine_path(text):
        raise UsageError(
            f"{shown(text)} cannot be allowed: through it a container could control the host."
        )
    return text


def _http_path(text: str) -> str:
    if not re.fullmatch(r"/[!-~]{0,500}", text):
        raise UsageError(f"{shown(text)} is not a path: it starts with / and has no blanks.")
    return text


def _reference(text: str) -> SecretReference:
    # The text may be a password, so it is not repeated.
    try:
        template = Template.parse(text)
    except UsageError:
        template = None
    if template is None or len(template.parts) != 1 or not template.is_secret:
        raise UsageError(
            "A secret is never written into this file.",
            next_step="Name an environment variable that holds it.",
        )
    return template.references[0]


def _port(text: str) -> PublishedPort:
    match = _PORT.fullmatch(text)
    if not match:
        raise UsageError(f"{shown(text)} is not HOST:CONTAINER or HOST:CONTAINER/udp.")
    host, container = int(match["host"]), int(match["container"])
    if not (1 <= host <= 65_535 and 1 <= container <= 65_535):
        raise UsageError(f"{shown(text)} has a port that is not between 1 and 65535.")
    return PublishedPort(
        host,
        container,
        "udp" if match["protocol"] == "udp" else "tcp",
        (match["address"] or "").strip("[]"),
    )


def _volume(text: str) -> Volume:
    source, _, rest = text.partition(":")
    target, _, mode = rest.partition(":")
    if mode not in ("", "ro", "rw") or not target.startswith("/") or target == "/":
        raise UsageError(f"{shown(text)} is not NAME:/TARGET or /PATH:/TARGET, with :ro if wanted.")
    if source.startswith("/"):
        if posixpath.normpath(source) != source or source.startswith("//"):
            raise UsageError(f"{shown(source)} is not a plain absolute path.")
    elif not _VOLUME_NAME.fullmatch(source):
        raise UsageError(f"{shown(source)} is neither a volume's name nor an absolute path.")
    if posixpath.normpath(target) != target:
        raise UsageError(f"{shown(target)} is not a plain absolute path.")
    return Volume(source, target, read_only=mode == "ro")


def _service_image(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str):
        raise PydanticCustomError("value", "This has to be text, a repository; put it in quotes.")
    default = (info.context or {}).get("default_registry", "localhost")
    try:
        image = ImageRef.parse(value, default)
    except UsageError as error:
        raise field_error(error) from error
    if image.tag is not None or image.digest is not None:
        raise PydanticCustomError(
            "value",
            "A service is bound to a repository, not to one tag or digest. Write {repository}.",
            {"repository": str(image.repository)},
        )
    return image.repository


def _variable_value(value: object) -> object:
    # The value may be a secret, so no complaint repeats it.
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise PydanticCustomError("value", "A variable's value is text; put it in quotes.")
    try:
        return Template.parse(value)
    except UsageError as error:
        raise field_error(error) from error


def _role(value: object) -> object:
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise PydanticCustomError("value", "A role is a list of Slack ids, or the word everyone.")
    try:
        return Role.parse(tuple(words))
    except UsageError as error:
        raise field_error(error) from error


_DAEMON_PATHS = ("/run", "/var/run", "/proc", "/sys", "/dev", "/var/lib/docker", "/boot", "/etc")
"""Where engines keep sockets and state, and the kernel its switches."""


def is_engine_path(path: str) -> bool:
    """Whether a container that mounts this directory of the host could rule the host."""
    if posixpath.basename(path).endswith(".sock"):
        return True
    return any(
        is_inside(path, daemon_path) or is_inside(daemon_path, path)
        for daemon_path in _DAEMON_PATHS
    )


def is_inside(path: str, directory: str) -> bool:
    """Whether a plain absolute path is the directory or something in it."""
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def _engine_id(text: str) -> str:
    if not is_engine_id(text):
        raise UsageError(f"{shown(text)} is not the ID of an engine: `docker info` shows it.")
    return text


def _positive(duration: timedelta) -> timedelta:
    if not duration:
        raise UsageError("This has to be longer than zero.")
    return duration


Name = Annotated[str, reading(_name)]
Capability = Annotated[str, reading(parse_capability)]
DroppedCapability = Annotated[str, reading(parse_dropped)]
VariableName = Annotated[str, reading(_variable_name)]
VariableValue = Annotated[Template, PlainValidator(_variable_value)]
ChannelId = Annotated[str, reading(_channel)]
RegistryHost = Annotated[str, reading(_registry_host)]
RedirectHost = Annotated[str, reading(_redirect_host)]
EachRegistryOnce = BeforeValidator(_each_once)
EngineUrl = Annotated[str, reading(_engine_url)]
EngineId = Annotated[str, reading(_engine_id)]
AbsolutePath = Annotated[str, reading(_absolute_path)]
HttpPath = Annotated[str, reading(_http_path)]
Reference = Annotated[SecretReference, reading(_reference)]
Port = Annotated[PublishedPort, reading(_port)]
Mount = Annotated[Volume, reading(_volume)]
ServiceImage = Annotated[Repository, PlainValidator(_service_image)]
RoleMembers = Annotated[Role, PlainValidator(_role)]
PermissionText = Annotated[Permission, reading(Permission.parse)]
WindowText = Annotated[Window, reading(Window.parse)]
FreezeText = Annotated[Freeze, reading(Freeze.parse)]
Memory = Annotated[int, reading(parse_memory)]
Duration = Annotated[timedelta, reading(parse_duration)]
PlatformText = Annotated[Platform, reading(_platform)]
LongDuration = Annotated[timedelta, reading(lambda text: _positive(parse_duration(text)))]
"""A duration that is not zero."""
