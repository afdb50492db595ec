"""Why a registry refuses, and what people read about it, no matter who got the answer: this
product, an engine that pulls and pushes, or the scanner.

Codes: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from quaymaster.errors import (
    Conflict,
    DiskFull,
    LoginRefused,
    NotFound,
    OutsideFailure,
    QuaymasterError,
)
from workers.outside.foreign_words import ForeignWords


class Cause(Enum):
    """The cause, as far as a registry's answer shows it."""

    NO_SPACE = auto()
    TOO_LARGE = auto()
    TOO_OFTEN = auto()
    EXPIRED = auto()
    """The login was right once."""
    IMMUTABLE = auto()
    QUOTA = auto()
    NO_PROJECT = auto()
    """What would hold the repository is not there."""
    LOGIN = auto()
    DENIED = auto()
    MISSING = auto()
    REJECTED = auto()
    """It does not accept the content."""
    FAILED = auto()
    """It may be otherwise in a minute."""


@dataclass(frozen=True, slots=True)
class _Sign:
    """By what a cause is known. Words are those of Docker Hub, Harbor, Quay, GitLab, Amazon's,
    Google's and Microsoft's registries.
    """

    cause: Cause
    statuses: tuple[int, ...] = ()
    codes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


# What says more comes first: a quota and an expired login come with the code DENIED.
_SIGNS = (
    _Sign(Cause.NO_SPACE, (507,), (), ("no space left", "no space left on device")),
    _Sign(
        Cause.TOO_LARGE,
        (413,),
        ("size invalid",),
        ("request entity too large", "payload too large", "content too large"),
    ),
    _Sign(
        Cause.TOO_OFTEN,
        (429,),
        ("toomanyrequests",),
        ("too many requests", "rate limit", "rate exceeded", "pull rate limit"),
    ),
    _Sign(
        Cause.EXPIRED,
        (),
        (),
        (
            *("token has expired", "token is expired", "token expired", "expired token"),
            *("login has expired", "credentials have expired", "session has expired"),
            *("password has expired", "expiredtoken", "expiredtokenexception", "jwt expired"),
        ),
    ),
    _Sign(
        Cause.IMMUTABLE,
        (),
        (),
        ("immutable", "immutability", "cannot be overwritten", "overwrite is not allowed"),
    ),
    _Sign(
        Cause.QUOTA,
        (),
        (),
        (
            *("quota", "exceed the configured upper limit", "storage limit"),
            *("exceeded the storage", "limitexceeded", "limitexceededexception"),
        ),
    ),
    # Harbor's “unauthorized: project shop not found”, whose name is taken out.
    _Sign(Cause.NO_PROJECT, (), (), ("project not found", "project · not found")),
    _Sign(
        Cause.LOGIN,
        (401,),
        ("unauthorized",),
        (
            *("no basic auth credentials", "authentication required", "unauthorized"),
            *("incorrect username or password", "invalid username or password"),
        ),
    ),
    _Sign(
        Cause.DENIED,
        (403,),
        ("denied", "insufficient_scope"),
        ("denied", "forbidden", "insufficient_scope", "authorization failed"),
    ),
    _Sign(
        Cause.MISSING,
        (404,),
        ("manifest unknown", "name unknown", "blob unknown"),
        (
            *("manifest unknown", "name unknown", "not found", "does not exist"),
            *("manifest_unknown", "name_unknown", "was deleted or has expired"),
        ),
    ),
    _Sign(
        Cause.REJECTED,
        (400, 405, 409, 412, 415, 422),
        ("manifest invalid", "name invalid", "precondition", "tag invalid", "unsupported"),
        ("due to configured policy",),
    ),
    _Sign(Cause.FAILED, (500, 502, 503, 504), ("unavailable",), ()),
)
_MISSING_CODES = frozenset({"manifest unknown", "name unknown", "blob unknown"})
_BY_WORDS_BEFORE_CODES = frozenset(
    {
        *(Cause.NO_SPACE, Cause.EXPIRED, Cause.IMMUTABLE, Cause.QUOTA, Cause.NO_PROJECT),
        Cause.TOO_OFTEN,
    }
)
"""Registries have no code of their own for these, and put them under another."""


def cause_of(words: ForeignWords, status: int | None = None) -> Cause | None:
    """What is the matter: by what has no code of its own, then by status and code, and by words
    where there is neither.
    """
    statuses = words.statuses | ({status} if status is not None else set())
    is_told = bool(words.codes & _MISSING_CODES)
    steps: tuple[Callable[[_Sign], bool], ...] = (
        lambda one: not is_told and one.cause in _BY_WORDS_BEFORE_CODES and words.has(*one.words),
        lambda one: bool(statuses.intersection(one.statuses)),
        lambda one: bool(words.codes.intersection(one.codes)),
        lambda one: words.has(*one.words),
    )
    for is_meant in steps:
        for sign in _SIGNS:
            if is_meant(sign):
                return sign.cause
    return None


@dataclass(frozen=True, slots=True)
class _Wording:
    """What people read. ``{who}`` is the registry, ``{subject}`` what was worked on."""

    kind: type[QuaymasterError]
    what: str
    next_step: str


_WORDINGS = {
    Cause.NO_SPACE: _Wording(
        DiskFull,
        "{who} has no space left.",
        "Ask the registry's administrator to make room, then try again.",
    ),
    Cause.TOO_LARGE: _Wording(
        OutsideFailure,
        "{who} does not accept anything as large as a layer of {subject}.",
        "Ask its administrator to raise the limit, most often that of the proxy before it "
        "(`client_max_body_size` of nginx); or build the image in smaller layers.",
    ),
    Cause.TOO_OFTEN: _Wording(
        OutsideFailure,
        "{who} gets too many requests.",
        "Try again in {wait}; a login often has a higher limit.",
    ),
    Cause.EXPIRED: _Wording(
        LoginRefused,
        "The login for {who} has expired.",
        "Your Quaymaster administrator has to renew its password in the environment of the workers "
        "and restart them. Some are valid for hours only (Amazon ECR's for 12): use a timer for "
        "those.",
    ),
    Cause.IMMUTABLE: _Wording(
        Conflict,
        "{who} refuses to change what is there.",
        "Its tags are immutable: choose another tag.",
    ),
    Cause.NO_PROJECT: _Wording(
        NotFound,
        "{who} has no project of that name.",
        "Check the spelling; or ask the registry's administrator to make the project.",
    ),
    Cause.QUOTA: _Wording(
        DiskFull,
        "{who} has no room left: the quota is used up.",
        "Remove tags there that nobody needs, or ask the registry's administrator to raise the "
        "quota; then try again.",
    ),
}


def error_of(
    cause: Cause, who: str, subject: str, why: str, *, wait: str = ""
) -> QuaymasterError | None:
    """The error for what is known by its cause alone; None for what depends on what was asked.

    ``who`` is the registry, ``subject`` what was worked on, ``wait`` how long to.
    """
    wording = _WORDINGS.get(cause)
    if wording is None:
        return None
    what = wording.what.format(who=who, subject=subject)
    what = f"{what[:1].upper()}{what[1:]}" if who.startswith("the ") else what
    next_step = wording.next_step.replace("{wait}", wait or "a few minutes")
    if cause is Cause.TOO_OFTEN:
        return OutsideFailure(what, why=why, next_step=next_step, trying_again_can_help=True)
    return wording.kind(what, why=why, next_step=next_step)
