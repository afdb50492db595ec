"""A file that cannot be read is answered with what helps: not every one is missing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import ConfigurationError
from quaymaster.key_ring import KeyRing

LOADED = [Configuration.load, KeyRing.load]


@pytest.fixture(params=LOADED, ids=["configuration", "key ring"])
def load(request: pytest.FixtureRequest) -> Callable[[Path], object]:
    chosen: Callable[[Path], object] = request.param
    return chosen


def way_out(load: Callable[[Path], object], path: Path) -> str:
    with pytest.raises(ConfigurationError, match=r"cannot be read: ") as caught:
        load(path)
    return caught.value.problem.next_step


def test_one_that_is_missing_is_made(load: Callable[[Path], object], tmp_path: Path) -> None:
    said = way_out(load, tmp_path / "quaymaster.yml")
    assert "quaymaster.example.yml" in said or "keys new" in said


def test_a_directory_that_docker_made_in_its_place_is_removed(
    load: Callable[[Path], object], tmp_path: Path
) -> None:
    assert f"remove it (`rmdir {tmp_path.name}`)" in way_out(load, tmp_path)


def test_one_that_is_for_others_to_read_is_opened(
    load: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written with a umask of 077, and mounted into a container of another user."""

    def refuses(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "quaymaster.yml"
    path.touch()
    monkeypatch.setattr(Path, "read_text", refuses)
    assert "`chmod 644 quaymaster.yml`" in way_out(load, path)
