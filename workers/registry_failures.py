"""What a registry's refusals mean, in the family of errors that people read."""

import re

from quaymaster.errors import Conflict, DiskFull, NotFound, OutsideFailure, QuaymasterError
from workers.http_client import Answer
from workers.registry_auth import login_expired
from workers.registry_connection import RegistryConnection, may_not, not_a_registry
from workers.registry_words import refusal_in

_FULL = ("no space left", "quota exceeded", "exceed the configured upper limit")
# CNCF Distribution gives the number of its system's error (ENOSPC, EDQUOT), not its words.
_NO_SPACE = re.compile(rb'"Err"\s*:\s*(?:28|122)\b')


def failure(
    answer: Answer, connection: RegistryConnection, doing: str, missing: str
) -> QuaymasterError:
    """The error for an answer that is no success.

    ``doing`` completes “ci may not …”, ``missing`` is what a 404 says is not there.
    """
    host = connection.login.host
    refusal = refusal_in(answer)
    code, words = refusal.code, refusal.words
    said = connection.redacted(words)
    why = f"{host} says: {said}" if said else ""
    is_full = answer.status == 507 or _NO_SPACE.search(answer.content) is not None
    if is_full or any(sign in words.lower() for sign in _FULL):
        return _full(host, why)
    match answer.status:
        case 400 | 401 | 403 if refusal.says_expired:
            return login_expired(connection.login, why)
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
        case 429:
            return _too_many(host, why, answer.headers.get("retry-after", ""))
        case status if status >= 500:
            return _failed(host, status, why)
        case 405 if code in ("", "UNSUPPORTED"):
            return OutsideFailure(
                f"{host} does not allow this.",
                why=why or "It may be read-only just now.",
                next_step="Ask whoever runs the registry.",
            )
        case status if code:
            return OutsideFailure(
                f"{host} refused it ({status} {connection.redacted(code, 40)}).",
                why=why,
                next_step="Look at the registry's log; whoever runs it can say more.",
            )
        case status:
            return not_a_registry(host, f"It answered {status}. {why}".strip())


def _failed(host: str, status: int, why: str) -> OutsideFailure:
    return OutsideFailure(
        f"{host} failed with {status}.",
        why=why,
        next_step="Try again in a minute; if it stays so, look at the registry's log.",
        trying_again_can_help=True,
    )


def _full(host: str, why: str) -> DiskFull:
    return DiskFull(
        f"{host} has no space left.",
        why=why,
        next_step="Whoever runs the registry makes room (or raises the quota); then try again.",
    )


def _too_many(host: str, why: str, retry_after: str) -> OutsideFailure:
    wait = f"{int(retry_after)} seconds" if retry_after.isascii() and retry_after.isdigit() else ""
    return OutsideFailure(
        f"{host} is asked too often.",
        why=why,
        next_step=f"Try again in {wait or 'a few minutes'}; a login often has a higher limit.",
        trying_again_can_help=True,
    )
