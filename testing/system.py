"""The complete product as processes around a local Slack, real engines and a real database."""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import docker
import redis

from local_slack import LocalSlack, Outcome, Person, Workspace
from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import ConfigurationError, Forged
from quaymaster.key_ring import KeyRing, ProgramRole
from quaymaster.operations import Operation, State
from quaymaster.queues import REGISTRY, host_of, host_queue
from quaymaster.signing_key import SigningKey
from quaymaster.store import keys, records
from quaymaster.store.redis_users import RedisUser
from quaymaster.store.transactions import ask
from testing.engines.registries import Registry
from testing.engines.valkey import ValkeyServer
from testing.forked import ForkedProgram

ROOT = Path(__file__).parents[1]


@dataclass(slots=True)
class Program:
    """A running program of the product."""

    name: str
    process: "subprocess.Popen[bytes] | ForkedProgram"
    log: Path

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def kill(self) -> None:
        """kill -9 of the program and everything it started."""
        for pid in [*descendants(self.pid), self.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(10)

    def horses(self) -> list[int]:
        """The work horses of a worker: the processes that run a job at this moment."""
        return [horse for child in children(self.pid) for horse in children(child)]

    def ask_to_stop(self) -> None:
        """SIGTERM, without waiting."""
        self.process.send_signal(signal.SIGTERM)

    def stop(self, within: float = 20) -> int:
        """SIGTERM, and its exit status."""
        if self.is_running():
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not stop: {self.tail()}") from None

    def tail(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-3000:]


@dataclass(frozen=True, slots=True)
class Shop:
    """The subject of a system's configuration. All tests share one engine, and containers and
    networks are named after environments, so each test has environments of its own.
    """

    registry: Registry
    docker_host: str
    repository: str
    port: int
    suffix: str = field(default_factory=lambda: secrets.token_hex(3))

    @property
    def staging(self) -> str:
        """An environment without approvals, reached on ``port``."""
        return f"staging-{self.suffix}"

    @property
    def production(self) -> str:
        """An environment that needs two approvals, reached on ``port + 1``."""
        return f"production-{self.suffix}"

    def clean(self, engine: docker.DockerClient, *others: str) -> None:
        """Remove every container and network of its environments, and of others."""
        for environment in (self.staging, self.production, *others):
            label = {"label": f"quaymaster.environment={environment}"}
            for container in engine.containers.list(all=True, filters=label):
                container.remove(force=True, v=True)
            for network in engine.networks.list(filters=label):
                network.remove()


@dataclass(frozen=True, slots=True)
class SystemKeys:
    """The keys of one system, one for each role, and the ring beside its configuration."""

    bot: SigningKey
    worker: SigningKey
    scanner: SigningKey
    ring: KeyRing

    @classmethod
    def new(cls, folder: Path) -> "SystemKeys":
        """New keys, with their ring written to the folder."""
        bot, worker, scanner = (SigningKey.new(name) for name in ("bot", "worker", "scanner"))
        return cls(bot, worker, scanner, KeyRing({})).enrolled(folder, ())

    def enrolled(self, folder: Path, hosts: Iterable[str]) -> "SystemKeys":
        """The same keys with the worker's enrolled for these hosts, written to the folder; the rest
        of the ring is unchanged.
        """
        queues = frozenset({"registry", *map(host_queue, hosts)})
        public = (
            self.bot.public(ProgramRole.BOT),
            self.worker.public(ProgramRole.WORKER, queues),
            self.scanner.public(ProgramRole.SCANNER),
        )
        ring = self.ring
        for key in public:
            known = ring.keys.get(key.id, key)
            ring = ring.with_key(replace(known, queues=key.queues))
        # In one step: a program that was started a moment ago may be reading it.
        written = folder / "quaymaster.keys.yml.new"
        written.write_text(ring.as_yaml())
        written.replace(folder / "quaymaster.keys.yml")
        return replace(self, ring=ring)

    def environment(self, program: str) -> dict[str, str]:
        """Further environment variables of a program."""
        key = {"bot": self.bot, "worker": self.worker, "scanner": self.scanner}.get(program)
        return {"QUAYMASTER_SIGNING_KEY": key.as_text()} if key else {}


@dataclass(slots=True)
class System:
    """Starts bots and workers, and looks into the records."""

    folder: Path
    slack: LocalSlack
    valkey: ValkeyServer
    environment: dict[str, str]
    shop: Shop
    keys: SystemKeys
    programs: list[Program] = field(default_factory=list)
    root: Path = ROOT
    """The checkout whose programs are started."""
    module: str = "programs.cli"
    """How they are started."""
    is_forking: bool = False
    """Whether they are forked from what has imported them, and not new interpreters."""
    _reader: redis.Redis | None = None

    def start(self, *arguments: str, **environment: str) -> Program:
        """Start ``quaymaster`` with these arguments, as the user of Redis that it is.

        Beside a worker for all queues a scanner is started with the same environment, unless one
        runs: the next program in the list.
        """
        with contextlib.suppress(ConfigurationError):  # which the program is to complain of
            hosts = Configuration.load(Path(self.environment["QUAYMASTER_CONFIG"])).hosts
            self.keys = self.keys.enrolled(self.folder, hosts)
        number = len(self.programs)
        log = self.folder / f"{number}-{arguments[0]}.log"
        environment_of_it = {
            **self._environment(arguments[0]),
            "REDIS_URL": self._redis_url(arguments),
            **self.keys.environment(arguments[0]),
            "PYTHONPATH": str(self.root),
            **environment,
        }
        process = self._started(arguments, environment_of_it, log)
        program = Program(" ".join(arguments), process, log)
        self.programs.append(program)
        is_for_all = arguments[0] == "worker" and "--queues" not in arguments
        if is_for_all and not any(one.is_running() for one in self.scanners()):
            self.scanner(**environment)
        return program

    def _started(
        self, arguments: tuple[str, ...], environment: dict[str, str], log: Path
    ) -> "subprocess.Popen[bytes] | ForkedProgram":
        is_usual = self.root == ROOT and self.module == "programs.cli"
        if self.is_forking and is_usual:
            return ForkedProgram.start(arguments, environment, self.root, log)
        with log.open("wb") as output:
            return subprocess.Popen(
                [sys.executable, "-m", self.module, *arguments],
                env=environment,
                cwd=self.root,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )

    def reconfigure(self, old: str, new: str) -> None:
        """Change the configuration, for what is started afterwards or reloaded."""
        path = Path(self.environment["QUAYMASTER_CONFIG"])
        text = path.read_text()
        if text.count(old) != 1:
            raise ValueError(f"{old!r} is not in it once")
        path.write_text(text.replace(old, new))

    async def opens(self, workspace: Workspace) -> Program:
        """Start a bot and a worker for all queues, until the bot is connected; the worker."""
        self.start("bot")
        worker = self.worker()
        await workspace.connected(within=60)
        return worker

    def worker(self, *queues: str) -> Program:
        """Start a worker for these queues; all of them when none is named, and a scanner."""
        extra = ["--queues", ",".join(queues)] if queues else []
        return self.start("worker", "--grace", "10", *extra)

    def scanner(self, **environment: str) -> Program:
        """Start a scanner."""
        return self.start("scanner", "--grace", "10", **environment)

    def scanners(self) -> list[Program]:
        """Every scanner that was started."""
        return [one for one in self.programs if one.name.startswith("scanner")]

    def _environment(self, program: str) -> dict[str, str]:
        """A scanner knows no secret but what it reads registries with."""
        if program != "scanner":
            return self.environment
        foreign = ("SLACK_", "DATABASE_", "QUAYMASTER_FINGERPRINT_")
        return {
            name: value for name, value in self.environment.items() if not name.startswith(foreign)
        }

    def _redis_url(self, arguments: tuple[str, ...]) -> str:
        return self.valkey.url_of(redis_user(arguments))

    def connection(self) -> redis.Redis:
        """A client of the database that may do everything, for looking and for forging."""
        return self.valkey.client()

    def refusals(self) -> list[str]:
        """Commands that the database refused a program: an oversight in the rights of its user."""
        with contextlib.closing(self.connection()) as connection:
            return [f"{one['username']}: {one['object']}" for one in connection.acl_log()]

    def operation(self, operation_id: int) -> Operation | None:
        """The record of an operation."""
        # Tests ask this again and again until something is so: one client for all of it.
        if self._reader is None:
            self._reader = self.connection()
        stored = ask(self._reader, records.load(operation_id, self.keys.ring))
        return stored.operation if stored else None

    def number_of(self, outcome: Outcome) -> int:
        """The operation that a command became."""
        with contextlib.closing(self.connection()) as connection:
            number = connection.get(keys.delivery(outcome.payload["trigger_id"]))
        assert number, (outcome.words, outcome.error)
        return int(cast("bytes", number))

    async def asked(self, person: Person, text: str, channel: str = "C0SHOP") -> int:
        """The operation that a command of this person becomes."""
        return self.number_of(await person.command(channel, text))

    def until(
        self,
        operation_id: int,
        condition: Callable[[Operation], bool],
        within: float = 30,
    ) -> Operation:
        """The record as soon as it fits; fails with the logs after ``within`` seconds."""
        deadline = time.monotonic() + within
        operation: Operation | None = None
        while time.monotonic() < deadline:
            with contextlib.suppress(Forged):  # until the reconciler has ended it
                operation = self.operation(operation_id)
            if operation is not None and condition(operation):
                return operation
            time.sleep(0.05)
        raise AssertionError(f"#{operation_id} is {operation}\n{self.logs()}")

    def ended(self, operation_id: int, within: float = 30) -> Operation:
        """The record when the operation has ended."""
        return self.until(operation_id, lambda one: one.state.is_terminal, within)

    def reaches(self, operation_id: int, state: State, within: float = 30) -> Operation:
        """The record when the operation is in this state."""
        return self.until(operation_id, lambda one: one.state is state, within)

    def logs(self) -> str:
        """The ends of all logs."""
        return "\n".join(f"--- {one.name}\n{one.tail()}" for one in self.programs)

    def close(self) -> None:
        """Stop everything that was started."""
        for program in self.programs:
            if program.is_running():
                program.process.send_signal(signal.SIGTERM)
        for program in self.programs:
            with contextlib.suppress(AssertionError):
                program.stop()
        if self._reader is not None:
            self._reader.close()


def redis_user(arguments: tuple[str, ...]) -> RedisUser:
    """Who a program is in Redis."""
    if arguments[0] in ("bot", "scanner"):
        return RedisUser(arguments[0])
    after = arguments.index("--queues") + 1 if "--queues" in arguments else 0
    queues = arguments[after].split(",") if after else []
    if queues == [REGISTRY]:
        return RedisUser.WORKER_REGISTRY
    if queues and all(map(host_of, queues)):
        return RedisUser.WORKER_HOST
    return RedisUser.WORKER


def page_at(port: int) -> str:
    """The page that a service serves on its port; raises OSError if nothing answers."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
        return str(answer.read().decode())


def descendants(pid: int) -> list[int]:
    """The children of a process and theirs, innermost first, also of work horses."""
    return [one for child in children(pid) for one in (*descendants(child), child)]


def children(pid: int) -> list[int]:
    """The children of a process, of whichever thread; none when it is gone."""
    found: list[int] = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def configuration(shop: Shop) -> str:
    """A configuration with one host, staging and production."""
    registry, docker_host, repository = shop.registry, shop.docker_host, shop.repository
    port, staging, production = shop.port, shop.staging, shop.production
    return f"""
default_registry: {registry.host}
registries:
  {registry.host}: {{username: {registry.username}, password: "${{REGISTRY_PASSWORD}}"}}
hosts:
  build1: {{docker: "{docker_host}"}}
defaults:
  gate: {{block: never, unknown: allow}}
environments:
  {staging}:
    target: {{docker: [build1]}}
    services:
      web:
        image: {registry.host}/{repository}
        ports: ["127.0.0.1:{port}:8000"]
        health: {{http: /healthz, port: 8000, within: 10s}}
        environment: {{GREETING: hello, DATABASE_PASSWORD: "${{DATABASE_PASSWORD}}"}}
        drain: 2s
        channel: C0SHOP
  {production}:
    target: {{docker: [build1]}}
    approval: {{needed: 2, from: [release-managers], channel: C0RELEASE, expires: 1h}}
    services:
      web:
        image: {registry.host}/{repository}
        ports: ["127.0.0.1:{port + 1}:8000"]
        health: {{http: /healthz, port: 8000, within: 10s}}
        drain: 2s
        channel: C0SHOP
roles:
  release-managers: [U0BOB, SAZ94GDB8]
  developers: everyone
permissions:
  developers: [read, tag, push, pull, scan, deploy, "rollback:{staging}", cancel]
  release-managers: ["*"]
alerts: {{channel: C0SECURITY, at_least: high}}
"""


@contextlib.contextmanager
def opened(
    folder: Path,
    slack: LocalSlack,
    valkey: ValkeyServer,
    shop: Shop,
    text: str = "",
    **environment: str,
) -> Iterator[System]:
    """A system for this shop, with its usual configuration or another; all stops at the end."""
    path = folder / "quaymaster.yml"
    path.write_text(text or configuration(shop))
    keys_of_house = SystemKeys.new(folder)
    house = System(
        folder,
        slack,
        valkey,
        {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": str(ROOT),
            "TRIVY_SKIP_DB_UPDATE": "true",
            "REDIS_URL": valkey.url,
            "QUAYMASTER_CONFIG": str(path),
            "QUAYMASTER_FINGERPRINT_KEY": secrets.token_hex(32),
            **slack.environment(),
            **environment,
        },
        shop,
        keys_of_house,
    )
    try:
        yield house
    finally:
        house.close()
