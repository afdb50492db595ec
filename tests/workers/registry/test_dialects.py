"""Registries that are right in their own way: behind proxies, in clouds, or simply older."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from pydantic import SecretStr

from quaymaster.errors import LoginRefused, OutsideFailure
from tests.workers.lying_registry import Answer, LyingRegistry, Reply, SentRequest, lying_registry
from workers.registry.addresses import as_reached
from workers.registry.auth import RegistryLogin
from workers.registry.client import Registry, RemoteManifest
from workers.registry.connection import RegistryConnection
from workers.registry.manifests import OCI_IMAGE, OCI_INDEX, digest_of

CONFIGURATION = json.dumps({"os": "linux", "architecture": "arm64", "config": None}).encode()
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": OCI_IMAGE,
        "config": {
            "mediaType": "application/octet-stream",
            "digest": str(digest_of(CONFIGURATION)),
            "size": len(CONFIGURATION),
        },
        "layers": [],
        "annotations": None,
    }
).encode()
DIGEST = ("Docker-Content-Digest", str(digest_of(MANIFEST)))
TYPE = ("Content-Type", OCI_IMAGE)


@pytest.fixture
def lying() -> Iterator[LyingRegistry]:
    with lying_registry(lambda _: Reply(500)) as server:
        yield server


def stored(*headers: tuple[str, str], packed: Callable[[bytes], bytes] = bytes) -> Answer:
    """A registry that has one image, and sends these headers with everything."""

    def answer(incoming: SentRequest) -> Reply:
        content = CONFIGURATION if "/blobs/" in incoming.path else MANIFEST
        own = () if any(name == "Content-Type" for name, _ in headers) else (TYPE,)
        return Reply(200, packed(content), (*own, *headers))

    return answer


class TestHead:
    @pytest.mark.parametrize(
        "kind",
        ["", "application/octet-stream", "text/plain; charset=utf-8", "application/json", ";", "?"],
    )
    def test_without_a_usable_type_is_asked_again_by_get(
        self, lying: LyingRegistry, kind: str
    ) -> None:
        lying.answer = lambda asked: Reply(
            200, MANIFEST, (DIGEST, ("Content-Type", kind if asked.method == "HEAD" else OCI_IMAGE))
        )
        with lying.registry() as registry:
            found = registry.resolve(lying.ref("shop/web:1.4"))
        assert found == RemoteManifest(digest_of(MANIFEST), OCI_IMAGE, len(MANIFEST))
        assert [asked.method for asked in lying.asked] == ["HEAD", "GET"]

    def test_with_none_anywhere_goes_by_what_the_manifest_says_of_itself(
        self, lying: LyingRegistry
    ) -> None:
        lying.answer = lambda _: Reply(200, MANIFEST, (DIGEST, ("Content-Type", "text/plain")))
        with lying.registry() as registry:
            assert registry.resolve(lying.ref("shop/web:1.4")).media_type == OCI_IMAGE

    def test_that_says_all_is_enough(self, lying: LyingRegistry) -> None:
        lying.answer = stored(DIGEST, ("Content-Type", f"{OCI_INDEX}; charset=utf-8"))
        with lying.registry() as registry:
            assert registry.resolve(lying.ref("shop/web:1.4")).media_type == OCI_INDEX
        assert [asked.method for asked in lying.asked] == ["HEAD"]


def deflated(content: bytes, wbits: int = -15) -> bytes:
    deflating = zlib.compressobj(wbits=wbits)
    return deflating.compress(content) + deflating.flush()


def in_two(content: bytes) -> bytes:
    return gzip.compress(content[:10]) + gzip.compress(content[10:])


@pytest.mark.parametrize(
    ("packing", "packed"),
    [
        ("gzip", gzip.compress),
        ("GZip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("gzip", in_two),
        ("deflate", zlib.compress),
        ("deflate", deflated),
        ("gzip, gzip", lambda content: gzip.compress(gzip.compress(content))),
        ("deflate,\tgzip", lambda content: gzip.compress(deflated(content))),
        ("identity", bytes),
        ("aws-chunked", bytes),
        ("none", bytes),
        ("UTF-8", bytes),
        ("binary", bytes),
        ("", bytes),
    ],
)
def test_an_answer_that_comes_packed_is_unpacked(
    lying: LyingRegistry, packing: str, packed: Callable[[bytes], bytes]
) -> None:
    lying.answer = stored(("Content-Encoding", packing), DIGEST, packed=packed)
    with lying.registry() as registry:
        assert registry.manifest(lying.ref("shop/web:1.4")).content == MANIFEST
        # A blob may be smaller than it is when it is packed.
        about = registry.configuration(lying.ref("shop/web:1.4"))
        assert str(about.platform) == "linux/arm64"


def test_a_refusal_that_comes_packed_is_quoted(lying: LyingRegistry) -> None:
    words = gzip.compress(b'{"errors": [{"code": "DENIED", "message": "not on Sundays"}]}')
    lying.answer = lambda _: Reply(403, words, (("Content-Encoding", "gzip"),))
    with lying.registry() as registry, pytest.raises(LoginRefused, match="not on Sundays"):
        registry.manifest(lying.ref("shop/web:1.4"))


@pytest.mark.parametrize("packing", ["br", "zstd", "gzip, br", "gzip, gzip, gzip, gzip"])
def test_what_nobody_here_can_unpack_is_said_so(lying: LyingRegistry, packing: str) -> None:
    lying.answer = stored(("Content-Encoding", packing), DIGEST, packed=gzip.compress)
    with lying.registry() as registry, pytest.raises(OutsideFailure, match="not requested"):
        registry.manifest(lying.ref("shop/web:1.4"))


class TestOnesOwnAddress:
    """A registry behind a proxy does not know how it is reached."""

    @pytest.mark.parametrize(
        ("base", "named", "reached"),
        [
            ("https://r.test", "http://r.test/v2/x?a=1", "https://r.test/v2/x?a=1"),
            ("https://r.test", "http://R.Test:80/v2/x", "https://r.test/v2/x"),
            ("https://r.test", "https://r.test:443/x", "https://r.test/x"),
            ("https://r.test", "http://r.test:443/x", "https://r.test/x"),
            ("https://r.test:5000", "http://r.test:5000/x", "https://r.test:5000/x"),
            ("https://r.test:5000", "https://r.test/v2/x", "https://r.test:5000/v2/x"),
            ("http://[::1]:5000", "https://[::1]:5000/x", "http://[::1]:5000/x"),
        ],
    )
    def test_is_what_we_reach_it_by(self, base: str, named: str, reached: str) -> None:
        assert as_reached(named, base) == reached

    @pytest.mark.parametrize(
        ("base", "named"),
        [
            ("https://r.test", "https://r.test:8443/v2/x"),
            ("https://r.test", "https://evil.test/v2/x"),
            ("https://r.test", "https://r.test.evil.test/v2/x"),
            ("https://r.test", "https://r.test@evil.test/v2/x"),
            ("https://r.test", "https://ci:x@r.test/v2/x"),
            ("https://r.test", "ftp://r.test/v2/x"),
            ("https://r.test:5000", "https://r.test/storage/x"),
        ],
    )
    def test_is_no_other_one(self, base: str, named: str) -> None:
        assert as_reached(named, base) == named

    @pytest.mark.parametrize("named", ["https://{host}", "http://127.0.0.1", "https://127.0.0.1"])
    def test_in_a_link_leads_on(self, lying: LyingRegistry, named: str) -> None:
        place = named.format(host=lying.host) + "/v2/shop/web/tags/list?last=a"
        next_page = (("Link", f'<{place}>; rel="next"'),)

        def answer(incoming: SentRequest) -> Reply:
            is_first = "last=" not in incoming.path
            tags = {"tags": ["a"] if is_first else ["b"]}
            return Reply(200, json.dumps(tags).encode(), next_page if is_first else ())

        lying.answer = answer
        with lying.registry() as registry:
            assert set(registry.tags(lying.ref("shop/web").repository).names) == {"a", "b"}
        assert "Authorization" in lying.asked[1].headers

    @pytest.mark.parametrize("more", ['REL="next"', 'rel="Next"', 'rel="last next"', "rel=next"])
    def test_in_a_link_is_found_however_it_is_written(
        self, lying: LyingRegistry, more: str
    ) -> None:
        link = (("Link", f"</v2/other>; rel=first, </v2/more>; title=x; {more}"),)
        lying.answer = lambda asked: (
            Reply(200, b'{"tags": ["b"]}')
            if asked.path == "/v2/more"
            else Reply(200, b'{"tags": ["a"]}', link)
        )
        with lying.registry() as registry:
            assert set(registry.tags(lying.ref("shop/web").repository).names) == {"a", "b"}

    @pytest.mark.parametrize("place", ["https://[x", "//[::1", "http://a:b:c/"])
    def test_that_is_none_is_the_reason(self, lying: LyingRegistry, place: str) -> None:
        lying.answer = lambda _: Reply(200, b'{"tags": ["a"]}', (("Link", f"<{place}>; rel=next"),))
        with lying.registry() as registry:
            with pytest.raises(OutsideFailure, match="not an address"):
                registry.tags(lying.ref("shop/web").repository)
            with pytest.raises(OutsideFailure, match="not an address"):
                registry._connection.send("DELETE", place, frozenset())

    @pytest.mark.parametrize("login", ["u:p@", ":p@", "u@", "@"])
    def test_with_a_login_in_it_is_not_followed(self, login: str) -> None:
        connection = RegistryConnection(RegistryLogin("r.test", "https", redirects_to=("s.test",)))
        for follow in (connection._follow, connection._own_url):
            with pytest.raises(OutsideFailure, match="login in it"):
                follow(f"https://{login}r.test/v2/x")
        with pytest.raises(OutsideFailure, match="login in it"):
            connection._follow(f"https://{login}s.test/v2/x")

    def test_at_port_0_is_another(self) -> None:
        with pytest.raises(OutsideFailure, match="another host"):
            RegistryConnection(RegistryLogin("r.test", "https"))._own_url("https://r.test:0/v2/x")

    @pytest.mark.parametrize("named", ["https://{host}", "http://127.0.0.1", "https://127.0.0.1"])
    def test_in_a_redirect_leads_on(self, lying: LyingRegistry, named: str) -> None:
        place = named.format(host=lying.host) + "/v2/mirror/web/manifests/1.4"
        moved = Reply(307, headers=(("Location", place),))

        def answer(incoming: SentRequest) -> Reply:
            return Reply(200, MANIFEST, (TYPE,)) if "mirror" in incoming.path else moved

        lying.answer = answer
        with lying.registry() as registry:
            assert registry.manifest(lying.ref("shop/web:1.4")).content == MANIFEST

    def test_over_tls_is_never_left(self) -> None:
        connection = RegistryConnection(RegistryLogin("r.test", "https"))
        assert connection._follow("http://r.test/storage/x") == "https://r.test/storage/x"
        assert connection._own_url("http://r.test:80/v2/x") == "https://r.test/v2/x"
        with pytest.raises(OutsideFailure, match="another host"):
            connection._own_url("https://r.test:8443/v2/x")
        with pytest.raises(OutsideFailure, match="not an address"):
            connection._own_url("https://r.test:x/v2/x")

    def test_that_is_listed_for_redirects_is_taken_by_its_word(self) -> None:
        login = RegistryLogin("r.test:5000", "https", redirects_to=("r.test",))
        assert RegistryConnection(login)._follow("https://r.test/v2/x") == "https://r.test/v2/x"

    def test_that_redirects_to_itself_in_another_scheme_ends(self, lying: LyingRegistry) -> None:
        place = f"https://{lying.host}/v2/shop/web/manifests/1.4"
        lying.answer = lambda _: Reply(301, headers=(("Location", place),))
        with lying.registry() as registry, pytest.raises(OutsideFailure, match="circles"):
            registry.manifest(lying.ref("shop/web:1.4"))


class TestLogins:
    def test_any_form_of_the_challenge_is_answered(self, lying: LyingRegistry) -> None:
        bearer = f'Bearer realm="http://{lying.host}/token",service="a, b"'
        forms = [
            [f'{bearer}, Basic realm="x"'],
            [f'Basic realm="x, y", {bearer}'],
            ['Basic realm="x"', bearer],
            [f"Negotiate, NTLM abc=, {bearer}"],
        ]
        for form in forms:
            headers = tuple(("WWW-Authenticate", one) for one in form)

            def answer(
                incoming: SentRequest, headers: tuple[tuple[str, str], ...] = headers
            ) -> Reply:
                if incoming.path.startswith("/token"):
                    return Reply(200, b'{"token": null, "access_token": "t-made-up", "x": null}')
                if incoming.headers.get("Authorization") == "Bearer t-made-up":
                    return Reply(200, MANIFEST, (TYPE, DIGEST))
                return Reply(401, headers=headers)

            lying.answer = answer
            with lying.registry() as registry:
                assert registry.resolve(lying.ref("shop/web:1.4")).digest == digest_of(MANIFEST)
            assert "service=a%2C+b" in lying.asked[-2].path

    @pytest.mark.parametrize("status", [400, 401, 403])
    @pytest.mark.parametrize(
        "words",
        [
            b"Your authorization token has expired. Reauthenticate and try again.",
            b'{"errors": [{"code": "DENIED", "message": "Your authorization token has expired."}]}',
            b'{"errors": [{"code": "ExpiredToken", "message": null, "detail": null}]}',
            b"the credentials are expired",
        ],
    )
    def test_that_are_over_say_so(self, lying: LyingRegistry, status: int, words: bytes) -> None:
        basic = (("WWW-Authenticate", 'Basic realm="https://ecr.test/",service="ecr"'),)
        lying.answer = lambda _: Reply(status, words, basic)
        login = replace(lying.login, username="AWS", password=SecretStr("made-up"))
        with Registry(login) as registry, pytest.raises(LoginRefused, match="has expired") as over:
            registry.resolve(lying.ref("shop/web:1.4"))
        assert "Give the account the right" not in str(over.value)

    def test_that_may_not_are_not_called_expired_for_the_name_of_an_image(
        self, lying: LyingRegistry
    ) -> None:
        words = b"access to shop/token-expired is denied"
        lying.answer = lambda _: Reply(403, words)
        with lying.registry() as registry, pytest.raises(LoginRefused, match="Give the account"):
            registry.resolve(lying.ref("shop/token-expired:1.4"))
