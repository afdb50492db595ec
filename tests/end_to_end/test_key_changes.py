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
from tests.end_to_end.cards import approve, final_card
from tests.end_to_end.house import House, page_at
from tests.engines.local_images import push_image
from tests.engines.registries import Registry
from tests.images.catalogue import LocalImages
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


async def started(house: House, workspace: Workspace, **environment: str) -> None:
    """A bot and a worker with the keys that the house has now."""
    house.start("bot", **environment)
    house.start("worker", "--grace", "10", **environment)
    await workspace.connected(within=60)


def stop(house: House) -> None:
    """End every program."""
    for program in house.programs:
        if program.is_running():
            program.stop()


def changed(house: House, *words: str) -> str:
    """What a command about keys says; the house has the new keys afterwards."""
    private = house.folder / "private"
    program = house.start("keys", *words, "--to", str(private), REDIS_URL=house.valkey.url)
    assert program.process.wait(60) == 0, program.tail()
    ring = KeyRing.load(house.folder / "quaymaster.keys.yml")
    house.keys = replace(house.keys, ring=ring)
    return program.tail()


def take_new_key(house: House, role: str) -> None:
    """Programs of this role are started with their new key from now on."""
    text = dict(PrivateFile(house.folder / "private").values())[f"{role.upper()}_SIGNING_KEY"]
    key = SigningKey.parse(text)
    is_bot = role == "bot"
    house.keys = replace(house.keys, bot=key) if is_bot else replace(house.keys, worker=key)


def audit_holds(house: House) -> None:
    program = house.start("audit", "verify")
    assert program.process.wait(60) == 0, program.tail()


async def test_new_keys_come_while_an_approval_waits_and_releases_exist(
    house: House, workspace: Workspace, stock: str, alice: Person, bob: Person, carol: Person
) -> None:
    staging, production = house.shop.staging, house.shop.production
    await started(house, workspace)
    released = await house.asked(alice, f"deploy {stock}:1 to {staging}")
    assert house.ended(released).state is State.SUCCEEDED, house.logs()
    waiting = await house.asked(alice, f"deploy {stock}:1 to {production}")
    house.reaches(waiting, State.AWAITING_APPROVAL)
    await approve(workspace, bob, waiting)
    house.until(waiting, lambda one: len(one.votes) == 1)
    for role in ("bot", "worker"):
        changed(house, "rotate", role)
    stop(house)
    await started(house, workspace)  # with the new ring and the old keys
    house.reaches(waiting, State.AWAITING_APPROVAL)
    stop(house)
    for role in ("bot", "worker"):
        take_new_key(house, role)
    await started(house, workspace)
    await approve(workspace, carol, waiting)
    assert house.ended(waiting).state is State.SUCCEEDED, house.logs()
    assert "web v1" in page_at(house.shop.port + 1)
    second = await house.asked(alice, f"deploy {stock}:2 to {staging}")
    assert house.ended(second).state is State.SUCCEEDED, house.logs()
    back = await house.asked(alice, f"rollback {staging}/web")
    assert house.ended(back).state is State.SUCCEEDED, house.logs()
    assert "web v1" in page_at(house.shop.port)
    audit_holds(house)


@pytest.mark.parametrize("role", ["worker", "bot"])
async def test_after_a_key_was_stolen_what_rests_on_it_ends_and_the_rest_goes_on(
    house: House, workspace: Workspace, stock: str, role: str, alice: Person, bob: Person
) -> None:
    staging, production = house.shop.staging, house.shop.production
    await started(house, workspace)
    for tag in ("1", "2"):
        number = await house.asked(alice, f"deploy {stock}:{tag} to {staging}")
        assert house.ended(number).state is State.SUCCEEDED, house.logs()
    waiting = await house.asked(alice, f"deploy {stock}:1 to {production}")
    house.reaches(waiting, State.AWAITING_APPROVAL)
    await approve(workspace, bob, waiting)
    house.until(waiting, lambda one: len(one.votes) == 1)
    stolen: SigningKey = getattr(house.keys, role)
    stop(house)
    told = changed(house, "revoke", stolen.id)
    assert f"Ended: #{waiting}." in told
    # Two releases, and which engine the host is.
    assert f"Signed again: {3 if role == 'worker' else 0}." in told
    assert "Ended: none" in changed(house, "revoke", stolen.id)
    take_new_key(house, role)
    await started(house, workspace)
    card = await final_card(workspace, waiting)
    assert f"The key {stolen.id} was revoked, and this depended on it." in card.words
    assert isinstance(house.ended(waiting).outcome, Ended)
    back = await house.asked(alice, f"rollback {staging}/web")
    assert house.ended(back).state is State.SUCCEEDED, house.logs()
    assert "web v1" in page_at(house.shop.port)
    again = await house.asked(alice, f"deploy {stock}:1 to {production}")
    house.reaches(again, State.AWAITING_APPROVAL)
    for voter in (BOB, CAROL):
        await approve(workspace, workspace.person(voter), again)
    assert house.ended(again).state is State.SUCCEEDED, house.logs()
    audit_holds(house)


async def test_what_the_thief_signs_afterwards_is_refused(
    house: House, workspace: Workspace, stock: str, alice: Person
) -> None:
    staging = house.shop.staging
    await started(house, workspace)
    for tag in ("1", "2"):
        number = await house.asked(alice, f"deploy {stock}:{tag} to {staging}")
        assert house.ended(number).state is State.SUCCEEDED, house.logs()
    stolen = house.keys.worker
    stop(house)
    changed(house, "revoke", stolen.id)
    take_new_key(house, "worker")
    await started(house, workspace)
    with contextlib.closing(house.connection()) as connection:
        where = keys.releases(ServiceRef(staging, "web"))
        text = connection.lindex(where, 0)
        assert isinstance(text, bytes)
        release = RELEASE.adapter.validate_json(body_of(text.decode()))
        forged = RELEASE.signed(replace(release, released_by="U0EVE"), (staging, "web"), stolen)
        connection.rpush(where, forged.text)
    back = await house.asked(alice, f"rollback {staging}/web")
    outcome = house.ended(back).outcome
    assert isinstance(outcome, Failed)
    assert f"signed with {stolen.id}, a key that was revoked" in outcome.trouble.what
    assert "web v2" in page_at(house.shop.port)


async def test_with_another_key_of_fingerprints_secrets_cannot_be_compared(
    house: House, workspace: Workspace, stock: str, alice: Person
) -> None:
    staging, production = house.shop.staging, house.shop.production
    published = f'ports: ["127.0.0.1:{house.shop.port + 1}:8000"]'
    house.reconfigure(published, f"{published}\n        {_SECRET}")
    await started(house, workspace)
    for tag in ("1", "2"):
        number = await house.asked(alice, f"deploy {stock}:{tag} to {staging}")
        assert house.ended(number).state is State.SUCCEEDED, house.logs()
    waiting = await house.asked(alice, f"deploy {stock}:1 to {production}")
    house.reaches(waiting, State.AWAITING_APPROVAL)
    stop(house)
    changed(house, "rotate", "fingerprint")
    new = dict(PrivateFile(house.folder / "private").values())["QUAYMASTER_FINGERPRINT_KEY"]
    await started(house, workspace, QUAYMASTER_FINGERPRINT_KEY=new)
    for voter in (BOB, CAROL):
        await approve(workspace, workspace.person(voter), waiting)
    ended = house.ended(waiting)
    assert ended.state is State.SUPERSEDED, house.logs()
    assert isinstance(ended.outcome, Ended)
    assert "cannot be compared" in ended.outcome.why
    assert "changed since" not in ended.outcome.why
    back = await house.asked(alice, f"rollback {staging}/web")
    outcome = house.ended(back).outcome
    assert isinstance(outcome, Deployed), house.logs()
    assert any("cannot be compared" in note for note in outcome.notes), outcome.notes
    assert not any("changed" in note for note in outcome.notes), outcome.notes
