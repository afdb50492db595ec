"""The image of the product, built by its own Dockerfile in an engine that keeps what it built."""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, ImageNotFound

from testing.engines.local_images import load_images
from testing.engines.run_directory import EngineError
from testing.images.valkey import valkey_image
from tests.production.python_base import python_base, recipe
from tests.readme import ROOT

PRODUCT = "quaymaster:local"
"""What docker-compose.yml calls it."""
_BUILT, _STAGES = "quaymaster-built", "quaymaster-stages:latest"
_KEPT = 4
_STAND_IN = "quaymaster.tests.stand-in"
"""The label of an image that stands in for another: by what recipe."""
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
"""What a build gets from whoever asks for it, as the docker program passes it on."""


def have_images(engine: docker.DockerClient) -> None:
    """Have the engine know the product's image and what docker-compose.yml takes from elsewhere.

    Base images come from their registry, or are stand-ins where it is not reached.
    """
    python, valkey = _python(), _valkey()
    if not _is_fetched(engine, python):
        _have_stand_in(engine, python)
    if not _is_fetched(engine, valkey):
        load_images(engine, {valkey: replace(valkey_image(), labels={_STAND_IN: "valkey"})})
    _have_product(engine, python)


def _python() -> str:
    return _found(r"^ARG PYTHON_IMAGE=(\S+)$", "Dockerfile")


def _valkey() -> str:
    return _found(r"^    image: (valkey\S+)$", "docker-compose.yml")


def _found(pattern: str, file: str) -> str:
    match = re.search(pattern, (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
    assert match, (pattern, file)
    return match.group(1)


def _is_fetched(engine: docker.DockerClient, name: str) -> bool:
    """Whether the engine has the image from its registry. A stand-in that is there stays."""
    try:
        return _STAND_IN not in engine.images.get(name).labels
    except ImageNotFound:
        pass
    try:
        engine.images.pull(name)
    except APIError:
        return False
    return True


def _have_stand_in(engine: docker.DockerClient, name: str) -> None:
    wanted = recipe()
    with suppress(ImageNotFound):
        if engine.images.get(name).labels[_STAND_IN] == wanted:
            return
    repository, _, tag = name.partition(":")
    changes = [
        "ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
        'CMD ["python3"]',
        f"LABEL {_STAND_IN}={wanted}",
    ]
    with python_base() as archive:
        engine.api.import_image_from_file(
            str(archive), repository=repository, tag=tag, changes=changes
        )


def _have_product(engine: docker.DockerClient, python: str) -> None:
    """Build it, unless it was built of the very same files. What is built for the next version to
    begin with has a name, and what has no name is removed.
    """
    built = f"{_BUILT}:{_hash_of_sources(engine.images.get(python).id)}"
    try:
        engine.images.get(built)
    except ImageNotFound:
        _build(engine, _STAGES, target="build")
        _build(engine, built)
        for older in engine.images.list(_BUILT)[_KEPT:]:  # the newest comes first
            for name in older.tags:
                engine.images.remove(name)
        engine.images.prune({"dangling": True})
    engine.images.get(built).tag(*PRODUCT.split(":"))


def _build(engine: docker.DockerClient, name: str, **options: Any) -> None:
    """`docker build --network=host`, as the Engine API has it."""
    said: list[str] = []
    for event in engine.api.build(
        path=str(ROOT),
        tag=name,
        network_mode="host",
        rm=True,
        forcerm=True,
        decode=True,
        buildargs=_proxies(os.environ),
        **options,
    ):
        said.append(str(event.get("stream", "")))
        if "error" in event:
            raise EngineError(f"{''.join(said)[-4000:]}\n{event['error']}")


def _proxies(environ: Mapping[str, str]) -> dict[str, str]:
    names = [*_PROXIES, *map(str.lower, _PROXIES)]
    return {name: environ[name] for name in names if name in environ}


def _hash_of_sources(*more: str) -> str:
    digest = hashlib.sha256("\n".join(more).encode())
    for file in _sources():
        digest.update(f"{file.relative_to(ROOT)} {file.stat().st_mode:o}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _sources() -> Iterator[Path]:
    """Everything that the image is built from."""
    dockerfile = ROOT / "Dockerfile"
    yield dockerfile
    lines = dockerfile.read_text(encoding="utf-8")
    for words in re.findall(r"^COPY (?!--from)(.+) \S+$", lines, re.MULTILINE):
        for name in words.split():
            path = ROOT / name
            files = [path] if path.is_file() else path.rglob("*")
            yield from sorted(
                file for file in files if file.is_file() and "__pycache__" not in file.parts
            )
