"""Scans are ordered and nobody waits for them: whoever dies, each operation ends (G2, G3, G4)."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest
import redis

from local_slack import Message, Person, Workspace
from quaymaster.findings import Unknown
from quaymaster.operations import Operation, State
from quaymaster.outcomes import Failed, Scanned
from quaymaster.store import keys, reports, scan_orders
from quaymaster.store.formats import REPORT
from quaymaster.store.transactions import ask
from testing.engines.registries import Registry
from testing.engines.trivy import TrivyCaches, trivy_binary
from testing.engines.valkey import ValkeyServer
from testing.engines.waiting import wait_until
from testing.images.catalogue import FINDINGS_A, LocalImages
from testing.planned import the_change
from testing.system import System
from tests.end_to_end.cards import final_card, is_card_of
from tests.end_to_end.conftest import Push

pytestmark = pytest.mark.engine


@dataclass(frozen=True, slots=True)
class SlowTrivy:
    """Stands in Trivy's place: each scan begins, and goes on when it is let."""

    folder: Path

    @property
    def begun(self) -> int:
        """How many scans have begun."""
        return len(list(self.folder.glob("begun-*")))

    def begins(self, count: int = 1) -> None:
        """Wait until so many have."""
        wait_until(lambda: self.begun >= count, within=30, what=f"{count} scans to begin")

    def ends(self, count: int = 1) -> None:
        """Wait until so many have ended."""
        ended = self.folder.glob
        wait_until(lambda: len(list(ended("ended-*"))) >= count, within=60, what="scans to end")

    def go_on(self) -> None:
        """Let all of them, now and later, run to their end."""
        (self.folder / "go").touch()


@pytest.fixture
def trivy(system: System, trivy_caches: TrivyCaches, tmp_path: Path) -> SlowTrivy:
    folder = tmp_path / "slow"
    folder.mkdir()
    program = folder / "trivy"
    program.write_text(
        "#!/bin/sh\n"
        f": > {folder}/begun-$$\n"
        f"until [ -e {folder}/go ]; do sleep 0.05; done\n"
        f'{trivy_binary()} "$@"\n'
        "status=$?\n"
        f": > {folder}/ended-$$\n"
        "exit $status\n"
    )
    program.chmod(0o755)
    system.environment["PATH"] = f"{folder}:{system.environment['PATH']}"
    system.environment["TRIVY_CACHE_DIR"] = str(trivy_caches.a)
    return SlowTrivy(folder)


@pytest.fixture
def database(system: System) -> Iterator[redis.Redis]:
    """The database, as whoever may write to it has it."""
    with contextlib.closing(system.connection()) as connection:
        yield connection


@pytest.fixture
async def alice(
    system: System,
    workspace: Workspace,
    registry: Registry,
    images: LocalImages,
    push: Push,
    alice: Person,
) -> Person:
    """An image with findings in the registry, the bot running, and Alice to ask for things."""
    push(images.vulnerable, "1")
    system.start("bot")
    await workspace.connected(within=60)
    return alice


def _result(operation: Operation) -> Scanned:
    assert operation.state is State.SUCCEEDED, operation
    assert isinstance(operation.outcome, Scanned)
    return operation.outcome


async def _card(workspace: Workspace, number: int, words: str) -> Message:
    """The card as soon as it says this."""
    return await workspace.until(
        lambda one: is_card_of(one, number) and words in one.words, within=40
    )


async def test_a_scanner_that_is_killed_in_a_scan_is_followed_by_the_next(
    system: System, alice: Person, trivy: SlowTrivy
) -> None:
    system.worker()
    number = await system.asked(alice, f"scan {system.shop.repository}:1")
    trivy.begins()
    (scanner,) = system.scanners()
    scanner.kill()
    system.scanner()
    trivy.begins(2)
    trivy.go_on()
    assert _result(system.ended(number)).total == FINDINGS_A


async def test_a_scan_that_kills_its_scanner_again_and_again_is_unknown(
    system: System, workspace: Workspace, alice: Person, trivy: SlowTrivy
) -> None:
    system.worker()
    number = await system.asked(alice, f"scan {system.shop.repository}:1")
    for count in (1, 2, 3):
        trivy.begins(count)
        for scanner in system.scanners():
            if scanner.is_running():
                scanner.kill()
        if count < 3:
            system.scanner()
    scanned = _result(system.ended(number, within=40))
    assert isinstance(scanned.verdict, Unknown)
    assert "died 3 times" in scanned.verdict.why
    assert "died 3 times" in (await final_card(workspace, number)).words


async def test_a_worker_that_is_killed_while_its_image_is_scanned_is_not_missed(
    system: System, alice: Person, trivy: SlowTrivy
) -> None:
    worker = system.worker()
    staging = system.shop.staging
    number = await system.asked(alice, f"deploy {system.shop.repository}:1 to {staging}")
    trivy.begins()
    system.reaches(number, State.SCANNING)
    worker.kill()
    trivy.go_on()
    with contextlib.closing(system.connection()) as connection:
        order = system.operation(number)
        assert order is not None
        answer = keys.scan_answer(order.scan_order or "")
        wait_until(lambda: bool(connection.exists(answer)), within=30, what="the answer")
        connection.delete("rq:queue:host:build1")  # as a worker does that dies with the job in hand
    system.worker()
    ended = system.ended(number)
    assert ended.resolved is not None
    assert ended.plan is not None, (ended, system.logs())
    assert the_change(ended.plan).image == ended.resolved.image
    assert trivy.begun == 1


async def test_what_is_cancelled_while_it_is_scanned_ends_at_once_and_so_does_the_scan(
    system: System, workspace: Workspace, alice: Person, trivy: SlowTrivy
) -> None:
    system.worker()
    number = await system.asked(alice, f"scan {system.shop.repository}:1")
    trivy.begins()
    card = await _card(workspace, number, "Scanning")
    await alice.click(card, "cancel")
    ended = system.ended(number, within=5)
    assert ended.state is State.CANCELLED
    (scanner,) = system.scanners()
    wait_until(lambda: not scanner.horses(), within=10, what="the scanner to stop")
    assert scanner.is_running()
    assert "order withdrawn" in scanner.tail()


async def test_a_scanner_that_is_stopped_hands_the_scan_to_the_next(
    system: System, alice: Person, trivy: SlowTrivy, database: redis.Redis
) -> None:
    system.worker()
    number = await system.asked(alice, f"scan {system.shop.repository}:1")
    trivy.begins()
    (scanner,) = system.scanners()
    assert scanner.stop(within=10) == 0
    trivy.go_on()
    system.scanner()
    ended = system.ended(number)
    assert _result(ended).total == FINDINGS_A
    # Nobody had to find out that it had stopped.
    assert ask(database, scan_orders.tries(ended.scan_order or "")) == 0


async def test_without_a_scanner_the_card_says_so_and_nothing_is_blocked(
    system: System, workspace: Workspace, alice: Person, trivy: SlowTrivy
) -> None:
    trivy.go_on()
    system.worker("registry")
    number = await system.asked(alice, f"scan {system.shop.repository}:1")
    system.reaches(number, State.SCANNING)
    tags = await system.asked(alice, f"tags {system.shop.repository}")
    assert system.ended(tags).state is State.SUCCEEDED
    await _card(workspace, number, "Waiting for the scanner")
    system.scanner()
    assert _result(system.ended(number)).total == FINDINGS_A


async def test_two_operations_scan_one_digest_once(
    system: System, alice: Person, trivy: SlowTrivy
) -> None:
    system.start("worker", "--grace", "10", "--queues", "registry")
    system.start("scanner", "--grace", "10", "--processes", "2")
    numbers = [await system.asked(alice, f"scan {system.shop.repository}:1") for _ in range(2)]
    for number in numbers:
        system.reaches(number, State.SCANNING)
    trivy.begins()
    trivy.go_on()
    found = [_result(system.ended(number)) for number in numbers]
    assert sorted(one.reused for one in found) == [False, True]
    assert trivy.begun == 1


async def test_a_tag_that_moves_while_it_is_scanned_leaves_the_report_with_its_image(
    system: System,
    workspace: Workspace,
    alice: Person,
    trivy: SlowTrivy,
    registry: Registry,
    images: LocalImages,
    push: Push,
) -> None:
    named = registry.digest(system.shop.repository, "1")
    system.worker()
    numbers = [
        await system.asked(alice, f"{words} {system.shop.repository}:1{more}")
        for words, more in (("scan", ""), ("deploy", f" to {system.shop.staging}"))
    ]
    trivy.begins()
    for number in numbers:
        system.reaches(number, State.SCANNING)
    moved = push(images.clean, "1")
    trivy.go_on()
    scanned = _result(system.ended(numbers[0]))
    assert (str(scanned.digest), scanned.total) == (named, FINDINGS_A)
    deployed = system.ended(numbers[1])
    assert deployed.plan is not None, deployed
    assert str(the_change(deployed.plan).digest) == named
    assert the_change(deployed.plan).examined.counts
    later = _result(system.ended(await system.asked(alice, f"scan {system.shop.repository}:1")))
    assert (str(later.digest), later.total) == (moved, 0)
    await final_card(workspace, numbers[0])


@pytest.mark.parametrize("selector", [":1", "@{digest}"])
async def test_a_name_that_moves_on_its_host_while_it_is_scanned_there_does_so_too(
    system: System,
    alice: Person,
    trivy: SlowTrivy,
    engine: docker.DockerClient,
    registry: Registry,
    images: LocalImages,
    selector: str,
) -> None:
    """By its tag, and by its digest, of which the host knows its own id alone."""
    name = f"{registry.host}/{system.shop.repository}"
    login = {"username": registry.username, "password": registry.password}
    held = engine.images.pull(name, "1", auth_config=login)
    digest = registry.digest(system.shop.repository, "1")
    system.worker()
    asked = f"scan {system.shop.repository}{selector.format(digest=digest)} on build1"
    number = await system.asked(alice, asked)
    trivy.begins()
    engine.images.get(images.clean).tag(name, "1")
    trivy.go_on()
    scanned = _result(system.ended(number))
    assert (str(scanned.digest), scanned.total) == (held.id, FINDINGS_A)


Forge = Callable[[System, redis.Redis, Operation], None]


def _garbage(system: System, database: redis.Redis, scanned: Operation) -> None:
    database.set(keys.scan_answer(scanned.scan_order or ""), "clean")


def _of_a_worker(system: System, database: redis.Redis, scanned: Operation) -> None:
    """An answer that a worker signed."""
    order = scanned.scan_order or ""
    genuine = database.get(keys.scan_order(order))
    assert isinstance(genuine, bytes)
    database.set(keys.scan_answer(order), genuine)


async def test_a_database_that_is_killed_while_an_image_is_scanned_loses_nothing(
    system: System,
    workspace: Workspace,
    alice: Person,
    trivy: SlowTrivy,
    valkey_server: ValkeyServer,
) -> None:
    system.worker()
    number = await system.asked(alice, f"scan {system.shop.repository}:1")
    trivy.begins()
    (scanner,) = system.scanners()
    valkey_server.kill()
    wait_until(lambda: "lease not renewed" in scanner.tail(), within=20, what="it to notice")
    valkey_server.start()
    trivy.go_on()
    assert _result(system.ended(number, within=30)).total == FINDINGS_A
    assert trivy.begun == 1
    await final_card(workspace, number)


async def test_a_scan_that_ends_while_the_database_is_away_is_found(
    system: System,
    workspace: Workspace,
    alice: Person,
    trivy: SlowTrivy,
    valkey_server: ValkeyServer,
) -> None:
    system.worker()
    number = await system.asked(alice, f"scan {system.shop.repository}:1")
    trivy.begins()
    (scanner,) = system.scanners()
    valkey_server.kill()
    trivy.go_on()
    trivy.ends()
    valkey_server.start()
    assert _result(system.ended(number, within=30)).total == FINDINGS_A
    assert trivy.begun == 1, scanner.tail()
    await final_card(workspace, number)


@pytest.mark.parametrize("forge", [_garbage, _of_a_worker])
async def test_a_forged_answer_ends_the_deploy_and_says_so(
    system: System,
    workspace: Workspace,
    alice: Person,
    trivy: SlowTrivy,
    database: redis.Redis,
    forge: Forge,
) -> None:
    system.worker()
    staging = system.shop.staging
    number = await system.asked(alice, f"deploy {system.shop.repository}:1 to {staging}")
    trivy.begins()
    scanned = system.reaches(number, State.SCANNING)
    forge(system, database, scanned)
    ended = system.ended(number)
    assert isinstance(ended.outcome, Failed), ended
    assert "answer of the scanner" in ended.outcome.trouble.what
    assert "is ignored" in (await final_card(workspace, number)).words


async def test_a_forged_order_is_not_scanned_and_ends_the_operation(
    system: System,
    alice: Person,
    trivy: SlowTrivy,
    database: redis.Redis,
) -> None:
    worker = system.worker("registry")
    number = await system.asked(alice, f"scan {system.shop.repository}:1")
    scanned = system.reaches(number, State.SCANNING)
    worker.stop()
    where = keys.scan_order(scanned.scan_order or "")
    genuine = database.get(where)
    assert isinstance(genuine, bytes)
    database.set(where, genuine.replace(b'"tag":"1"', b'"tag":"2"'))
    scanner = system.scanner()
    wait_until(lambda: "order refused" in scanner.tail(), within=20, what="the refusal")
    system.worker("registry")
    ended = system.ended(number)
    assert isinstance(ended.outcome, Failed), ended
    assert "order of a scan" in ended.outcome.trouble.what
    assert trivy.begun == 0


async def test_a_report_that_a_worker_signed_is_replaced_and_never_believed(
    system: System,
    alice: Person,
    trivy: SlowTrivy,
    database: redis.Redis,
) -> None:
    trivy.go_on()
    system.worker()
    first = _result(system.ended(await system.asked(alice, f"scan {system.shop.repository}:1")))
    assert first.database is not None
    place = (str(first.digest), first.database.version)
    report = ask(database, reports.kept(first.digest, first.database.version, system.keys.ring))
    assert report is not None
    forged = REPORT.signed(
        type(report)(report.repository, report.digest, report.database, report.scanned_at, ()),
        place,
        system.keys.worker,
    )
    database.set(keys.report(*place), forged.text)
    again = _result(system.ended(await system.asked(alice, f"scan {system.shop.repository}:1")))
    assert not again.reused
    assert again.total == FINDINGS_A
