"""What is measured on: real engines, a local Slack and the product's own programs."""

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import docker

from local_slack import Settings, serve
from testing.engines.registries import Registry, running_registry
from testing.engines.run_directory import RunDirectory
from testing.engines.session import EngineSession
from testing.engines.slow_disk import SlowDiskServer
from testing.engines.valkey import ValkeyServer
from testing.system import Shop, System, configuration, opened


@dataclass(slots=True)
class Bed:
    """Engines that start on first use and end with the run."""

    engines: EngineSession
    stack: ExitStack = field(default_factory=ExitStack)

    @classmethod
    @contextmanager
    def made(cls) -> Iterator["Bed"]:
        """A bed; everything in it is gone at the end."""
        session = EngineSession(RunDirectory.create(), os.getpid())
        bed = cls(session)
        try:
            with bed.stack:
                yield bed
        finally:
            session.close()

    @property
    def docker_host(self) -> str:
        """The address of the Docker engine."""
        return self.engines.docker().host

    @contextmanager
    def engine(self) -> Iterator[docker.DockerClient]:
        """A client of it."""
        with contextlib.closing(docker.DockerClient(base_url=self.docker_host)) as client:
            yield client

    @property
    def registry(self) -> Registry:
        """A registry with a login."""
        return self.engines.registries().staging

    @contextmanager
    def valkey(self) -> Iterator[ValkeyServer]:
        """A database of one's own: append-only, fsync always."""
        server = ValkeyServer(self.engines.run, f"valkey-{secrets.token_hex(4)}")
        server.start()
        try:
            yield server
        finally:
            server.discard()

    @contextmanager
    def slow_disk(self) -> Iterator[SlowDiskServer]:
        """The same on a disk that can be made slow."""
        server = SlowDiskServer(self.engines.run, f"valkey-{secrets.token_hex(4)}")
        server.start()
        try:
            yield server
        finally:
            server.discard()

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """A directory that is gone afterwards."""
        with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as name:
            yield Path(name)

    @contextmanager
    def fresh_registry(self) -> Iterator[Registry]:
        """An empty registry for one measurement; its content is deleted afterwards."""
        name = f"registry-{secrets.token_hex(4)}"
        try:
            with running_registry(self.engines.run, name) as registry:
                yield registry
        finally:
            shutil.rmtree(self.engines.run.path / name, ignore_errors=True)

    @contextmanager
    def system(
        self,
        configured: Callable[[Shop], str] = configuration,
        *,
        rate_limits: bool = False,
        valkey: ValkeyServer | None = None,
        **environment: str,
    ) -> Iterator[System]:
        """The product, with a local Slack that has no rate limits unless a row is about them, and
        its own database unless the caller passes one.
        """
        with ExitStack() as stack:
            folder = stack.enter_context(self.folder())
            slack = stack.enter_context(serve(settings=Settings(rate_limits=rate_limits)))
            server = valkey or stack.enter_context(self.valkey())
            port = self.engines.run.reserve_port()
            shop = Shop(self.registry, self.docker_host, f"bench/{secrets.token_hex(4)}", port)
            options = {
                "REGISTRY_PASSWORD": self.registry.password,
                "DATABASE_PASSWORD": "made-up-for-benches",
                **environment,
            }
            client = stack.enter_context(self.engine())
            stack.callback(shop.clean, client)
            yield stack.enter_context(
                opened(folder, slack, server, shop, configured(shop), **options)
            )
