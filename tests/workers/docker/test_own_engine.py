"""A host's name is bound to the ID of its engine: nothing is done at the engine of somebody else.

All on the real engine and a real database.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis

from quaymaster.audit.auditor import chain_journal
from quaymaster.audit.whole import verify_whole
from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import Forged
from quaymaster.host_engines import HostEngine, WrongEngine
from quaymaster.signing_key import Keys, SigningKey
from quaymaster.store import host_engines, keys
from quaymaster.store.formats import HOST_ENGINE
from quaymaster.store.redis_users import RedisUser
from quaymaster.store.transactions import ask, perform
from testing.engines.valkey import ValkeyServer
from testing.keys import OTHER_WORKER_KEY, RING, WORKER, WORKER_KEY, ring_text
from tests.readme import ROOT
from tests.workers.toolboxes import toolbox
from workers.docker.engine import Engine
from workers.docker.own_engine import Owner, queues_to_prove
from workers.work.toolbox import Toolbox

pytestmark = pytest.mark.engine

OTHER = "AAAA:BBBB:CCCC:DDDD"
NOW = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
ONE, TWO = "{build1: {}}", "{build1: {}, app1: {}}"


def shop(hosts: str = ONE) -> Configuration:
    return Configuration.parse(f"default_registry: 127.0.0.1:5000\nhosts: {hosts}\n")


def known(valkey: redis.Redis, host: str = "build1") -> str:
    reply = ask(valkey, host_engines.known(RING)).of(host)
    return reply.engine_id if reply else ""


def was(valkey: redis.Redis, engine_id: str, host: str = "build1", key: str = "") -> None:
    """A worker has recorded this engine."""
    before = ask(valkey, host_engines.known(RING))
    signer = OTHER_WORKER_KEY if key else WORKER_KEY
    assert perform(
        valkey, host_engines.record(before, host, engine_id, NOW, signer, "engine found")
    )


@pytest.fixture
def engine_id(host: Engine) -> str:
    return str(host.information()["ID"])


@pytest.fixture
def tools(valkey: redis.Redis, docker_host: str) -> "Callable[[str], Toolbox]":
    """The tools of a worker whose DOCKER_HOST is the engine."""
    return lambda hosts: toolbox(valkey, shop(hosts), {"DOCKER_HOST": docker_host})


def test_the_engine_that_a_host_is_used_with_first_is_its_own(
    valkey: redis.Redis, tools: "Callable[[str], Toolbox]", engine_id: str
) -> None:
    tools(ONE).engine("build1")
    assert known(valkey) == engine_id
    tools(ONE).engine("build1")
    (event,) = valkey.lrange(keys.JOURNAL, 0, -1)
    assert engine_id in str(event)


def test_another_engine_is_refused_with_both_ids_and_the_command(
    valkey: redis.Redis, tools: "Callable[[str], Toolbox]", engine_id: str
) -> None:
    was(valkey, OTHER)
    with pytest.raises(WrongEngine) as caught:
        tools(ONE).engine("build1")
    text = str(caught.value)
    assert OTHER in text
    assert engine_id in text
    assert "`quaymaster hosts accept build1`" in text
    assert known(valkey) == OTHER


def test_a_pinned_engine_is_refused_whatever_was_recorded(
    valkey: redis.Redis, tools: "Callable[[str], Toolbox]", engine_id: str
) -> None:
    was(valkey, engine_id)
    with pytest.raises(WrongEngine) as caught:
        tools(f"{{build1: {{engine_id: '{OTHER}'}}}}").engine("build1")
    assert OTHER in str(caught.value)
    assert engine_id in str(caught.value)
    tools(f"{{build1: {{engine_id: '{engine_id}'}}}}").engine("build1")


def test_a_job_of_staging_does_not_use_the_engine_of_production(
    valkey: redis.Redis, tools: "Callable[[str], Toolbox]", engine_id: str
) -> None:
    """Neither host has an address, and a worker of both has one DOCKER_HOST."""
    tools(TWO).engine("app1")
    with pytest.raises(WrongEngine) as caught:
        tools(TWO).engine("build1")
    assert "the engine of app1" in str(caught.value)
    assert known(valkey) == ""
    pinned = f"{{build1: {{}}, app1: {{engine_id: '{engine_id}'}}}}"
    valkey.delete(keys.HOST_ENGINES)
    with pytest.raises(WrongEngine):
        tools(pinned).engine("build1")


def test_two_names_that_have_the_same_address_are_meant(
    valkey: redis.Redis, tools: "Callable[[str], Toolbox]", docker_host: str, engine_id: str
) -> None:
    both = f"{{build1: {{docker: '{docker_host}'}}, app1: {{docker: '{docker_host}'}}}}"
    box = tools(both)
    box.engine("build1")
    box.engine("app1")
    assert known(valkey) == known(valkey, "app1") == engine_id


def test_what_no_worker_of_the_host_signed_is_refused(
    valkey: redis.Redis, tools: "Callable[[str], Toolbox]", engine_id: str
) -> None:
    was(valkey, engine_id, key="of another host")
    with pytest.raises(Forged):
        tools(ONE).engine("build1")
    text = HOST_ENGINE.signed(HostEngine("app1", engine_id, 1, NOW), ("app1",), WORKER_KEY).text
    valkey.hset(keys.HOST_ENGINES, "build1", text)
    with pytest.raises(Forged):
        tools(ONE).engine("build1")


@pytest.mark.parametrize("field", ["", "build1"])
def test_an_engine_that_cannot_be_recorded_is_neither_used_nor_accepted(
    valkey: redis.Redis, docker_host: str, tools: "Callable[[str], Toolbox]", field: str
) -> None:
    """What is no text cannot be compared, so what is there is never replaced."""
    valkey.hset(keys.HOST_ENGINES, field, b"\xff\xfe")
    with pytest.raises((WrongEngine, Forged)):
        tools(ONE).engine("build1")
    owner = Owner(shop(), valkey, tools(ONE).keys)
    with (
        Engine.connect(docker_host, name="build1") as engine,
        pytest.raises(WrongEngine, match="is not recorded"),
    ):
        owner.accept(engine)
    assert valkey.llen(keys.JOURNAL) == 0


@pytest.mark.parametrize(
    ("hosts", "before", "taken"),
    [
        (ONE, {}, ["build1"]),
        (TWO, {}, []),
        (TWO, {"app1": ""}, ["app1"]),
        (TWO, {"app1": "", "build1": OTHER}, ["app1"]),
        ("{build1: {docker: 'unix:///nowhere.sock'}, app1: {}}", {}, ["build1", "app1"]),
    ],
    ids=["the only one", "nothing known", "known", "known to be another", "an address"],
)
def test_a_worker_that_names_no_queue_takes_those_of_hosts_that_it_can_prove(
    valkey: redis.Redis,
    docker_host: str,
    engine_id: str,
    hosts: str,
    before: dict[str, str],
    taken: list[str],
) -> None:
    for name, found in before.items():
        was(valkey, found or engine_id, name)
    queues, left = queues_to_prove(Owner(shop(hosts), valkey, WORKER), docker_host)
    assert list(queues) == [f"host:{name}" for name in taken]
    assert len(queues) + len(left) == len(shop(hosts).hosts)


@dataclass(frozen=True, slots=True)
class CommandLine:
    """`quaymaster` as the worker of a host."""

    environ: dict[str, str]

    def __call__(self, *words: str, **environ: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "programs.cli", *words],
            env=self.environ | environ,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def hosts(valkey_server: ValkeyServer, docker_host: str, tmp_path: Path) -> CommandLine:
    ring, configuration = tmp_path / "quaymaster.keys.yml", tmp_path / "quaymaster.yml"
    ring.write_text(ring_text())
    configuration.write_text(f"default_registry: 127.0.0.1:5000\nhosts: {ONE}\n")
    return CommandLine(
        os.environ
        | {
            "REDIS_URL": valkey_server.url_of(RedisUser.WORKER_HOST),
            "DOCKER_HOST": docker_host,
            "QUAYMASTER_CONFIG": str(configuration),
            "QUAYMASTER_KEY_RING": str(ring),
            "QUAYMASTER_SIGNING_KEY": WORKER_KEY.as_text(),
        }
    )


def test_accepting_an_engine_is_in_the_audit(
    valkey: redis.Redis,
    tools: "Callable[[str], Toolbox]",
    hosts: CommandLine,
    engine_id: str,
) -> None:
    was(valkey, OTHER)
    status, said = hosts("hosts", "accept", "build1")
    assert (status, engine_id in said) == (0, True), said
    tools(ONE).engine("build1")
    assert chain_journal(valkey, WORKER) == 2
    verified = verify_whole(valkey, RING, (), None, since_anchor=False)
    assert (verified.entries, verified.refused, verified.missing) == (2, 0, 0)
    text = str(valkey.lrange(keys.AUDIT, 0, -1))
    assert "engine accepted" in text
    assert engine_id in text


def test_only_a_worker_of_the_host_accepts_its_engine(
    valkey: redis.Redis, hosts: CommandLine, engine_id: str
) -> None:
    was(valkey, OTHER)
    status, said = hosts(
        "hosts", "accept", "build1", QUAYMASTER_SIGNING_KEY=OTHER_WORKER_KEY.as_text()
    )
    assert status == 2
    assert "is not enrolled for host:build1" in said
    assert known(valkey) == OTHER


def test_workers_that_find_an_engine_at_once_agree(
    valkey: redis.Redis, host: Engine, engine_id: str
) -> None:
    before = ask(valkey, host_engines.known(RING))
    Owner(shop(), valkey, WORKER).expect(host)
    second = host_engines.record(before, "build1", OTHER, NOW, WORKER_KEY, "engine found")
    assert not perform(valkey, second)
    of_app = host_engines.record(before, "app1", OTHER, NOW, WORKER_KEY, "engine found")
    assert not perform(valkey, of_app), "two events of one number: the audit would refuse one"
    assert known(valkey) == engine_id


def test_after_a_key_was_replaced_the_host_says_so_and_can_be_accepted(
    valkey: redis.Redis, host: Engine, engine_id: str
) -> None:
    was(valkey, engine_id)
    new = SigningKey.new("worker")
    entry = new.public(RING.keys[WORKER_KEY.id].role, frozenset({"host:build1"}))
    gone = replace(RING.keys[WORKER_KEY.id], revoked_at=NOW)
    later = Keys(new, RING.with_key(gone).with_key(entry))
    owner = Owner(shop(), valkey, later)
    with pytest.raises(Forged):
        owner.expect(host)
    assert owner.accept(host) == engine_id
    owner.expect(host)
