"""Whoever can write to Redis can neither approve, nor plan, nor release, nor absolve, nor replay
(G2, G4, G10).
"""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import docker
import pytest
import redis

from local_slack import Person, Workspace
from quaymaster.operations import State
from quaymaster.store import keys
from quaymaster.target import ServiceRef
from testing.engines.registries import Registry
from testing.engines.trivy import TrivyCaches
from testing.engines.waiting import wait_until
from testing.images.catalogue import LocalImages
from testing.system import ROOT, System, page_at
from tests.end_to_end.cards import approval_request, approve, cards_of, final_card, is_card_of
from tests.end_to_end.conftest import Push
from tests.end_to_end.forger import Forger
from tests.people import ALICE, BOB, CAROL

pytestmark = pytest.mark.engine

HOST = "host:build1"


@pytest.fixture
def database(system: System) -> Iterator[redis.Redis]:
    """The database, as whoever may write to it has it."""
    with contextlib.closing(system.connection()) as connection:
        yield connection


@pytest.fixture
def forger(database: redis.Redis) -> Forger:
    """Somebody who may write to it and has no key."""
    return Forger(database)


@pytest.fixture
async def shop(
    system: System,
    workspace: Workspace,
    registry: Registry,
    images: LocalImages,
    push: Push,
    alice: Person,
) -> Person:
    """Two versions in the registry, everything running, and Alice to ask for things."""
    push(images.web_v1, "1")
    push(images.web_v2, "2")
    await system.opens(workspace)
    return alice


async def _awaiting_approval(system: System, workspace: Workspace, alice: Person, tag: str) -> int:
    """A deploy to production that waits for two people, who have been asked."""
    number = await system.asked(
        alice, f"deploy {system.shop.repository}:{tag} to {system.shop.production}"
    )
    system.reaches(number, State.AWAITING_APPROVAL)
    await approval_request(workspace, number)
    return number


async def _deployed(system: System, workspace: Workspace, alice: Person, tag: str) -> int:
    """A deploy to production that two people agreed to and that is done."""
    number = await _awaiting_approval(system, workspace, alice, tag)
    for voter in (BOB, CAROL):
        await approve(workspace, workspace.person(voter), number)
    assert system.ended(number).state is State.SUCCEEDED, system.logs()
    return number


def _digests(registry: Registry, repository: str) -> tuple[str, str]:
    """Of the two versions in the registry."""
    one, two = (registry.digest(repository, tag) for tag in ("1", "2"))
    assert one is not None
    assert two is not None
    return one, two


def _is_given_up(forger: Forger, number: int) -> bool:
    """Whether an operation is no longer among the open ones."""
    return not forger.database.sismember(keys.OPEN, str(number))


def _nothing_runs(engine: docker.DockerClient, environment: str) -> bool:
    label = {"label": f"quaymaster.environment={environment}"}
    return not engine.containers.list(all=True, filters=label)


async def _ends_with_words(system: System, workspace: Workspace, number: int) -> str:
    """The words of the card of an operation that ends without having done anything."""
    ended = system.ended(number)
    assert ended.state in (State.FAILED, State.REFUSED), (ended, system.logs())
    return (await final_card(workspace, number)).words


class TestParts:
    """No part of an operation can be written, altered or brought from elsewhere."""

    @pytest.mark.parametrize("how", ["altered", "of another deploy"])
    async def test_another_image_is_not_planned(
        self,
        system: System,
        workspace: Workspace,
        engine: docker.DockerClient,
        registry: Registry,
        shop: Person,
        forger: Forger,
        how: str,
    ) -> None:
        """What was found out about the image is replaced, and the plan asked for again."""
        repository, staging = system.shop.repository, system.shop.staging
        other = await system.asked(shop, f"deploy {repository}:2 to {staging}")
        assert system.ended(other).state is State.SUCCEEDED
        number = await _awaiting_approval(system, workspace, shop, "1")
        record = system.operation(number)
        assert record is not None
        if how == "altered":
            one, two = _digests(registry, repository)
            forger.alter(number, "resolved", one, two)
        else:
            forger.copy("resolved", of=other, to=number)
        forger.say(number, state='"queued"', stage='"plan"')
        forger.push(number, record.queue, record.attempt)
        assert "is ignored" in await _ends_with_words(system, workspace, number)
        assert _nothing_runs(engine, system.shop.production)

    @pytest.mark.parametrize("how", ["invented", "of another plan", "counted twice"])
    async def test_forged_votes_deploy_nothing(
        self,
        system: System,
        workspace: Workspace,
        engine: docker.DockerClient,
        shop: Person,
        forger: Forger,
        how: str,
        bob: Person,
    ) -> None:
        other = 0
        if how == "of another plan":
            other = await _deployed(system, workspace, shop, "2")
            [container] = engine.containers.list(
                filters={"label": f"quaymaster.environment={system.shop.production}"}
            )
            container.remove(force=True)
        number = await _awaiting_approval(system, workspace, shop, "1")
        await approve(workspace, bob, number)
        voted = system.until(number, lambda one: len(one.votes) == 1)
        votes = forger.fields(number)[b"votes"]
        match how:
            case "invented":
                forger.alter(number, "votes", BOB, CAROL)
            case "of another plan":
                forger.copy("votes", of=other, to=number)
            case _:
                inner = votes.decode()[1:-1]
                forger.database.hset(keys.operation(number), "votes", f"[{inner},{inner}]")
        forger.say(number, state='"queued"', stage='"apply"')
        forger.push(number, voted.queue, voted.attempt)
        assert "is ignored" in await _ends_with_words(system, workspace, number)
        assert _nothing_runs(engine, system.shop.production)

    async def test_a_plan_that_was_altered_after_the_votes_deploys_nothing(
        self,
        system: System,
        workspace: Workspace,
        engine: docker.DockerClient,
        registry: Registry,
        shop: Person,
        forger: Forger,
    ) -> None:
        number = await _awaiting_approval(system, workspace, shop, "1")
        system.programs[1].stop()
        for voter in (BOB, CAROL):
            await approve(workspace, workspace.person(voter), number)
        system.reaches(number, State.QUEUED)
        one, two = _digests(registry, system.shop.repository)
        forger.alter(number, "plan", one, two)
        system.worker()
        assert "is ignored" in await _ends_with_words(system, workspace, number)
        assert _nothing_runs(engine, system.shop.production)

    async def test_an_operation_written_by_hand_is_not_carried_out(
        self,
        system: System,
        workspace: Workspace,
        engine: docker.DockerClient,
        shop: Person,
        forger: Forger,
    ) -> None:
        number = await _awaiting_approval(system, workspace, shop, "1")
        invented = 9000
        forger.put_back(invented, forger.fields(number), HOST, 1)
        wait_until(lambda: _is_given_up(forger, invented), within=20, what="it to be given up")
        assert await cards_of(workspace, invented) == ()
        assert _nothing_runs(engine, system.shop.production)

    async def test_a_request_that_was_altered_is_not_carried_out(
        self,
        system: System,
        registry: Registry,
        shop: Person,
        forger: Forger,
    ) -> None:
        repository = system.shop.repository
        system.programs[1].stop()
        number = await system.asked(shop, f"tag {repository}:1 as {repository}:3")
        system.reaches(number, State.QUEUED)
        forger.alter(number, "submission", '"tag":"3"', '"tag":"stolen"')
        system.worker()
        wait_until(lambda: _is_given_up(forger, number), within=20, what="it to be given up")
        assert sorted(registry.tags(repository)) == ["1", "2"]


class TestReplays:
    """What has ended does not happen again, whatever genuine text is put back."""

    @pytest.mark.parametrize("its_container", ["is kept", "is gone"])
    async def test_a_spent_deploy_of_what_was_rolled_back(
        self,
        system: System,
        workspace: Workspace,
        engine: docker.DockerClient,
        shop: Person,
        forger: Forger,
        its_container: str,
        bob: Person,
    ) -> None:
        production = system.shop.production
        await _deployed(system, workspace, shop, "1")
        spent = await _awaiting_approval(system, workspace, shop, "2")
        system.programs[1].stop()
        for voter in (BOB, CAROL):
            await approve(workspace, workspace.person(voter), spent)
        approved = system.reaches(spent, State.QUEUED)
        before = forger.fields(spent)
        system.worker()
        assert system.ended(spent).state is State.SUCCEEDED
        back = await system.asked(bob, f"rollback {production}/web")
        assert system.ended(back).state is State.SUCCEEDED, system.logs()
        assert "web v1" in page_at(system.shop.port + 1)
        if its_container == "is gone":
            [stopped] = engine.containers.list(
                all=True,
                filters={"label": f"quaymaster.environment={production}", "status": "exited"},
            )
            stopped.remove(v=True)
        forger.put_back(spent, before, approved.queue, approved.attempt)
        assert system.until(spent, lambda one: one.state.is_terminal).state is not State.SUCCEEDED
        assert "web v1" in page_at(system.shop.port + 1)
        await workspace.until(
            lambda one: is_card_of(one, spent) and "already ended" in one.words, within=20
        )

    async def test_a_deploy_that_was_approved_and_then_cancelled(
        self,
        system: System,
        workspace: Workspace,
        engine: docker.DockerClient,
        shop: Person,
        forger: Forger,
        bob: Person,
    ) -> None:
        number = await _awaiting_approval(system, workspace, shop, "1")
        system.programs[1].stop()
        for voter in (BOB, CAROL):
            await approve(workspace, workspace.person(voter), number)
        approved = system.reaches(number, State.QUEUED)
        before = forger.fields(number)
        await bob.command("C0RELEASE", f"cancel {number}")
        assert system.ended(number).state is State.CANCELLED
        forger.put_back(number, before, approved.queue, approved.attempt)
        system.worker()
        assert system.ended(number).state in (State.FAILED, State.REFUSED), system.logs()
        assert _nothing_runs(engine, system.shop.production)

    async def test_an_old_rollback(
        self, system: System, images: LocalImages, shop: Person, forger: Forger, push: Push
    ) -> None:
        staging, repository = system.shop.staging, system.shop.repository
        for tag in ("1", "2"):
            number = await system.asked(shop, f"deploy {repository}:{tag} to {staging}")
            assert system.ended(number).state is State.SUCCEEDED, system.logs()
        system.programs[1].stop()
        rollback = await system.asked(shop, f"rollback {staging}/web")
        queued = system.reaches(rollback, State.QUEUED)
        before = forger.fields(rollback)
        system.worker()
        assert system.ended(rollback).state is State.SUCCEEDED, system.logs()
        push(images.clean, "3")
        newest = await system.asked(shop, f"deploy {repository}:3 to {staging}")
        assert system.ended(newest).state is State.SUCCEEDED, system.logs()
        running = page_at(system.shop.port)
        forger.put_back(rollback, before, queued.queue, queued.attempt)
        ended = system.until(rollback, lambda one: one.state.is_terminal)
        assert ended.state in (State.FAILED, State.REFUSED), ended
        assert page_at(system.shop.port) == running


class TestWhatIsSeen:
    """What an approver is shown is what their vote is about."""

    async def test_an_altered_plan_is_never_drawn(
        self,
        system: System,
        workspace: Workspace,
        engine: docker.DockerClient,
        registry: Registry,
        shop: Person,
        forger: Forger,
    ) -> None:
        number = await _awaiting_approval(system, workspace, shop, "1")
        one, two = _digests(registry, system.shop.repository)
        short = two.removeprefix("sha256:")[:12]
        forger.alter(number, "plan", one, two)
        forger.database.hincrby(keys.operation(number), "revision", 1)
        forger.database.zadd(keys.CARDS_BEHIND, {str(number): "inf"})
        assert "is ignored" in await _ends_with_words(system, workspace, number)
        assert all(short not in one.words for one in await workspace.messages())
        assert _nothing_runs(engine, system.shop.production)

    async def test_a_vote_for_another_plan_is_refused_and_the_card_drawn_again(
        self, system: System, workspace: Workspace, shop: Person, bob: Person
    ) -> None:
        first = await _awaiting_approval(system, workspace, shop, "1")
        second = await _awaiting_approval(system, workspace, shop, "2")
        message = await approval_request(workspace, first)
        meant = system.operation(second)
        assert meant is not None
        assert meant.signed_plan is not None
        shown = system.operation(first)
        assert shown is not None
        assert shown.signed_plan is not None
        blocks = json.dumps(message.blocks).replace(
            shown.signed_plan.digest, meant.signed_plan.digest
        )
        other = replace(message, blocks=tuple(json.loads(blocks)))
        await bob.click(other, "approve", stale=True)
        await bob.sees("plan has changed", channel="C0RELEASE")
        still = system.operation(first)
        assert still is not None
        assert still.votes == ()


async def test_a_release_that_was_altered_is_not_rolled_back_to(
    system: System,
    workspace: Workspace,
    registry: Registry,
    images: LocalImages,
    shop: Person,
    database: redis.Redis,
    push: Push,
) -> None:
    repository, staging = system.shop.repository, system.shop.staging
    wanted = push(images.web_v3_broken, "3")
    for tag in ("1", "2"):
        number = await system.asked(shop, f"deploy {repository}:{tag} to {staging}")
        assert system.ended(number).state is State.SUCCEEDED
    key = keys.releases(ServiceRef(staging, "web"))
    stored = cast("bytes", database.lindex(key, 0)).decode()
    one, _ = _digests(registry, repository)
    assert one in stored
    database.lset(key, 0, stored.replace(one, wanted))
    number = await system.asked(shop, f"rollback {staging}/web")
    assert "is ignored" in await _ends_with_words(system, workspace, number)
    assert "web v2" in page_at(system.shop.port)


@pytest.mark.parametrize("what", ["release", "mark"])
async def test_what_was_recorded_for_one_environment_is_nothing_in_another(
    system: System,
    workspace: Workspace,
    shop: Person,
    database: redis.Redis,
    what: str,
    bob: Person,
) -> None:
    repository, staging, production = (
        system.shop.repository,
        system.shop.staging,
        system.shop.production,
    )
    for tag in ("1", "2"):
        number = await system.asked(shop, f"deploy {repository}:{tag} to {staging}")
        assert system.ended(number).state is State.SUCCEEDED, system.logs()
    if what == "release":
        for text in cast(
            "list[bytes]", database.lrange(keys.releases(ServiceRef(staging, "web")), 0, -1)
        ):
            database.rpush(keys.releases(ServiceRef(production, "web")), text)
        asked = await system.asked(bob, f"rollback {production}/web")
    else:
        rollback = await system.asked(shop, f"rollback {staging}/web")
        assert system.ended(rollback).state is State.SUCCEEDED, system.logs()
        marks = cast(
            "dict[bytes, bytes]", database.hgetall(keys.bad_digests(ServiceRef(staging, "web")))
        )
        assert marks
        for digest, text in marks.items():
            database.hset(
                keys.bad_digests(ServiceRef(production, "web")), digest.decode(), text.decode()
            )
        asked = await system.asked(shop, f"deploy {repository}:1 to {production}")
    assert "is ignored" in await _ends_with_words(system, workspace, asked)


async def test_a_genuine_event_that_is_journalled_again_is_refused_in_the_audit(
    system: System,
    workspace: Workspace,
    shop: Person,
    database: redis.Redis,
) -> None:
    await _awaiting_approval(system, workspace, shop, "1")
    wait_until(lambda: database.llen(keys.AUDIT) >= 3, within=20, what="the audit")
    entry = cast("bytes", database.lindex(keys.AUDIT, 0)).partition(b"\n")[2]
    event = json.loads(entry)["event"]
    before = database.llen(keys.AUDIT)
    database.rpush(keys.JOURNAL, event)
    wait_until(lambda: database.llen(keys.AUDIT) > before, within=20, what="the next entry")
    verified = _verify(system)
    assert verified.returncode == 0, verified.stderr
    assert "1 of them refused" in verified.stdout, verified.stdout


async def test_a_report_that_was_altered_to_clean_lets_nothing_through(
    system: System,
    workspace: Workspace,
    engine: docker.DockerClient,
    images: LocalImages,
    trivy_caches: TrivyCaches,
    database: redis.Redis,
    push: Push,
    alice: Person,
) -> None:
    repository = system.shop.repository
    push(images.vulnerable, "1")
    system.reconfigure("gate: {block: never, unknown: allow}", "gate: {block: high}")
    system.start("bot")
    system.start("worker", "--grace", "10", TRIVY_CACHE_DIR=str(trivy_caches.a))
    await workspace.connected(within=60)
    system.ended(await system.asked(alice, f"scan {repository}:1"))
    (key,) = [one for one in database.keys(f"{keys.PREFIX}report:*") if b":latest" not in one]
    stored = database.get(key)
    assert isinstance(stored, bytes)
    header, _, body = stored.partition(b"\n")
    report = json.loads(body)
    report["findings"] = []
    database.set(key, header + b"\n" + json.dumps(report, separators=(",", ":")).encode())
    number = await system.asked(alice, f"deploy {repository}:1 to {system.shop.staging}")
    ended = system.ended(number)
    assert ended.state in (State.FAILED, State.REFUSED)
    await final_card(workspace, number)
    assert _nothing_runs(engine, system.shop.staging)


@pytest.mark.parametrize("forgery", ["altered", "removed", "invented"])
async def test_an_audit_entry_that_was_forged_is_found(
    system: System,
    workspace: Workspace,
    images: LocalImages,
    database: redis.Redis,
    forgery: str,
    push: Push,
    alice: Person,
) -> None:
    push(images.web_v1, "1")
    await system.opens(workspace)
    await _awaiting_approval(system, workspace, alice, "1")
    wait_until(lambda: database.llen(keys.AUDIT) >= 3, within=20, what="the audit")
    wait_until(lambda: database.llen(keys.JOURNAL) == 0, within=20, what="an empty journal")
    assert _verify(system).returncode == 0
    second = database.lindex(keys.AUDIT, 1)
    assert isinstance(second, bytes)
    match forgery:
        case "altered":
            database.lset(keys.AUDIT, 1, second.decode().replace(ALICE, BOB))
        case "removed":
            database.lrem(keys.AUDIT, 1, second.decode())
        case _:
            database.rpush(keys.AUDIT, second)
    found = _verify(system)
    assert found.returncode != 0
    assert found.stderr.strip(), found.stdout


def _verify(system: System) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "programs.cli", "audit", "verify"],
        env=system.environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
