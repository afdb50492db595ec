"""Logging in to a registry: Basic, or a bearer token from the server that the registry names.

https://distribution.github.io/distribution/spec/auth/token/
"""

import base64
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr, ValidationError

from quaymaster import logs
from quaymaster.configuration.registries import RegistryAccess, is_loopback
from quaymaster.configuration.secret_references import resolve
from quaymaster.errors import LoginRefused, OutsideFailure
from quaymaster.image_ref import shown
from quaymaster.proxies import NO_PROXIES, Proxies
from workers.outside.foreign_json import Foreign, reason_of
from workers.outside.http_client import HttpResponse
from workers.registry.addresses import base_of, has_login, never_in_clear
from workers.registry.challenges import challenges_in
from workers.registry.words import refusal_in

_SHORTEST_LIFE = 60.0
"""Seconds a token is good for where the server does not say, by the specification."""
_MARGIN = 10.0
_WHO_MENDS_IT = "The registry's administrator should check its token server."
_SHORT_LIVED = (
    # The user that each cloud gives a login of its own registry, and for how long it is good.
    # https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
    ("AWS", "Amazon ECR's are good for 12 hours"),
    # https://cloud.google.com/artifact-registry/docs/docker/authentication#token
    ("oauth2accesstoken", "Google's access tokens are good for an hour"),
    # https://learn.microsoft.com/azure/container-registry/container-registry-authentication
    ("00000000-0000-0000-0000-000000000000", "Azure's are good for three hours"),
)


@dataclass(frozen=True, slots=True)
class RegistryLogin:
    """Where a registry is and who logs in; without a password the access is anonymous."""

    host: str
    scheme: Literal["http", "https"]
    username: str = ""
    password: SecretStr | None = None
    ca_file: Path | None = None
    """Certificates to trust in addition to the system's."""
    redirects_to: tuple[str, ...] = ()
    """Other ``host[:port]`` to which it may send those who read."""
    proxies: Proxies = NO_PROXIES

    @classmethod
    def of(cls, access: RegistryAccess, environ: Mapping[str, str]) -> Self:
        """The login that the configuration means in this environment.

        Raises ConfigurationError naming a variable that is not set, or cannot be used.
        """
        password = resolve(access.password, environ) if access.password else None
        login = cls(
            access.host,
            access.scheme,
            access.username or "",
            password,
            access.ca_file,
            access.redirects_to,
            # Docker, too, uses registries on its own machine without one.
            Proxies.of(environ) if access.scheme == "https" else NO_PROXIES,
        )
        logs.learn((*login.secrets, *login.proxies.secrets))
        return login

    @property
    def basic(self) -> str:
        """The Authorization header of HTTP Basic, or nothing for anonymous access."""
        if self.password is None:
            return ""
        pair = f"{self.username}:{self.password.get_secret_value()}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be seen, in the forms in which it travels."""
        if self.password is None:
            return ()
        return (self.password.get_secret_value(), self.basic.removeprefix("Basic "))


@dataclass(frozen=True, slots=True)
class Challenge:
    """How a registry wants to be asked (a WWW-Authenticate header)."""

    scheme: Literal["basic", "bearer"]
    realm: str = ""
    service: str = ""
    scope: str = ""

    @classmethod
    def parse(cls, headers: list[str]) -> Self | None:
        """The challenge that can be answered; a token is preferred where both are offered."""
        offered = challenges_in(headers)
        for one in offered:
            # Without a realm, the address for tokens is unknown.
            if one.scheme == "bearer" and one.parameters.get("realm"):
                named = (one.parameters.get(name, "") for name in ("realm", "service", "scope"))
                return cls("bearer", *named)
        schemes = {one.scheme for one in offered}
        if "basic" in schemes:
            return cls("basic")
        return cls("bearer") if "bearer" in schemes else None


@dataclass(slots=True)
class Authorizer:
    """Keeps the tokens of one registry and answers its challenges. Safe to share by threads."""

    login: RegistryLogin
    ask: Callable[[httpx.URL, dict[str, str]], HttpResponse]
    """GET without redirects; raises OutsideFailure when the server is not reached."""
    _tokens: dict[frozenset[str], tuple[str, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def header(self, scopes: frozenset[str]) -> str:
        """What to send before anything was asked for: saves a round trip with most registries."""
        token, until = self._tokens.get(scopes, ("", 0.0))
        return f"Bearer {token}" if time.monotonic() < until else self.login.basic

    def answer(self, refused: HttpResponse, scopes: frozenset[str], sent: str) -> str:
        """The header that answers a 401 to a request with ``sent``. Raises LoginRefused."""
        challenge = Challenge.parse(refused.headers.get_list("www-authenticate"))
        if challenge is None:
            raise self._refused(refused, "It does not say which login it wants.")
        if challenge.scheme == "basic":
            if sent == self.login.basic:
                raise self._refused(refused)
            return self.login.basic
        if not challenge.realm:
            raise self._refused(refused, "It does not say where to get a token.")
        with self._lock:
            header = self.header(scopes)
            if header not in (self.login.basic, sent):
                return header
            token, seconds = self._token(challenge, scopes)
            self._tokens[scopes] = (token, time.monotonic() + max(seconds - _MARGIN, 1.0))
        return f"Bearer {token}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """The login's secrets and the tokens that it got."""
        return (*self.login.secrets, *(token for token, _ in self._tokens.values()))

    def _token(self, challenge: Challenge, scopes: frozenset[str]) -> tuple[str, float]:
        url = _safe_realm(challenge.realm, self.login)
        wanted = scopes or frozenset(challenge.scope.split())
        query = httpx.QueryParams({"service": challenge.service} if challenge.service else {})
        for scope in sorted(wanted):
            query = query.add("scope", scope)
        headers = {"Authorization": self.login.basic} if self.login.basic else {}
        response = self.ask(url.copy_merge_params(query), headers)
        if response.status in (400, 401, 403):
            raise self._refused(response)
        if response.status != httpx.codes.OK:
            passes = response.status >= 500 or response.status == 429
            raise OutsideFailure(
                f"The login server of {self.login.host} answered {response.status}.",
                next_step="Try again in a minute." if passes else _WHO_MENDS_IT,
                trying_again_can_help=passes,
            )
        try:
            answer = _TokenAnswer.model_validate_json(response.content)
        except ValidationError as error:
            raise self._no_token(reason_of(error)) from None
        token = (answer.token or answer.access_token).strip()
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise self._no_token()
        return token, answer.expires_in or _SHORTEST_LIFE

    def _no_token(self, why: str = "") -> OutsideFailure:
        return OutsideFailure(
            f"The login server of {self.login.host} sent no token.",
            why=why,
            next_step=_WHO_MENDS_IT,
        )

    def _refused(self, refused: HttpResponse, why: str = "") -> LoginRefused:
        if self.login.password is not None and refusal_in(refused).says_expired:
            return login_expired(self.login)
        return login_refused(self.login, why)


def login_refused(login: RegistryLogin, why: str = "") -> LoginRefused:
    """The error for credentials that are wrong, or missing."""
    if login.password is None:
        return LoginRefused(
            f"{login.host} requires a login.",
            why=why or "No credentials are configured for it.",
            next_step="Your Quaymaster administrator can add username and password under "
            f"registries: {login.host}.",
        )
    lived = _lifetime(login)
    usual = (
        f"The password is wrong, or it has expired: {lived}."
        if lived
        else "Username or password are wrong, or the account is locked."
    )
    return LoginRefused(
        f"{login.host} refused the login of {login.username or 'nobody'}.",
        why=why or usual,
        next_step="Your Quaymaster administrator should check the credentials under registries: "
        f"{login.host}.",
    )


def login_expired(login: RegistryLogin, why: str = "") -> LoginRefused:
    """The error for credentials that were right, and whose time is over."""
    lived = _lifetime(login)
    return LoginRefused(
        f"The login of {login.username or 'nobody'} at {login.host} has expired.",
        why=why or (f"{lived}." if lived else "The registry says so."),
        next_step="Your Quaymaster administrator has to put a new password into the environment of "
        "the workers and the scanner and restart them. Renew a login that is valid for hours only "
        "with a timer, or use one that does not expire.",
    )


def _lifetime(login: RegistryLogin) -> str:
    """How long logins of this kind are good, where that is a matter of hours."""
    return next((words for user, words in _SHORT_LIVED if login.username == user), "")


def _safe_realm(realm: str, login: RegistryLogin) -> httpx.URL:
    """The address of the token server. The password goes there, so never in clear over a net."""
    host = login.host
    try:
        # One on the registry's own host may not know that a proxy speaks TLS for it.
        realm = never_in_clear(realm, base_of(login.scheme, host))
        parts = urlsplit(realm)
        port = f":{parts.port}" if parts.port else ""
        name = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
        is_local = is_loopback(f"{name}{port}") and is_loopback(host)
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_local)
        if name and not has_login(realm) and is_safe:
            return httpx.URL(realm)
    except (ValueError, httpx.InvalidURL):
        pass
    raise LoginRefused(
        f"{host} sends the login to {shown(realm)}, which is not safe.",
        why="Credentials go over HTTPS only, or to this machine for a registry on it.",
        next_step="The registry's administrator has to give its token server an https:// address.",
    )


class _TokenAnswer(Foreign):
    token: str = ""
    access_token: str = ""
    expires_in: float | None = None
