"""What a Docker engine's refusals mean, in the family of errors that people read.

Engines give a status to what they answer, and none to what they report within a stream; what a
registry told them is in their words alone. So it is decided by what was being done first, then by
the status of the engine or of the registry, and by words last.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import Enum, auto

import docker.errors
import requests
import urllib3.exceptions
from pydantic import ValidationError

from quaymaster.errors import (
    Conflict,
    DiskFull,
    LoginRefused,
    NotFound,
    OutsideFailure,
    QuaymasterError,
)
from workers.docker.unreached_registry import kept_apart, not_reached
from workers.outside.best_effort import safe_words
from workers.outside.exchange import ExchangeTooLarge
from workers.outside.foreign_json import reason_of
from workers.outside.foreign_words import ForeignWords
from workers.outside.refusals import Cause, cause_of, error_of

_LIMIT = 400
"""Characters of the engine's own words on a card; a registry may answer with a whole page."""

_ERRNO = re.compile(r"\[Errno -?\d+\] ([^)\"']+)")
"""What the system said, inside the wrappings of urllib3 and requests."""

_NO_SUCH_IMAGE = re.compile(r"[Nn]o such image: (\S+[^\s:])")
_PLATFORM = re.compile(r"\b(?:linux|windows|freebsd)/[a-z0-9]+(?:/v\d+)?")
_SOME_HOST = "The Docker host"

_FULL = ("no space left on device", "no space left", "disk quota exceeded")
_NO_PLATFORM = (
    "no matching manifest for",
    "no match for platform in manifest",
    "cannot be used on this platform",
    "does not match the specified platform",
    "no supported platform found in manifest list",
)
_NOT_ON_HOST = ("no such image", "does not exist locally", "tag does not exist")
_MAYBE_THERE = ("pull access denied",)
_PORT_TAKEN = ("port is already allocated", "address already in use", "ports are not available")
_NO_DIRECTORY = ("bind source path does not exist",)
_NO_COMMAND = (
    "executable file not found in $path",
    "no such file or directory",
    "exec format error",
)
_NOT_THE_DISK = ("cgroup", "cgroups", "inotify", "inotify_add_watch", "fsnotify")
"""Linux also answers ENOSPC at limits other than that of the disk:
https://man7.org/linux/man-pages/man2/inotify_add_watch.2.html
"""
_PORT_DENIED = ("bind: permission denied",)
_DENIED_BY_HOST = ("permission denied", "operation not permitted", "read-only file system")


class Phase(Enum):
    """What an engine was about when it failed."""

    ITSELF = auto()
    """With its own images, containers and networks: no registry has a part in it."""
    PULL = auto()
    PUSH = auto()


def refusal(
    text: str,
    *,
    phase: Phase = Phase.ITSELF,
    status: int | None = None,
    subject: str = "",
    host: str = "",
    secrets: Iterable[str] = (),
) -> QuaymasterError:
    """The error for words in which an engine reports a failure.

    ``subject`` is what was worked on (an image, a container), ``host`` the engine's name,
    ``status`` that of the engine's answer where it was one.
    """
    shown = safe_words(text, secrets).strip()
    shown = " ".join("".join(c if c.isprintable() else " " for c in shown).split())[:_LIMIT]
    why = f"The engine says: {shown}" if shown else "The engine gave no reason."
    named = _NO_SUCH_IMAGE.search(shown)
    subject = subject or (named.group(1) if named else "this")
    words = ForeignWords.of(text, (subject, host))
    where = host or _SOME_HOST
    if phase is Phase.ITSELF:
        return _by_itself(words, status, why, subject, where)
    return _with_a_registry(phase, words, status, text, why, subject, where)


def _by_itself(
    words: ForeignWords, status: int | None, why: str, subject: str, host: str
) -> QuaymasterError:
    """Whatever it says, it does not say it of a registry."""
    short = _short_of_something(words, why, subject, host)
    if short is not None:
        return short
    if words.has(*_NOT_ON_HOST):
        return _not_on_host(subject, host)
    if status == 409:
        return Conflict(f"{host} cannot do this with {subject} now.", why=why)
    if words.has(*_NO_DIRECTORY):
        return NotFound(
            f"A directory that {subject} mounts does not exist on {host}.",
            why=why,
            next_step="Make it there, for the user that the service runs as.",
        )
    if words.has("exec", "entrypoint") and words.has(*_NO_COMMAND, *_DENIED_BY_HOST):
        return OutsideFailure(
            f"The program that {subject} should run cannot be started.",
            why=why,
            next_step="Check `command` of the service and the entrypoint of its image: the "
            "program has to be in the image, executable, and made for this platform.",
        )
    if words.has(*_DENIED_BY_HOST):
        return OutsideFailure(
            f"{host} is not allowed to do what {subject} needs.",
            why=why,
            next_step="Look at the owner and the rights of what it mounts on that host, and at "
            "what SELinux or AppArmor say there.",
        )
    return _by_status(words, status, why, subject, host)


def _short_of_something(
    words: ForeignWords, why: str, subject: str, host: str
) -> QuaymasterError | None:
    """The error for a host that lacks disk space, a resource of its kernel or a port."""
    if words.has(*_FULL) and words.has(*_NOT_THE_DISK):
        return OutsideFailure(
            f"{host} has reached a limit of its kernel, so {subject} could not be started.",
            why=why,
            next_step="It is not the disk. On that host, stop containers that are not needed, or "
            "raise the limit (cgroups, or `sysctl fs.inotify`).",
        )
    if words.has(*_FULL):
        return _host_full(why, subject, host)
    if words.has(*_PORT_DENIED):
        return OutsideFailure(
            f"{host} may not use a port that {subject} publishes.",
            why=why,
            next_step="An engine without root may not use ports below 1024: give the service a "
            "higher one, or lower `net.ipv4.ip_unprivileged_port_start` on that host.",
        )
    if words.has(*_PORT_TAKEN):
        return Conflict(
            f"A port that {subject} publishes is taken on {host}.",
            why=why,
            next_step="Stop what uses the port, or give the service another one.",
        )
    return None


def _by_status(
    words: ForeignWords, status: int | None, why: str, subject: str, host: str
) -> OutsideFailure:
    if status == 400:
        return OutsideFailure(
            f"{host} rejects {subject} as it is configured.",
            why=why,
            next_step="Correct it in quaymaster.yml, then ask again.",
        )
    if status == 404 and words.has("network"):
        return NotFound(
            f"A network that {subject} needs does not exist on {host}.",
            why=why,
            next_step="Ask again: Quaymaster makes it again.",
        )
    if status == 404:
        return NotFound(
            f"{subject} does not exist on {host}.",
            why=why,
            next_step="Check the spelling; `/image images` lists what is there.",
        )
    return _unknown(why, subject, host)


def _with_a_registry(
    phase: Phase,
    words: ForeignWords,
    status: int | None,
    text: str,
    why: str,
    subject: str,
    host: str,
) -> QuaymasterError:
    """First what the engine says of itself, and of the way to the registry."""
    if words.has(*_NOT_ON_HOST):
        return _not_on_host(subject, host)
    is_of_registry = bool(words.statuses or words.codes)
    if words.has(*_FULL) and (phase is Phase.PULL or not is_of_registry):
        return _host_full(why, subject, host)
    apart = kept_apart(words, why, subject, host)
    if apart is not None:
        return apart
    if words.has(*_NO_PLATFORM):
        return _no_platform(text, why, subject, host)
    # A 500 is the engine's own word for whatever it has no other for.
    cause = cause_of(words, status if status != 500 else None)
    if cause in (Cause.DENIED, Cause.MISSING) and words.has(*_MAYBE_THERE):
        return _maybe_there(why, subject)
    return (
        _said_by_registry(cause, phase, why, subject)
        or not_reached(words, why, subject, host)
        or _unknown(why, subject, host)
    )


def _said_by_registry(
    cause: Cause | None, phase: Phase, why: str, subject: str
) -> QuaymasterError | None:
    match cause:
        case None:
            return None
        case Cause.FAILED:
            return OutsideFailure(
                f"The registry of {subject} failed.",
                why=why,
                next_step="Try again in a minute; if it keeps happening, look at the registry's "
                "log, and whether it has space left.",
                trying_again_can_help=True,
            )
        case Cause.LOGIN:
            return LoginRefused(
                f"The registry refuses the login for {subject}.",
                why=why,
                next_step="Check username and password of this registry in quaymaster.yml and in "
                "the worker's environment (`quaymaster check` tries them), and the user's rights "
                "on that repository.",
            )
        case Cause.DENIED:
            return OutsideFailure(
                f"The registry does not allow this with {subject}.",
                why=why,
                next_step="The configured user needs rights on that repository. If the engine does "
                "not pass on the registry's words, its login may also have expired, or a quota may "
                "be used up.",
            )
        case Cause.REJECTED if phase is Phase.PULL:
            return _not_given_out(why, subject)
        case Cause.REJECTED:
            return OutsideFailure(
                f"The registry rejects {subject}.",
                why=why,
                next_step="The tag may be immutable: choose another one. The registry's log says "
                "more.",
            )
        case Cause.MISSING if phase is Phase.PUSH:
            return _no_place(why, subject)
        case Cause.MISSING:
            return NotFound(
                f"{subject} does not exist.",
                why=why,
                next_step="Check the spelling; `/image tags` and `/image images` list what is "
                "there.",
            )
        case _:
            return error_of(cause, f"the registry of {subject}", subject, why)


def _host_full(why: str, subject: str, host: str) -> DiskFull:
    return DiskFull(
        f"{host} has no space left for {subject}.",
        why=why,
        next_step="Make room there (`docker system df` shows what takes it, `docker system prune` "
        "removes what nobody uses) and try again.",
    )


def _not_on_host(subject: str, host: str) -> NotFound:
    return NotFound(
        f"{host if host == _SOME_HOST else f'Host {host}'} has no image {subject}.",
        next_step="Check the spelling; `/image images` lists what a host has,"
        " and `/image pull` fetches an image from its registry.",
    )


def _no_platform(text: str, why: str, subject: str, host: str) -> NotFound:
    named = _PLATFORM.search(text)
    platform = f"{named[0]}, which {host} runs" if named else f"the platform of {host}"
    return NotFound(
        f"{subject} has no image for {platform}.",
        why=why,
        next_step="Build it for that platform too.",
    )


def _maybe_there(why: str, subject: str) -> NotFound:
    """Registries do not reveal whether something exists that the login may not see."""
    return NotFound(
        f"{subject} does not exist, or the configured user may not pull it.",
        why=why,
        next_step="Check the spelling, and the rights of the registry's user.",
    )


def _no_place(why: str, subject: str) -> NotFound:
    """Of what is pushed it is the repository that is not there."""
    return NotFound(
        f"The registry has no place for {subject}.",
        why=why,
        next_step="Check the spelling. Some registries want the repository or its project to be "
        "there before a push (Amazon ECR, Harbor): make it, then push again.",
    )


def _not_given_out(why: str, subject: str) -> OutsideFailure:
    return OutsideFailure(
        f"The registry refuses to serve {subject}.",
        why=why,
        next_step="A rule of the registry may forbid it, for example Harbor's for images that are "
        "vulnerable or not scanned. Its administrator can find more in its log.",
    )


def _unknown(why: str, subject: str, host: str) -> OutsideFailure:
    return OutsideFailure(
        f"{host} failed at {subject}.",
        why=why,
        next_step="Try again; if it keeps happening, look at the engine's log.",
    )


@contextmanager
def translated(
    host: str,
    *,
    subject: str = "",
    secrets: Iterable[str] = (),
    phase: Phase = Phase.ITSELF,
) -> Iterator[None]:
    """Turn every exception of the SDK and of what is under it into one of the product's."""
    try:
        yield
    except docker.errors.APIError as error:
        text = str(error.explanation or error.response.reason or "")
        status = error.status_code
        raise refusal(
            text, phase=phase, status=status, subject=subject, host=host, secrets=secrets
        ) from None
    except (requests.Timeout, urllib3.exceptions.TimeoutError):
        raise no_answer_in_time(host) from None
    except (
        docker.errors.DockerException,
        requests.RequestException,
        urllib3.exceptions.HTTPError,
        OSError,
    ) as error:
        raise unreachable(host, error, secrets) from None
    except ExchangeTooLarge:
        raise OutsideFailure(
            f"{host} sends more than a Docker engine should.",
            why="An answer beyond the limits is not read to its end.",
            next_step="Look at what answers at its address.",
        ) from None
    except (LookupError, TypeError, ValueError, OverflowError, RecursionError) as error:
        unread = reason_of(error) if isinstance(error, ValidationError) else ""
        raise OutsideFailure(
            f"{host} sent an answer that Quaymaster does not understand.",
            why=unread or f"A {type(error).__name__} while reading it.",
            next_step="Docker Engine 20.10 or newer is needed.",
        ) from None


def unreachable(host: str, error: Exception, secrets: Iterable[str] = ()) -> OutsideFailure:
    """The error for an engine to which there is no connection."""
    text = str(error)
    innermost = _ERRNO.search(text)
    way = "Check that the engine runs and that `docker` under hosts in quaymaster.yml is right."
    if _is_denied(error):
        way = (
            "The worker's user has to be in the group that owns the Docker socket (with Docker "
            "Compose: DOCKER_GROUP_ID in .env)."
        )
    return _unreached(host, innermost.group(1) if innermost else text, way, secrets)


def unreachable_over_ssh(host: str, output: str) -> OutsideFailure:
    """The error for a machine that ``ssh`` cannot reach; ``said`` are its own words."""
    words = ForeignWords.of(output, (host,))
    way = "Try `ssh` with that address as the worker's user, on the worker's machine."
    if words.has("permission denied"):
        way = "Give the worker's user an SSH key that the host accepts."
    elif words.has("host key verification failed"):
        way = "Add the host's key to the known_hosts of the worker's user."
    return _unreached(host, f"ssh says: {output}" if output else "ssh did not connect.", way, ())


def _unreached(host: str, words: str, way: str, secrets: Iterable[str]) -> OutsideFailure:
    return OutsideFailure(
        f"{host} does not answer: its Docker engine cannot be reached.",
        why=safe_words(words, secrets, limit=_LIMIT),
        next_step=way,
        trying_again_can_help=True,
    )


def _is_denied(error: BaseException) -> bool:
    """By the system's own error, however deep the libraries have wrapped it."""
    visited: set[int] = set()
    inside: list[object] = [error]
    while inside:
        one = inside.pop()
        if not isinstance(one, BaseException) or id(one) in visited:
            continue
        if isinstance(one, PermissionError):
            return True
        visited.add(id(one))
        inside += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
    return False


def no_answer_in_time(host: str) -> OutsideFailure:
    """The error for an engine that took the question and does not answer."""
    return OutsideFailure(
        f"{host} did not answer in time.",
        why="Its Docker engine is busy or hangs; the request may still take effect.",
        next_step="Look at the engine, then try again.",
        trying_again_can_help=True,
    )
