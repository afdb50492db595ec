"""The tests run on the engine that was chosen."""

from pathlib import Path

import docker
import pytest

from testing.engines import packages
from testing.engines.kinds import INSTALLED, KIND_VARIABLE, chosen_kind, others
from testing.engines.run_directory import EngineError


def test_without_a_word_it_is_the_installed_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KIND_VARIABLE, "")
    assert chosen_kind() is INSTALLED
    monkeypatch.setenv(KIND_VARIABLE, "26-containerd")
    assert chosen_kind().has_containerds_store
    monkeypatch.setenv(KIND_VARIABLE, "19")
    with pytest.raises(EngineError, match="choose among installed, "):
        chosen_kind()


@pytest.mark.parametrize(
    ("version", "rest"),
    [
        ("20.10.", {"26", "26-containerd"}),
        ("26.1.", {"20.10", "26-containerd"}),
        ("28.3.", {"20.10", "26", "26-containerd"}),
    ],
)
def test_the_others_are_what_the_installed_one_is_not(
    monkeypatch: pytest.MonkeyPatch, version: str, rest: set[str]
) -> None:
    monkeypatch.setattr("testing.engines.kinds.installed_version", lambda: version)
    assert {kind.name for kind in others()} == rest


def test_what_is_kept_is_not_fetched_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And what cannot be had leaves nothing that looks as if it were there."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(packages, "_archive", lambda _: "file:/nowhere")
    with pytest.raises(EngineError, match="apt-get"):
        packages.unpacked("trixie", ("docker.io",))
    kept = tmp_path / "quaymaster" / "engines"
    assert [one.name for one in kept.iterdir() if one.is_dir()] == []
    (lock,) = kept.iterdir()
    root = lock.with_suffix("")
    root.mkdir()
    assert packages.unpacked("trixie", ("docker.io",)) == root


@pytest.mark.engine
@pytest.mark.every_engine
def test_the_engine_of_the_tests_is_of_that_kind(engine: docker.DockerClient) -> None:
    kind = chosen_kind()
    information = engine.info()
    assert information["ServerVersion"].startswith(kind.version)
    is_containerds = ["driver-type", "io.containerd.snapshotter.v1"] in information["DriverStatus"]
    if kind.features:
        assert is_containerds is kind.has_containerds_store
