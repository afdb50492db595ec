"""A registry that fails or lies: each time a clear error, and never the password."""

import base64
import json
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from pydantic import SecretStr

from quaymaster.errors import (
    Conflict,
    DiskFull,
    LoginRefused,
    NotFound,
    OutsideFailure,
    QuaymasterError,
)
from quaymaster.image_ref import Digest, Repository
from tests.workers.lying_registry import (
    PASSWORD,
    Answer,
    LyingRegistry,
    Reply,
    SentRequest,
    lying_registry,
)
from workers.outside.http_client import ExchangeLimits
from workers.registry.auth import RegistryLogin
from workers.registry.client import Registry
from workers.registry.manifests import OCI_IMAGE, OCI_INDEX, digest_of

MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "config": {"mediaType": "x", "digest": "sha256:" + "a" * 64, "size": 2},
        "layers": [],
    }
).encode()
OTHER = Digest("sha256:" + "f" * 64)
TYPE = ("Content-Type", OCI_IMAGE)


@pytest.fixture
def lying() -> Iterator[LyingRegistry]:
    with lying_registry(lambda _: Reply(500)) as server:
        yield server


def always(said: Reply) -> Answer:
    return lambda _: said


def problem(status: int, code: str, message: str, detail: object = None) -> Reply:
    body = json.dumps({"errors": [{"code": code, "message": message, "detail": detail}]})
    return Reply(status, body.encode(), (("Content-Type", "application/json"),))


def without_head(said: Reply) -> Answer:
    return lambda asked: Reply(405) if asked.method == "HEAD" else said


def refused(lying: LyingRegistry, answer: Answer) -> QuaymasterError:
    lying.answer = answer
    with lying.registry() as registry, pytest.raises(QuaymasterError) as caught:
        registry.resolve(lying.ref("shop/web:1.4"))
    return caught.value


@pytest.mark.parametrize(
    ("said", "kind", "again"),
    [
        (problem(401, "UNAUTHORIZED", "authentication required"), LoginRefused, False),
        (problem(403, "DENIED", "access to the resource is denied"), LoginRefused, False),
        (problem(404, "MANIFEST_UNKNOWN", "manifest unknown"), NotFound, False),
        (problem(429, "TOOMANYREQUESTS", "slow down"), OutsideFailure, True),
        (problem(500, "UNKNOWN", "unknown error"), OutsideFailure, True),
        (Reply(503, b"<html>maintenance</html>"), OutsideFailure, True),
        (Reply(507), DiskFull, False),
        (problem(500, "UNKNOWN", "mkdir /var: no space left on device"), DiskFull, False),
        (problem(500, "UNKNOWN", "unknown error", {"Enclosed": {"Err": 28}}), DiskFull, False),
        (Reply(400, b"what?"), OutsideFailure, False),
        (Reply(302, b"", (("Location", "/v2/"),)), OutsideFailure, False),
        (
            Reply(200, b"<html>log in</html>", (("Content-Type", "text/html"),)),
            OutsideFailure,
            False,
        ),
        (Reply(200, b"", (TYPE,)), OutsideFailure, False),
        (Reply(204), OutsideFailure, False),
    ],
)
def test_each_failure_is_its_own_error(
    lying: LyingRegistry, said: Reply, kind: type[OutsideFailure], again: bool
) -> None:
    error = refused(lying, always(said))
    assert type(error) is kind
    assert isinstance(error, OutsideFailure)
    assert error.trying_again_can_help is again
    assert error.problem.next_step or error.problem.why


@pytest.mark.parametrize(
    ("said", "kind", "what", "way"),
    [
        (
            problem(403, "DENIED", "Your authorization token has expired. Reauthenticate."),
            LoginRefused,
            "has expired",
            "new password",
        ),
        (
            problem(400, "TAG_INVALID", "The image tag '1.5' already exists and is immutable."),
            Conflict,
            "refuses to change",
            "choose another tag",
        ),
        (
            problem(403, "DENIED", "Quota has been exceeded on namespace"),
            DiskFull,
            "quota",
            "Remove tags",
        ),
        (Reply(413, b"<html>too large</html>"), OutsideFailure, "as large as", "body_size"),
        (
            problem(429, "TOOMANYREQUESTS", "Rate exceeded"),
            OutsideFailure,
            "too many requests",
            "minutes",
        ),
        (Reply(507), DiskFull, "has no space left", "the registry's administrator"),
        # And what only has such a name is what its status says.
        (
            problem(403, "DENIED", "shop/quota:immutable: not for you"),
            LoginRefused,
            "ci may not push to",
            "Give the account the right",
        ),
    ],
)
def test_each_refusal_of_a_push_has_its_way_out(
    lying: LyingRegistry, said: Reply, kind: type[QuaymasterError], what: str, way: str
) -> None:
    lying.answer = lambda asked: said if asked.method == "PUT" else Reply(200, MANIFEST, (TYPE,))
    with lying.registry() as registry, pytest.raises(QuaymasterError) as raised:
        registry.tag(lying.ref("shop/quota:1.4"), lying.ref("shop/quota:immutable"))
    assert type(raised.value) is kind
    assert what in raised.value.problem.what
    assert way in raised.value.problem.next_step


def test_a_list_of_tags_that_cannot_be_had_does_not_hide_that_the_tag_is_missing(
    lying: LyingRegistry,
) -> None:
    """Which tags there are is only asked for the hint."""
    list_of_tags = Reply(200, b"{", (("Content-Type", "application/json"),))
    lying.answer = lambda asked: list_of_tags if "/tags/" in asked.path else Reply(404)
    with lying.registry() as registry, pytest.raises(NotFound, match=r"shop/web:1\.4 does not"):
        registry.resolve(lying.ref("shop/web:1.4"))


@pytest.mark.parametrize("status", [400, 403, 404, 409, 429, 500, 503, 507])
def test_the_registrys_words_are_quoted_without_the_password(
    lying: LyingRegistry, status: int
) -> None:
    pair = base64.b64encode(f"ci:{PASSWORD}".encode()).decode()
    words = f"no: ci:{PASSWORD} Basic {pair} password={PASSWORD}x https://ci:{PASSWORD}@host/ "
    text = str(refused(lying, without_head(problem(status, "UNKNOWN", words * 50))))
    assert PASSWORD not in text
    assert pair not in text
    assert len(text) < 1000


def test_a_web_page_is_not_quoted(lying: LyingRegistry) -> None:
    text = str(refused(lying, without_head(Reply(502, b"<HTML>" + b"x" * 1000))))
    assert "(a web page)" in text
    assert "xxx" not in text


def test_too_many_requests_says_when_to_try_again(lying: LyingRegistry) -> None:
    error = refused(lying, always(Reply(429, headers=(("Retry-After", "17"),))))
    assert "17 seconds" in str(error)


def test_a_tag_that_may_not_be_moved_is_a_conflict(lying: LyingRegistry) -> None:
    def answer(incoming: SentRequest) -> Reply:
        if incoming.method == "PUT":
            return problem(412, "PRECONDITION", "Failed to process request due to immutable tag")
        return Reply(200, MANIFEST, (TYPE,))

    lying.answer = answer
    with lying.registry() as registry, pytest.raises(Conflict, match="refuses to change"):
        registry.tag(lying.ref("shop/web:1.4"), lying.ref("shop/web:1.5"))


def test_a_manifest_that_is_not_what_its_digest_names_is_refused(lying: LyingRegistry) -> None:
    lying.answer = always(Reply(200, MANIFEST, (TYPE,)))
    pinned = lying.ref("shop/web").pinned(OTHER)
    with lying.registry() as registry, pytest.raises(OutsideFailure, match="does not match"):
        registry.manifest(pinned)


def test_a_digest_that_is_not_the_manifests_is_refused(lying: LyingRegistry) -> None:
    said = Reply(200, MANIFEST, (TYPE, ("Docker-Content-Digest", str(OTHER))))
    lying.answer = always(said)
    with lying.registry() as registry:
        with pytest.raises(OutsideFailure, match="does not match"):
            registry.manifest(lying.ref("shop/web:1.4"))
        with pytest.raises(OutsideFailure, match="does not match"):
            registry.resolve(lying.ref("shop/web").pinned(digest_of(MANIFEST)))


def test_a_manifest_without_a_digest_header_is_named_by_its_bytes(lying: LyingRegistry) -> None:
    lying.answer = always(Reply(200, MANIFEST, (TYPE,)))
    with lying.registry() as registry:
        assert registry.resolve(lying.ref("shop/web:1.4")).digest == digest_of(MANIFEST)


def test_a_configuration_that_is_not_what_its_digest_names_is_refused(
    lying: LyingRegistry,
) -> None:
    media_type = "application/vnd.oci.image.config.v1+json"
    manifest = MANIFEST.replace(b'"x"', json.dumps(media_type).encode())

    def answer(incoming: SentRequest) -> Reply:
        is_blob = "/blobs/" in incoming.path
        return Reply(200, b"{}" if is_blob else manifest, (TYPE,))

    lying.answer = answer
    with lying.registry() as registry, pytest.raises(OutsideFailure, match="does not match"):
        registry.configuration(lying.ref("shop/web:1.4"))


def test_a_registry_that_stored_something_else_is_found_out(lying: LyingRegistry) -> None:
    def answer(incoming: SentRequest) -> Reply:
        if incoming.method == "PUT":
            return Reply(201, headers=(("Docker-Content-Digest", str(OTHER)),))
        return Reply(200, MANIFEST, (TYPE,))

    lying.answer = answer
    with lying.registry() as registry, pytest.raises(OutsideFailure, match="something other"):
        registry.tag(lying.ref("shop/web:1.4"), lying.ref("shop/web:1.5"))


@pytest.mark.parametrize(
    "said", [Reply(200, b" " * 9_000_000, (TYPE,)), Reply(500, b"x" * 900_000)]
)
def test_a_huge_answer_is_not_read_to_its_end(lying: LyingRegistry, said: Reply) -> None:
    text = str(refused(lying, without_head(said)))
    assert len(text) < 1000
    assert said.status != 200 or "longer than 4,194,304 bytes" in text


def test_an_index_in_an_index_in_an_index_ends(lying: LyingRegistry) -> None:
    inner = {"mediaType": OCI_INDEX, "size": 1}

    def answer(incoming: SentRequest) -> Reply:
        # Every level names one more that exists: an index cannot hold itself.
        depth = int(incoming.path.rpartition(":")[2], 16) if "sha256:" in incoming.path else 0
        member = {**inner, "digest": f"sha256:{depth + 1:064x}"}
        body = json.dumps({"manifests": [member]}).encode()
        return Reply(200, body, (("Content-Type", OCI_INDEX),))

    lying.answer = answer
    with lying.registry() as registry, pytest.raises(OutsideFailure):
        registry.configuration(lying.ref("shop/web:1.4"))


class TestPages:
    """Lists of tags that do not end or lead elsewhere."""

    def refused(self, lying: LyingRegistry, page: Callable[[int], Reply]) -> str:
        lying.answer = lambda _: page(len(lying.asked))
        with lying.registry() as registry, pytest.raises(OutsideFailure) as caught:
            registry.tags(Repository(lying.host, "shop/web"))
        return str(caught.value)

    @staticmethod
    def page(names: list[str], target: str) -> Reply:
        link = (("Link", f'<{target}>; rel="next"'),)
        return Reply(200, json.dumps({"tags": names}).encode(), link if target else ())

    def test_a_circle_ends(self, lying: LyingRegistry) -> None:
        text = self.refused(lying, lambda _: self.page(["a", "b"], "/v2/shop/web/tags/list?last=b"))
        assert "circles" in text
        assert len(lying.asked) == 2

    def test_a_list_without_end_ends(self, lying: LyingRegistry) -> None:
        def page(number: int) -> Reply:
            names = [f"{number}-{tag}" for tag in range(20_000)]
            return self.page(names, f"/v2/shop/web/tags/list?last={number}")

        assert "does not end" in self.refused(lying, page)

    def test_another_host_never_gets_the_login(self, lying: LyingRegistry) -> None:
        with lying_registry(always(self.page(["c"], ""))) as other:
            target = f"http://{other.host}/v2/shop/web/tags/list"
            assert "another host" in self.refused(lying, lambda _: self.page(["a"], target))
            assert other.asked == []

    def test_impossible_names_are_not_shown_as_tags(self, lying: LyingRegistry) -> None:
        lying.answer = always(self.page(["1.4", "<!channel>", "-x", "a" * 200, "9" * 5000], ""))
        with lying.registry() as registry:
            assert registry.tags(Repository(lying.host, "shop/web")).names == ("1.4",)

    def test_a_repository_without_tags_is_empty(self, lying: LyingRegistry) -> None:
        lying.answer = always(Reply(200, b'{"name": "shop/web", "tags": null}'))
        with lying.registry() as registry:
            assert registry.tags(Repository(lying.host, "shop/web")).names == ()

    def test_a_list_that_does_not_read_is_refused(self, lying: LyingRegistry) -> None:
        assert "cannot be read" in self.refused(lying, lambda _: Reply(200, b'{"tags": [1]}'))


def test_a_redirect_to_another_host_does_not_carry_the_login(lying: LyingRegistry) -> None:
    with lying_registry(always(Reply(200, MANIFEST, (TYPE,)))) as storage:
        place = (("Location", f"http://{storage.host}/there"),)
        lying.answer = always(Reply(307, headers=place))
        login = replace(lying.login, redirects_to=(storage.host,))
        with Registry(login) as registry:
            registry.manifest(lying.ref("shop/web:1.4"))
        assert [asked.path for asked in storage.asked] == ["/there"]
        assert "Authorization" not in storage.asked[0].headers


def test_a_bearer_registry_is_logged_in_to_by_its_token_server(lying: LyingRegistry) -> None:
    token = "token-made-up-for-tests"

    def answer(incoming: SentRequest) -> Reply:
        if incoming.path.startswith("/token?"):
            is_known = incoming.headers.get("Authorization", "").startswith("Basic ")
            return Reply(200 if is_known else 401, json.dumps({"token": token}).encode())
        if incoming.headers.get("Authorization") == f"Bearer {token}":
            return Reply(200, MANIFEST, (TYPE, ("Docker-Content-Digest", str(digest_of(MANIFEST)))))
        challenge = f'Bearer realm="http://{lying.host}/token",service="r"'
        return Reply(401, headers=(("WWW-Authenticate", challenge),))

    lying.answer = answer
    with lying.registry() as registry:
        for _ in range(3):
            registry.resolve(lying.ref("shop/web:1.4"))
    paths = [asked.path for asked in lying.asked]
    assert sum(path.startswith("/token?") for path in paths) == 1
    assert len(paths) == 5
    assert "scope=repository%3Ashop%2Fweb%3Apull" in paths[1]


def test_a_token_that_does_not_allow_it_is_said_so(lying: LyingRegistry) -> None:
    def answer(incoming: SentRequest) -> Reply:
        if incoming.path.startswith("/token?"):
            return Reply(200, b'{"token": "token-for-nothing"}')
        challenge = f'Bearer realm="http://{lying.host}/token",error="insufficient_scope"'
        return Reply(401, b"token-for-nothing", (("WWW-Authenticate", challenge),))

    error = refused(lying, answer)
    assert isinstance(error, LoginRefused)
    assert "ci may not pull" in str(error)
    assert "token-for-nothing" not in str(error)


def test_a_registry_that_does_not_share_layers_says_the_way_out(lying: LyingRegistry) -> None:
    def answer(incoming: SentRequest) -> Reply:
        if incoming.method == "POST":
            return Reply(202, headers=(("Location", "/v2/shop/other/blobs/uploads/1"),))
        return Reply(404) if "shop/other" in incoming.path else Reply(200, MANIFEST, (TYPE,))

    lying.answer = answer
    with lying.registry() as registry, pytest.raises(OutsideFailure, match="does not share layers"):
        registry.tag(lying.ref("shop/web:1.4"), lying.ref("shop/other:1.4"))
    assert ("DELETE", "/v2/shop/other/blobs/uploads/1") in [
        (asked.method, asked.path) for asked in lying.asked
    ]
    assert not any(asked.method == "PUT" for asked in lying.asked)


def test_a_registry_that_is_not_there_can_be_tried_again(free_port: int) -> None:
    login = RegistryLogin(f"127.0.0.1:{free_port}", "http")
    with Registry(login) as registry, pytest.raises(OutsideFailure, match="cannot be reached") as e:
        registry.ping()
    assert e.value.trying_again_can_help


def test_plain_http_where_https_is_wanted_is_said_so(lying: LyingRegistry) -> None:
    login = replace(lying.login, scheme="https")
    with Registry(login) as registry, pytest.raises(OutsideFailure, match="does not speak HTTPS"):
        registry.ping()
    assert lying.asked == []


def test_a_registry_that_does_not_answer_is_given_up(
    lying: LyingRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.registry.connection._USUAL", ExchangeLimits(0.0, 1_000))
    error = refused(lying, always(Reply(200, MANIFEST, (TYPE,))))
    assert "in time" in str(error)


def test_a_ca_file_without_certificates_is_named(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    file.write_text("nothing")
    login = RegistryLogin("registry.test", "https", "ci", SecretStr(PASSWORD), file)
    with pytest.raises(OutsideFailure, match=r"ca\.pem cannot be read"):
        Registry(login)
    assert ssl.create_default_context().verify_mode is ssl.CERT_REQUIRED
