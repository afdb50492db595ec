"""Manifests of all four kinds are read; what is none is refused in plain words."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quaymaster.errors import OutsideFailure
from quaymaster.platforms import Platform
from workers.registry.manifests import (
    DOCKER_IMAGE,
    DOCKER_INDEX,
    OCI_IMAGE,
    OCI_INDEX,
    ImageIndex,
    ImageManifest,
    digest_of,
    read_manifest,
)

A, B, C = ("sha256:" + letter * 64 for letter in "abc")


def descriptor(digest: str, **more: Any) -> dict[str, Any]:
    return {"mediaType": "application/octet-stream", "digest": digest, "size": 10, **more}


def image(**more: Any) -> bytes:
    document = {"schemaVersion": 2, "config": descriptor(A), "layers": [descriptor(B)], **more}
    return json.dumps(document).encode()


def index(*members: dict[str, Any]) -> bytes:
    return json.dumps({"schemaVersion": 2, "manifests": list(members)}).encode()


@pytest.mark.parametrize("media_type", [OCI_IMAGE, DOCKER_IMAGE])
def test_an_image_has_a_configuration_and_layers(media_type: str) -> None:
    content = image(mediaType=media_type)
    read = read_manifest(content, f"{media_type}; charset=utf-8", "web")
    assert isinstance(read, ImageManifest)
    assert (read.media_type, read.digest, read.content) == (media_type, digest_of(content), content)
    assert read.size == 20
    assert [str(blob.digest) for blob in read.blobs] == [A, B]


@pytest.mark.parametrize("media_type", [OCI_INDEX, DOCKER_INDEX])
def test_an_index_names_its_platforms(media_type: str) -> None:
    arm = {"os": "linux", "architecture": "arm64", "variant": "v8"}
    attestation = {"os": "unknown", "architecture": "unknown"}
    content = index(descriptor(A, platform=arm), descriptor(B, platform=attestation))
    read = read_manifest(content, media_type, "web")
    assert isinstance(read, ImageIndex)
    assert read.platforms == (Platform("linux", "arm64", "v8"),)
    assert len(read.manifests) == 2
    assert len(read.images) == 1


def test_the_manifests_own_media_type_wins() -> None:
    assert read_manifest(image(mediaType=OCI_IMAGE), "text/plain", "web").media_type == OCI_IMAGE


def test_a_layer_that_is_elsewhere_is_not_the_registrys() -> None:
    content = image(layers=[descriptor(B, urls=["https://example.com/base"]), descriptor(C)])
    read = read_manifest(content, DOCKER_IMAGE, "web")
    assert isinstance(read, ImageManifest)
    assert [str(blob.digest) for blob in read.blobs] == [A, C]


@pytest.mark.parametrize(
    ("content", "media_type", "said"),
    [
        (b"<html>login</html>", "text/html", "cannot be read"),
        (b"", OCI_IMAGE, "cannot be read"),
        (b"[]", OCI_IMAGE, "cannot be read"),
        (image(), "text/html", "text/html"),
        (image(), "", "nothing"),
        (image(), "application/vnd.docker.distribution.manifest.v1+prettyjws", "schema 1"),
        (image(layers=None), OCI_IMAGE, "lacks"),
        (image(layers=[descriptor("sha256:12")]), OCI_IMAGE, "not a digest"),
        (image(layers=[descriptor(B) | {"size": -1}]), OCI_IMAGE, "layers.0.size"),
        (image(manifests=[]), OCI_INDEX, "two different things"),
    ],
)
def test_what_is_no_manifest_is_refused_with_the_reason(
    content: bytes, media_type: str, said: str
) -> None:
    with pytest.raises(OutsideFailure) as refused:
        read_manifest(content, media_type, "shop/web:1.4")
    assert said in str(refused.value)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode), st.text(max_size=80))
def test_whatever_comes_in_is_read_or_refused(content: bytes, media_type: str) -> None:
    with pytest.raises(OutsideFailure):
        read_manifest(content, media_type, "web")


@pytest.mark.parametrize("text", ["linux/amd64", "linux/arm64/v8"])
def test_a_platform_is_read_as_it_is_written(text: str) -> None:
    assert str(Platform.parse(text)) == text


@pytest.mark.parametrize("text", ["", "linux", "linux/", "/amd64", "linux/arm/v7/x"])
def test_half_a_platform_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="os/architecture"):
        Platform.parse(text)


def test_a_variant_that_was_not_asked_for_fits() -> None:
    assert Platform.parse("linux/arm64/v8").fits(Platform.parse("linux/arm64"))
    assert not Platform.parse("linux/arm64").fits(Platform.parse("linux/arm64/v8"))
