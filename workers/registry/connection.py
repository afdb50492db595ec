"""Kept-alive connections to a registry: logs in, follows where it may, translates failures."""

import ssl
from functools import cache
from pathlib import Path
from typing import assert_never
from urllib.parse import urljoin

import httpx

from quaymaster import bounds
from quaymaster.configuration.registries import is_loopback
from quaymaster.errors import LoginRefused, OutsideFailure
from quaymaster.limits import ANSWER_SECONDS, ERROR_BYTES, LEAST_RATE, MANIFEST_BYTES
from workers.outside.best_effort import safe_words
from workers.outside.exchange import Check, go_on
from workers.outside.http_client import (
    ExchangeLimits,
    HttpClient,
    HttpFailure,
    HttpRequest,
    HttpResponse,
    Kind,
    origin,
)
from workers.outside.wire import is_local
from workers.registry.addresses import as_reached, base_of, has_login
from workers.registry.auth import Authorizer, RegistryLogin

_LONGEST_NAME = 253
_USUAL = ExchangeLimits(ANSWER_SECONDS, MANIFEST_BYTES)


def limits_of_blob(size: int) -> ExchangeLimits:
    """Of a blob whose manifest says that it has so many bytes: no more, and not too slowly."""
    return ExchangeLimits(ANSWER_SECONDS + size / LEAST_RATE, size)


class RegistryConnection:
    """HTTP with one registry. Build it where it is used: it must not cross a fork.

    Threads may share it. Every method raises OutsideFailure when the registry is not reached or
    does not answer in time, LoginRefused when it does not accept the login, and whatever ``check``
    raises, which is asked several times a second.
    """

    def __init__(self, login: RegistryLogin, check: Check = go_on) -> None:
        self.login = login
        self.base = base_of(login.scheme, login.host)
        self._check = check
        trusted = tls_context(login.ca_file) if login.scheme == "https" else _no_tls()
        self._client = HttpClient(trusted, self._may_be_local, login.proxies)
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
        limits: ExchangeLimits | None = None,
    ) -> HttpResponse:
        """Ask ``path`` (with its query) of the registry, logging in when it wants that.

        An answer beyond the limits is refused.
        """
        url = self._own_url(path)
        sent = self._authorizer.header(scopes)
        for attempt in (1, 2):
            sent_headers = {**(headers or {}), **({"Authorization": sent} if sent else {})}
            answer = self._asked(HttpRequest(method, url, sent_headers, content), limits or _USUAL)
            if answer.status != httpx.codes.UNAUTHORIZED or attempt == 2:
                return answer
            sent = self._authorizer.answer(answer, scopes, sent)
        raise AssertionError("unreachable")

    def redacted(self, text: str, limit: int = 300) -> str:
        """Text of the registry without the login and the tokens, and not longer than needed."""
        safe = safe_words(text, self._authorizer.secrets)
        return bounds.text(" ".join(safe.split()), limit)

    def joined(self, url: str, named: str) -> str:
        """What an address names when it stands in an answer from ``url``."""
        try:
            return urljoin(url, named)
        except ValueError:
            raise self._not_an_address() from None

    def _own_url(self, path: str) -> str:
        """An address on this registry: a link to another host must not get the login."""
        url = self._as_ours(self.joined(f"{self.base}/", path))
        if origin(url) != origin(self.base):
            raise self._not_a_registry("It refers to another host.")
        return url

    def _as_ours(self, url: str) -> str:
        try:
            self._expect_no_login(url)
            return as_reached(url, self.base)
        except ValueError:
            raise self._not_an_address() from None

    def _ask_for_token(self, url: httpx.URL, headers: dict[str, str]) -> HttpResponse:
        limits = ExchangeLimits(ANSWER_SECONDS, ERROR_BYTES)
        try:
            return self._client.ask(
                HttpRequest("GET", str(url), headers), limits, check=self._check
            )
        except HttpFailure as failure:
            raise self._failed(failure) from None

    def _asked(self, question: HttpRequest, limits: ExchangeLimits) -> HttpResponse:
        try:
            answer = self._client.ask(question, limits, self._follow, self._check)
        except HttpFailure as failure:
            raise self._failed(failure) from None
        if not answer.is_success and origin(answer.url) != origin(self.base):
            # Whoever else it is that refuses: nobody asked them for words, nor for a login.
            return HttpResponse(_plain(answer.status), httpx.Headers(), b"", answer.url)
        return answer

    def _follow(self, named: str) -> str:
        """Where a redirect leads. Raises where the configuration does not let this registry send
        us.
        """
        self._expect_no_login(named)
        is_listed = _named(*origin(named)) in self.login.redirects_to
        url = named if is_listed else self._as_ours(named)
        scheme, host, port = origin(url)
        if (scheme, host, port) == origin(self.base):
            return url
        name = _named(scheme, host, port)
        if not is_listed:
            both_here = is_loopback(self.login.host) and is_loopback(name)
            if is_local(host) and not both_here:
                raise self._failed(HttpFailure(Kind.LOCAL))
            raise self._redirects(name)
        if scheme != "https" and not is_loopback(name):
            raise self._not_a_registry("It redirects to plain HTTP.")
        return url

    def _may_be_local(self, host: str, port: int) -> bool:
        """The registry is where whoever configured it wants it. Where it sends us, only what is
        written as an address of this machine may be one.
        """
        if (host, port) == origin(self.base)[1:]:
            return True
        if not is_local(host):
            return False
        listed = {_named(scheme, host, port) for scheme in ("http", "https")}
        both_here = is_loopback(self.login.host) and is_loopback(_bracketed(host))
        return both_here or not listed.isdisjoint(self.login.redirects_to)

    def _redirects(self, name: str) -> OutsideFailure:
        host = self.login.host
        if len(name) > _LONGEST_NAME or not all(c.isalnum() or c in "-._:[]" for c in name):
            return self._not_a_registry("It redirects to what is not the name of a host.")
        listed = ", ".join((*self.login.redirects_to, name))
        return OutsideFailure(
            f"{host} redirects to {name}, which is not allowed.",
            why="A registry that keeps its images elsewhere redirects to that place.",
            next_step="If that is right, your Quaymaster administrator can add this line in "
            f"quaymaster.yml, under registries: {host}: `redirects_to: [{listed}]`",
        )

    def _failed(self, failure: HttpFailure) -> OutsideFailure:
        host, words = self.login.host, failure.words
        match failure.kind:
            case Kind.TOO_SLOW:
                return self._too_slow()
            case Kind.CIRCLES:
                return self._not_a_registry("It redirects in circles.")
            case Kind.NO_ADDRESS:
                return self._not_a_registry("It redirects to what is not an address.")
            case Kind.LOCAL:
                return self._not_a_registry(
                    "It redirects to an address of this machine or of its local link."
                )
            case Kind.TOO_LONG | Kind.NOT_HTTP:
                return self._not_a_registry(words)
            case Kind.UNTRUSTED | Kind.OUTDATED | Kind.OTHER_NAME:
                what, way = _certificate(failure.kind, host)
                return OutsideFailure(
                    f"The certificate of {host} {what}.", why=words, next_step=way
                )
            case Kind.NO_TLS:
                return OutsideFailure(
                    f"{host} does not speak HTTPS.",
                    why=f"{words} Plain HTTP is used with registries on the same machine only.",
                    next_step="Give the registry a certificate.",
                )
            case Kind.UNREACHED:
                return OutsideFailure(
                    f"{host} cannot be reached.",
                    why=words,
                    next_step="Check that the registry runs and that its name is right.",
                    trying_again_can_help=True,
                )
            case Kind.BROKEN:
                return OutsideFailure(
                    f"The connection to {host} broke.",
                    why=words,
                    next_step="Try again.",
                    trying_again_can_help=True,
                )
            case _:
                assert_never(failure.kind)

    def _too_slow(self) -> OutsideFailure:
        return OutsideFailure(
            f"{self.login.host} does not answer in time.",
            next_step="Try again in a minute; if it keeps happening, look at the registry.",
            trying_again_can_help=True,
        )

    def _expect_no_login(self, url: str) -> None:
        """Nobody tells us whom to log in as. Raises ValueError for what is not an address."""
        if has_login(url):
            raise self._not_a_registry("It refers to an address with a login in it.")

    def _not_an_address(self) -> OutsideFailure:
        return self._not_a_registry("It refers to what is not an address.")

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


def _certificate(kind: Kind, host: str) -> tuple[str, str]:
    """What is the matter with it, and what to do."""
    if kind is Kind.OUTDATED:
        return "is not valid now", (
            "The registry's administrator has to renew it. If it is in date, set the clock of the "
            "machine that the worker runs on."
        )
    if kind is Kind.OTHER_NAME:
        return "is for another name", (
            "Use one of the names that it is for, or ask the registry's administrator to add this "
            "one."
        )
    return (
        "is not trusted",
        f"Your Quaymaster administrator can set ca_file under registries: {host}.",
    )


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
                next_step="Your Quaymaster administrator has to set ca_file to a readable PEM "
                "file.",
            ) from None
    return context


@cache
def _no_tls() -> ssl.SSLContext:
    """Trusts nothing, and costs nothing to make: plain HTTP needs no certificates."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _named(scheme: str, host: str, port: int) -> str:
    """As ``redirects_to`` names it: without the port where it is the usual one."""
    is_usual = port == (443 if scheme == "https" else 80)
    return _bracketed(host) if is_usual else f"{_bracketed(host)}:{port}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _plain(status: int) -> int:
    """A refusal by somebody else than the registry is no matter of its login."""
    return status if status in (404, 429) or status >= 500 else 502
