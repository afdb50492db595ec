"""Who may use the page: a browser on this machine that knows the token, on the page's own address.

Binding to loopback is not enough. Another user of the machine can connect, so the path carries a
token; a page from elsewhere can make a browser connect, by name (DNS rebinding) or by address, so
the Host and the Origin are checked: https://owasp.org/www-community/attacks/csrf and
https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Origin
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOCAL = ("127.0.0.1", "localhost", "::1")
_INLINE = re.compile(r"<script[^>]*>(.+?)</script>", re.DOTALL)


class Guard:
    """An ASGI application that lets requests through to another, or refuses them."""

    def __init__(self, app: ASGIApp, token: str, page: str) -> None:
        self._app = app
        self._token = token.encode()
        self._headers = headers_for(page)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what comes from the page itself."""
        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, self._with_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": refusal[1]})
        else:
            await PlainTextResponse(refusal[1], refusal[0])(scope, receive, send)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if urlsplit(f"//{host}").hostname not in _LOCAL:
            return 421, "This page is served on 127.0.0.1 only."
        token = str(scope["path_params"].get("token", ""))
        if not hmac.compare_digest(token.encode(), self._token):
            return 404, "Open the address that `quaymaster try` printed; it carries a token."
        origin = headers.get("origin")
        if origin is None:
            # Browsers name the origin of every WebSocket and of every POST.
            is_bare = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
            return None if is_bare else (403, "The request does not say which page it comes from.")
        if origin != f"http://{host}":
            return 403, "The request comes from another page."
        return None

    def _with_headers(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        return sending


def headers_for(page: str) -> dict[str, str]:
    """The headers of every answer. Nothing is loaded from elsewhere, and of the scripts inside the
    page, only the original ones run: https://www.w3.org/TR/CSP3/
    """
    hashes = "".join(f" 'sha256-{_digest(script)}'" for script in _INLINE.findall(page))
    return {
        "content-security-policy": (
            f"default-src 'none'; script-src 'self'{hashes}; style-src 'self'; "
            "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'"
        ),
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
    }


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
