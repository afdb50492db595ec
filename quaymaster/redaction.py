"""Secrets are taken out of text from outside: by value where they are known, else by pattern."""

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

MARK = "•••"
"""What stands where a secret stood."""

_SHORTEST_VALUE = 4
"""A shorter value would also be found inside ordinary words."""

_TELLTALE = (
    r"(?:pass(?:word|wd|phrase)|[_-]pwd|secret|token|credential"
    r"|(?:api|access|private|signing|encryption|master)[_-]?key|[_-](?:key|pat|dsn)\b|\bauth\b)"
)

_ASSIGNMENT = re.compile(
    rf"({_TELLTALE}[\w.\[\]-]{{0,40}}[\"']?\s{{0,3}}(?:=|:(?!//))\s{{0,3}}"
    rf"|--[\w-]{{0,40}}{_TELLTALE}[\w-]{{0,40}}\s{{1,3}})"
    r"(\\?\"(?:[^\"\\]|\\.){1,4096}\\?\"?|'[^']{1,4096}'?|[^\s\"',;&|]{1,4096})",
    re.IGNORECASE,
)

# The shapes are those that the issuers document, so that secret scanners can find them:
# https://docs.github.com/en/code-security/secret-scanning/introduction/supported-secret-scanning-patterns
_PATTERNS = (
    re.compile(
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]{0,40}KEY-----|\Z)",
        re.DOTALL,
    ),
    re.compile(r"\bed25519-private:[a-z0-9.-]{1,64}:[A-Za-z0-9+/=]{16,}"),
    re.compile(r"(?<=\bbasic )[A-Za-z0-9+/=_-]{6,}", re.IGNORECASE),
    re.compile(r"(?<=\bbearer )(?!realm\b|token\b)[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE),
    re.compile(r"(?<=://)[^\s/@\"'<>]{1,512}(?=@)"),
    re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?"),
    re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{20,}|glpat-[\w-]{16,})"),
    re.compile(r"\bxox[a-z]-[A-Za-z0-9-]{8,}|\bxapp-[A-Za-z0-9-]{8,}"),
    re.compile(r"\b(?:dckr_[a-z]{2,4}_|npm_|pypi-|sk_live_|rk_live_|AIza|hf_)[\w-]{16,}"),
)


def redact(text: str, secrets: Iterable[str] = (), *, limit: int | None = None) -> str:
    """The text without the given secrets and without what looks like one.

    A value is also found in the spellings in which it travels: percent-encoded, JSON, HTML and
    base64. Values under four characters are left alone. Cut to ``limit`` characters afterwards,
    so that a cut never hides half of a secret from the search.
    """
    text = _without_values(text, secrets)
    for pattern in _PATTERNS:
        text = pattern.sub(MARK, text)
    text = _ASSIGNMENT.sub(rf"\g<1>{MARK}", text)
    if limit is not None and len(text) > limit:
        return text[: limit - 1] + "…"
    return text


def looks_secret(name: str, value: str) -> bool:
    """Whether a setting (``DB_PASSWORD``, a URL with credentials) should not be shown."""
    named = re.search(_TELLTALE, name, re.IGNORECASE) is not None
    return bool(value) and (named or redact(value) != value)


def _without_values(text: str, secrets: Iterable[str]) -> str:
    """Overlapping finds are joined first, so that no rest of one secret remains beside another."""
    spellings = {
        spelling
        for secret in secrets
        if len(secret) >= _SHORTEST_VALUE
        for spelling in _spellings(secret)
    }
    spans = sorted(span for spelling in spellings for span in _finds(text, spelling))
    pieces: list[str] = []
    end = 0
    for start, stop in spans:
        if start >= end:
            pieces += (text[end:start], MARK)
        end = max(end, stop)
    return "".join((*pieces, text[end:]))


def _finds(text: str, part: str) -> Iterator[tuple[int, int]]:
    at = text.find(part)
    while at >= 0:
        yield at, at + len(part)
        at = text.find(part, at + 1)


def _spellings(secret: str) -> Iterator[str]:
    yield secret
    yield quote(secret, safe="")
    yield quote(secret)
    yield quote_plus(secret)
    yield html.escape(secret)
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
    yield encoded
    yield encoded.translate(str.maketrans("+/", "-_"))
