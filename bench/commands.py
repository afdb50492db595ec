"""Slash commands as Slack sends and signs them.

https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

import hashlib
import hmac
import http.client
import secrets
import time
from urllib.parse import urlencode


class Commander:
    """Sends commands over one kept-alive connection."""

    def __init__(self, port: int, secret: str, user: str = "U024BE7LH") -> None:
        self._port = port
        self._secret = secret.encode()
        self._user = user
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)

    def send(self, text: str) -> tuple[float, str]:
        """Send one command; returns the seconds until the acknowledgement, and its body."""
        body, headers = self.signed(text)
        began = time.perf_counter()
        self._connection.request("POST", "/slack/events", body, headers)
        answer = self._connection.getresponse()
        words = answer.read().decode()
        took = time.perf_counter() - began
        if answer.status != 200:
            raise RuntimeError(f"{answer.status}: {words[:200]}")
        return took, words

    def signed(self, text: str) -> tuple[bytes, dict[str, str]]:
        """A delivery that was never sent before."""
        body = urlencode(
            {
                "command": "/image",
                "text": text,
                "user_id": self._user,
                "user_name": "alice",
                "team_id": "T0SHOP",
                "channel_id": "C0SHOP",
                "channel_name": "shop",
                "trigger_id": f"1.2.{secrets.token_hex(16)}",
                "response_url": "http://127.0.0.1:9/never",
                "api_app_id": "A0QUAYMASTER",
            }
        ).encode()
        stamp = str(int(time.time()))
        digest = hmac.new(self._secret, f"v0:{stamp}:".encode() + body, hashlib.sha256)
        return body, {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": f"v0={digest.hexdigest()}",
        }

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
