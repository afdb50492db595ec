"""What is measured on: real engines, a local Slack and the product's own programs."""

import contextlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import docker

from local_slack import LocalSlack, Settings, serve
from tests.end_to_end.house import House, Shop, opened
from tests.engines.registries import Registry
from tests.engines.run_directory import RunDirectory
from tests.engines.session import EngineSession
from tests.engines.valkey import ValkeyServer


@dataclass(slots=True)
class Bed:
    """Engines that start when they are first asked for, and end with the run."""

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
            server.stop()

    @contextmanager
    def house(self, **environment: str) -> Iterator[House]:
        """The product, with a local Slack that has no rate limits unless a row is about them."""
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
            slack: LocalSlack = stack.enter_context(serve(settings=Settings(rate_limits=False)))
            valkey = stack.enter_context(self.valkey())
            port = self.engines.run.reserve_port()
            shop = Shop(self.registry, self.docker_host, f"bench/{secrets.token_hex(4)}", port)
            given = {
                "REGISTRY_PASSWORD": self.registry.password,
                "DATABASE_PASSWORD": "made-up-for-benches",
            }
            client = stack.enter_context(self.engine())
            stack.callback(shop.clean, client)
            yield stack.enter_context(opened(folder, slack, valkey, shop, **given, **environment))
