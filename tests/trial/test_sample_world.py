"""What the trial ships: the database, the images and the configuration."""

import re
import tarfile
from importlib.resources import files
from pathlib import Path

import pytest

from bot.commands.grammar import parse
from local_slack.world import MemberKind
from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import ConfigurationError
from tests.trial.sample_database import SHIPPED, made
from trial.archive import archive_of
from trial.choices import Choices
from trial.configuration import check_configuration, write_configuration
from trial.engine import ENVIRONMENTS
from trial.images import PUBLISHED, TO_BE_PUSHED, sample_images
from trial.processes import Ledger
from trial.state_directory import StateDirectory
from trial.tour import FIRST_DEPLOY, TOPIC, welcome
from trial.world import sample_world


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


def test_a_configuration_of_another_shape_is_refused_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "quaymaster.yml"
    path.write_text("stages: [staging]\n")
    with pytest.raises(ConfigurationError, match="start over with `quaymaster try --reset`"):
        check_configuration(path)


def test_the_tour_is_five_commands_in_one_short_line() -> None:
    assert len(commands_in(TOPIC)) == 5
    assert "\n" not in TOPIC
    # https://docs.slack.dev/reference/methods/conversations.setTopic
    assert len(TOPIC) <= 250


def test_every_command_of_the_tour_is_understood_and_its_images_exist(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path, Ledger(tmp_path / "processes.json"))
    write_configuration(state.configuration, state.choices, sample_database=True)
    configuration = Configuration.load(state.configuration)
    commands = {*commands_in(TOPIC), *commands_in(welcome(state)), FIRST_DEPLOY}
    for command in commands:
        parse(command, configuration)
        for image in re.findall(r"shop/\w+:\S+", command):
            assert tuple(image.split(":")) in {*PUBLISHED, *TO_BE_PUSHED}


def test_the_people_of_the_configuration_are_those_of_the_workspace(tmp_path: Path) -> None:
    path = tmp_path / "quaymaster.yml"
    write_configuration(path, Choices.made(), sample_database=True)
    world = sample_world()
    known = {one.id for many in (world.users, world.groups, world.channels) for one in many}
    assert set(re.findall(r"\b[CSU](?:0|AZ|02)[A-Z0-9]+\b", path.read_text())) <= known


def test_everybody_in_the_workspace_has_a_role_and_the_bot_is_in_every_channel() -> None:
    world = sample_world()
    assert all(one.title for one in world.users if one.membership is not MemberKind.BOT)
    assert all(world.app.bot_user in one.members for one in world.channels)


def commands_in(text: str) -> list[str]:
    """The commands between backticks, without the slash command."""
    return [found.removeprefix("/image ") for found in re.findall(r"`(/image [^`]+)`", text)]
