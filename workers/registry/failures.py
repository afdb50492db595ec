"""What a registry's refusals mean, in the family of errors that people read."""

import re
from urllib.parse import unquote, urlsplit

from quaymaster.errors import Conflict, NotFound, OutsideFailure, QuaymasterError
from workers.outside.foreign_words import ForeignWords
from workers.outside.http_client import HttpResponse
from workers.outside.refusals import Cause, cause_of, error_of
from workers.registry.auth import login_expired
from workers.registry.connection import RegistryConnection, may_not, not_a_registry
from workers.registry.words import RegistryRefusal, refusal_in

_REPOSITORY = re.compile(r"/v2/(.+?)/(?:manifests|blobs|tags)/")
# CNCF Distribution gives the number of its system's error (ENOSPC, EDQUOT), not its words.
_NO_SPACE = re.compile(rb'"Err"\s*:\s*(?:28|122)\b')


def failure(
    answer: HttpResponse, connection: RegistryConnection, doing: str, missing: str
) -> QuaymasterError:
    """The error for an answer that is no success.

    ``doing`` completes “ci may not …”, ``missing`` is what a 404 says is not there.
    """
    host = connection.login.host
    refusal = refusal_in(answer)
    code = refusal.code
    words = connection.redacted(refusal.words)
    why = f"{host} says: {words}" if words else ""
    error = _known(answer, refusal, connection, why)
    if error is not None:
        return error
    match answer.status:
        case 401 | 403:
            return may_not(connection.login, doing, why)
        case 404:
            return NotFound(missing, why=why, next_step="Check the spelling.")
        case 409 | 412:
            return Conflict(
                f"{host} refuses to change what is there.",
                why=why,
                next_step="Its tags may be immutable: choose another tag.",
            )
        case status if status >= 500:
            return _failed(host, status, why)
        case 405 if code in ("", "UNSUPPORTED"):
            return OutsideFailure(
                f"{host} does not allow this.",
                why=why or "It may be read-only just now.",
                next_step="Ask the registry's administrator.",
            )
        case status if code:
            return OutsideFailure(
                f"{host} refused it ({status} {connection.redacted(code, 40)}).",
                why=why,
                next_step="Look at the registry's log, or ask its administrator.",
            )
        case status:
            return not_a_registry(host, f"It answered {status}. {why}".strip())


def _failed(host: str, status: int, why: str) -> OutsideFailure:
    return OutsideFailure(
        f"{host} failed with {status}.",
        why=why,
        next_step="Try again in a minute; if it keeps happening, look at the registry's log.",
        trying_again_can_help=True,
    )


def _known(
    answer: HttpResponse, refusal: RegistryRefusal, connection: RegistryConnection, why: str
) -> QuaymasterError | None:
    """What is an error of its own, whatever was asked. Of what is missing only the name says more:
    words are not looked for in it.
    """
    if answer.status == 404:
        return None
    cause = _cause(answer, refusal)
    is_refused = answer.status in (400, 401, 403)
    if cause is Cause.EXPIRED or (is_refused and refusal.says_expired):
        return login_expired(connection.login, why)
    if cause is None:
        return None
    wait = _wait(answer.headers.get("retry-after", ""))
    return error_of(cause, connection.login.host, _repository(answer), why, wait=wait)


def _cause(answer: HttpResponse, refusal: RegistryRefusal) -> Cause | None:
    if _NO_SPACE.search(answer.content):
        return Cause.NO_SPACE
    names = [name for name in unquote(urlsplit(answer.url).path).split("/") if name != "v2"]
    words = f"{refusal.code}: {refusal.words}" if refusal.code else refusal.words
    return cause_of(ForeignWords.of(words, (*names, _repository(answer))), answer.status)


def _repository(answer: HttpResponse) -> str:
    """As its address names it."""
    match = _REPOSITORY.search(unquote(urlsplit(answer.url).path))
    return match[1] if match else answer.url


def _wait(retry_after: str) -> str:
    is_number = retry_after.isascii() and retry_after.isdigit()
    return f"{int(retry_after)} seconds" if is_number else ""
