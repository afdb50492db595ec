"""The configuration is read again while the programs work: what a change does not touch goes on,
and a broken file changes nothing.
"""

import os
import signal
import subprocess
import sys

import docker
import pytest

from local_slack import Person, Workspace
from quaymaster.operations import State
from quaymaster.outcomes import Failed
from tests.end_to_end.cards import approval_request, approve
from tests.end_to_end.conftest import Push
from tests.end_to_end.house import House, Program, page_at
from tests.engines.waiting import wait_until
from tests.images.catalogue import LocalImages
from tests.people import ALICE, BOB, CAROL

pytestmark = pytest.mark.engine

RELOADED = "configuration read again"


@pytest.fixture(autouse=True)
def versions(push: Push, images: LocalImages) -> None:
    """In the registry. The fourth starts slowly."""
    push(images.web_v1, "1")
    push(images.web_v4_slow_start, "4")


def folder_of(house: House, program: str) -> str:
    return str(house.folder / f"health-{program}")


async def opened(house: House, workspace: Workspace) -> tuple[Program, Program]:
    """A bot and a worker, each with a folder for its signs of life, and a scanner."""
    bot = house.start("bot", QUAYMASTER_HEALTH=folder_of(house, "bot"))
    house.scanner(QUAYMASTER_HEALTH=folder_of(house, "scanner"))
    given = ("worker", "--grace", "10")
    worker = house.start(*given, QUAYMASTER_HEALTH=folder_of(house, "worker"))
    await workspace.connected(within=60)
    return bot, worker


def quaymaster(house: House, command: str, program: str) -> "subprocess.CompletedProcess[str]":
    """The command as an operator runs it beside a program."""
    return subprocess.run(
        [sys.executable, "-m", "quaymaster.cli", command],
        env={**house.environment, "QUAYMASTER_HEALTH": folder_of(house, program)},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def reloaded(house: House) -> None:
    """Every program has taken up what stands in the file."""
    for program in ("bot", "scanner", "worker"):
        done = quaymaster(house, "reload", program)
        assert done.returncode == 0, (done, house.logs())


def hung_up(*programs: Program) -> None:
    """SIGHUP, until each has logged that it took up the file."""
    for program in programs:
        os.kill(program.pid, signal.SIGHUP)
    wait_until(
        lambda: all(RELOADED in one.tail() for one in programs),
        within=60,
        what="the file to be taken up",
    )


async def waiting(house: House, workspace: Workspace) -> int:
    """A deploy to production that waits for two people."""
    text = f"deploy {house.shop.repository}:1 to {house.shop.production}"
    number = await house.asked(workspace.person(ALICE), text)
    house.reaches(number, State.AWAITING_APPROVAL)
    await approval_request(workspace, number)
    return number


async def test_a_comment_and_a_change_elsewhere_void_no_approval_and_count_for_the_next_job(
    house: House,
    workspace: Workspace,
    engine: docker.DockerClient,
    alice: Person,
    bob: Person,
    carol: Person,
) -> None:
    bot, worker = await opened(house, workspace)
    number = await waiting(house, workspace)
    await approve(workspace, bob, number)
    house.until(number, lambda one: bool(one.votes))
    house.reconfigure("roles:\n", "# who is who\nroles:\n")
    house.reconfigure("GREETING: hello", "GREETING: welcome")
    hung_up(bot, worker, *house.scanners())
    await approve(workspace, carol, number)
    assert house.ended(number).state is State.SUCCEEDED, house.logs()
    assert "web v1" in page_at(house.shop.port + 1)
    staging = house.shop.staging
    text = f"deploy {house.shop.repository}:1 to {staging}"
    second = await house.asked(alice, text)
    assert house.ended(second).state is State.SUCCEEDED, house.logs()
    assert "GREETING=welcome" in environment_of(engine, staging)


async def test_a_change_of_the_environment_voids_its_plans_and_the_next_one_is_by_the_new_rules(
    house: House, workspace: Workspace, bob: Person
) -> None:
    await opened(house, workspace)
    first = await waiting(house, workspace)
    house.reconfigure("approval: {needed: 2", "approval: {needed: 1")
    reloaded(house)
    await approve(workspace, bob, first)
    await bob.sees(f"The configuration of {house.shop.production} changed")
    second = await waiting(house, workspace)
    await approve(workspace, bob, second)
    assert house.ended(second).state is State.SUCCEEDED, house.logs()


async def test_a_worker_that_has_not_read_a_change_does_not_act_on_it(
    house: House, workspace: Workspace, alice: Person
) -> None:
    bot, _ = await opened(house, workspace)
    house.reconfigure("GREETING: hello", "GREETING: welcome")
    hung_up(bot)
    text = f"deploy {house.shop.repository}:1 to {house.shop.staging}"
    ended = house.ended(await house.asked(alice, text))
    assert isinstance(ended.outcome, Failed), house.logs()
    assert "configured differently" in ended.outcome.trouble.what
    assert quaymaster(house, "reload", "worker").returncode == 0
    ended = house.ended(await house.asked(alice, text))
    assert ended.state is State.SUCCEEDED, house.logs()


async def test_a_broken_file_is_refused_as_at_the_start_and_the_old_one_stays(
    house: House, workspace: Workspace
) -> None:
    programs = await opened(house, workspace)
    number = await waiting(house, workspace)
    house.reconfigure("approval: {needed: 2", "approval: {neded: 1")
    at_the_start = house.start("bot")
    assert at_the_start.process.wait(30) == 2
    complaint = at_the_start.tail().strip()
    assert "neded" in complaint
    for program in ("bot", "scanner", "worker"):
        done = quaymaster(house, "reload", program)
        assert done.returncode == 1, (done, house.logs())
        assert complaint in done.stderr
        assert "The old configuration stays in use." in done.stderr
        well = quaymaster(house, "healthy", program)
        assert "the new one was refused" in well.stdout
    assert all(one.is_running() for one in programs)
    for voter in (BOB, CAROL):
        await approve(workspace, workspace.person(voter), number)
    assert house.ended(number).state is State.SUCCEEDED, house.logs()
    house.reconfigure("approval: {neded: 1", "approval: {needed: 1")
    reloaded(house)
    assert quaymaster(house, "healthy", "worker").stdout == "well\n"


async def test_a_job_under_way_keeps_the_configuration_that_it_began_with(
    house: House, workspace: Workspace, engine: docker.DockerClient, alice: Person
) -> None:
    bot, worker = await opened(house, workspace)
    text = f"deploy {house.shop.repository}:4 to {house.shop.staging}"
    number = await house.asked(alice, text)
    house.until(number, lambda one: one.progress is not None and "health" in one.progress.step)
    horses = worker.horses()
    assert horses
    house.reconfigure("GREETING: hello", "GREETING: welcome")
    hung_up(bot, worker)
    assert worker.horses() == horses
    assert house.ended(number).state is State.SUCCEEDED, house.logs()
    assert "GREETING=hello" in environment_of(engine, house.shop.staging)


def environment_of(engine: docker.DockerClient, environment: str) -> list[str]:
    """The variables of the container that runs there."""
    label = {"label": f"quaymaster.environment={environment}"}
    (container,) = engine.containers.list(filters=label)
    given: list[str] = container.attrs["Config"]["Env"]
    return given
