"""What is installed is pinned: each package by version and hash, each base image by its digest."""

import base64
import json
import os
import re
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import docker
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from testing.engines.local_images import push_image, remove_images
from testing.engines.registries import Registry
from testing.images.catalogue import LocalImages
from tests.readme import ROOT

FILES = ("build", "dev", "run", "try")
_HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")
_PIP = re.compile(r"pip (?:install|wheel)[^\n&]*")


def lines(file: str) -> list[str]:
    return (ROOT / "requirements" / f"{file}.txt").read_text(encoding="utf-8").splitlines()


def pinned(file: str) -> Mapping[str, Requirement]:
    """The requirements of a file by their normalized names."""
    found = [
        Requirement(line.removesuffix("\\")) for line in lines(file) if not line.startswith(" ")
    ]
    return {canonicalize_name(one.name): one for one in found}


def project_of(folder: str) -> Any:
    return tomllib.loads((ROOT / folder / "pyproject.toml").read_text(encoding="utf-8"))


def declared(file: str) -> list[Requirement]:
    """What the two distributions ask for that this file has to hold; each other it does not."""
    known = project_of(".")
    project, groups = known["project"], known["dependency-groups"]
    needed, scanner = project["dependencies"], project["optional-dependencies"]["scanner"]
    own = project_of("try")["project"]["dependencies"]
    trial = [*needed, *scanner, *(one for one in own if not one.startswith("quaymaster"))]
    dev = [one for one in groups["dev"] if isinstance(one, str)]
    texts: dict[str, list[str]] = {
        "build": groups["build"],
        "dev": [*trial, *groups["build"], *dev],
        "run": [*needed, *scanner],
        "try": trial,
    }
    return [Requirement(one) for one in texts[file]]


@pytest.mark.parametrize("file", FILES)
def test_requirements_are_names_versions_and_hashes_and_nothing_else(file: str) -> None:
    found = lines(file)
    for line, after in zip(found, [*found[1:], ""], strict=True):
        if line.startswith(" "):
            assert _HASH.match(line), line
            continue
        one = Requirement(line.removesuffix("\\"))
        assert re.fullmatch(r"==[\w.]+", str(one.specifier)), line
        assert one.url is None
        assert line.endswith("\\")
        assert _HASH.match(after), f"{line} has no hash"


@pytest.mark.parametrize("file", FILES)
def test_requirements_hold_what_is_declared(file: str) -> None:
    """Else `make requirements` was forgotten."""
    known = pinned(file)
    for wanted in declared(file):
        one = known[canonicalize_name(wanted.name)]
        (version,) = one.specifier
        assert wanted.specifier.contains(version.version), f"{wanted} is {version} in {file}.txt"


def test_a_package_has_one_version_wherever_it_is_used() -> None:
    every = {name: str(one.specifier) for name, one in pinned("dev").items()}
    for file in FILES:
        for name, one in pinned(file).items():
            assert str(one.specifier) == every[name], f"{name} in {file}.txt"


@pytest.mark.parametrize("file", ["Makefile", "Dockerfile"])
def test_nothing_is_installed_that_is_not_pinned(file: str) -> None:
    """Not what the requirements ask for, nor what builds the wheel."""
    calls = [call[0] for call in _PIP.finditer((ROOT / file).read_text(encoding="utf-8"))]
    assert calls
    for call in calls:
        hashed = "--require-hashes" in call and " ." not in call
        own = "--no-deps" in call and ("--no-build-isolation" in call or "--no-index" in call)
        assert hashed or own, call


def test_every_base_image_is_an_argument() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    stages = set(re.findall(r"^FROM \S+ AS (\S+)$", text, re.MULTILINE))
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) - stages == {"${PYTHON_IMAGE}"}


@pytest.mark.engine
def test_pin_images_writes_the_digest_of_the_registry_beside_each_tag(
    tmp_path: Path,
    docker_host: str,
    engine: docker.DockerClient,
    images: LocalImages,
    registry: Registry,
    repository: str,
) -> None:
    base = f"{registry.host}/{repository}/python"
    valkey = f"{registry.host}/{repository}/valkey"
    first = push_image(engine, registry, images.web_v1, f"{repository}/python", "3.13-slim")
    other = push_image(engine, registry, images.web_v2, f"{repository}/valkey", "9")
    (tmp_path / "Dockerfile").write_text(
        f"ARG PYTHON_IMAGE={base}:3.13-slim\nFROM ${{PYTHON_IMAGE}}\n"
    )
    (tmp_path / "docker-compose.yml").write_text(
        f"services:\n  a:\n    image: own:local\n  b:\n    image: {valkey}:9\n"
    )

    def pin() -> str:
        done = subprocess.run(
            [str(ROOT / ".ci" / "pin-images"), str(tmp_path)],
            env=os.environ
            | {"DOCKER_HOST": docker_host, "DOCKER_CONFIG": str(_login(tmp_path, registry))},
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return "".join((tmp_path / n).read_text() for n in ("Dockerfile", "docker-compose.yml"))

    def written(python: str) -> str:
        return (
            f"ARG PYTHON_IMAGE={base}:3.13-slim@{python}\nFROM ${{PYTHON_IMAGE}}\n"
            f"services:\n  a:\n    image: own:local\n  b:\n    image: {valkey}:9@{other}\n"
        )

    try:
        assert pin() == written(first)
        moved = push_image(engine, registry, images.web_v2, f"{repository}/python", "3.13-slim")
        assert moved != first
        assert pin() == written(moved)
    finally:
        for name in ("python", "valkey"):
            remove_images(engine, f"{repository}/{name}")
            registry.delete_repository(f"{repository}/{name}")


def _login(folder: Path, registry: Registry) -> Path:
    """The directory of a Docker client that knows the login of the registry."""
    client = folder / "client"
    client.mkdir(exist_ok=True)
    login = base64.b64encode(f"{registry.username}:{registry.password}".encode()).decode()
    (client / "config.json").write_text(json.dumps({"auths": {registry.host: {"auth": login}}}))
    return client


def test_the_files_that_pin_images_changes_are_found() -> None:
    """The pattern it looks with: whoever renames an argument sees it here."""
    said = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    composed = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert len(re.findall(r"^ARG [A-Z]+_IMAGE=(?:\S+)$", said, re.MULTILINE)) == 1
    assert len(re.findall(r"^ +image: [^ ]+/[^ ]+$", composed, re.MULTILINE)) == 1
