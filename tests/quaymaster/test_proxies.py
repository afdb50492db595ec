"""The environment's proxy means what it means to curl and to Go's programs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quaymaster.errors import ConfigurationError
from quaymaster.proxies import Proxies, ProxyServer
from quaymaster.settings import Settings

PROXY = {"HTTPS_PROXY": "http://proxy.test:3128"}


def is_direct(url: str, no_proxy: str) -> bool:
    return Proxies.of({**PROXY, "NO_PROXY": no_proxy}).to(url) is None


class TestWithout:
    """https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config"""

    @pytest.mark.parametrize(
        ("no_proxy", "host"),
        [
            ("*", "registry.test"),
            ("registry.test", "registry.test"),
            ("registry.test", "a.registry.test"),
            ("REGISTRY.test", "Registry.TEST"),
            ("registry.test.", "registry.test"),
            (".example.com", "a.example.com"),
            (".example.com", "a.b.example.com"),
            ("*.example.com", "a.example.com"),
            ("example.com:8443", "example.com:8443"),
            ("*.example.com:443", "a.example.com"),
            ("10.0.0.0/8", "10.1.2.3"),
            ("10.1.2.3/8", "10.9.9.9"),
            ("192.168.1.10", "192.168.1.10:5000"),
            ("192.168.1.10:5000", "192.168.1.10:5000"),
            ("fd00::/8", "[fd12::1]"),
            ("[fd00::]/8", "[fd12::1]:5000"),
            ("fd12::1", "[fd12::1]"),
            ("[fd12::1]", "[fd12:0::1]"),
            ("[fd12::1]:5000", "[fd12::1]:5000"),
            ("10.0.0.0/8", "[::ffff:10.1.2.3]"),
            ("a.test,b.test", "b.test"),
            (" a.test , b.test ", "a.test"),
            ("a.test b.test", "b.test"),
            (",,a.test,,", "a.test"),
        ],
    )
    def test_is_reached_what_an_entry_names(self, no_proxy: str, host: str) -> None:
        assert is_direct(f"https://{host}/v2/", no_proxy)

    @pytest.mark.parametrize(
        ("no_proxy", "host"),
        [
            ("", "registry.test"),
            ("registry.test", "myregistry.test"),
            ("registry.test", "registry.test.evil"),
            (".example.com", "example.com"),
            ("*.example.com", "example.com"),
            ("*.example.com", "aexample.com"),
            ("example.com:8443", "example.com"),
            ("10.0.0.0/8", "11.0.0.1"),
            ("10.0.0.0/8", "registry.test"),
            ("192.168.1.10:5000", "192.168.1.10"),
            ("fd00::/8", "[fe00::1]"),
            ("10.0.0.0/33, 300.1.1.1, 10.0.0.0/x, [::1, ::1]:x, */8, a*b, :80, /", "registry.test"),
        ],
    )
    def test_is_not_reached_what_none_names(self, no_proxy: str, host: str) -> None:
        assert not is_direct(f"https://{host}/v2/", no_proxy)

    @pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "[::1]"])
    def test_is_reached_this_machine(self, host: str) -> None:
        assert is_direct(f"https://{host}:5000/v2/", "")

    def test_an_entry_of_ipv6_breaks_nothing(self) -> None:
        found = Proxies.of({"NO_PROXY": "localhost,[::1],fd00::/8"})
        assert found.to("https://registry.test/v2/") is None
        assert not is_direct("https://registry.test/v2/", "localhost,[::1],fd00::/8")
        assert is_direct("https://[fd00::5]/v2/", "localhost,[::1],fd00::/8")

    @given(
        st.text(max_size=40) | st.text("*.[]:/,af0123 -", max_size=40),
        st.sampled_from(["registry.test", "10.1.2.3:5000", "[fd12::1]"]),
    )
    def test_whatever_stands_there_is_read(self, no_proxy: str, host: str) -> None:
        is_direct(f"https://{host}/", no_proxy)


class TestServer:
    @pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
    @pytest.mark.parametrize(
        ("value", "server"),
        [
            ("http://proxy.test:3128", ProxyServer("http://proxy.test:3128")),
            ("proxy.test:3128", ProxyServer("http://proxy.test:3128")),
            ("http://Proxy.test/", ProxyServer("http://proxy.test:80")),
            (" http://[fd00::1]:3128 ", ProxyServer("http://[fd00::1]:3128")),
            ("http://ci:a%40b@proxy.test:1", ProxyServer("http://proxy.test:1", "ci", "a@b")),
        ],
    )
    def test_is_where_the_variable_says(self, name: str, value: str, server: ProxyServer) -> None:
        found = Proxies.of({name: value}).to("https://registry.test/")
        assert found == server
        assert found.url.startswith("http://")

    def test_of_https_is_not_that_of_http(self) -> None:
        found = Proxies.of({"HTTP_PROXY": "a.test:1", "https_proxy": "b.test:2"})
        assert found.to("http://registry.test/") == ProxyServer("http://a.test:1")
        assert found.to("https://registry.test/") == ProxyServer("http://b.test:2")
        assert found.to("wss://wss.slack.test/") == ProxyServer("http://b.test:2")
        assert Proxies.of({}).to("https://registry.test/") is None
        assert Proxies.of({"HTTPS_PROXY": ""}).to("https://registry.test/") is None

    def test_is_not_what_the_header_of_a_request_to_a_web_server_says(self) -> None:
        environ = {"HTTP_PROXY": "evil.test:1", "REQUEST_METHOD": "GET"}
        assert Proxies.of(environ).to("http://registry.test/") is None

    @pytest.mark.parametrize(
        ("value", "why"),
        [
            ("socks5://ci:hunter2@proxy.test:1080", "SOCKS"),
            ("socks5h://proxy.test", "SOCKS"),
            ("SOCKS4://proxy.test", "SOCKS"),
            ("https://ci:hunter2@proxy.test:3128", "requires TLS"),
            ("ftp://ci:hunter2@proxy.test", "not the address of an HTTP proxy"),
            ("http://ci:hunter2@", "not the address of an HTTP proxy"),
            ("http://ci:hunter2@proxy.test:99999", "not the address of an HTTP proxy"),
            ("http://[::1", "not the address of an HTTP proxy"),
            ("http://a b", "not the address of an HTTP proxy"),
            ("http://ci:12#hunter2@proxy.test", "not the address of an HTTP proxy"),
            ("http://ci:12?hunter2@proxy.test", "not the address of an HTTP proxy"),
            ("http://ci:12/hunter2@proxy.test", "not the address of an HTTP proxy"),
            ("http://pro%zzxy", "not the address of an HTTP proxy"),
            ("\x01", "not the address of an HTTP proxy"),
        ],
    )
    @pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"])
    def test_that_cannot_be_used_is_named_by_its_variable(
        self, name: str, value: str, why: str
    ) -> None:
        with pytest.raises(ConfigurationError) as refused:
            Settings.from_env({name: value})
        assert f"{name} cannot be used" in str(refused.value)
        assert why in str(refused.value)
        assert "hunter2" not in str(refused.value)

    def test_has_a_password_that_is_never_printed(self) -> None:
        settings = Settings.from_env({"HTTPS_PROXY": "http://ci:hunter%402@proxy.test:1"})
        assert {"hunter@2", "hunter%402"} <= set(settings.secret_values)
        assert "hunter" not in repr(settings)
        server = settings.proxies.to("https://registry.test/")
        assert server is not None
        assert server.url == "http://ci:hunter%402@proxy.test:1"


@pytest.mark.parametrize("command", [["check"], ["worker"]])
def test_a_program_says_so_when_it_starts(command: list[str], tmp_path: Path) -> None:
    environ = {**os.environ, "HTTPS_PROXY": "socks5://ci:hunter2@proxy.test:1080"}
    done = subprocess.run(
        [sys.executable, "-m", "programs", *command],
        env=environ,
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode in (1, 2)
    assert "HTTPS_PROXY cannot be used. It names a SOCKS proxy" in done.stderr
    assert "hunter2" not in done.stderr + done.stdout
