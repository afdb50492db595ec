"""Challenges are read, and the password goes only where it may."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from quaymaster.configuration.registries import RegistryAccess
from quaymaster.configuration.secret_references import SecretReference
from quaymaster.errors import LoginRefused, OutsideFailure
from workers.outside.http_client import HttpResponse
from workers.registry.auth import Authorizer, Challenge, RegistryLogin

LOGIN = RegistryLogin("registry.test", "https", "ci", SecretStr("hunter2"))
SCOPES = frozenset({"repository:shop/web:pull"})


class TokenServer:
    """Answers as told, and remembers what it was asked."""

    def __init__(self, status: int = 200, content: bytes = b'{"token": "t-1"}') -> None:
        self.answer = (status, content)
        self.asked: list[tuple[httpx.URL, dict[str, str]]] = []

    def __call__(self, url: httpx.URL, headers: dict[str, str]) -> HttpResponse:
        self.asked.append((url, headers))
        return HttpResponse(self.answer[0], httpx.Headers(), self.answer[1], str(url))


def refused(*challenges: str, content: bytes = b"") -> HttpResponse:
    headers = httpx.Headers([("WWW-Authenticate", one) for one in challenges])
    return HttpResponse(401, headers, content, "https://registry.test/v2/")


def challenge(realm: str = "https://auth.test/token") -> str:
    return f'Bearer realm="{realm}",service="registry.test",scope="repository:shop/web:pull"'


def bearer(realm: str = "https://auth.test/token") -> HttpResponse:
    return refused(challenge(realm))


def test_a_login_comes_from_the_configuration_and_the_environment() -> None:
    access = RegistryAccess("registry.test", "ci", SecretReference("REGISTRY_PASSWORD"))
    login = RegistryLogin.of(access, {"REGISTRY_PASSWORD": "hunter2"})
    assert login.basic == "Basic Y2k6aHVudGVyMg=="
    assert "hunter2" not in repr(login)
    assert "hunter2" in login.secrets


def test_a_challenge_is_read_with_its_parameters() -> None:
    request = Challenge.parse(['Basic realm="x"', challenge()])
    assert request == Challenge(
        "bearer", "https://auth.test/token", "registry.test", "repository:shop/web:pull"
    )
    assert Challenge.parse(["BASIC realm=x"]) == Challenge("basic")
    assert Challenge.parse(["Negotiate"]) is None
    assert Challenge.parse([]) is None


@given(st.lists(st.text(max_size=100), max_size=3))
def test_whatever_the_header_says_is_read_or_nothing(headers: list[str]) -> None:
    Challenge.parse([*headers, "Bearer " + "".join(headers)])


def test_a_token_is_asked_for_once_and_used_again() -> None:
    server = TokenServer()
    authorizer = Authorizer(LOGIN, server)
    assert authorizer.header(SCOPES) == LOGIN.basic
    assert authorizer.answer(bearer(), SCOPES, LOGIN.basic) == "Bearer t-1"
    assert authorizer.header(SCOPES) == "Bearer t-1"
    assert authorizer.answer(bearer(), SCOPES, LOGIN.basic) == "Bearer t-1"
    ((url, headers),) = server.asked
    assert dict(url.params) == {"service": "registry.test", "scope": "repository:shop/web:pull"}
    assert headers == {"Authorization": LOGIN.basic}
    assert "t-1" in authorizer.secrets


def test_a_token_that_is_refused_is_not_sent_again() -> None:
    authorizer = Authorizer(LOGIN, TokenServer())
    sent = authorizer.answer(bearer(), SCOPES, LOGIN.basic)
    authorizer.ask = TokenServer(content=b'{"access_token": "t-2"}')
    assert authorizer.answer(bearer(), SCOPES, sent) == "Bearer t-2"


def test_anonymous_access_asks_for_a_token_without_credentials() -> None:
    server = TokenServer()
    authorizer = Authorizer(RegistryLogin("registry.test", "https"), server)
    assert authorizer.answer(bearer(), SCOPES, "") == "Bearer t-1"
    assert server.asked[0][1] == {}


@pytest.mark.parametrize(
    "realm",
    [
        "http://auth.test/token",
        "http://127.0.0.1:5000/token",
        "https://ci:x@auth.test/token",
        "https://:x@auth.test/token",
        "http://:x@registry.test/token",
        "ftp://auth.test/token",
        "//auth.test/token",
        "https://",
        "https://[::1/token",
    ],
)
def test_the_password_is_never_sent_in_clear_over_a_network(realm: str) -> None:
    server = TokenServer()
    with pytest.raises(LoginRefused) as unsafe:
        Authorizer(LOGIN, server).answer(bearer(realm), SCOPES, LOGIN.basic)
    assert server.asked == []
    assert "hunter2" not in str(unsafe.value)


def test_a_challenge_that_names_no_token_server_is_told() -> None:
    refused = HttpResponse(
        401, httpx.Headers({"WWW-Authenticate": "Bearer x=y"}), b"", "https://r.test/"
    )
    with pytest.raises(LoginRefused, match="does not say where to get a token"):
        Authorizer(LOGIN, TokenServer()).answer(refused, SCOPES, LOGIN.basic)


@pytest.mark.parametrize("token", [" t-1", "t-1 ", "\\tt-1"])
def test_blanks_around_a_token_are_not_of_it(token: str) -> None:
    server = TokenServer(content=f'{{"token": "{token}"}}'.encode())
    assert Authorizer(LOGIN, server).answer(bearer(), SCOPES, LOGIN.basic) == "Bearer t-1"


@pytest.mark.parametrize("token", [" ", "a b"])
def test_what_cannot_be_a_token_is_none(token: str) -> None:
    server = TokenServer(content=f'{{"token": "{token}"}}'.encode())
    with pytest.raises(OutsideFailure, match="sent no token"):
        Authorizer(LOGIN, server).answer(bearer(), SCOPES, LOGIN.basic)


@pytest.mark.parametrize("realm", ["http://localhost:5001/token", "http://[::1]:5001/token"])
def test_a_registry_on_this_machine_may_have_its_token_server_there(realm: str) -> None:
    login = RegistryLogin("127.0.0.1:5000", "http", "ci", SecretStr("hunter2"))
    answer = Authorizer(login, TokenServer()).answer(bearer(realm), SCOPES, login.basic)
    assert answer == "Bearer t-1"


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_token_server_that_refuses_is_a_refused_login(status: int) -> None:
    with pytest.raises(LoginRefused, match="refused the login of ci"):
        Authorizer(LOGIN, TokenServer(status)).answer(bearer(), SCOPES, LOGIN.basic)


@pytest.mark.parametrize(
    ("status", "content", "again"),
    [
        (500, b"", True),
        (429, b"", True),
        (404, b"", False),
        (302, b"", False),
        (200, b"<html>", False),
        (200, b"{}", False),
        (200, b'{"token": "a\\nb"}', False),
        (200, b'{"token": 1}', False),
    ],
)
def test_a_token_server_that_fails_is_said_so(status: int, content: bytes, again: bool) -> None:
    with pytest.raises(OutsideFailure) as failed:
        Authorizer(LOGIN, TokenServer(status, content)).answer(bearer(), SCOPES, LOGIN.basic)
    assert failed.value.trying_again_can_help is again
    assert ("Try again" in str(failed.value)) is again


def test_basic_that_was_refused_is_not_tried_again() -> None:
    with pytest.raises(LoginRefused, match="refused the login of ci"):
        Authorizer(LOGIN, TokenServer()).answer(refused("Basic realm=x"), SCOPES, LOGIN.basic)


def test_without_credentials_the_error_says_that_some_are_wanted() -> None:
    anonymous = Authorizer(RegistryLogin("registry.test", "https"), TokenServer())
    with pytest.raises(LoginRefused, match=r"registry\.test requires a login"):
        anonymous.answer(refused("Basic realm=x"), SCOPES, "")


@pytest.mark.parametrize(
    ("login", "realm", "asked"),
    [
        (LOGIN, "http://registry.test/token", "https://registry.test/token"),
        (LOGIN, "http://registry.test:80/token", "https://registry.test/token"),
        (
            RegistryLogin("git.test:5050", "https", "ci", SecretStr("hunter2")),
            "http://git.test/jwt/auth",
            "https://git.test/jwt/auth",
        ),
        (
            RegistryLogin("git.test:5050", "https", "ci", SecretStr("hunter2")),
            "https://git.test/jwt/auth",
            "https://git.test/jwt/auth",
        ),
    ],
)
def test_a_token_server_on_the_registrys_own_host_is_asked_over_https(
    login: RegistryLogin, realm: str, asked: str
) -> None:
    server = TokenServer()
    Authorizer(login, server).answer(bearer(realm), SCOPES, login.basic)
    assert str(server.asked[0][0]).partition("?")[0] == asked


ECR = RegistryLogin(
    "123456789012.dkr.ecr.eu-west-1.amazonaws.com", "https", "AWS", SecretStr("hunter2")
)
EXPIRED = b"Your authorization token has expired. Reauthenticate and try again."


@pytest.mark.parametrize(
    "words", [EXPIRED, b'{"errors": [{"code": "DENIED", "message": "%s"}]}' % EXPIRED]
)
def test_a_login_whose_time_is_over_is_said_to_have_expired(words: bytes) -> None:
    for offered in ("Basic realm=x", challenge()):
        server = TokenServer(401, words)
        with pytest.raises(LoginRefused, match="has expired") as over:
            Authorizer(ECR, server).answer(refused(offered, content=words), SCOPES, ECR.basic)
        assert "good for 12 hours" in str(over.value)
        assert "new password" in over.value.problem.next_step


def test_a_login_that_is_good_for_hours_may_have_expired_where_nothing_is_said() -> None:
    with pytest.raises(LoginRefused, match="or it has expired: Amazon ECR's are good for 12 hours"):
        Authorizer(ECR, TokenServer()).answer(refused("Basic realm=x"), SCOPES, ECR.basic)


def test_an_image_that_is_called_expired_has_no_expired_login() -> None:
    words = b"requested access to shop/token-expired is denied, login_expired"
    with pytest.raises(LoginRefused, match="refused the login of ci"):
        Authorizer(LOGIN, TokenServer()).answer(
            refused("Basic realm=x", content=words), SCOPES, LOGIN.basic
        )
