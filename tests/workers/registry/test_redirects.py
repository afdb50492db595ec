"""Where a registry may send those who read, and what is done while it is waited for."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import Cancelled, OutsideFailure
from quaymaster.image_ref import Digest, ImageRef
from tests.misbehaving import misbehaving, silent
from tests.workers.lying_registry import Answer, LyingRegistry, Reply, SentRequest, lying_registry
from tests.workers.outside.test_http_client import CancelledSoon
from workers.registry.auth import RegistryLogin
from workers.registry.client import Registry
from workers.registry.connection import RegistryConnection, limits_of_blob
from workers.registry.manifests import OCI_IMAGE

pytestmark = pytest.mark.timeout(60)

REMOTE = RegistryLogin("registry.test", "https")


@pytest.fixture
def lying() -> Iterator[LyingRegistry]:
    with lying_registry(lambda _: Reply(500)) as server:
        yield server


def sent_to(target: str, login: RegistryLogin = REMOTE) -> str:
    """What is said when a registry redirects there."""
    with pytest.raises(OutsideFailure) as refused:
        RegistryConnection(login)._follow(target)
    return str(refused.value)


def test_another_host_is_not_followed_and_the_line_to_add_is_said(lying: LyingRegistry) -> None:
    with lying_registry(lambda _: Reply(200)) as storage:
        place = (("Location", f"http://{storage.host}/there?signature=SECRET"),)
        lying.answer = lambda _: Reply(307, b"SECRET", place)
        with lying.registry() as registry, pytest.raises(OutsideFailure) as refused:
            registry.manifest(lying.ref("shop/web:1.4"))
        assert storage.asked == []
    assert f"under registries: {lying.host}: `redirects_to: [{storage.host}]`" in str(refused.value)
    assert "SECRET" not in str(refused.value)


def test_the_line_keeps_what_is_allowed_already() -> None:
    login = replace(REMOTE, redirects_to=("old.test",))
    text = sent_to("https://new.test:8443/x", login)
    assert "`redirects_to: [old.test, new.test:8443]`" in text


def test_the_line_that_is_said_is_read_by_the_configuration() -> None:
    line = sent_to("https://storage.test:8443/x").partition("`")[2].rstrip("`")
    text = f"default_registry: registry.test\nregistries: {{registry.test: {{{line}}}}}\n"
    configuration = Configuration.parse(text + "hosts: {a: {}}", Path("q.yml"))
    login = RegistryLogin.of(configuration.registry("registry.test"), {})
    connection = RegistryConnection(login)
    connection._follow("https://storage.test:8443/any?x=1")
    connection._follow("https://registry.test/elsewhere")
    assert "storage.test:9" in sent_to("https://storage.test:9/x", login)


@pytest.mark.parametrize(
    "target",
    [
        *("https://127.0.0.1/x", "https://localhost:2375/x", "http://169.254.169.254/latest"),
        *(
            "https://[::1]/x",
            "https://[fe80::1]/x",
            "https://0.0.0.0/x",
            "https://[::ffff:7f00:1]/",
        ),
    ],
)
def test_an_address_of_this_machine_or_its_link_is_never_followed_to(target: str) -> None:
    assert "this machine or of its local link" in sent_to(target)


def test_one_that_is_configured_is(lying: LyingRegistry) -> None:
    login = replace(REMOTE, redirects_to=("127.0.0.1:9000",))
    RegistryConnection(login)._follow("https://127.0.0.1:9000/x")
    assert RegistryConnection(login)._may_be_local("127.0.0.1", 9000)
    assert not RegistryConnection(login)._may_be_local("127.0.0.1", 9001)


def test_a_name_that_is_configured_may_not_turn_into_this_machine() -> None:
    login = replace(REMOTE, redirects_to=("storage.test",))
    assert not RegistryConnection(login)._may_be_local("storage.test", 443)
    assert RegistryConnection(login)._may_be_local("registry.test", 443)


def test_nobody_goes_on_in_clear() -> None:
    assert "plain HTTP" in sent_to(
        "http://storage.test/x", replace(REMOTE, redirects_to=("storage.test",))
    )
    assert "plain HTTP" in sent_to(
        "http://registry.test/x", replace(REMOTE, redirects_to=("registry.test",))
    )


def test_what_another_host_says_of_its_refusal_is_not_shown(lying: LyingRegistry) -> None:
    with lying_registry(lambda _: Reply(403, b"SECRET of somebody else")) as storage:
        lying.answer = lambda _: Reply(307, b"", (("Location", f"http://{storage.host}/x"),))
        login = replace(lying.login, redirects_to=(storage.host,))
        with Registry(login) as registry, pytest.raises(OutsideFailure) as failed:
            registry.manifest(lying.ref("shop/web:1.4"))
    assert "SECRET" not in str(failed.value)


def test_a_login_server_on_this_machine_gets_nothing_from_a_registry_elsewhere() -> None:
    with misbehaving(silent) as (_, port):
        connection = RegistryConnection(REMOTE)
        with pytest.raises(OutsideFailure, match="this machine"):
            connection._ask_for_token(httpx.URL(f"https://127.0.0.1:{port}/token"), {})


def test_waiting_for_a_registry_ends_when_somebody_cancels() -> None:
    with misbehaving(silent) as (host, port):
        login = RegistryLogin(f"{host}:{port}", "http")
        with Registry(login, CancelledSoon()) as registry, pytest.raises(Cancelled):
            registry.tags(ref_in(login).repository)
        # From the threads of a retag too.
        with Registry(login, CancelledSoon()) as registry, pytest.raises(Cancelled):
            registry.tag(ref_in(login), ref_in(login))


def test_a_registry_asks_whether_to_go_on(lying: LyingRegistry) -> None:
    with Registry(lying.login, CancelledSoon(after=0)) as registry, pytest.raises(Cancelled):
        registry.resolve(lying.ref("shop/web:1.4"))


def test_a_blob_has_its_declared_size_and_a_least_rate(lying: LyingRegistry) -> None:
    assert limits_of_blob(1_000).most == 1_000
    assert limits_of_blob(8 << 20).seconds - limits_of_blob(0).seconds == pytest.approx(128)
    for declared, said in ((5, "longer than 5 bytes"), (9 << 20, "9,437,184 bytes")):
        lying.answer = _blobs(declared, b"{}" * 10)
        with lying.registry() as registry, pytest.raises(OutsideFailure, match=said):
            registry.configuration(lying.ref("shop/web:1.4"))


def _blobs(declared: int, content: bytes) -> Answer:
    config = {
        "mediaType": "application/vnd.oci.image.config.v1+json",
        "digest": str(Digest("sha256:" + "a" * 64)),
        "size": declared,
    }
    manifest = json.dumps({"schemaVersion": 2, "config": config, "layers": []}).encode()

    def answer(incoming: SentRequest) -> Reply:
        is_blob = "/blobs/" in incoming.path
        return Reply(200, content if is_blob else manifest, (("Content-Type", OCI_IMAGE),))

    return answer


def ref_in(login: RegistryLogin) -> ImageRef:
    return ImageRef.parse("shop/web:1.4", login.host)
