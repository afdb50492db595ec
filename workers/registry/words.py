"""What a registry says when it refuses something.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
"""

import re
from dataclasses import dataclass

from pydantic import ValidationError

from workers.outside.foreign_json import Foreign
from workers.outside.http_client import HttpResponse

# Amazon's “Your authorization token has expired. Reauthenticate and try again.”, and its like. A
# blank parts the words, so that no name of an image says it.
_EXPIRED = re.compile(
    r"\b(?:token|credentials?|login|session|password|signature)\s(?:(?:has|have|is|are|was)\s)?"
    r"expired\b|\bexpired\s(?:\w+\s)?(?:token|credentials?|login|session|password)\b"
    r"|\bExpiredToken",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class RegistryRefusal:
    """Its first code, where it has one, and all its words; they may hold anything."""

    code: str
    words: str

    @property
    def says_expired(self) -> bool:
        """Whether it is the login's time that is over."""
        return _EXPIRED.search(self.words) is not None


def refusal_in(answer: HttpResponse) -> RegistryRefusal:
    """What an answer says; a web page has no words worth showing."""
    try:
        errors = _Errors.model_validate_json(answer.content).errors
    except ValidationError:
        text = answer.content.decode(errors="replace")
        is_page = "html" in answer.headers.get("content-type", "") or "<html" in text[:500].lower()
        return RegistryRefusal("", "(a web page)" if is_page else text)
    words = "; ".join(_words(error) for error in errors)
    return RegistryRefusal(errors[0].code if errors else "", words)


class _Error(Foreign):
    code: str = ""
    message: str = ""
    detail: object = None


class _Errors(Foreign):
    errors: list[_Error]


def _words(error: _Error) -> str:
    detail = error.detail if isinstance(error.detail, str) else ""
    return ": ".join(part for part in (error.message or error.code, detail) if part)
