"""One kept-alive connection to a registry: logs in, bounds what it reads, translates failures."""

import ssl
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx

from quaymaster import bounds
from quaymaster.errors import LoginRefused, OutsideFailure
from quaymaster.redaction import redact
from workers.registry_auth import Authorizer, RegistryLogin

_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
_WHOLE_ANSWER_SECONDS = 60.0
"""A server that sends a byte now and then must not hold a worker for ever."""

MANIFEST_BYTES = 4 * 1024 * 1024
"""https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests"""
ERROR_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What a registry answered, read to its end (an error's text at most to ``ERROR_BYTES``)."""

    status: int
    headers: httpx.Headers
    content: bytes
    url: str

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


class RegistryConnection:
    """HTTP with one registry. Build it where it is used: it must not cross a fork.

    Threads may share it. Every method raises OutsideFailure when the registry is not reached or
    does not answer in time, and LoginRefused when it does not accept the login.
    """

    def __init__(self, login: RegistryLogin) -> None:
        self.login = login
        self.base = f"{login.scheme}://{api_host(login.host)}"
        trusted = tls_context(login.ca_file) if login.scheme == "https" else _no_tls()
        # Proxies of the environment are for the world outside, as they are for Docker.
        self._client = httpx.Client(
            verify=trusted,
            timeout=_TIMEOUT,
            trust_env=login.scheme == "https",
            headers={"User-Agent": "quaymaster", "Accept-Encoding": "identity"},
            limits=httpx.Limits(max_connections=16, max_keepalive_connections=16),
        )
        self._authorizer = Authorizer(login, self._ask_for_token)

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def send(
        self,
        method: str,
        path: str,
        scopes: frozenset[str],
        *,
        headers: dict[str, str] | None = None,
        content: bytes = b"",
        limit: int = MANIFEST_BYTES,
    ) -> Answer:
        """Ask ``path`` (with its query) of the registry, logging in when it wants that.

        An answer of more than ``limit`` bytes is refused.
        """
        url = self._own_url(path)
        sent = self._authorizer.header(scopes)
        for attempt in (1, 2):
            given = {**(headers or {}), **({"Authorization": sent} if sent else {})}
            answer = self._exchange(method, url, given, content, limit)
            if answer.status != httpx.codes.UNAUTHORIZED or attempt == 2:
                return answer
            challenges = answer.headers.get_list("www-authenticate")
            sent = self._authorizer.answer(challenges, scopes, sent)
        raise AssertionError("unreachable")

    def redacted(self, text: str, limit: int = 300) -> str:
        """Text of the registry without the login and the tokens, and not longer than needed."""
        safe = redact(text, self._authorizer.secrets)
        return bounds.text(" ".join(safe.split()), limit)

    def _own_url(self, path: str) -> str:
        """An address on this registry: a link to another host must not get the login."""
        url = urljoin(f"{self.base}/", path)
        if urlsplit(url)[:2] != urlsplit(self.base)[:2]:
            raise self._not_a_registry("It refers to another host.")
        return url

    def _ask_for_token(self, url: httpx.URL, headers: dict[str, str]) -> httpx.Response:
        answer = self._exchange("GET", str(url), headers, b"", ERROR_BYTES, follow=False)
        return httpx.Response(answer.status, headers=answer.headers, content=answer.content)

    def _exchange(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        content: bytes,
        limit: int,
        *,
        follow: bool = True,
    ) -> Answer:
        """One exchange, and once more when a kept-alive connection turns out to be closed."""
        may_follow = follow and method in ("GET", "HEAD")
        for attempt in (1, 2):
            try:
                with self._client.stream(
                    method, url, headers=headers, content=content, follow_redirects=may_follow
                ) as response:
                    read = self._read(response, limit)
                return Answer(response.status_code, response.headers, read, str(response.url))
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
                if attempt == 2:
                    raise self._broken(error) from None
            except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError) as error:
                raise self._broken(error) from None
        raise AssertionError("unreachable")

    def _read(self, response: httpx.Response, limit: int) -> bytes:
        until = time.monotonic() + _WHOLE_ANSWER_SECONDS
        bound = limit if response.is_success else ERROR_BYTES
        read = bytearray()
        for chunk in response.iter_raw():
            read += chunk
            if len(read) > bound:
                if not response.is_success:
                    return bytes(read[:bound])
                raise self._not_a_registry(f"Its answer is longer than {bound:,} bytes.")
            if time.monotonic() > until:
                raise self._too_slow()
        return bytes(read)

    def _broken(self, error: Exception) -> OutsideFailure:
        host = self.login.host
        why = self.redacted(str(error))
        match error:
            case httpx.TimeoutException():
                return self._too_slow()
            case httpx.TooManyRedirects():
                return self._not_a_registry("It redirects in circles.")
            case httpx.UnsupportedProtocol() | httpx.InvalidURL():
                return self._not_a_registry("It redirects to what is not an address.")
            case _ if "certificate verify failed" in why.lower():
                return OutsideFailure(
                    f"The certificate of {host} is not trusted.",
                    why=why,
                    next_step=f"Whoever runs Quaymaster sets ca_file under registries: {host}.",
                )
            case _ if "ssl" in why.lower():
                return OutsideFailure(
                    f"{host} does not speak HTTPS.",
                    why=f"{why} Plain HTTP is used with registries on the same machine only.",
                    next_step="Give the registry a certificate.",
                )
            case httpx.ConnectError() | httpx.ProxyError():
                return OutsideFailure(
                    f"{host} cannot be reached.",
                    why=why,
                    next_step="Check that the registry runs and that its name is right.",
                    trying_again_can_help=True,
                )
            case _:
                return OutsideFailure(
                    f"The connection to {host} broke.",
                    why=why,
                    next_step="Try again.",
                    trying_again_can_help=True,
                )

    def _too_slow(self) -> OutsideFailure:
        return OutsideFailure(
            f"{self.login.host} does not answer in time.",
            next_step="Try again in a minute; if it stays so, look at the registry.",
            trying_again_can_help=True,
        )

    def _not_a_registry(self, why: str) -> OutsideFailure:
        return not_a_registry(self.login.host, why)


def not_a_registry(host: str, why: str) -> OutsideFailure:
    """The error for an answer that no registry should give."""
    return OutsideFailure(
        f"{host} does not answer like a registry.",
        why=why,
        next_step="Check that this is the address of a registry, without a web page or proxy "
        "in front of it.",
    )


def may_not(login: RegistryLogin, doing: str, why: str) -> LoginRefused:
    """The error for credentials that are right but not enough."""
    who = f"{login.username} may" if login.password else "Anonymous access may"
    return LoginRefused(
        f"{who} not {doing}.",
        why=why or f"{login.host} refused it.",
        next_step=f"Give the account the right in {login.host}, or configure another one.",
    )


def api_host(host: str) -> str:
    """Where a registry's API is. Docker Hub's differs from its name.

    https://github.com/distribution/reference/blob/main/normalize.go
    """
    return "registry-1.docker.io" if host in ("docker.io", "index.docker.io") else host


@cache
def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """What is trusted: the system's certificates, and those in ``ca_file``.

    Raises OutsideFailure when the file is missing or holds no certificates.
    """
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except (OSError, ssl.SSLError) as error:
            raise OutsideFailure(
                f"The certificates in {ca_file} cannot be read.",
                why=str(error),
                next_step="Whoever runs Quaymaster sets ca_file to a readable PEM file.",
            ) from None
    return context


@cache
def _no_tls() -> ssl.SSLContext:
    """Trusts nothing, and costs nothing to make: plain HTTP needs no certificates."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
