"""The programs of an installation, and which key of the ring is whose. Pure."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import ConfigurationError, UsageError
from quaymaster.key_ring import KeyRing, ProgramRole, PublicKey
from quaymaster.queues import REGISTRY, host_queue
from quaymaster.spelling import did_you_mean, listed

_TELLING_LETTERS = 4
ONE_WORKER = "worker"


@dataclass(frozen=True, slots=True)
class Program:
    """A program that has a key of its own."""

    name: str
    """The beginning of its keys' ids."""
    role: ProgramRole
    queues: frozenset[str] = frozenset()
    """For a worker: the queues that its key is enrolled for."""

    @property
    def variable(self) -> str:
        """The variable of ``.env`` that holds its private key."""
        return variable_of(self.name)


def variable_of(name: str) -> str:
    """The variable of ``.env`` for the private key of a program."""
    return f"{re.sub(r'[^A-Z0-9]', '_', name.upper())}_SIGNING_KEY"


def programs_of(configuration: Configuration, *, one_worker: bool) -> tuple[Program, ...]:
    """Who needs a key: one worker for each host and one for the registries, or one for it all."""
    bot, scanner = Program("bot", ProgramRole.BOT), Program("scanner", ProgramRole.SCANNER)
    if one_worker:
        queues = {REGISTRY, *map(host_queue, configuration.hosts)}
        return bot, Program(ONE_WORKER, ProgramRole.WORKER, frozenset(queues)), scanner
    registry = Program("worker-registry", ProgramRole.WORKER, frozenset({REGISTRY}))
    return bot, *_workers_of(configuration, registry), registry, scanner


def name_of(key: PublicKey) -> str:
    """The program that a key was made for."""
    return key.id.rpartition("-")[0] or key.id


def current(ring: KeyRing, program: Program, at: datetime) -> PublicKey | None:
    """The key that the program signs with, if there is one that does not end."""
    fitting = (
        key
        for key in ring.keys.values()
        if key.role is program.role and program.queues <= key.queues and not is_over(key, at)
    )
    return next(fitting, None)


def is_over(key: PublicKey, at: datetime) -> bool:
    """Whether it has ended, or is about to: then it has a successor, or needs one."""
    return key.has_ended(at) or key.ends_at is not None


def key_named(ring: KeyRing, name_or_id: str, at: datetime) -> PublicKey:
    """The key that a command names: by its id, or by the name of its program for the current one.

    Raises UsageError where there is none, or more than one.
    """
    if name_or_id in ring.keys:
        return ring.keys[name_or_id]
    living = [key for key in ring.keys.values() if not is_over(key, at)]
    named = [key for key in living if name_of(key) == name_or_id]
    if len(named) == 1:
        return named[0]
    if named:
        raise UsageError(
            f"{name_or_id} has more than one key.",
            next_step=f"Name one of them: {listed([key.id for key in named], 'or')}.",
        )
    names = [*dict.fromkeys(map(name_of, living)), *ring.keys]
    raise UsageError(
        f"There is no key of {name_or_id!r} in the key ring.",
        why=f"There are {listed(names)}.",
        next_step=did_you_mean(name_or_id, names),
    )


def program_of(key: PublicKey) -> Program:
    """The program of a key of the ring."""
    return Program(name_of(key), key.role, key.queues)


def expect_not_over(key: PublicKey, at: datetime) -> None:
    """Raises ConfigurationError for a key that has ended, will end, or was revoked."""
    if is_over(key, at):
        raise ConfigurationError(
            f"{key.id} is already revoked."
            if key.revoked_at
            else f"{key.id} already has an end: {key.ends_at:%Y-%m-%d %H:%M} UTC.",
            next_step=f"`quaymaster keys rotate {name_of(key)}` is for the key that replaced it.",
        )


def _workers_of(configuration: Configuration, other: Program) -> Iterator[Program]:
    hosts = tuple(configuration.hosts)
    for host in hosts:
        queues = frozenset({host_queue(host)})
        name = _worker_name(host)
        if name == other.name or _is_shared(name, hosts):
            # Letters that no other host gets, also later: what is in .env keeps its name.
            name = f"{name}-{hashlib.sha256(host.encode()).hexdigest()[:_TELLING_LETTERS]}"
        yield Program(name, ProgramRole.WORKER, queues)


def _worker_name(host: str) -> str:
    return f"worker-{host.replace('_', '-')}"


def _is_shared(name: str, hosts: Sequence[str]) -> bool:
    return sum(variable_of(_worker_name(host)) == variable_of(name) for host in hosts) > 1
