"""What an error from outside says, without the names in it that people chose.

Engines, registries and scanners put names into their errors: a repository may be called
“unauthorized-page”, a tag “1.4-401” and a directory “/srv/denied”. What is left without them is
looked at: first the codes and statuses that the other side gave, then its words.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Self

_LONGEST = 4096
"""How many characters are examined; a registry may answer with a complete page."""
_NAME = " · "
"""Replaces a name, so that the words around it stay separate."""

_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|(?<!\w)'[^'\n]*'(?!\w)|`[^`\n]*`|“[^”\n]*”")
_CODE_OF_JSON = re.compile(r"\"code\"\s*:\s*\"([A-Z_]+)\"")
_WORD = re.compile(r"\S+")
_CLOSES = ":;,.)]}"
"""What closes a sentence or a part of one."""
_DIGEST = re.compile(r"\bsha256:[0-9a-f]+")
_KINDS = (
    *("tag", "repository", "repo", "image", "name", "namespace", "project", "artifact", "manifest"),
    *("container", "network", "volume", "service", "host", "user", "account"),
)
_SEPARATORS = re.compile(r"[/:@\s]+")

_TAG = re.compile(r"</?[a-z][^<>]*>|<!doctype[^<>]*>")
"""Of a web page, which proxies answer with."""

# Some have two: nginx and others keep to that of an earlier RFC.
_PHRASES = "|".join(
    re.escape(phrase)
    for phrase in (
        *(status.phrase.lower() for status in HTTPStatus if status >= 400),
        *("request entity too large", "payload too large", "content too large"),
        *("service temporarily unavailable", "gateway time-out"),
    )
)
_STATUS = re.compile(
    r"(?:\b(?:status(?: code)?|http|response)\s*[:=]?\s*(?P<named>[45]\d\d)(?![\w.-]))"
    rf"|(?<![\w:.-])(?P<phrased>[45]\d\d) (?:{_PHRASES})\b"
)
_SEGMENT = re.compile(r":(?:\s+|$)|;\s*|\n+")

# https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes and
# https://github.com/distribution/distribution/blob/main/registry/api/errcode/register.go
_CODES = frozenset(
    {
        *("blob unknown", "blob upload invalid", "blob upload unknown", "denied"),
        *("digest invalid", "manifest blob unknown", "manifest invalid", "manifest unknown"),
        *("manifest unverified", "name invalid", "name unknown", "precondition", "size invalid"),
        *("tag invalid", "toomanyrequests", "unauthorized", "unavailable", "unknown"),
        *("unsupported", "insufficient_scope"),
    }
)


@dataclass(frozen=True, slots=True)
class ForeignWords:
    """An error's text from outside, taken apart."""

    text: str
    """In small letters, without names."""
    statuses: frozenset[int]
    """Of HTTP, that the text names as such: digits of a port or a tag are none."""
    codes: frozenset[str]
    """Of the registry's protocol, in small letters with spaces."""

    @classmethod
    def of(cls, text: str, names: Iterable[str] = ()) -> Self:
        """Take a text apart. ``names`` are those that are known to be names in it."""
        text = text[:_LONGEST]
        codes = frozenset(_code(found) for found in _CODE_OF_JSON.findall(text))
        bare = _QUOTED.sub(_NAME, _TAG.sub(" ", text.lower()))
        bare = _DIGEST.sub(_NAME, _WORD.sub(_without_path, bare))
        segments = frozenset(_code(one) for one in _SEGMENT.split(bare))
        for name in _parts(names):
            bare = _place(name).sub(_NAME, bare)
        found = _STATUS.finditer(bare)
        statuses = frozenset(int(one["named"] or one["phrased"]) for one in found)
        return cls(" ".join(bare.split()), statuses, (segments | codes) & _CODES)

    def has(self, *signs: str) -> bool:
        """Whether one of these lower-case words occurs as a word of its own, outside of names."""
        return any(_sign(sign).search(self.text) for sign in signs)


def _without_path(word: re.Match[str]) -> str:
    """Addresses, paths and references to images are names."""
    text = word[0]
    if "/" not in text or text.startswith("i/o"):
        return text
    return f"{_NAME}{text[len(text.rstrip(_CLOSES)) :]}"


def _code(text: str) -> str:
    code = text.strip().lower()
    return code if code in _CODES else code.replace("_", " ")


def _parts(names: Iterable[str]) -> list[str]:
    """The names and what they consist of, the longest first."""
    whole = {name.lower() for name in names}
    parts = {part for name in whole for part in _SEPARATORS.split(name)}
    return sorted((whole | parts) - {"", *_KINDS}, key=len)[::-1]


@lru_cache(maxsize=256)
def _place(name: str) -> re.Pattern[str]:
    """Where a name stands. One that is a word of the language (a repository “quota”, a tag
    “denied”) may stand there as that word, too, so it is a name only where something says so.
    """
    if not name.isalpha():
        return re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
    kinds = "|".join(rf"(?<=\b{kind}[ :=])" for kind in _KINDS)
    return re.compile(rf"(?:{kinds}){re.escape(name)}(?!\w)")


@lru_cache(maxsize=256)
def _sign(sign: str) -> re.Pattern[str]:
    """Digests, ports and names may hold any digits and words, joined by these signs."""
    return re.compile(rf"(?<![\w@/-])(?<!\w[.:]){re.escape(sign)}(?![\w/-]|[.:@]\w)")
