"""For how long what has ended is kept, as the configuration says it."""

from datetime import timedelta

import pytest

from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import ConfigurationError
from quaymaster.requests import ImagesRequest, PushRequest, TagsRequest
from quaymaster.retention import Retention, only_reads
from testing.configurations import SHOP
from testing.samples import WEB, image

SMALLEST = (
    "default_registry: localhost:5000\nregistries: {localhost:5000: {}}\nhosts: {build1: {}}\n"
)


def test_without_a_word_it_is_ninety_days_thirty_and_one() -> None:
    assert SHOP.retention == Retention(timedelta(90), timedelta(30), timedelta(1))


def test_the_configuration_says_for_how_long() -> None:
    text = f"{SMALLEST}keep: {{operations: 7d, reports: 12h, listings: 30m}}\n"
    expected = Retention(timedelta(days=7), timedelta(hours=12), timedelta(minutes=30))
    assert Configuration.parse(text).retention == expected
    assert (expected.report_seconds, expected.listing_seconds) == (43_200, 1_800)


@pytest.mark.parametrize("wrong", ["operations: 0s", "listings: soon", "audit: 1d"])
def test_a_time_that_is_none_is_refused_with_its_field(wrong: str) -> None:
    with pytest.raises(ConfigurationError, match=wrong.partition(":")[0]):
        Configuration.parse(f"{SMALLEST}keep: {{{wrong}}}\n")


def test_a_push_is_no_reading() -> None:
    assert only_reads(TagsRequest(WEB))
    assert only_reads(ImagesRequest("build1"))
    assert not only_reads(PushRequest(image(), "build1"))
