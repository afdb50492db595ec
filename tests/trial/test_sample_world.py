"""What the trial ships: the database, the images and the configuration."""

import tarfile
from importlib.resources import files
from pathlib import Path

from quaymaster.configuration import Configuration
from tests.trial.sample_database import SHIPPED, made
from trial.archive import archive_of
from trial.choices import Choices
from trial.configuration import write_configuration
from trial.engine import ENVIRONMENTS
from trial.images import PUBLISHED, TO_BE_PUSHED, sample_images


def test_the_sample_database_is_what_its_advisories_make() -> None:
    with tarfile.open(SHIPPED) as archive:
        shipped = {
            member.name: archive.extractfile(member).read()  # type: ignore[union-attr]
            for member in archive.getmembers()
        }
    assert shipped == made()


def test_the_data_is_a_part_of_the_package() -> None:
    assert (files("trial") / "data" / "serve").is_file()
    assert (files("trial") / "data" / "trivy-db.tar.gz").is_file()


def test_the_same_images_have_the_same_bytes() -> None:
    first, second = (sample_images(b"busybox", "amd64", "t") for _ in range(2))
    assert archive_of({"a:1": first["shop/web", "v1"]}) == archive_of(
        {"a:1": second["shop/web", "v1"]}
    )


def test_no_two_versions_are_the_same_image() -> None:
    images = sample_images(b"busybox", "amd64", "t")
    assert set(images) == {*PUBLISHED, *TO_BE_PUSHED}
    assert len({image.configuration for image in images.values()}) == len(images)


def test_the_sample_configuration_is_valid_and_has_two_environments(tmp_path: Path) -> None:
    path = tmp_path / "quaymaster.yml"
    write_configuration(path, Choices.made(), sample_database=True)
    assert set(Configuration.load(path).environments) == ENVIRONMENTS


def test_a_configuration_that_was_changed_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "quaymaster.yml"
    path.write_text("mine")
    write_configuration(path, Choices.made(), sample_database=True)
    assert path.read_text() == "mine"
