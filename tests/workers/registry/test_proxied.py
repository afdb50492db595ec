"""Registries over TLS are reached through the proxy of the environment, and around it."""

import socket
import threading
from collections.abc import Mapping

import pytest

from quaymaster.configuration.registries import RegistryAccess
from quaymaster.errors import ConfigurationError, OutsideFailure
from tests.misbehaving import Script, asked, misbehaving
from workers.registry.auth import RegistryLogin
from workers.registry.client import Registry


class Proxy:
    """Remembers what it is asked, and lets nobody through."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    @property
    def script(self) -> Script:
        def refuse(connection: socket.socket, _: threading.Event) -> None:
            self.asked.append(asked(connection))
            connection.sendall(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")

        return refuse


def pinged(host: str, environ: Mapping[str, str]) -> str:
    login = RegistryLogin.of(RegistryAccess(host), environ)
    with Registry(login) as registry, pytest.raises(OutsideFailure) as failed:
        registry.ping()
    return str(failed.value)


def test_a_registry_is_asked_for_through_the_proxy() -> None:
    proxy = Proxy()
    with misbehaving(proxy.script) as (host, port):
        environ = {
            "HTTPS_PROXY": f"http://ci:hunter2@{host}:{port}",
            "NO_PROXY": "localhost,[::1],fd00::/8,10.0.0.0/8,*.example.com",
        }
        text = pinged("registry.invalid", environ)
        assert "The proxy in the environment does not connect to it." in text
        assert "hunter2" not in text
    (first,) = proxy.asked
    assert first.startswith(b"CONNECT registry.invalid:443 ")
    assert b"Proxy-Authorization: Basic Y2k6aHVudGVyMg==" in first


@pytest.mark.parametrize(
    ("login", "sent"),
    [("ci:p%C3%A4ss", b"Y2k6cMOkc3M="), (":hunter2", b"Omh1bnRlcjI="), ("ci", b"Y2k6")],
)
def test_any_login_gets_to_the_proxy(login: str, sent: bytes) -> None:
    proxy = Proxy()
    with misbehaving(proxy.script) as (host, port):
        text = pinged("registry.invalid", {"HTTPS_PROXY": f"http://{login}@{host}:{port}"})
    assert "The proxy in the environment does not connect to it." in text
    assert b"Proxy-Authorization: Basic " + sent + b"\r\n" in proxy.asked[0]


@pytest.mark.parametrize(
    ("no_proxy", "wanted"),
    [
        ("*.invalid", "registry.invalid"),
        ("registry.invalid:443", "registry.invalid"),
        ("fd00::/8", "[fd00::1]:1"),
        ("[::1],*", "registry.invalid"),
    ],
)
def test_around_it_where_no_proxy_says_so(no_proxy: str, wanted: str) -> None:
    proxy = Proxy()
    with misbehaving(proxy.script) as (host, port):
        environ = {"https_proxy": f"{host}:{port}", "no_proxy": no_proxy}
        assert "cannot be reached" in pinged(wanted, environ)
    assert proxy.asked == []


def test_no_proxy_alone_breaks_nothing() -> None:
    assert "cannot be reached" in pinged(
        "registry.invalid", {"NO_PROXY": "localhost,[::1],fd00::/8"}
    )


@pytest.mark.parametrize("value", ["socks5://proxy.test:1080", "https://proxy.test"])
def test_one_that_cannot_be_used_is_an_error_of_the_configuration(value: str) -> None:
    with pytest.raises(ConfigurationError, match="HTTPS_PROXY cannot be used"):
        RegistryLogin.of(RegistryAccess("registry.test"), {"HTTPS_PROXY": value})
    login = RegistryLogin.of(RegistryAccess("localhost:5000"), {"HTTPS_PROXY": value})
    assert login.proxies.to("https://registry.test/") is None
