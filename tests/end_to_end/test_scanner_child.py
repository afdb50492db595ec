"""A program in Trivy's place, taken over by what it reads, gets no secret (G6)."""

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest

from local_slack import Person, Workspace
from quaymaster.findings import Unknown
from quaymaster.outcomes import Scanned
from testing.engines.barrier import barrier_to_socket
from testing.engines.registries import Registry
from testing.engines.trivy import TrivyCaches
from testing.images.catalogue import LocalImages
from testing.system import ROOT, Program, System
from tests.end_to_end.conftest import Push
from tests.end_to_end.unprivileged import USER

pytestmark = pytest.mark.engine


@dataclass(frozen=True, slots=True)
class Burglary:
    """The program in Trivy's place, and who starts it."""

    system: System
    folder: Path
    """Open to everybody, as the working directory of an installation is."""

    def prepare(self, cache: Path) -> None:
        """The burglar, what it is to look at, and the files of an installation."""
        folder = self.folder
        program = folder / "bin" / "trivy"
        program.parent.mkdir()
        python = shutil.which("python3", path="/usr/bin:/bin:/usr/local/bin")
        source = (ROOT / "tests/end_to_end/burglar.py").read_text()
        program.write_text(f"#!{python} -I\n{source}")
        program.chmod(0o755)
        (folder / "out").mkdir()
        (folder / "out").chmod(0o777)
        plan = {
            "port": self.system.valkey.port,
            "out": str(folder / "out"),
            "folders": [str(folder / "files"), str(self.system.folder)],
        }
        (program.parent / "plan.json").write_text(json.dumps(plan))
        shutil.copytree(cache, folder / "cache")
        files = folder / "files"
        files.mkdir()
        text = Path(self.system.environment["QUAYMASTER_CONFIG"]).read_text()
        (files / "quaymaster.yml").write_text(text)
        self.system.keys = self.system.keys.enrolled(self.system.folder, ("build1",))
        (files / "quaymaster.keys.yml").write_text(self.system.keys.ring.as_yaml())
        kept = files / ".env"
        kept.touch(mode=0o600)
        kept.write_text("".join(f"{name}={value}\n" for name, value in self.secrets().items()))
        for path in (folder / "cache", *(folder / "cache").rglob("*")):
            os.chown(path, USER, USER)

    def start(self, *words: str) -> Program:
        """A program of the product, not as root, with the burglar on its PATH."""
        name = words[0]
        log = self.system.folder / f"{name}-unprivileged.log"
        environment = {
            **self.system._environment(name),
            "REDIS_URL": self.system._redis_url(words),
            **self.system.keys.environment(name),
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "QUAYMASTER_CONFIG": str(self.folder / "files" / "quaymaster.yml"),
            "TRIVY_CACHE_DIR": str(self.folder / "cache"),
        }
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.end_to_end.unprivileged", *words],
                env=environment,
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        program = Program(" ".join(words), process, log)
        self.system.programs.append(program)
        return program

    def secrets(self) -> dict[str, str]:
        """Everything that it must not get, by name."""
        house = self.system
        keys = house.keys
        return {
            **{f"{key.id} KEY": key.as_text() for key in (keys.bot, keys.worker, keys.scanner)},
            **{f"{user} PASSWORD": one for user, one in house.valkey.passwords.items()},
            **{
                name: value
                for name, value in house.environment.items()
                if name.startswith(("SLACK_", "DATABASE_", "QUAYMASTER_F")) and name[-1] != "L"
            },
        }

    def found(self) -> list[dict[str, Any]]:
        """What the burglar wrote down."""
        return [json.loads(one.read_text()) for one in (self.folder / "out").glob("*.json")]

    def expect_nothing(self, program: Program, scanned: Scanned) -> None:
        """Fails with the names of what it got."""
        found = self.found()
        assert found, scanned.verdict
        for one in found:
            assert one["user"] == USER
            got = {
                name
                for name, value in self.secrets().items()
                if value in one["loot"] or value in str(one["own"])
            }
            assert got == set()
            # Another burglar on this machine is a program like any other.
            assert [line for line in one["attached"] if program.pid in line] == []
            assert one["inherited"] == []
            assert one["redis"] is False
            assert "descriptor taken" not in one["loot"]


@pytest.fixture
def burglary(system: System) -> Iterator[Burglary]:
    system.is_forking = False  # what a process is started with is part of the loot
    # Not below pytest's own directory, which is closed to others.
    with tempfile.TemporaryDirectory(prefix=f"quaymaster-{secrets.token_hex(4)}-") as name:
        Path(name).chmod(0o755)
        yield Burglary(system, Path(name))
        # It knocked at the database's door, as it was meant to.
        with contextlib.closing(system.connection()) as connection:
            connection.acl_log_reset()


async def test_the_scanners_child_gets_no_secret(
    system: System,
    workspace: Workspace,
    registry: Registry,
    repository: str,
    images: LocalImages,
    trivy_caches: TrivyCaches,
    burglary: Burglary,
    push: Push,
    alice: Person,
) -> None:
    push(images.clean, "1")
    burglary.prepare(trivy_caches.a)
    system.start("bot")
    system.worker("registry")
    scanner = burglary.start("scanner")
    await workspace.connected(within=60)
    number = await system.asked(alice, f"scan {repository}:1")
    scanned = system.ended(number, within=60)
    assert isinstance(scanned.outcome, Scanned), (scanned, system.logs())
    assert isinstance(scanned.outcome.verdict, Unknown)
    burglary.expect_nothing(scanner, scanned.outcome)
    (found,) = burglary.found()
    assert found["own"]["TRIVY_PASSWORD"] == registry.password


async def test_the_child_of_a_hosts_worker_gets_no_secret(
    system: System,
    workspace: Workspace,
    engine: docker.DockerClient,
    registry: Registry,
    repository: str,
    images: LocalImages,
    trivy_caches: TrivyCaches,
    docker_host: str,
    burglary: Burglary,
    push: Push,
    alice: Person,
) -> None:
    push(images.clean, "1")
    engine.images.get(images.clean).tag(f"{registry.host}/{repository}", "1")
    path = burglary.folder / "engine.sock"
    with barrier_to_socket(path, docker_host) as barrier:
        path.chmod(0o777)
        system.reconfigure(docker_host, barrier.address)
        burglary.prepare(trivy_caches.a)
        system.start("bot")
        worker = burglary.start("worker", "--queues", "host:build1", "--grace", "5")
        await workspace.connected(within=60)
        number = await system.asked(alice, f"scan {repository}:1 on build1")
        scanned = system.ended(number, within=60)
        assert isinstance(scanned.outcome, Scanned), (scanned, system.logs())
        burglary.expect_nothing(worker, scanned.outcome)
        for program in system.programs:
            program.stop()
