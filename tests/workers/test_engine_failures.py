"""What an engine's words mean."""

import pytest

from quaymaster.errors import LoginRefused, NotFound, OutsideFailure
from workers.engine_failures import refusal

DIGEST = "sha256:1424499e46659a8403fe516c4710f2af95c0e401aa3fe798989ed21b2a1e9dca"


@pytest.mark.parametrize("name", [f"shop/web@{DIGEST}", "localhost:24010/web", "localhost:401/web"])
def test_digits_of_a_digest_or_a_port_are_not_a_status(name: str) -> None:
    assert isinstance(refusal(f"No such image: {name}"), NotFound)


def test_an_image_that_a_host_does_not_have_is_said_once_and_where() -> None:
    words = "No such image: shop/web:9: No such image: shop/web:9"
    trouble = refusal(words, subject="shop/web:9", host="local").trouble
    assert (trouble.what, trouble.why) == ("Host local has no image shop/web:9.", "")
    assert "/image images" in trouble.next_step
    assert refusal(words).trouble.what == "The Docker host has no image shop/web:9."


@pytest.mark.parametrize(
    "words",
    [
        "unexpected status from HEAD request: 401 Unauthorized",
        "received unexpected HTTP status: 401",
        "error: status=401",
    ],
)
def test_a_status_that_stands_alone_is_understood(words: str) -> None:
    assert isinstance(refusal(words), LoginRefused)


def test_a_busy_registry_may_be_asked_again() -> None:
    found = refusal("received unexpected HTTP status: 503 Service Unavailable")
    assert isinstance(found, OutsideFailure)
    assert found.trying_again_can_help
