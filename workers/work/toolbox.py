"""What every job is handed. Opened in the work horse: no connection is shared across a fork."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from quaymaster.configuration.configuration import Configuration
from quaymaster.findings import ScanReport
from quaymaster.image_ref import ImageRef, PinnedImage
from quaymaster.key_ring import ProgramRole
from quaymaster.settings import Settings
from quaymaster.signing_key import Keys
from quaymaster.store.connections import worker_connection
from quaymaster.store.transactions import Connection
from quaymaster.target import TargetRef
from workers.docker.engine import Engine
from workers.docker.own_engine import Owner
from workers.outside.exchange import Check, go_on
from workers.registry.auth import RegistryLogin
from workers.registry.client import Registry
from workers.scanner.scanner import Scanner
from workers.targets.connection import target_of
from workers.targets.rendering import Renderer
from workers.targets.target import Target
from workers.work import configurations


@dataclass(slots=True)
class Toolbox:
    """Engines, registries, the database, a scanner of local images: made when first asked for."""

    configuration: Configuration
    settings: Settings
    environ: Mapping[str, str]
    connection: Connection
    keys: Keys
    check: Check = go_on
    """Whether the work goes on: asked while a registry is waited for."""
    _stack: ExitStack = field(default_factory=ExitStack)
    _registries: dict[str, Registry] = field(default_factory=dict)
    _engines: dict[str, Engine] = field(default_factory=dict)
    _scanner: Scanner | None = None

    def now(self) -> datetime:
        """The time, with its zone."""
        return datetime.now(UTC)

    @property
    def renderer(self) -> Renderer:
        """Renders services with this worker's environment."""
        return Renderer(self.configuration, self.environ, self.settings.fingerprint_key())

    @property
    def scanner(self) -> Scanner:
        """The scanner with Trivy's own variables. Raises ScannerBroken where there is none."""
        if self._scanner is None:
            self._scanner = Scanner.locate(self.environ)
        return self._scanner

    def familiar(self, image: ImageRef) -> str:
        """The image as people say it, for a sentence."""
        return image.familiar(self.configuration.default_registry)

    def login(self, registry: str) -> RegistryLogin:
        """How to log in to a registry. Raises UsageError for one that is not configured."""
        return RegistryLogin.of(self.configuration.registry(registry), self.environ)

    def registry(self, name: str) -> Registry:
        """The client of a registry. Raises UsageError for one that is not configured."""
        if name not in self._registries:
            self._registries[name] = self._stack.enter_context(
                Registry(self.login(name), lambda: self.check())
            )
        return self._registries[name]

    def scan_local(
        self, image: PinnedImage, engine: Engine, check: Callable[[], None]
    ) -> ScanReport:
        """Scan an image of a host, named by its id."""
        config = None if engine.has_containerds_store else image.digest
        return self.scanner.scan_local(image, engine.url, check, config)

    def engine(self, host: str) -> Engine:
        """The Docker engine of a host. Raises OutsideFailure when it does not answer, or when
        another one answers.
        """
        if host not in self._engines:
            url = self.configuration.host(host).docker or self.settings.docker_host
            engine = self._stack.enter_context(Engine.connect(url, name=host))
            Owner(self.configuration, self.connection, self.keys).expect(engine)
            self._engines[host] = engine
        return self._engines[host]

    def target(self, ref: TargetRef) -> Target:
        """The target of an environment. Raises OutsideFailure when it does not answer, or when
        another runtime answers.
        """
        return target_of(ref, self.configuration, self.engine, self.login)

    def close(self) -> None:
        """Close every connection."""
        self._stack.close()
        self.connection.close()


@contextmanager
def opened() -> Iterator[Toolbox]:
    """The tools of one job."""
    settings = Settings.from_env(os.environ)
    toolbox = Toolbox(
        configurations.in_use() or Configuration.load(settings.config),
        settings,
        os.environ,
        worker_connection(settings.redis_url.get_secret_value()),
        settings.keys(ProgramRole.WORKER),
    )
    try:
        yield toolbox
    finally:
        toolbox.close()
