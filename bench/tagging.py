"""How soon an image has one more name in its registry, however big it is."""

import secrets
import statistics
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass

import httpx
from pydantic import SecretStr

from bench.bed import Bed
from bench.images import noise, put_image
from bench.peers.plain_docker import PlainDocker
from bench.relay import relay
from bench.row import Row
from quaymaster.image_ref import ImageRef, Repository
from testing.engines import registries
from testing.engines.local_images import remove_images
from testing.engines.registries import MANIFEST_TYPES
from workers.registry.auth import RegistryLogin
from workers.registry.client import Registry

_ROUNDS = 60
_WARM_UP = 5
_BY_HAND = "manifest GET and PUT by hand"
_MOST_KILOBYTES = 50.0
"""Two manifests, requests and answers; the smallest layer here has 2 MB."""


@dataclass(frozen=True, slots=True)
class _Size:
    name: str
    layers: int
    layer_bytes: int
    faster: float | None
    """How many times faster than the engine."""
    engine_rounds: int


_SIZES = (
    _Size("2 MB", 1, 2_000_000, None, 3),
    _Size("210 MB", 10, 21_000_000, 200, 3),
    _Size("1 GB", 10, 100_000_000, 1_000, 2),
)


def tagging(bed: Bed) -> Iterable[Row]:
    """``Registry.tag``, two requests by hand and the engine's way, in turn."""
    for size in _SIZES:
        with ExitStack() as stack:
            registry = stack.enter_context(bed.fresh_registry())
            engine = stack.enter_context(bed.engine())
            repository = f"bench/{secrets.token_hex(4)}"
            put_image(registry, repository, "1", noise(size.layers, size.layer_bytes))
            stack.callback(remove_images, engine, repository)
            folder = stack.enter_context(bed.folder())
            plain = PlainDocker.logged_in(engine, bed.docker_host, folder, registry)
            yield from _rows(size, registry, repository, plain)


def _rows(
    size: _Size, registry: registries.Registry, repository: str, plain: PlainDocker
) -> Iterable[Row]:
    slow = [_by_engine(plain, registry, repository) for _ in range(size.engine_rounds)]
    with Registry(_login(registry, registry.host)) as ours, registry.client() as client:
        tags = [_ours(ours, repository), _by_hand(client, repository)]
        took: list[list[float]] = [[], []]
        for number in range(_ROUNDS + _WARM_UP):
            for turn in range(len(tags)):
                index = (number + turn) % len(tags)
                began = time.perf_counter()
                tags[index]("2")
                took[index].append(time.perf_counter() - began)
    p50 = [statistics.median(one[_WARM_UP:]) for one in took]
    yield Row(f"tag {size.name}", p50[0] / p50[1], "x", _BY_HAND, 1.5)
    yield Row(
        f"tag {size.name}, faster than",
        statistics.median(slow) / p50[0],
        "x",
        f"{plain.name} pull, tag and push of an image that is not local",
        size.faster,
        "at least",
    )
    yield Row(
        f"tag {size.name}, bytes moved", _moved(registry, repository), "kB", "", _MOST_KILOBYTES
    )


def _ours(ours: Registry, repository: str) -> Callable[[str], object]:
    where = Repository(ours.login.host, repository)
    return lambda tag: ours.tag(ImageRef(where, "1"), ImageRef(where, tag))


def _by_hand(client: httpx.Client, repository: str) -> Callable[[str], object]:
    def tag(name: str) -> None:
        path = f"/v2/{repository}/manifests"
        got = client.get(f"{path}/1", headers={"Accept": MANIFEST_TYPES})
        kind = {"Content-Type": got.headers["Content-Type"]}
        client.put(f"{path}/{name}", content=got.content, headers=kind).raise_for_status()

    return tag


def _by_engine(plain: PlainDocker, registry: registries.Registry, repository: str) -> float:
    name = f"{registry.host}/{repository}"
    began = time.perf_counter()
    plain.pull(f"{name}:1")
    plain.tag(f"{name}:1", f"{name}:3")
    plain.push(f"{name}:3")
    took = time.perf_counter() - began
    remove_images(plain.engine, repository)
    return took


def _moved(registry: registries.Registry, repository: str) -> float:
    """Kilobytes that one tag moves over the wire."""
    with relay(int(registry.host.partition(":")[2])) as counted:
        with Registry(_login(registry, f"localhost:{counted.port}")) as ours:
            _ours(ours, repository)("4")
        return counted.bytes / 1000


def _login(registry: registries.Registry, host: str) -> RegistryLogin:
    return RegistryLogin(host, "http", registry.username, SecretStr(registry.password))
