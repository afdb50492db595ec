"""How soon the findings of an image are known: at first, again, and when several ask at once."""

import os
import secrets
import shutil
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import redis

from bench.bed import Bed
from bench.images import noise, put_image
from bench.row import Row
from quaymaster.configuration import Configuration
from quaymaster.image_ref import Digest, ImageRef, Repository
from quaymaster.settings import Settings
from quaymaster.store import keys, reports
from quaymaster.store.transactions import ask, perform
from tests import samples
from tests.end_to_end.house import Shop, configuration
from tests.engines.local_images import remove_images
from tests.engines.registries import Registry
from tests.engines.trivy import make_caches, trivy_binary
from tests.engines.valkey import ValkeyServer
from tests.images.catalogue import FINDINGS_A, make_images
from workers.running import Running
from workers.scanning import report_of
from workers.toolbox import Toolbox

_LAYERS, _LAYER_BYTES = 10, 100_000_000
_COLD_ROUNDS = 3
_WARM_ROUNDS = 15
_AT_ONCE = 4
_COLD = "trivy image through the Docker socket, nothing in its cache"
_WARM = "a warm trivy image"
_PLAIN = (
    *("image", "--image-src", "docker", "--scanners", "vuln", "--format", "json", "--quiet"),
    *("--skip-db-update", "--skip-java-db-update", "--offline-scan", "--skip-version-check"),
    *("--disable-telemetry", "--no-progress"),
)


def scanning(bed: Bed) -> Iterable[Row]:
    """An image of 1 GB that is in a registry, scanned our way and with ``trivy image``."""
    with ExitStack() as stack:
        registry = stack.enter_context(bed.fresh_registry())
        place = _Place.made(bed, registry, stack)
        cold: list[list[float]] = [[], []]
        for _ in range(_COLD_ROUNDS):
            cold[0].append(place.timed(place.scan_cold))
            cold[1].append(place.timed(place.trivy_cold))
        p50 = [statistics.median(one) for one in cold]
        yield Row("cold scan of 1 GB, faster than", p50[1] / p50[0], "x", _COLD, 5, "at least")
        warm: list[list[float]] = [[], []]
        for _ in range(_WARM_ROUNDS):
            warm[0].append(place.timed(place.look_up))
            warm[1].append(place.timed(place.trivy))
        p50 = [statistics.median(one) for one in warm]
        name = "verdict looked up, faster than"
        yield Row(name, p50[1] / p50[0], "x", _WARM, 10, "at least")
        several: list[list[float]] = [[], []]
        for _ in range(_COLD_ROUNDS):
            several[0].append(place.timed(lambda: place.report_to(_AT_ONCE)))
            several[1].append(place.timed(lambda: place.report_to(1)))
        p50 = [statistics.median(one) for one in several]
        yield Row("four scans of one digest at once", p50[0] / p50[1], "x", "one", 1.2)


@dataclass(frozen=True, slots=True)
class _Place:
    """An image in a registry and in an engine, Trivy's caches, and what a worker has at hand."""

    image: ImageRef
    name: str
    valkey: ValkeyServer
    connection: redis.Redis
    tools: Toolbox
    environ: dict[str, str]
    docker_host: str
    ours: Path
    theirs: Path

    @classmethod
    def made(cls, bed: Bed, registry: Registry, stack: ExitStack) -> "_Place":
        """Everything; gone with the stack."""
        folder = stack.enter_context(bed.folder())
        engine = stack.enter_context(bed.engine())
        valkey = stack.enter_context(bed.valkey())
        repository = f"bench/{secrets.token_hex(4)}"
        digest = put_image(registry, repository, "1", chain(_packages(), _noise()))
        stack.callback(remove_images, engine, repository)
        login = {"username": registry.username, "password": registry.password}
        name = f"{registry.host}/{repository}"
        engine.images.pull(name, "1", auth_config=login)
        ours, theirs = (make_caches(folder / whose).a for whose in ("ours", "theirs"))
        shop = Shop(registry, bed.docker_host, repository, bed.engines.run.reserve_port())
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "REDIS_URL": valkey.url,
            "QUAYMASTER_SECRET_KEY": samples.KEY,
            "REGISTRY_PASSWORD": registry.password,
            "TRIVY_CACHE_DIR": str(ours),
        }
        connection = valkey.client()
        stack.callback(connection.close)
        tools = Toolbox(
            Configuration.parse(configuration(shop)),
            Settings.from_env(environ),
            environ,
            connection,
            samples.SEALER,
        )
        where = Repository(registry.host, repository)
        return cls(
            ImageRef(where, digest=Digest(digest)),
            f"{name}:1",
            valkey,
            connection,
            tools,
            environ,
            bed.docker_host,
            ours,
            theirs,
        )

    @staticmethod
    def timed(act: Callable[[], object]) -> float:
        """How many seconds it takes."""
        began = time.perf_counter()
        act()
        return time.perf_counter() - began

    def scan_cold(self) -> None:
        """Ours, straight from the registry."""
        _forget_layers(self.ours)
        report = self.tools.scan_registry(self.image, lambda: None)
        _expect(len(report.findings))
        perform(self.connection, reports.keep(report, samples.SEALER))

    def trivy_cold(self) -> None:
        """The plain program, through the socket of the engine."""
        _forget_layers(self.theirs)
        self.trivy()

    def trivy(self) -> None:
        """The plain program with whatever its cache holds."""
        command = [str(trivy_binary()), *_PLAIN, "--cache-dir", str(self.theirs)]
        done = subprocess.run(
            [*command, "--docker-host", self.docker_host, self.name],
            check=True,
            capture_output=True,
            env=self.environ,
        )
        _expect(done.stdout.count(b'"VulnerabilityID"'))

    def look_up(self) -> None:
        """The verdict of a digest that was scanned with the present database."""
        database = self.tools.scanner.database()
        report = ask(
            self.connection, reports.kept(self.image.pin, database.version, samples.SEALER)
        )
        _expect(len(report.findings) if report else 0)

    def report_to(self, count: int) -> None:
        """So many operations ask for a report that nobody has."""
        _forget_layers(self.ours)
        version = self.tools.scanner.database().version
        self.connection.delete(keys.report(str(self.image.pin), version))
        found: list[int] = []
        threads = [
            threading.Thread(target=self._report_to_one, args=(number, found))
            for number in range(1, count + 1)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        _expect(*found)
        if len(found) != count:
            raise RuntimeError(f"{count - len(found)} of {count} got no report")

    def _report_to_one(self, number: int, found: list[int]) -> None:
        running = Running(samples.operation(id=number), self.connection)
        report, _ = report_of(
            self.image,
            lambda: self.tools.scan_registry(self.image, running.check),
            running,
            self.tools,
        )
        found.append(len(report.findings))


def _packages() -> Iterator[bytes]:
    """The layers of the test image with known vulnerabilities."""
    names, images = make_images("bench")
    return (layer.content for layer in images[names.vulnerable].layers)


def _noise() -> Iterator[bytes]:
    return noise(_LAYERS, _LAYER_BYTES)


def _forget_layers(cache: Path) -> None:
    """Trivy keeps what it found in layers beside its database."""
    shutil.rmtree(cache / "fanal", ignore_errors=True)


def _expect(*found: int) -> None:
    for count in found:
        if count != FINDINGS_A:
            raise RuntimeError(f"{count} findings instead of {FINDINGS_A}")
