"""The registries store what is pushed, and only for those who know the password."""

import ssl

import docker
import httpx
import pytest
from docker.errors import APIError

from testing.engines.local_images import load_big_image, push_image, remove_images
from testing.engines.registries import Registry
from testing.images.catalogue import LocalImages

pytestmark = pytest.mark.engine


def credentials(registry: Registry) -> dict[str, str]:
    return {"username": registry.username, "password": registry.password}


def test_what_is_pushed_can_be_pulled_by_its_digest(
    engine: docker.DockerClient, registry: Registry, images: LocalImages, repository: str
) -> None:
    digest = push_image(engine, registry, images.web_v1, repository, "1.0")
    assert registry.tags(repository) == ["1.0"]
    name = f"{registry.host}/{repository}@{digest}"
    pulled = engine.images.pull(name, auth_config=credentials(registry))
    assert pulled.id == engine.images.get(images.web_v1).id


def test_the_same_image_has_the_same_digest_in_every_registry(
    engine: docker.DockerClient,
    registry: Registry,
    prod_registry: Registry,
    images: LocalImages,
    repository: str,
) -> None:
    here = push_image(engine, registry, images.web_v1, repository, "1.0")
    there = push_image(engine, prod_registry, images.web_v1, repository, "1.0")
    other = push_image(engine, registry, images.web_v2, repository, "2.0")
    assert here == there != other


def test_a_push_without_credentials_is_refused_inside_the_stream(
    engine: docker.DockerClient, registry: Registry, images: LocalImages, repository: str
) -> None:
    name = f"{registry.host}/{repository}"
    engine.images.get(images.web_v1).tag(name, "1.0")
    events = list(engine.images.push(name, "1.0", stream=True, decode=True))
    assert "no basic auth credentials" in events[-1]["error"]
    assert registry.tags(repository) == []


def test_a_pull_without_credentials_or_with_wrong_ones_is_refused(
    engine: docker.DockerClient, registry: Registry, images: LocalImages, repository: str
) -> None:
    push_image(engine, registry, images.web_v1, repository, "1.0")
    wrong = {"username": registry.username, "password": "guessed"}
    for login in (None, wrong):
        with pytest.raises(APIError):
            engine.images.pull(f"{registry.host}/{repository}", "1.0", auth_config=login)


def test_a_deleted_repository_has_no_tags(
    engine: docker.DockerClient, registry: Registry, images: LocalImages, repository: str
) -> None:
    push_image(engine, registry, images.web_v1, repository, "1.0")
    registry.delete_repository(repository)
    assert registry.digest(repository, "1.0") is None
    assert registry.tags(repository) == []


def test_the_certificate_is_trusted_with_its_authority_alone(tls_registry: Registry) -> None:
    with tls_registry.client() as client:
        assert client.get("/v2/").status_code == httpx.codes.OK
    with pytest.raises(httpx.ConnectError) as refused:
        httpx.get(f"{tls_registry.url}/v2/", verify=ssl.create_default_context(), trust_env=False)
    assert "CERTIFICATE_VERIFY_FAILED" in str(refused.value)


def test_docker_pushes_over_tls(
    engine: docker.DockerClient, tls_registry: Registry, images: LocalImages, repository: str
) -> None:
    assert push_image(engine, tls_registry, images.web_v1, repository, "1.0").startswith("sha256:")


def test_a_big_image_does_not_compress(
    engine: docker.DockerClient, registry: Registry, repository: str
) -> None:
    name = f"{repository}:big"
    load_big_image(engine, name, layers=3, layer_bytes=300_000)
    try:
        push_image(engine, registry, name, repository, "1.0")
    finally:
        engine.images.remove(name)
    with registry.client() as client:
        accept = {"Accept": "application/vnd.docker.distribution.manifest.v2+json"}
        manifest = client.get(f"/v2/{repository}/manifests/1.0", headers=accept).json()
    assert len(manifest["layers"]) == 3
    assert all(layer["size"] > 300_000 for layer in manifest["layers"])


def test_removing_images_of_a_repository_leaves_others_alone(
    engine: docker.DockerClient, registry: Registry, images: LocalImages, repository: str
) -> None:
    local = engine.images.get(images.web_v1)
    local.tag(f"{registry.host}/{repository}", "1.0")
    local.tag(f"{registry.host}/{repository}-other", "1.0")
    remove_images(engine, repository)
    local.reload()
    names = local.tags
    remove_images(engine, f"{repository}-other")
    assert f"{registry.host}/{repository}-other:1.0" in names
    assert f"{registry.host}/{repository}:1.0" not in names
