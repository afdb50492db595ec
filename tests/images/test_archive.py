"""The same content makes the same image, byte by byte."""

import io
import tarfile

from tests.images.archive import Entry, Image, archive_of, layer
from tests.images.catalogue import make_big_image


def image(name: str, page: bytes) -> Image:
    return Image(name=name, layers=(layer([Entry("www/index.html", page)]),), command=("/serve",))


def test_the_id_depends_on_content_and_not_on_the_name() -> None:
    assert image("a:1", b"v1").id == image("b:2", b"v1").id
    assert image("a:1", b"v1").id != image("a:1", b"v2").id


def test_an_archive_has_the_same_bytes_every_time() -> None:
    assert archive_of([image("a:1", b"v1")]) == archive_of([image("a:1", b"v1")])


def test_layers_that_images_share_are_in_the_archive_once() -> None:
    shared = archive_of([image("a:1", b"v1"), image("b:1", b"v1")])
    with tarfile.open(fileobj=io.BytesIO(shared)) as archive:
        names = archive.getnames()
    assert len([name for name in names if name.endswith(".tar")]) == 1


def test_a_big_image_has_the_layers_and_the_size_asked_for() -> None:
    big = make_big_image("big:1", layers=3, layer_bytes=1000)
    assert len(set(big.layers)) == 3
    assert big.id == make_big_image("big:1", layers=3, layer_bytes=1000).id
