"""Labels outlive the program that wrote them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quaymaster.errors import WrittenByNewer
from quaymaster.services import HealthCheck
from quaymaster.target import ServiceRef
from testing.samples import DIGEST, pinned
from workers.targets.docker_host.labels import FORMAT, Labels, container_name

OF_BEFORE = {
    "quaymaster.role": "service",
    "quaymaster.environment": "production",
    "quaymaster.service": "web",
    "quaymaster.operation": "1031",
    "quaymaster.release": "1031",
    "quaymaster.image": str(pinned(DIGEST)),
    "quaymaster.configuration": "c0ffee",
    "quaymaster.health": '{"http": "/healthz", "port": 8000, "within": 15.0}',
}
"""Format 0: as version 0.1 made containers, named quaymaster-ENV-SERVICE-OPERATION."""
names = st.from_regex(r"[a-z0-9][a-z0-9.-]{0,30}", fullmatch=True)
turns = st.integers(1, 10**12)


def labels(environment: str = "production", service: str = "web", turn: int = 8) -> Labels:
    return Labels(
        environment, service, 1042, turn, pinned(DIGEST), "c0ffee", HealthCheck(port=8000)
    )


def test_what_is_written_is_read_as_it_was() -> None:
    written = labels().written()
    assert (
        Labels.read(written, container_name(ServiceRef("production", "web"), 1042, 8)) == labels()
    )
    assert written["quaymaster.format"] == str(FORMAT)


def test_a_container_of_before_has_the_number_of_its_operation_as_its_turn() -> None:
    found = Labels.read(OF_BEFORE, "quaymaster-production-web-1031")
    assert (found.operation, found.turn, found.image) == (1031, 1031, pinned(DIGEST))
    assert (found.configuration, found.health.http) == ("c0ffee", "/healthz")


def test_the_name_carries_the_turn_of_one_that_was_started_again() -> None:
    """Labels cannot be changed; a name can."""
    renamed = container_name(ServiceRef("production", "web"), 1042, 12)
    assert renamed == "quaymaster-production-web-1042.12"
    assert Labels.read(labels().written(), renamed).turn == 12
    assert Labels.read(OF_BEFORE, "quaymaster-production-web-1040.12").turn == 12


@pytest.mark.parametrize(
    "name",
    [
        "renamed-by-hand.99",
        "quaymaster-production-web-1042",
        "quaymaster-production-web-1042.",
        "quaymaster-production-web-1042.x",
        "quaymaster-production-web-1042.-1",
        "quaymaster-production-web-1042.²",
        "quaymaster-production-web-1042.1.2",
        f"quaymaster-production-web-1042.{'9' * 40}",
        "quaymaster-staging-web-1042.99",
    ],
)
def test_a_name_that_says_nothing_about_turns_leaves_the_label(name: str) -> None:
    assert Labels.read(labels().written(), name).turn == 8


@pytest.mark.parametrize("version", [FORMAT + 1, 99])
def test_a_newer_format_is_not_guessed_at(version: int) -> None:
    with pytest.raises(WrittenByNewer, match="newer Quaymaster"):
        Labels.read({**labels().written(), "quaymaster.format": str(version)}, "any")


@pytest.mark.parametrize("text", ["", "x", "-1", "²", "1e9", "9" * 40])
def test_a_number_that_is_none_counts_as_none(text: str) -> None:
    found = Labels.read({**OF_BEFORE, "quaymaster.operation": text}, "any")
    assert (found.operation, found.turn) == (0, 0)


def test_labels_of_nothing_are_read_too() -> None:
    found = Labels.read({}, "any")
    assert (found.environment, found.turn, found.image) == ("", 0, None)
    assert found.health == HealthCheck()


@given(names, names, st.integers(1, 10**12), turns, turns)
def test_names_with_dots_and_dashes_do_not_confuse_turns(
    environment: str, service: str, operation: int, made: int, renamed: int
) -> None:
    written = labels(environment, service, made).written()
    for turn in (made, renamed):
        name = container_name(ServiceRef(environment, service), operation, turn)
        assert Labels.read(written, name).turn == turn


@given(names, names, names, names, turns)
def test_services_whose_names_read_the_same_have_containers_of_their_own(
    one: str, two: str, three: str, four: str, turn: int
) -> None:
    if (one, two) != (three, four):
        assert container_name(ServiceRef(one, two), 7, turn) != container_name(
            ServiceRef(three, four), 8, turn
        )
