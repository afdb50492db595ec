"""Removes secrets from what is shown: by value, by the name of their field, and by their form."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote_plus

from local_slack.world import App

REDACTED = "[redacted]"
# The verification token of payloads and the token of a call are both called `token`:
# https://docs.slack.dev/authentication/verifying-requests-from-slack#deprecation
_NAMES = frozenset({"token", "authorization", "signing_secret", "client_secret"})
# Every token of Slack's, also one that belongs to another workspace, and the ticket of a WebSocket
# address: https://docs.slack.dev/authentication/tokens
_FORMS = r"\bx(?:ox[a-z]|app)-[\w%-]+|(?<=[?&]ticket=)[\w%-]+"
_SHORTEST = 4  # a shorter "secret" would match ordinary words


class Redaction:
    """Knows the secrets of one app."""

    def __init__(self, app: App) -> None:
        values = (app.bot_token, app.app_token, app.signing_secret, app.verification_token)
        secrets = {one for one in values if len(one) >= _SHORTEST}
        secrets |= {quote_plus(one) for one in secrets}
        longest_first = sorted(secrets, key=len, reverse=True)
        self._secret = re.compile("|".join([*map(re.escape, longest_first), _FORMS]))

    def text(self, text: str) -> str:
        """``text`` without secrets."""
        return self._secret.sub(REDACTED, text)

    def value(self, value: Any) -> Any:
        """A copy of a JSON value without secrets."""
        match value:
            case str():
                return self.text(value)
            case dict():
                return {
                    name: REDACTED if str(name).lower() in _NAMES and one else self.value(one)
                    for name, one in value.items()
                }
            case list() | tuple():
                return [self.value(one) for one in value]
        return value
