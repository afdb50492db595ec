"""Which image of an index is meant, by what an engine or the configuration says."""

import pytest

from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import Conflict, NotFound
from quaymaster.image_ref import Digest, ImageRef
from quaymaster.platforms import EnginePlatform, Platform
from tests.workers.toolboxes import toolbox
from trial.archive import this_architecture
from workers.docker.engine import Engine
from workers.jobs.deploy.members import for_host, for_people, platform_of
from workers.registry.manifests import OCI_IMAGE, OCI_INDEX, Descriptor, ImageIndex

DIGESTS = [Digest(f"sha256:{number:064x}") for number in range(9)]
IMAGE = ImageRef.parse("shop/web:1", "localhost:5000")


def index(*platforms: str) -> ImageIndex:
    """An index of images for these platforms, numbered from 1."""
    members = tuple(
        Descriptor(OCI_IMAGE, DIGESTS[number], 1, Platform.parse(platform))
        for number, platform in enumerate(platforms, 1)
    )
    return ImageIndex(DIGESTS[0], OCI_INDEX, b"", members)


def configuration(*hosts: str) -> Configuration:
    """A configuration with these hosts."""
    each = "".join(f"  host{number}: {{{fields}}}\n" for number, fields in enumerate(hosts))
    return Configuration.parse(f"default_registry: localhost:5000\nhosts:\n{each}")


@pytest.mark.parametrize(
    ("hosts", "chosen"),
    [
        ([""], 2),
        (["platform: linux/arm64"], 1),
        (["platform: linux/arm64", "platform: linux/arm64"], 1),
        (["platform: linux/arm64", "platform: linux/amd64"], 2),
        (["platform: linux/s390x"], 1),
    ],
)
def test_without_a_host_it_is_that_of_the_hosts_else_the_usual_else_the_first(
    hosts: list[str], chosen: int
) -> None:
    choice = for_people(IMAGE, configuration(*hosts))
    assert choice.of_index(index("linux/arm64", "linux/amd64")).digest == DIGESTS[chosen]


def test_of_an_index_of_attestations_alone_there_is_nothing_to_look_at() -> None:
    with pytest.raises(NotFound, match="no image at all"):
        for_people(IMAGE, configuration("")).of_index(index("unknown/unknown"))


def test_two_images_of_one_platform_are_not_told_apart_by_a_line_of_the_configuration() -> None:
    choice = for_host(IMAGE, "host0", toolbox(configuration=configuration("platform: linux/amd64")))
    with pytest.raises(Conflict, match="several images for linux/amd64") as raised:
        choice.of_index(index("linux/amd64", "linux/amd64"))
    assert "by its digest" in raised.value.problem.next_step


def test_what_is_made_for_another_platform_names_the_line_for_a_host_that_emulates_it() -> None:
    choice = for_host(IMAGE, "host0", toolbox(configuration=configuration("platform: linux/amd64")))
    with pytest.raises(NotFound, match="no image for linux/amd64, which host0 runs") as raised:
        choice.of_index(index("linux/arm64/v8"))
    assert "`host0: {platform: linux/arm64/v8}`" in raised.value.problem.next_step


@pytest.mark.engine
@pytest.mark.every_engine
def test_an_engine_tells_its_architecture_and_not_its_variant(host: Engine) -> None:
    assert platform_of(host) == EnginePlatform(
        Platform("linux", this_architecture()), or_later=True
    )
