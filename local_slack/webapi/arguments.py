"""The arguments of a Web API call, wherever they came from.

Form fields, query parameters or a JSON body: https://docs.slack.dev/apis/web-api/#basics
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from local_slack.errors import SlackError, missing

_FORM = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True, slots=True)
class Arguments:
    """Named values; what came in a form is text, what came in JSON keeps its type."""

    values: dict[str, Any]

    def text(self, name: str) -> str | None:
        """The value as text; None where it is absent or null."""
        value = self.values.get(name)
        if value is None:
            return None
        return value if isinstance(value, str) else json.dumps(value)

    def required(self, name: str) -> str:
        """Like `text`, but must be there and not empty."""
        value = self.text(name)
        if not value:
            raise missing(name)
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean, written in any way Slack takes: true, 1."""
        value = self.values.get(name)
        return default if value is None else str(value).lower() in ("1", "true")

    def number(self, name: str, default: int) -> int:
        """A whole number; raises ``invalid_arguments`` for anything else."""
        value = self.values.get(name)
        if value is None or value == "":
            return default
        try:
            return int(value)
        except (TypeError, ValueError):
            raise SlackError(
                "invalid_arguments",
                messages=[f"[ERROR] must provide an integer [json-pointer:/{name}]"],
            ) from None

    def structure(self, name: str, malformed: str) -> Any:
        """A JSON value, given as JSON or as text that holds JSON; None where it is absent.

        Raises the error ``malformed`` when the text is no JSON.
        """
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        if value == "":
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise SlackError(malformed) from None


def read_arguments(
    method: str, content_type: str, query: str, body: bytes, takes_json: bool
) -> Arguments:
    """The arguments of one request.

    A JSON body is ignored by methods that do not list it among their content types.
    Raises ``invalid_json``, ``json_not_object`` and ``invalid_post_type``.
    """
    values: dict[str, Any] = dict(parse_qsl(query, keep_blank_values=True))
    kind = content_type.split(";")[0].strip().lower()
    if kind == "application/json":
        if takes_json and body:
            values.update(_json_object(body))
    elif kind == _FORM[0]:
        values.update(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    elif method == "POST" and body:
        raise SlackError("invalid_post_type")
    return Arguments(values)


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        raise SlackError("invalid_json") from None
    if not isinstance(value, dict):
        raise SlackError("json_not_object")
    return value
