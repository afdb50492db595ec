"""Of an index an engine runs one image: which, and where nobody can tell."""

import pytest

from quaymaster.image_ref import Digest
from quaymaster.platforms import EnginePlatform, IndexEntry, Platform, fitting, may_run


def offer(number: int, platform: str | None) -> IndexEntry:
    return IndexEntry(
        Digest(f"sha256:{number:064x}"), Platform.parse(platform) if platform else None
    )


def chosen(runs: EnginePlatform, *platforms: str | None) -> list[str]:
    """What is left of these."""
    offers = [offer(number, one) for number, one in enumerate(platforms)]
    return [str(one.platform) for one in fitting(offers, runs)]


def exactly(platform: str) -> EnginePlatform:
    """A host whose platform stands in the configuration."""
    return EnginePlatform(Platform.parse(platform))


AMD64 = EnginePlatform(Platform("linux", "amd64"), or_later=True)
ARM64 = EnginePlatform(Platform("linux", "arm64"), or_later=True)
ARM_V6 = EnginePlatform(Platform("linux", "arm", "v6"))


@pytest.mark.parametrize(
    ("runs", "offered", "left"),
    [
        (AMD64, ["linux/arm64", "linux/amd64"], ["linux/amd64"]),
        (AMD64, ["linux/amd64/v2", "linux/arm64"], ["linux/amd64/v2"]),
        (ARM64, ["linux/amd64", "linux/arm64/v8"], ["linux/arm64/v8"]),
        (ARM64, ["linux/arm64"], ["linux/arm64"]),
        (ARM_V6, ["linux/arm/v5", "linux/arm/v6", "linux/arm/v7"], ["linux/arm/v6"]),
        (ARM_V6, ["linux/arm/v5", "linux/arm"], ["linux/arm/v5"]),
        (AMD64, ["windows/amd64", "linux/amd64"], ["linux/amd64"]),
        (AMD64, ["linux/arm64", None], ["None"]),
        (AMD64, ["linux/amd64", None], ["linux/amd64"]),
        (exactly("linux/amd64/v3"), ["linux/amd64", "linux/amd64/v2"], ["linux/amd64/v2"]),
        (exactly("linux/amd64"), ["linux/amd64/v2", "linux/amd64"], ["linux/amd64"]),
        (exactly("linux/arm64"), ["linux/arm64/v8", "linux/arm64/v9"], ["linux/arm64/v8"]),
        (exactly("linux/amd64/odd"), ["linux/amd64", "linux/amd64/odd"], ["linux/amd64/odd"]),
    ],
)
def test_the_one_that_it_runs(
    runs: EnginePlatform, offered: list[str | None], left: list[str]
) -> None:
    assert chosen(runs, *offered) == left


@pytest.mark.parametrize(
    "offered",
    [
        ["linux/amd64/v2", "linux/amd64"],
        ["linux/amd64/v2", "linux/amd64/v3"],
        ["linux/amd64", "linux/amd64"],
        ["linux/amd64", "linux/amd64/v1"],
        ["linux/amd64", "linux/amd64/odd"],
        [None, None],
    ],
)
def test_where_nobody_can_tell_several_are_left(offered: list[str | None]) -> None:
    assert len(chosen(AMD64, *offered)) == 2


@pytest.mark.parametrize("offered", [[], ["linux/arm64"], ["linux/386"], ["darwin/amd64"]])
def test_where_none_fits_none_is_left(offered: list[str | None]) -> None:
    assert chosen(AMD64, *offered) == []


def test_the_same_image_twice_is_one() -> None:
    assert len(fitting([offer(1, "linux/amd64"), offer(1, "linux/amd64")], AMD64)) == 1


def test_a_later_variant_than_the_machines_own_is_not_run() -> None:
    assert chosen(exactly("linux/amd64/v2"), "linux/amd64/v3") == []


@pytest.mark.parametrize(
    ("runs", "platform", "runs_it"),
    [
        (AMD64, "linux/amd64", True),
        (AMD64, "linux/amd64/v3", True),
        (exactly("linux/amd64/v2"), "linux/amd64/v3", False),
        (AMD64, "linux/386", True),
        (AMD64, "linux/arm64", False),
        (AMD64, "windows/amd64", False),
        (AMD64, "unknown/unknown", True),
        (ARM64, "linux/arm/v7", True),
        (ARM64, "linux/amd64", False),
        (ARM_V6, "linux/arm/v7", False),
        (ARM_V6, "linux/arm64", False),
    ],
)
def test_an_image_for_one_platform_runs_where_the_processor_can(
    runs: EnginePlatform, platform: str, runs_it: bool
) -> None:
    assert may_run(Platform.parse(platform), runs) == runs_it
