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
from bench.images import files, noise, put_image
from bench.row import Row
from quaymaster.configuration.configuration import Configuration
from quaymaster.image_ref import Digest, PinnedImage, Repository
from quaymaster.retention import Retention
from quaymaster.store import keys, reports
from quaymaster.store.transactions import ask, perform
from testing.engines.local_images import remove_images
from testing.engines.trivy import make_caches, trivy_binary
from testing.engines.valkey import ValkeyServer
from testing.images.catalogue import FINDINGS_A, make_images
from testing.keys import RING, SCANNER, SCANNER_KEY
from testing.system import Shop, configuration
from workers.registry.auth import RegistryLogin
from workers.scanner.scanner import Scanner
from workers.work.scanning import ReportCache, ScanClient, report_of

_LAYERS, _LAYER_BYTES = 10, 100_000_000
_COLD_ROUNDS = 3
_SEVERAL_ROUNDS = 5
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
    """Images that are in a registry, scanned our way and with ``trivy image``.

    What a registry holds is packed: where it compresses, both ways end with Trivy reading files,
    and unpacking costs as much as the engine's export. The last row shows it.
    """
    with ExitStack() as stack:
        place = _Place.made(bed, stack, noise(_LAYERS, _LAYER_BYTES), level=0)
        ratio = _faster(place.scan_cold, place.trivy_cold, _COLD_ROUNDS)
        yield Row("cold scan of 1 GB, faster than", ratio, "x", _COLD, 5, "at least")
        ratio = _faster(place.look_up, place.trivy, _WARM_ROUNDS)
        yield Row("verdict looked up, faster than", ratio, "x", _WARM, 10, "at least")
        ratio = 1 / _faster(lambda: place.report_to(_AT_ONCE), place.report_one, _SEVERAL_ROUNDS)
        yield Row("four scans of one digest at once", ratio, "x", "one", 1.2)
    with ExitStack() as stack:
        place = _Place.made(bed, stack, files(_LAYERS, _LAYER_BYTES // 4), level=6)
        ratio = _faster(place.scan_cold, place.trivy_cold, 2)
        yield Row("cold scan of 250 MB of small files, faster than", ratio, "x", _COLD)


def _faster(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> float:
    """How many times longer theirs takes: the ratio of medians, in turn."""
    took: list[list[float]] = [[], []]
    for number in range(rounds):
        for turn in (0, 1):
            index = (number + turn) % 2
            began = time.perf_counter()
            (ours, theirs)[index]()
            took[index].append(time.perf_counter() - began)
    return statistics.median(took[1]) / statistics.median(took[0])


@dataclass(frozen=True, slots=True)
class _Place:
    """An image in a registry and in an engine, Trivy's caches, and what the scanner has at hand."""

    image: PinnedImage
    name: str
    valkey: ValkeyServer
    connection: redis.Redis
    scanner: Scanner
    login: RegistryLogin
    environ: dict[str, str]
    docker_host: str
    ours: Path
    theirs: Path

    @classmethod
    def made(cls, bed: Bed, stack: ExitStack, layers: Iterable[bytes], *, level: int) -> "_Place":
        """An image of these layers and a few packages; all is gone with the stack."""
        registry = stack.enter_context(bed.fresh_registry())
        folder = stack.enter_context(bed.folder())
        engine = stack.enter_context(bed.engine())
        valkey = stack.enter_context(bed.valkey())
        repository = f"bench/{secrets.token_hex(4)}"
        content = chain(_packages(), layers)
        digest = put_image(registry, repository, "1", content, level=level)
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
            "REGISTRY_PASSWORD": registry.password,
            "TRIVY_CACHE_DIR": str(ours),
        }
        connection = valkey.client()
        stack.callback(connection.close)
        access = Configuration.parse(configuration(shop)).registry(registry.host)
        where = Repository(registry.host, repository)
        return cls(
            PinnedImage(where, None, Digest(digest)),
            f"{name}:1",
            valkey,
            connection,
            Scanner.locate(environ),
            RegistryLogin.of(access, environ),
            environ,
            bed.docker_host,
            ours,
            theirs,
        )

    def scan_cold(self) -> None:
        """Ours, straight from the registry."""
        _forget_layers(self.ours)
        report = self.scanner.scan_registry(self.image, self.login)
        _expect(len(report.findings))
        perform(self.connection, reports.keep(report, SCANNER_KEY))

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
        database = self.scanner.database()
        report = ask(self.connection, reports.kept(self.image.digest, database.version, RING))
        _expect(len(report.findings) if report else 0)

    def report_one(self) -> None:
        """One operation asks for a report that does not exist yet."""
        self.report_to(1)

    def report_to(self, count: int) -> None:
        """Several operations ask at once for a report that does not exist yet."""
        _forget_layers(self.ours)
        version = self.scanner.database().version
        self.connection.delete(keys.report(str(self.image.digest), version))
        counts: list[int] = []
        threads = [
            threading.Thread(target=self._report_to_one, args=(number, counts))
            for number in range(1, count + 1)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        _expect(*counts)
        if len(counts) != count:
            raise RuntimeError(f"{count - len(counts)} of {count} got no report")

    def _report_to_one(self, number: int, counts: list[int]) -> None:
        """As the scanner does it for an order."""
        asker = ScanClient(self.connection, RING, str(number), lambda: None)
        shelf = ReportCache.of_registry(self.image, self.scanner.database(), SCANNER, Retention())
        report, _ = report_of(
            shelf, lambda: self.scanner.scan_registry(self.image, self.login), asker
        )
        counts.append(len(report.findings))


def _packages() -> Iterator[bytes]:
    """The layers of the test image with known vulnerabilities."""
    names, images = make_images("bench")
    return (layer.content for layer in images[names.vulnerable].layers)


def _forget_layers(cache: Path) -> None:
    """Trivy caches the findings of layers beside its database."""
    shutil.rmtree(cache / "fanal", ignore_errors=True)


def _expect(*counts: int) -> None:
    for count in counts:
        if count != FINDINGS_A:
            raise RuntimeError(f"{count} findings instead of {FINDINGS_A}")
