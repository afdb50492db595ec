"""Whoever can write to Redis can neither approve, nor plan, nor release, nor absolve (G4, G10)."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, cast

import docker
import pytest
import redis

from local_slack import Person, Workspace
from quaymaster.operations import Operation, State
from quaymaster.queues import enqueued
from quaymaster.store import keys
from tests.end_to_end.cards import final_card
from tests.end_to_end.house import ROOT, House, page_at
from tests.engines.local_images import push_image
from tests.engines.registries import Registry
from tests.engines.trivy import TrivyCaches
from tests.engines.waiting import wait_until
from tests.images.catalogue import LocalImages

pytestmark = pytest.mark.engine

ALICE, BOB, CAROL = "U024BE7LH", "U0BOB", "U0CAROL"
_SEAL = "0" * 64

Record = dict[str, Any]


@pytest.fixture
def database(house: House) -> Iterator[redis.Redis]:
    """The database, as whoever may write to it has it."""
    with contextlib.closing(house.connection()) as connection:
        yield connection


def _alter(database: redis.Redis, number: int, change: Callable[[Record], None]) -> None:
    """Change the record of an operation by hand, its version left as it is."""
    key = keys.operation(number)
    stored = database.hget(key, "record")
    assert isinstance(stored, bytes)
    record = json.loads(stored)
    change(record)
    database.hset(key, "record", json.dumps(record))


def _queue(database: redis.Redis, number: int, record: Record) -> None:
    """Put a record's next job into its queue by hand, as a vote does."""
    record["state"], record["attempt"] = "queued", record["attempt"] + 1
    record["stage"], record["version"] = "apply", record["version"] + 1
    key = keys.operation(number)
    database.hset(
        key,
        mapping={
            "record": json.dumps(record),
            "version": record["version"],
            "state": "queued",
        },
    )
    job = f"operation-{number}-{record['attempt']}"
    for command in enqueued(job, number, record["queue"]):
        cast("Any", database).execute_command(*command)


async def _awaiting_approval(
    house: House,
    workspace: Workspace,
    engine: docker.DockerClient,
    registry: Registry,
    images: LocalImages,
) -> int:
    """A deploy to production that waits for two people."""
    repository = house.shop.repository
    push_image(engine, registry, images.web_v1, repository, "1")
    push_image(engine, registry, images.web_v2, repository, "2")
    house.start("bot")
    house.worker()
    await workspace.connected(within=60)
    alice = workspace.person(ALICE)
    number = await house.asked(alice, f"deploy {repository}:1 to {house.shop.production}")
    house.reaches(number, State.AWAITING_APPROVAL)
    return number


def _nothing_runs(engine: docker.DockerClient, environment: str) -> bool:
    label = {"label": f"quaymaster.environment={environment}"}
    return not engine.containers.list(all=True, filters=label)


async def _is_refused_with_words(
    house: House, workspace: Workspace, engine: docker.DockerClient, number: int
) -> Operation:
    ended = house.ended(number)
    assert ended.state in (State.FAILED, State.REFUSED), ended
    card = await final_card(workspace, number)
    assert "nothing was done" in card.words or "not acted upon" in card.words, card.words
    assert _nothing_runs(engine, house.shop.production)
    return ended


@pytest.mark.parametrize("kind", ["invented", "moved from another plan", "counted twice"])
async def test_forged_votes_deploy_nothing(
    house: House,
    workspace: Workspace,
    engine: docker.DockerClient,
    registry: Registry,
    images: LocalImages,
    database: redis.Redis,
    kind: str,
) -> None:
    number = await _awaiting_approval(house, workspace, engine, registry, images)
    votes: list[Record] = []
    at = datetime.now(UTC).isoformat()
    match kind:
        case "invented":
            votes = [
                {"voter": voter, "choice": "approve", "at": at, "seal": _SEAL}
                for voter in (BOB, CAROL)
            ]
        case "moved from another plan":
            repository, production = house.shop.repository, house.shop.production
            other = await house.asked(
                workspace.person(ALICE), f"deploy {repository}:2 to {production}"
            )
            house.reaches(other, State.AWAITING_APPROVAL)
            for voter in (BOB, CAROL):
                votes.append(await _vote(house, workspace.person(voter), other, len(votes)))
            house.ended(other)
            engine.containers.get(f"quaymaster-{production}-web-{other}.2").remove(force=True)
        case _:
            votes = [await _vote(house, workspace.person(BOB), number, 0)] * 2

    def forge(record: Record) -> None:
        record["approval"]["votes"] = votes
        _queue(database, number, record)

    _alter_and_queue(database, number, forge)
    await _is_refused_with_words(house, workspace, engine, number)


def _alter_and_queue(database: redis.Redis, number: int, forge: Callable[[Record], None]) -> None:
    stored = database.hget(keys.operation(number), "record")
    assert isinstance(stored, bytes)
    forge(json.loads(stored))


async def _vote(house: House, voter: Person, number: int, before: int) -> Record:
    """A real vote, as it is recorded."""
    await voter.command("C0RELEASE", f"approve {number}")
    voted = house.until(
        number, lambda one: one.approval is not None and len(one.approval.votes) > before
    )
    assert voted.approval is not None
    vote = voted.approval.votes[before]
    return {
        "voter": vote.voter,
        "choice": vote.choice.value,
        "at": vote.at.isoformat(),
        "seal": vote.seal,
    }


async def test_a_plan_that_was_altered_before_the_votes_cannot_be_approved(
    house: House,
    workspace: Workspace,
    engine: docker.DockerClient,
    registry: Registry,
    images: LocalImages,
    database: redis.Redis,
) -> None:
    number = await _awaiting_approval(house, workspace, engine, registry, images)
    other = registry.digest(house.shop.repository, "2")

    def forge(record: Record) -> None:
        record["plan"]["examined"]["image"]["digest"]["value"] = other

    _alter(database, number, forge)
    bob = workspace.person(BOB)
    await bob.command("C0RELEASE", f"approve {number}")
    await bob.sees("valid seal")
    still = house.operation(number)
    assert still is not None
    assert still.approval is not None
    assert still.approval.votes == ()
    assert _nothing_runs(engine, house.shop.production)


async def test_a_plan_that_was_altered_after_the_votes_deploys_nothing(
    house: House,
    workspace: Workspace,
    engine: docker.DockerClient,
    registry: Registry,
    images: LocalImages,
    database: redis.Redis,
) -> None:
    number = await _awaiting_approval(house, workspace, engine, registry, images)
    house.programs[1].stop()
    for count, voter in enumerate((BOB, CAROL)):
        await _vote(house, workspace.person(voter), number, count)
    house.reaches(number, State.QUEUED)
    other = registry.digest(house.shop.repository, "2")

    def forge(record: Record) -> None:
        record["plan"]["examined"]["image"]["digest"]["value"] = other

    _alter(database, number, forge)
    house.worker()
    ended = await _is_refused_with_words(house, workspace, engine, number)
    assert ended.state is State.FAILED


async def test_a_rule_that_was_altered_to_need_nobody_deploys_nothing(
    house: House,
    workspace: Workspace,
    engine: docker.DockerClient,
    registry: Registry,
    images: LocalImages,
    database: redis.Redis,
) -> None:
    number = await _awaiting_approval(house, workspace, engine, registry, images)

    def forge(record: Record) -> None:
        record["approval"]["needed"] = 0
        _queue(database, number, record)

    _alter_and_queue(database, number, forge)
    await _is_refused_with_words(house, workspace, engine, number)


async def test_an_operation_written_by_hand_is_not_carried_out(
    house: House,
    workspace: Workspace,
    engine: docker.DockerClient,
    registry: Registry,
    images: LocalImages,
    database: redis.Redis,
) -> None:
    number = await _awaiting_approval(house, workspace, engine, registry, images)
    stored = database.hget(keys.operation(number), "record")
    assert isinstance(stored, bytes)
    record = json.loads(stored)
    invented = 9000
    record |= {"id": invented, "plan": None, "approval": None, "examined": None, "attempt": 0}
    record["request"]["environment"] = house.shop.staging
    record["queue"] = "registry"
    database.sadd(keys.OPEN, invented)
    _queue(database, invented, record)
    ended = house.ended(invented)
    assert ended.state is State.FAILED
    assert "seal" in (await final_card(workspace, invented)).words
    assert _nothing_runs(engine, house.shop.staging)


async def test_a_request_that_was_altered_is_not_carried_out(
    house: House,
    workspace: Workspace,
    engine: docker.DockerClient,
    registry: Registry,
    images: LocalImages,
    database: redis.Redis,
) -> None:
    repository = house.shop.repository
    push_image(engine, registry, images.web_v1, repository, "1")
    house.start("bot")
    await workspace.connected(within=60)
    number = await house.asked(workspace.person(ALICE), f"tag {repository}:1 as {repository}:2")
    house.reaches(number, State.QUEUED)

    def forge(record: Record) -> None:
        record["request"]["new"]["tag"] = "stolen"

    _alter(database, number, forge)
    house.worker()
    assert house.ended(number).state is State.FAILED
    assert "seal" in (await final_card(workspace, number)).words
    assert registry.tags(repository) == ["1"]


async def test_a_release_that_was_altered_is_not_rolled_back_to(
    house: House,
    workspace: Workspace,
    engine: docker.DockerClient,
    registry: Registry,
    images: LocalImages,
    database: redis.Redis,
) -> None:
    repository, staging = house.shop.repository, house.shop.staging
    push_image(engine, registry, images.web_v1, repository, "1")
    push_image(engine, registry, images.web_v2, repository, "2")
    wanted = push_image(engine, registry, images.web_v3_broken, repository, "3")
    house.start("bot")
    house.worker()
    await workspace.connected(within=60)
    alice = workspace.person(ALICE)
    for tag in ("1", "2"):
        number = await house.asked(alice, f"deploy {repository}:{tag} to {staging}")
        assert house.ended(number).state is State.SUCCEEDED
    key = keys.releases(staging, "web")
    stored = database.lindex(key, 0)
    assert isinstance(stored, bytes)
    release = json.loads(stored)
    release["image"]["digest"]["value"] = wanted
    database.lset(key, 0, json.dumps(release))
    number = await house.asked(alice, f"rollback {staging}/web")
    assert house.ended(number).state is State.FAILED
    assert "seal" in (await final_card(workspace, number)).words
    assert "web v2" in page_at(house.shop.port)


async def test_a_report_that_was_altered_to_clean_lets_nothing_through(
    house: House,
    workspace: Workspace,
    engine: docker.DockerClient,
    registry: Registry,
    images: LocalImages,
    trivy_caches: TrivyCaches,
    database: redis.Redis,
) -> None:
    repository = house.shop.repository
    push_image(engine, registry, images.vulnerable, repository, "1")
    house.reconfigure("gate: {block: never, unknown: allow}", "gate: {block: high}")
    house.start("bot")
    house.start("worker", "--grace", "10", TRIVY_CACHE_DIR=str(trivy_caches.a))
    await workspace.connected(within=60)
    alice = workspace.person(ALICE)
    house.ended(await house.asked(alice, f"scan {repository}:1"))
    (key,) = [one for one in database.keys(f"{keys.PREFIX}report:*") if b":latest" not in one]
    stored = database.get(key)
    assert isinstance(stored, bytes)
    report = json.loads(stored[64:])
    report["findings"] = []
    database.set(key, stored[:64] + json.dumps(report).encode())
    number = await house.asked(alice, f"deploy {repository}:1 to {house.shop.staging}")
    ended = house.ended(number)
    assert ended.state in (State.FAILED, State.REFUSED)
    await final_card(workspace, number)
    assert _nothing_runs(engine, house.shop.staging)


@pytest.mark.parametrize("forgery", ["altered", "removed", "invented"])
async def test_an_audit_entry_that_was_forged_is_found(
    house: House,
    workspace: Workspace,
    engine: docker.DockerClient,
    registry: Registry,
    images: LocalImages,
    database: redis.Redis,
    forgery: str,
) -> None:
    await _awaiting_approval(house, workspace, engine, registry, images)
    wait_until(lambda: database.llen(keys.AUDIT) >= 3, within=20, what="the audit")
    wait_until(lambda: database.llen(keys.JOURNAL) == 0, within=20, what="an empty journal")
    assert _verify(house).returncode == 0
    second = database.lindex(keys.AUDIT, 1)
    assert isinstance(second, bytes)
    match forgery:
        case "altered":
            database.lset(keys.AUDIT, 1, second.decode().replace(ALICE, BOB))
        case "removed":
            database.lrem(keys.AUDIT, 1, second.decode())
        case _:
            database.rpush(keys.AUDIT, second)
    found = _verify(house)
    assert found.returncode != 0
    assert found.stderr.strip(), found.stdout


def _verify(house: House) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "quaymaster.cli", "audit", "verify"],
        env=house.environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
