"""The same content makes the same image, byte by byte."""

import io
import tarfile

from testing.images.catalogue import make_big_image
from trial.archive import Entry, Image, archive_of, layer


def image(page: bytes) -> Image:
    layers = (layer([Entry("www/index.html", page)], "COPY www /www"),)
    return Image(layers, "amd64", command=("/serve",))


def test_the_id_depends_on_content() -> None:
    assert image(b"v1").id == image(b"v1").id
    assert image(b"v1").id != image(b"v2").id


def test_an_archive_has_the_same_bytes_every_time() -> None:
    assert archive_of({"a:1": image(b"v1")}) == archive_of({"a:1": image(b"v1")})


def test_layers_that_images_share_are_in_the_archive_once() -> None:
    shared = archive_of({"a:1": image(b"v1"), "b:1": image(b"v1")})
    with tarfile.open(fileobj=io.BytesIO(shared)) as archive:
        names = archive.getnames()
    assert len([name for name in names if name.endswith(".tar")]) == 1


def test_a_big_image_has_the_layers_asked_for_and_the_same_bytes_every_time() -> None:
    big = make_big_image(layers=3, layer_bytes=1000)
    assert len({one.digest for one in big.layers}) == 3
    assert big.id == make_big_image(layers=3, layer_bytes=1000).id
