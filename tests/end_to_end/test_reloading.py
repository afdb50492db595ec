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
from testing.engines.waiting import wait_until
from testing.images.catalogue import LocalImages
from testing.system import Program, System, page_at
from tests.end_to_end.cards import approval_request, approve
from tests.end_to_end.conftest import Push
from tests.people import ALICE, BOB, CAROL

pytestmark = pytest.mark.engine

RELOADED = "configuration read again"


@pytest.fixture(autouse=True)
def versions(push: Push, images: LocalImages) -> None:
    """In the registry. The fourth starts slowly."""
    push(images.web_v1, "1")
    push(images.web_v4_slow_start, "4")


def folder_of(system: System, program: str) -> str:
    return str(system.folder / f"health-{program}")


async def opened(system: System, workspace: Workspace) -> tuple[Program, Program]:
    """A bot and a worker, each with a folder for its signs of life, and a scanner."""
    bot = system.start("bot", QUAYMASTER_HEALTH=folder_of(system, "bot"))
    system.scanner(QUAYMASTER_HEALTH=folder_of(system, "scanner"))
    given = ("worker", "--grace", "10")
    worker = system.start(*given, QUAYMASTER_HEALTH=folder_of(system, "worker"))
    await workspace.connected(within=60)
    return bot, worker


def quaymaster(system: System, command: str, program: str) -> "subprocess.CompletedProcess[str]":
    """The command as an operator runs it beside a program."""
    return subprocess.run(
        [sys.executable, "-m", "programs.cli", command],
        env={**system.environment, "QUAYMASTER_HEALTH": folder_of(system, program)},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def reloaded(system: System) -> None:
    """Every program has taken up what stands in the file."""
    for program in ("bot", "scanner", "worker"):
        done = quaymaster(system, "reload", program)
        assert done.returncode == 0, (done, system.logs())


def hung_up(*programs: Program) -> None:
    """SIGHUP, until each has logged that it took up the file."""
    for program in programs:
        os.kill(program.pid, signal.SIGHUP)
    wait_until(
        lambda: all(RELOADED in one.tail() for one in programs),
        within=60,
        what="the file to be taken up",
    )


async def waiting(system: System, workspace: Workspace) -> int:
    """A deploy to production that waits for two people."""
    text = f"deploy {system.shop.repository}:1 to {system.shop.production}"
    number = await system.asked(workspace.person(ALICE), text)
    system.reaches(number, State.AWAITING_APPROVAL)
    await approval_request(workspace, number)
    return number


async def test_a_comment_and_a_change_elsewhere_void_no_approval_and_count_for_the_next_job(
    system: System,
    workspace: Workspace,
    engine: docker.DockerClient,
    alice: Person,
    bob: Person,
    carol: Person,
) -> None:
    bot, worker = await opened(system, workspace)
    number = await waiting(system, workspace)
    await approve(workspace, bob, number)
    system.until(number, lambda one: bool(one.votes))
    system.reconfigure("roles:\n", "# who is who\nroles:\n")
    system.reconfigure("GREETING: hello", "GREETING: welcome")
    hung_up(bot, worker, *system.scanners())
    await approve(workspace, carol, number)
    assert system.ended(number).state is State.SUCCEEDED, system.logs()
    assert "web v1" in page_at(system.shop.port + 1)
    staging = system.shop.staging
    text = f"deploy {system.shop.repository}:1 to {staging}"
    second = await system.asked(alice, text)
    assert system.ended(second).state is State.SUCCEEDED, system.logs()
    assert "GREETING=welcome" in environment_of(engine, staging)


async def test_a_change_of_the_environment_voids_its_plans_and_the_next_one_is_by_the_new_rules(
    system: System, workspace: Workspace, bob: Person
) -> None:
    await opened(system, workspace)
    first = await waiting(system, workspace)
    system.reconfigure("approval: {needed: 2", "approval: {needed: 1")
    reloaded(system)
    await approve(workspace, bob, first)
    await bob.sees(f"The configuration of {system.shop.production} changed")
    second = await waiting(system, workspace)
    await approve(workspace, bob, second)
    assert system.ended(second).state is State.SUCCEEDED, system.logs()


async def test_a_worker_that_has_not_read_a_change_does_not_act_on_it(
    system: System, workspace: Workspace, alice: Person
) -> None:
    bot, _ = await opened(system, workspace)
    system.reconfigure("GREETING: hello", "GREETING: welcome")
    hung_up(bot)
    text = f"deploy {system.shop.repository}:1 to {system.shop.staging}"
    ended = system.ended(await system.asked(alice, text))
    assert isinstance(ended.outcome, Failed), system.logs()
    assert "configured differently" in ended.outcome.trouble.what
    assert quaymaster(system, "reload", "worker").returncode == 0
    ended = system.ended(await system.asked(alice, text))
    assert ended.state is State.SUCCEEDED, system.logs()


async def test_a_broken_file_is_refused_as_at_the_start_and_the_old_one_stays(
    system: System, workspace: Workspace
) -> None:
    programs = await opened(system, workspace)
    number = await waiting(system, workspace)
    system.reconfigure("approval: {needed: 2", "approval: {neded: 1")
    at_the_start = system.start("bot")
    assert at_the_start.process.wait(30) == 2
    complaint = at_the_start.tail().strip()
    assert "neded" in complaint
    for program in ("bot", "scanner", "worker"):
        done = quaymaster(system, "reload", program)
        assert done.returncode == 1, (done, system.logs())
        assert complaint in done.stderr
        assert "The old configuration stays in use." in done.stderr
        well = quaymaster(system, "healthy", program)
        assert "the new one was refused" in well.stdout
    assert all(one.is_running() for one in programs)
    for voter in (BOB, CAROL):
        await approve(workspace, workspace.person(voter), number)
    assert system.ended(number).state is State.SUCCEEDED, system.logs()
    system.reconfigure("approval: {neded: 1", "approval: {needed: 1")
    reloaded(system)
    assert quaymaster(system, "healthy", "worker").stdout == "well\n"


async def test_a_job_under_way_keeps_the_configuration_that_it_began_with(
    system: System, workspace: Workspace, engine: docker.DockerClient, alice: Person
) -> None:
    bot, worker = await opened(system, workspace)
    text = f"deploy {system.shop.repository}:4 to {system.shop.staging}"
    number = await system.asked(alice, text)
    system.until(number, lambda one: one.progress is not None and "health" in one.progress.step)
    horses = worker.horses()
    assert horses
    system.reconfigure("GREETING: hello", "GREETING: welcome")
    hung_up(bot, worker)
    assert worker.horses() == horses
    assert system.ended(number).state is State.SUCCEEDED, system.logs()
    assert "GREETING=hello" in environment_of(engine, system.shop.staging)


def environment_of(engine: docker.DockerClient, environment: str) -> list[str]:
    """The variables of the container that runs there."""
    label = {"label": f"quaymaster.environment={environment}"}
    (container,) = engine.containers.list(filters=label)
    given: list[str] = container.attrs["Config"]["Env"]
    return given
