"""The wheels that are built from this checkout: their contents, and what each can run."""

import os
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.readme import ROOT

PRODUCT = {"programs", "bot", "workers", "quaymaster"}
TRIAL = {"local_slack", "trial"}
# With `-S`: otherwise Python would find this checkout, which is installed where the tests run.
PROGRAM = (
    "import sys; sys.path[:0] = sys.argv.pop(1).split(':')\n"
    "from programs.__main__ import main; main()\n"
)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """The wheels of both distributions, by their folders, built as `make install` builds them."""
    found = {}
    for folder in (".", "./try"):
        place = tmp_path_factory.mktemp("wheels")
        pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index"]
        build = [*pip, "--no-build-isolation", "--wheel-dir", str(place), folder]
        subprocess.run(build, cwd=ROOT, check=True)
        (found[folder],) = place.glob("*.whl")
    return found


def packages(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        folders = {name.split("/")[0] for name in archive.namelist()}
    return {name for name in folders if not name.endswith(".dist-info")}


def committed(*folders: str) -> set[str]:
    """The files of the checkout in these folders."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file())
    return {str(one.relative_to(ROOT)) for one in found if "__pycache__" not in one.parts}


def installed(folder: Path, *wheels: Path) -> str:
    """A path for Python: these wheels and all third-party packages."""
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
    return f"{folder}:{sysconfig.get_path('purelib')}"


def tried(path: str, state: Path) -> "subprocess.CompletedProcess[str]":
    """`quaymaster try` of an installation, with the address of an engine that does not exist."""
    words = ["try", "--state", str(state), "--docker", f"unix://{state}/no.sock"]
    return subprocess.run(
        [sys.executable, "-S", "-c", PROGRAM, path, *words],
        cwd=state.parent,
        env={"PATH": os.environ["PATH"]},
        check=False,
        capture_output=True,
        text=True,
    )


def test_the_wheel_of_the_product_holds_what_runs_in_production_and_nothing_else(
    wheels: Mapping[str, Path],
) -> None:
    assert packages(wheels["."]) == PRODUCT


def test_the_wheel_of_the_trial_holds_the_rest_with_its_page_and_its_data(
    wheels: Mapping[str, Path],
) -> None:
    with zipfile.ZipFile(wheels["./try"]) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == committed(*TRIAL)


def test_without_the_trial_the_command_says_what_to_install(
    wheels: Mapping[str, Path], tmp_path: Path
) -> None:
    path = installed(tmp_path / "lib", wheels["."])
    done = tried(path, tmp_path / "state")
    assert (done.returncode, done.stdout) == (2, "")
    assert "`quaymaster try` is not installed here." in done.stderr
    assert "`pip install 'quaymaster[try]'`" in done.stderr


def test_with_both_the_trial_begins(wheels: Mapping[str, Path], tmp_path: Path) -> None:
    path = installed(tmp_path / "lib", *wheels.values())
    done = tried(path, tmp_path / "state")
    assert done.returncode == 2
    assert f"No Docker engine answers at unix://{tmp_path}/state/no.sock." in done.stderr


def test_both_have_one_version_and_ask_for_each_other() -> None:
    product, trial = (
        tomllib.loads((ROOT / folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        for folder in (".", "try")
    )
    version = product["version"]
    assert trial["version"] == version
    assert product["optional-dependencies"]["try"] == [f"quaymaster-try=={version}"]
    assert f"quaymaster[scanner]=={version}" in trial["dependencies"]


@pytest.mark.parametrize("folder", sorted(PRODUCT))
def test_what_runs_in_production_is_copied_into_the_image(folder: str) -> None:
    said = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert f"COPY {folder} {folder}\n" in said
    assert f"!{folder}\n" in (ROOT / ".dockerignore").read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", sorted(TRIAL))
def test_the_trial_is_not_copied_into_the_image(folder: str) -> None:
    assert folder not in (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert folder not in (ROOT / ".dockerignore").read_text(encoding="utf-8")
