"""Keys are changed while approvals wait and releases exist; a stolen one is taken out of use."""

import contextlib
from dataclasses import replace

import docker
import pytest

from local_slack import Person, Workspace
from quaymaster.key_files import PrivateFile
from quaymaster.key_ring import KeyRing
from quaymaster.operations import State
from quaymaster.outcomes import Deployed, Ended, Failed
from quaymaster.signing_key import SigningKey
from quaymaster.store import keys
from quaymaster.store.envelopes import body_of
from quaymaster.store.formats import RELEASE
from quaymaster.target import ServiceRef
from testing.engines.local_images import push_image
from testing.engines.registries import Registry
from testing.images.catalogue import LocalImages
from testing.system import System, page_at
from tests.end_to_end.cards import approve, final_card
from tests.people import BOB, CAROL

pytestmark = pytest.mark.engine

_SECRET = 'environment: {DATABASE_PASSWORD: "${DATABASE_PASSWORD}"}'


@pytest.fixture
def stock(
    engine: docker.DockerClient, registry: Registry, repository: str, images: LocalImages
) -> str:
    """A repository with two versions."""
    push_image(engine, registry, images.web_v1, repository, "1")
    push_image(engine, registry, images.web_v2, repository, "2")
    return repository


async def started(system: System, workspace: Workspace, **environment: str) -> None:
    """A bot and a worker with the keys that the system has now."""
    system.start("bot", **environment)
    system.start("worker", "--grace", "10", **environment)
    await workspace.connected(within=60)


def stop(system: System) -> None:
    """End every program."""
    for program in system.programs:
        if program.is_running():
            program.stop()


def changed(system: System, *words: str) -> str:
    """What a command about keys says; the system has the new keys afterwards."""
    private = system.folder / "private"
    program = system.start("keys", *words, "--to", str(private), REDIS_URL=system.valkey.url)
    assert program.process.wait(60) == 0, program.tail()
    ring = KeyRing.load(system.folder / "quaymaster.keys.yml")
    system.keys = replace(system.keys, ring=ring)
    return program.tail()


def take_new_key(system: System, role: str) -> None:
    """Programs of this role are started with their new key from now on."""
    text = dict(PrivateFile(system.folder / "private").values())[f"{role.upper()}_SIGNING_KEY"]
    key = SigningKey.parse(text)
    is_bot = role == "bot"
    system.keys = replace(system.keys, bot=key) if is_bot else replace(system.keys, worker=key)


def audit_holds(system: System) -> None:
    program = system.start("audit", "verify")
    assert program.process.wait(60) == 0, program.tail()


async def test_new_keys_come_while_an_approval_waits_and_releases_exist(
    system: System, workspace: Workspace, stock: str, alice: Person, bob: Person, carol: Person
) -> None:
    staging, production = system.shop.staging, system.shop.production
    await started(system, workspace)
    released = await system.asked(alice, f"deploy {stock}:1 to {staging}")
    assert system.ended(released).state is State.SUCCEEDED, system.logs()
    waiting = await system.asked(alice, f"deploy {stock}:1 to {production}")
    system.reaches(waiting, State.AWAITING_APPROVAL)
    await approve(workspace, bob, waiting)
    system.until(waiting, lambda one: len(one.votes) == 1)
    for role in ("bot", "worker"):
        changed(system, "rotate", role)
    stop(system)
    await started(system, workspace)  # with the new ring and the old keys
    system.reaches(waiting, State.AWAITING_APPROVAL)
    stop(system)
    for role in ("bot", "worker"):
        take_new_key(system, role)
    await started(system, workspace)
    await approve(workspace, carol, waiting)
    assert system.ended(waiting).state is State.SUCCEEDED, system.logs()
    assert "web v1" in page_at(system.shop.port + 1)
    second = await system.asked(alice, f"deploy {stock}:2 to {staging}")
    assert system.ended(second).state is State.SUCCEEDED, system.logs()
    back = await system.asked(alice, f"rollback {staging}/web")
    assert system.ended(back).state is State.SUCCEEDED, system.logs()
    assert "web v1" in page_at(system.shop.port)
    audit_holds(system)


@pytest.mark.parametrize("role", ["worker", "bot"])
async def test_after_a_key_was_stolen_what_rests_on_it_ends_and_the_rest_goes_on(
    system: System, workspace: Workspace, stock: str, role: str, alice: Person, bob: Person
) -> None:
    staging, production = system.shop.staging, system.shop.production
    await started(system, workspace)
    for tag in ("1", "2"):
        number = await system.asked(alice, f"deploy {stock}:{tag} to {staging}")
        assert system.ended(number).state is State.SUCCEEDED, system.logs()
    waiting = await system.asked(alice, f"deploy {stock}:1 to {production}")
    system.reaches(waiting, State.AWAITING_APPROVAL)
    await approve(workspace, bob, waiting)
    system.until(waiting, lambda one: len(one.votes) == 1)
    stolen: SigningKey = getattr(system.keys, role)
    stop(system)
    told = changed(system, "revoke", stolen.id)
    assert f"Ended: #{waiting}." in told
    # Two releases, and which engine the host is.
    assert f"Signed again: {3 if role == 'worker' else 0}." in told
    assert "Ended: none" in changed(system, "revoke", stolen.id)
    take_new_key(system, role)
    await started(system, workspace)
    card = await final_card(workspace, waiting)
    assert f"The key {stolen.id} was revoked, and this depended on it." in card.words
    assert isinstance(system.ended(waiting).outcome, Ended)
    back = await system.asked(alice, f"rollback {staging}/web")
    assert system.ended(back).state is State.SUCCEEDED, system.logs()
    assert "web v1" in page_at(system.shop.port)
    again = await system.asked(alice, f"deploy {stock}:1 to {production}")
    system.reaches(again, State.AWAITING_APPROVAL)
    for voter in (BOB, CAROL):
        await approve(workspace, workspace.person(voter), again)
    assert system.ended(again).state is State.SUCCEEDED, system.logs()
    audit_holds(system)


async def test_what_the_thief_signs_afterwards_is_refused(
    system: System, workspace: Workspace, stock: str, alice: Person
) -> None:
    staging = system.shop.staging
    await started(system, workspace)
    for tag in ("1", "2"):
        number = await system.asked(alice, f"deploy {stock}:{tag} to {staging}")
        assert system.ended(number).state is State.SUCCEEDED, system.logs()
    stolen = system.keys.worker
    stop(system)
    changed(system, "revoke", stolen.id)
    take_new_key(system, "worker")
    await started(system, workspace)
    with contextlib.closing(system.connection()) as connection:
        where = keys.releases(ServiceRef(staging, "web"))
        text = connection.lindex(where, 0)
        assert isinstance(text, bytes)
        release = RELEASE.adapter.validate_json(body_of(text.decode()))
        forged = RELEASE.signed(replace(release, released_by="U0EVE"), (staging, "web"), stolen)
        connection.rpush(where, forged.text)
    back = await system.asked(alice, f"rollback {staging}/web")
    outcome = system.ended(back).outcome
    assert isinstance(outcome, Failed)
    assert f"signed with {stolen.id}, a key that was revoked" in outcome.trouble.what
    assert "web v2" in page_at(system.shop.port)


async def test_with_another_key_of_fingerprints_secrets_cannot_be_compared(
    system: System, workspace: Workspace, stock: str, alice: Person
) -> None:
    staging, production = system.shop.staging, system.shop.production
    published = f'ports: ["127.0.0.1:{system.shop.port + 1}:8000"]'
    system.reconfigure(published, f"{published}\n        {_SECRET}")
    await started(system, workspace)
    for tag in ("1", "2"):
        number = await system.asked(alice, f"deploy {stock}:{tag} to {staging}")
        assert system.ended(number).state is State.SUCCEEDED, system.logs()
    waiting = await system.asked(alice, f"deploy {stock}:1 to {production}")
    system.reaches(waiting, State.AWAITING_APPROVAL)
    stop(system)
    changed(system, "rotate", "fingerprint")
    new = dict(PrivateFile(system.folder / "private").values())["QUAYMASTER_FINGERPRINT_KEY"]
    await started(system, workspace, QUAYMASTER_FINGERPRINT_KEY=new)
    for voter in (BOB, CAROL):
        await approve(workspace, workspace.person(voter), waiting)
    ended = system.ended(waiting)
    assert ended.state is State.SUPERSEDED, system.logs()
    assert isinstance(ended.outcome, Ended)
    assert "cannot be compared" in ended.outcome.why
    assert "changed since" not in ended.outcome.why
    back = await system.asked(alice, f"rollback {staging}/web")
    outcome = system.ended(back).outcome
    assert isinstance(outcome, Deployed), system.logs()
    assert any("cannot be compared" in note for note in outcome.notes), outcome.notes
    assert not any("changed" in note for note in outcome.notes), outcome.notes
