"""The registry client against a real registry that wants a login."""

import json
from collections.abc import Iterator
from typing import Any

import docker
import pytest
from pydantic import SecretStr

from quaymaster.errors import LoginRefused, NotFound, OutsideFailure, UsageError
from quaymaster.image_ref import Digest, ImageRef, Repository
from quaymaster.platforms import Platform
from quaymaster.redaction.redaction import MARK
from testing.engines.local_images import push_image
from testing.engines.registries import Registry as RealRegistry
from testing.images.catalogue import LocalImages
from tests.workers.registry_content import Content
from workers.registry.auth import RegistryLogin
from workers.registry.client import Registry
from workers.registry.manifests import (
    DOCKER_IMAGE,
    DOCKER_INDEX,
    OCI_IMAGE,
    OCI_INDEX,
    ImageIndex,
    ImageManifest,
    digest_of,
)

pytestmark = pytest.mark.engine

NOWHERE = Digest("sha256:" + "0" * 64)


def login_of(real: RealRegistry) -> RegistryLogin:
    return RegistryLogin(
        real.host,
        "https" if real.ca_file else "http",
        real.username,
        SecretStr(real.password),
        real.ca_file,
    )


@pytest.fixture
def client(registry: RealRegistry) -> Iterator[Registry]:
    with Registry(login_of(registry)) as opened:
        yield opened


@pytest.fixture
def content(registry: RealRegistry, repository: str) -> Iterator[Content]:
    with registry.client() as opened:
        yield Content(opened, repository)


@pytest.fixture
def ref(registry: RealRegistry, repository: str) -> ImageRef:
    return ImageRef(Repository(registry.host, repository), "1.4")


def other_repository(ref: ImageRef) -> ImageRef:
    """A repository below the test's own, so that it is cleaned up by name."""
    return ImageRef(Repository(ref.repository.registry, f"{ref.repository.path}-other"), "1.4")


def test_a_pushed_image_is_resolved_and_described(
    client: Registry,
    registry: RealRegistry,
    engine: docker.DockerClient,
    images: LocalImages,
    ref: ImageRef,
) -> None:
    digest = push_image(engine, registry, images.hostile, ref.repository.path, "1.4")
    resolved = client.resolve(ref)
    assert str(resolved.digest) == digest
    manifest = client.manifest(ref.pinned(resolved.digest))
    assert isinstance(manifest, ImageManifest)
    assert len(manifest.content) == resolved.size_of_manifest
    about = client.configuration(ref)
    assert f"API_TOKEN={MARK}" in about.parameters.environment
    assert about.platform == Platform("linux", "amd64")
    assert about.parameters.user == "1000"
    assert about.parameters.ports == ("8000/tcp",)
    assert client.size(ref) == manifest.size > 0


@pytest.mark.parametrize("media_type", [OCI_IMAGE, DOCKER_IMAGE])
def test_a_tag_in_the_same_repository_is_the_same_bytes(
    client: Registry, content: Content, registry: RealRegistry, ref: ImageRef, media_type: str
) -> None:
    put = content.image("1.4", media_type)
    new = ImageRef(ref.repository, "stable")
    retagged = client.tag(ref, new)
    assert retagged.digest == digest_of(put)
    assert (retagged.media_type, retagged.replaced) == (media_type, None)
    assert client.manifest(new).content == put
    assert registry.digest(ref.repository.path, "stable") == str(digest_of(put))


@pytest.mark.parametrize("media_type", [OCI_INDEX, DOCKER_INDEX])
def test_an_index_is_tagged_as_it_is(
    client: Registry, content: Content, ref: ImageRef, media_type: str
) -> None:
    put = content.index("1.4", media_type)
    assert client.resolve(ref).media_type == media_type
    assert client.tag(ref, ImageRef(ref.repository, "stable")).digest == digest_of(put)
    manifest = client.manifest(ImageRef(ref.repository, "stable"))
    assert isinstance(manifest, ImageIndex)
    assert manifest.content == put


def test_a_tag_that_moves_says_what_it_was(
    client: Registry, content: Content, ref: ImageRef
) -> None:
    first = digest_of(content.image("1.3", architecture="arm64"))
    content.image("1.4")
    assert client.tag(ref, ImageRef(ref.repository, "1.3")).replaced == first


def test_a_digest_can_be_given_a_name(client: Registry, content: Content, ref: ImageRef) -> None:
    digest = digest_of(content.image())
    source = ImageRef(ref.repository, digest=digest)
    assert client.tag(source, ref).digest == digest
    assert client.resolve(ref).digest == digest


@pytest.mark.parametrize("media_type", [OCI_INDEX, DOCKER_INDEX])
def test_another_repository_gets_every_image_of_an_index_without_moving_layers(
    client: Registry, content: Content, registry: RealRegistry, ref: ImageRef, media_type: str
) -> None:
    put = content.index("1.4", media_type)
    new = other_repository(ref)
    try:
        checks: list[None] = []
        retagged = client.tag(ref, new, lambda: checks.append(None))
        assert retagged.digest == digest_of(put)
        assert (retagged.blobs_mounted, retagged.manifests_copied) == (6, 2)
        for platform in ("linux/amd64", "linux/arm64"):
            about = client.configuration(new, Platform.parse(platform))
            assert str(about.platform) == platform
        assert len(checks) > 3
    finally:
        registry.delete_repository(new.repository.path)


def test_a_retag_that_is_cancelled_leaves_no_tag(
    client: Registry, content: Content, registry: RealRegistry, ref: ImageRef
) -> None:
    class Stopped(Exception):
        pass

    def check() -> None:
        raise Stopped

    content.image("1.4")
    with pytest.raises(Stopped):
        client.tag(ref, other_repository(ref), check)
    assert registry.tags(other_repository(ref).repository.path) == []


def test_another_registry_is_refused_with_the_way_out(
    client: Registry, content: Content, prod_registry: RealRegistry, ref: ImageRef
) -> None:
    new = ImageRef(Repository(prod_registry.host, ref.repository.path), "1.4")
    with pytest.raises(NotFound):
        client.tag(ref, new)
    content.image("1.4")
    with pytest.raises(UsageError, match="another registry") as refused:
        client.tag(ref, new)
    assert "/image push" in str(refused.value)


def test_a_new_name_needs_a_tag(client: Registry, content: Content, ref: ImageRef) -> None:
    content.image("1.4")
    for new in (ImageRef(ref.repository), ref.pinned(NOWHERE)):
        with pytest.raises(UsageError, match="not a new name"):
            client.tag(ref, new)


def test_tags_come_over_pages_newest_first(
    client: Registry, content: Content, ref: ImageRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.registry.client._PAGE", 2)
    content.image("1.9")
    for tag in ("1.10", "latest", "1.10-rc1", "0.1"):
        client.tag(ImageRef(ref.repository, "1.9"), ImageRef(ref.repository, tag))
    assert client.tags(ref.repository).names == ("1.10", "1.10-rc1", "1.9", "0.1", "latest")


def test_what_is_missing_is_named(client: Registry, content: Content, ref: ImageRef) -> None:
    with pytest.raises(NotFound, match=r"The repository .* does not exist"):
        client.resolve(ref)
    with pytest.raises(NotFound, match=r"The repository .* does not exist"):
        client.tags(ref.repository)
    content.image("1.3")
    with pytest.raises(NotFound, match=r"has no tag 1\.4\. It has 1\.3\."):
        client.resolve(ref)
    with pytest.raises(NotFound, match="has no image sha256:000"):
        client.manifest(ref.pinned(NOWHERE))
    assert client.find(ref) is None
    assert not client.exists(ref)
    assert client.exists(ImageRef(ref.repository, "1.3"))


def test_a_platform_that_is_not_there_is_named(
    client: Registry, content: Content, ref: ImageRef
) -> None:
    content.index("1.4")
    with pytest.raises(NotFound, match="no image for linux/riscv64") as missing:
        client.configuration(ref, Platform.parse("linux/riscv64"))
    assert "linux/arm64, linux/amd64" in str(missing.value)
    assert client.configuration(ref).platform == Platform("linux", "amd64")


def test_an_artifact_is_not_described_as_an_image(
    client: Registry, content: Content, ref: ImageRef
) -> None:
    config = content.blob(b"{}", "application/vnd.cncf.helm.config.v1+json")
    content.manifest({"config": config, "layers": []}, OCI_IMAGE, "1.4")
    with pytest.raises(OutsideFailure, match="not a container image"):
        client.configuration(ref)


def test_an_image_that_was_written_with_nulls_and_odd_types_is_read_and_tagged(
    client: Registry, content: Content, ref: ImageRef
) -> None:
    config = {
        "os": "linux",
        "architecture": "amd64",
        "variant": None,
        "config": {"User": None, "Labels": {"build": None, "version": "1.4"}, "Cmd": ["/serve"]},
        "history": None,
        "x-more": {"y": 1},
    }
    blob = content.blob(json.dumps(config).encode(), "application/octet-stream")
    parts: dict[str, Any] = {
        "mediaType": None,
        "config": {**blob, "annotations": None},
        "layers": [],
    }
    put = content.manifest(parts, OCI_IMAGE, "1.4")
    assert b'"mediaType": null' in put
    assert client.resolve(ref).digest == digest_of(put)
    about = client.configuration(ref)
    assert (about.parameters.labels, about.parameters.user) == ((("version", "1.4"),), "")
    assert client.tag(ref, ImageRef(ref.repository, "stable")).digest == digest_of(put)


def test_a_registry_in_capitals_is_the_same(
    client: Registry, content: Content, registry: RealRegistry, ref: ImageRef
) -> None:
    digest = digest_of(content.image("1.4"))
    typed = ImageRef.parse(f"{registry.host.upper()}/{ref.repository.path}:1.4", "registry.test")
    assert client.resolve(typed).digest == digest


def test_a_wrong_password_is_refused_and_not_repeated(
    registry: RealRegistry, ref: ImageRef
) -> None:
    login = RegistryLogin(registry.host, "http", "ci", SecretStr("not-the-password"))
    with Registry(login) as client, pytest.raises(LoginRefused) as refused:
        client.resolve(ref)
    assert "refused the login of ci" in str(refused.value)
    assert "not-the-password" not in str(refused.value)


def test_without_credentials_the_registry_wants_a_login(
    registry: RealRegistry, ref: ImageRef
) -> None:
    with Registry(RegistryLogin(registry.host, "http")) as client:
        with pytest.raises(LoginRefused, match="requires a login"):
            client.tags(ref.repository)
        with pytest.raises(LoginRefused, match="requires a login"):
            client.ping()


def test_a_registry_with_a_certificate_of_its_own_is_trusted_by_its_ca_file(
    tls_registry: RealRegistry,
) -> None:
    login = login_of(tls_registry)
    with Registry(login) as client:
        client.ping()
    untrusting = RegistryLogin(login.host, "https", login.username, login.password)
    with Registry(untrusting) as client, pytest.raises(OutsideFailure, match="not trusted"):
        client.ping()


def test_a_client_is_for_its_own_registry(client: Registry) -> None:
    with pytest.raises(ValueError, match="is not in"):
        client.resolve(ImageRef.parse("registry.test/shop/web:1.4", "registry.test"))
