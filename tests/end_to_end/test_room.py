"""A Redis that is nearly full, or full: what runs ends on its card, and all goes on afterwards."""

import contextlib

import pytest

from local_slack import Person, Workspace
from quaymaster.operations import State
from testing.engines.valkey import fill
from testing.engines.waiting import until
from testing.images.catalogue import LocalImages
from testing.system import System, page_at
from tests.end_to_end.cards import approve, final_card
from tests.end_to_end.conftest import Push
from tests.people import BOB, CAROL

pytestmark = pytest.mark.engine


async def test_nearly_full_it_takes_no_new_work_and_a_deploy_is_approved_and_ends(
    system: System, workspace: Workspace, images: LocalImages, push: Push, alice: Person
) -> None:
    repository, production = system.shop.repository, system.shop.production
    push(images.web_v1, "1")
    await system.opens(workspace)
    number = await system.asked(alice, f"deploy {repository}:1 to {production}")
    system.reaches(number, State.AWAITING_APPROVAL)
    with contextlib.closing(system.connection()) as connection:
        fill(connection, 0.93)
        await until(lambda: _is_refused(alice, repository), "the bot to notice", every=0.5)
        for voter in (BOB, CAROL):
            await approve(workspace, workspace.person(voter), number)
        assert system.ended(number).state is State.SUCCEEDED, system.logs()
        assert "Deployed" in (await final_card(workspace, number)).words
        assert "web v1" in page_at(system.shop.port + 1)
        assert await _is_refused(alice, repository)
        connection.delete("filler")
    await until(lambda: _is_taken(alice, repository), "room", every=0.5)


async def test_full_its_end_is_written_when_there_is_room(
    system: System, workspace: Workspace, images: LocalImages, push: Push, alice: Person
) -> None:
    repository, staging = system.shop.repository, system.shop.staging
    push(images.web_v1, "1")
    system.reconfigure("environment: {GREETING", "bake: 1s\n        environment: {GREETING")
    bot, worker = system.start("bot"), system.worker()
    await workspace.connected(within=60)
    number = await system.asked(alice, f"deploy {repository}:1 to {staging}")
    with contextlib.closing(system.connection()) as connection:
        system.reaches(number, State.RUNNING)
        connection.config_set("maxmemory", 1)

        async def several_were_refused() -> bool:
            stats = connection.info("errorstats")
            return int(stats.get("errorstat_OOM", {"count": 0})["count"]) > 20

        await until(several_were_refused, "Redis to refuse", every=0.5)
        await until(lambda: _is_refused(alice, repository), "the bot to notice", every=0.5)
        connection.config_set("maxmemory", 0)
    assert system.ended(number, within=60).state.is_terminal
    card = await final_card(workspace, number)
    assert f"#{number}" in card.words
    await until(lambda: _is_taken(alice, repository), "room", every=0.5)
    again = await system.asked(alice, f"tags {repository}")
    assert system.ended(again).state is State.SUCCEEDED, system.logs()
    assert bot.is_running()
    assert worker.is_running()


async def _is_refused(person: Person, repository: str) -> bool:
    words = (await person.command("C0SHOP", f"tags {repository}")).words
    return "nearly full, so nothing was started" in words or "refuses changes" in words


async def _is_taken(person: Person, repository: str) -> bool:
    return "Started #" in (await person.command("C0SHOP", f"tags {repository}")).words
