"""What a Docker engine's refusals mean, in the family of errors that people read.

The engine's messages have no codes: they are told apart by the words that moby, containerd and the
distribution client use, both in the stream of a transfer and in an answer of the API.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

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
from quaymaster.redaction import redact
from workers.exchange import TooMuch
from workers.foreign_json import reason_of

_LIMIT = 400
"""Characters of the engine's own words on a card; a registry may answer with a whole page."""

_ERRNO = re.compile(r"\[Errno -?\d+\] ([^)\"']+)")
"""What the system said, inside the wrappings of urllib3 and requests."""

_NO_SUCH_IMAGE = re.compile(r"[Nn]o such image: (\S+[^\s:])")
_SOME_HOST = "The Docker host"

_FULL = ("no space left on device", "disk quota exceeded", "quota exceeded")
_BAD_LOGIN = (
    "no basic auth credentials",
    "unauthorized",
    "authentication required",
    "incorrect username or password",
    "401",
)
_DENIED = ("denied", "forbidden", "insufficient_scope", "403")
_MISSING = (
    "manifest unknown",
    "manifest for ",
    "name unknown",
    "image does not exist",
    "repository does not exist",
    "not found",
    "404",
)
_NOT_ON_HOST = ("no such image", "does not exist locally")
_UNREACHED = (
    "connection refused",
    "no such host",
    "i/o timeout",
    "network is unreachable",
    "no route to host",
    "connection reset",
    "tls handshake timeout",
    "request canceled while waiting for connection",
    "context deadline exceeded",
    "unexpected eof",
    "server misbehaving",
)
_PLAIN_HTTP = ("server gave http response to https client", "first record does not look like a tls")
_CERTIFICATE = ("x509:", "certificate")
_BUSY = ("429", "toomanyrequests", "too many requests", "500 internal", "502", "503", "504")
_PORT_TAKEN = ("port is already allocated", "address already in use", "ports are not available")


def refusal(
    text: str, *, subject: str = "", host: str = "", secrets: Iterable[str] = ()
) -> QuaymasterError:
    """The error for words in which an engine reports a failure.

    ``subject`` is what was worked on (an image, a container), ``host`` the engine's name.
    """
    words = redact(text, secrets).strip()
    words = " ".join("".join(c if c.isprintable() else " " for c in words).split())[:_LIMIT]
    why = f"The engine says: {words}" if words else "The engine gave no reason."
    named = _NO_SUCH_IMAGE.search(words)
    subject = subject or (named.group(1) if named else "this")
    return _by_words(text.lower(), why, subject, host or _SOME_HOST)


def _by_words(text: str, why: str, subject: str, host: str) -> QuaymasterError:
    """Certificates before logins: their texts may hold the words of the others."""
    if _has(text, _FULL):
        return DiskFull(
            f"{host} or the registry has no space left for {subject}.",
            why=why,
            next_step="Make room (`docker system prune` on the host, or in the registry's storage)"
            " and try again.",
        )
    if _has(text, _PORT_TAKEN):
        return Conflict(
            f"A port that {subject} publishes is taken on {host}.",
            why=why,
            next_step="Stop what uses the port, or give the service another one.",
        )
    if _has(text, _PLAIN_HTTP) or _has(text, _CERTIFICATE):
        return _untrusted(text, why, subject, host)
    if _has(text, _BAD_LOGIN):
        return LoginRefused(
            f"The registry refuses the login for {subject}.",
            why=why,
            next_step="Check username and password of this registry in quaymaster.yml and in the"
            " worker's environment; `quaymaster check` tries them.",
        )
    if _has(text, _DENIED):
        return OutsideFailure(
            f"The registry does not allow this with {subject}.",
            why=why,
            next_step="The configured user needs rights on that repository.",
        )
    return _missing_or_unreached(text, why, subject, host)


def _missing_or_unreached(text: str, why: str, subject: str, host: str) -> QuaymasterError:
    if _has(text, _UNREACHED):
        return OutsideFailure(
            f"{host} does not reach the registry of {subject}.",
            why=why,
            next_step="Check the registry's name, and that it runs; then try again.",
            trying_again_can_help=True,
        )
    if _has(text, _NOT_ON_HOST):
        return NotFound(
            f"{host if host == _SOME_HOST else f'Host {host}'} has no image {subject}.",
            next_step="Check the spelling; `/image images` lists what a host has,"
            " and `/image pull` fetches an image from its registry.",
        )
    if _has(text, _MISSING):
        return NotFound(
            f"{subject} does not exist.",
            why=why,
            next_step="Check the spelling; `/image tags` and `/image images` list what is there.",
        )
    return OutsideFailure(
        f"{host} failed at {subject}.",
        why=why,
        next_step="Try again; if it stays so, look at the engine's log.",
        trying_again_can_help=_has(text, _BUSY),
    )


def _untrusted(text: str, why: str, subject: str, host: str) -> OutsideFailure:
    if _has(text, _PLAIN_HTTP):
        what, way = "speaks plain HTTP", "list it under insecure-registries in daemon.json"
    else:
        what, way = (
            "has a certificate that the engine does not trust",
            ("put its CA into /etc/docker/certs.d/REGISTRY/ca.crt"),
        )
    return OutsideFailure(
        f"The registry of {subject} {what}.", why=why, next_step=f"On {host}: {way}."
    )


@contextmanager
def translated(host: str, *, subject: str = "", secrets: Iterable[str] = ()) -> Iterator[None]:
    """Turn every exception of the SDK and of what is under it into one of the product's."""
    try:
        yield
    except docker.errors.APIError as error:
        raise _api_error(error, subject, host, secrets) from None
    except (requests.Timeout, urllib3.exceptions.TimeoutError):
        raise no_answer_in_time(host) from None
    except (
        docker.errors.DockerException,
        requests.RequestException,
        urllib3.exceptions.HTTPError,
        OSError,
    ) as error:
        raise unreachable(host, str(error), secrets) from None
    except TooMuch:
        raise OutsideFailure(
            f"{host} answers more than a Docker engine should.",
            why="What does not fit into the limits is not read to its end.",
            next_step="Look at what answers at its address.",
        ) from None
    except (LookupError, TypeError, ValueError, OverflowError, RecursionError) as error:
        unread = reason_of(error) if isinstance(error, ValidationError) else ""
        raise OutsideFailure(
            f"{host} answered something that is not understood.",
            why=unread or f"A {type(error).__name__} while reading it.",
            next_step="Docker Engine 20.10 or newer is needed.",
        ) from None


def _api_error(
    error: docker.errors.APIError, subject: str, host: str, secrets: Iterable[str]
) -> QuaymasterError:
    text = str(error.explanation or error.response.reason or "")
    found = refusal(text, subject=subject, host=host, secrets=secrets)
    match error.status_code:
        case 404 if "pull access denied" in text.lower():
            return NotFound(
                f"{subject or 'It'} does not exist, or the configured user may not pull it.",
                why=found.trouble.why,
                next_step="Check the spelling, and the rights of the registry's user.",
            )
        case 404 if type(found) is OutsideFailure and not found.trying_again_can_help:
            return NotFound(
                f"{subject or 'It'} does not exist on {host}.",
                why=found.trouble.why,
                next_step="Check the spelling; `/image images` lists what is there.",
            )
        case 409 if not isinstance(found, Conflict):
            return Conflict(
                f"{host} does not do this with {subject or 'it'} now.", why=found.trouble.why
            )
    return found


def unreachable(host: str, text: str, secrets: Iterable[str] = ()) -> OutsideFailure:
    """The error for an engine to which there is no connection."""
    innermost = _ERRNO.search(text)
    words = redact(innermost.group(1) if innermost else text, secrets, limit=_LIMIT)
    way = "Check that the engine runs and that `docker` under hosts in quaymaster.yml is right."
    if "permission denied" in text.lower():
        way = "The worker's user has to be in the group that owns the Docker socket."
    return OutsideFailure(
        f"{host} does not answer: its Docker engine is not reached.",
        why=words,
        next_step=way,
        trying_again_can_help=True,
    )


def no_answer_in_time(host: str) -> OutsideFailure:
    """The error for an engine that took the question and does not answer."""
    return OutsideFailure(
        f"{host} did not answer in time.",
        why="Its Docker engine is busy or hangs; what was asked may still happen.",
        next_step="Look at the engine, then try again.",
        trying_again_can_help=True,
    )


def _has(text: str, signs: Iterable[str]) -> bool:
    return any(_stands_in(text, sign) for sign in signs)


def _stands_in(text: str, sign: str) -> bool:
    """Digests and ports hold any digits, so a status has to stand alone."""
    if not sign[0].isdigit():
        return sign in text
    return re.search(rf"(?<![0-9a-z:]){re.escape(sign)}(?![0-9a-z])", text) is not None
