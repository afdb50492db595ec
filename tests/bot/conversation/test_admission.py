"""Only who may: G5, for commands."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local_slack import Fault, FaultKind, LocalSlack
from quaymaster.actors import PRODUCT, Product, Schedule, SlackUser
from quaymaster.operations import Operation, Origin, State
from quaymaster.outcomes import Failed
from quaymaster.requests import DeployRequest
from quaymaster.store import keys
from testing import samples
from testing.engines.waiting import until
from testing.keys import WORKER
from tests.bot.conftest import TEAM, Running, store
from tests.people import ALICE, BOB
from workers.reconciler import Reconciler

pytestmark = pytest.mark.engine

PUSH = "push shop/web:1.4 from build1"


async def ended(bot: Running, state: State) -> Operation:
    """The only operation, when it has ended like this."""
    await until(lambda: bot.operations() and bot.operations()[0].state is state, state)
    (operation,) = bot.operations()
    return operation


def why(operation: Operation) -> str:
    assert isinstance(operation.outcome, Failed)
    problem = operation.outcome.trouble
    return f"{problem.what} {problem.why} {problem.next_step}"


@pytest.mark.parametrize(
    ("user", "reason"),
    [
        ("U0GUEST", "guest"),
        ("U0SINGLE", "guest"),
        ("U0GONE", "deactivated"),
        ("U0OTHERBOT", "Programs"),
        ("U0STRANGER", "another workspace"),
    ],
)
async def test_only_full_members_of_this_workspace_are_admitted(
    bot: Running, user: str, reason: str
) -> None:
    await bot.person(user).command("C0SHOP", PUSH)
    operation = await ended(bot, State.REFUSED)
    assert reason in why(operation)
    assert bot.jobs("host:build1") == []


@pytest.mark.parametrize("actor", [PRODUCT, Schedule("nightly")], ids=["product", "schedule"])
async def test_what_no_person_asked_for_is_not_admitted(
    bot: Running, actor: Product | Schedule
) -> None:
    """It has no rights, and is refused on a card: there is nobody to tell alone."""
    old = datetime.now(UTC) - timedelta(minutes=1)
    left = samples.operation(
        state=State.ACCEPTED,
        actor=actor,
        requested_at=old,
        changed_at=old,
    )
    operation = store(bot, left)
    await until(lambda: bot.operation(operation.id).state is State.REFUSED, "the refusal")
    assert "no rights to check" in why(bot.operation(operation.id))
    assert bot.jobs(operation.queue) == []


async def test_somebody_without_the_right_is_refused(bot: Running) -> None:
    await bot.person(BOB).command("C0SHOP", "rollback production/web")
    assert "Only release-managers can roll back production/web." in why(
        await ended(bot, State.REFUSED)
    )


async def test_a_user_group_gives_its_members_the_role(bot: Running) -> None:
    await bot.person("U0CAROL").command("C0SHOP", "rollback production/web")
    await until(lambda: bot.jobs("urgent:app1"), "the job")


async def test_a_frozen_environment_takes_no_deploy(bot: Running) -> None:
    await bot.person(ALICE).command("C0SHOP", "deploy shop/web:1.4 to frozen")
    assert "frozen is frozen" in why(await ended(bot, State.REFUSED))


async def test_a_look_up_that_fails_refuses_and_says_so(bot: Running) -> None:
    await bot.workspace.fault(Fault(FaultKind.SERVER_ERROR, "users.info"))
    await bot.person(ALICE).command("C0SHOP", PUSH)
    assert "could not find out who you are" in why(await ended(bot, State.REFUSED))


async def test_a_look_up_that_fails_once_is_tried_again(bot: Running) -> None:
    await bot.workspace.fault(Fault(FaultKind.RATE_LIMITED, "users.info", calls=1, retry_after=1))
    await bot.person(ALICE).command("C0SHOP", PUSH)
    await ended(bot, State.QUEUED)


@pytest.fixture
async def nobody_lists_groups(slack: LocalSlack) -> None:
    """Slack says of no group who is in it, from the beginning: a bot asks when it starts."""
    async with slack.workspace() as workspace:
        await workspace.fault(Fault(FaultKind.SERVER_ERROR, "usergroups.users.list"))


@pytest.mark.usefixtures("nobody_lists_groups")
async def test_a_group_that_cannot_be_looked_up_refuses(bot: Running) -> None:
    await bot.person("U0CAROL").command("C0SHOP", "rollback production/web")
    assert "could not find out" in why(await ended(bot, State.REFUSED))


async def test_somebody_who_becomes_a_guest_is_refused_a_minute_later_at_most(
    bot: Running,
) -> None:
    await bot.workspace.set_membership(BOB, "guest")
    await bot.person(BOB).command("C0SHOP", PUSH)
    assert "guest" in why(await ended(bot, State.REFUSED))


def left_behind(bot: Running, **changes: object) -> Operation:
    """What a bot that died just after the acknowledgement leaves."""
    then = datetime.now(UTC) - timedelta(seconds=4)
    given = {
        "id": 77,
        "state": State.ACCEPTED,
        "actor": SlackUser(TEAM, ALICE),
        "origin": Origin("C0SHOP", "trigger-77"),
        "configuration_revision": "",
        "requested_at": then,
        "changed_at": then,
        **changes,
    }
    return store(bot, samples.operation(**given))


async def test_what_a_dead_bot_left_behind_is_admitted(bot: Running) -> None:
    operation = left_behind(bot)
    await ended(bot, State.QUEUED)
    assert bot.jobs("host:build1") == [operation.job_id]


async def test_an_operation_that_somebody_wrote_into_redis_is_not_admitted(bot: Running) -> None:
    forged = left_behind(bot)
    genuine = left_behind(bot, id=78, origin=Origin("C0SHOP", "trigger-78"))
    where, elsewhere = keys.operation(forged.id), keys.operation(genuine.id)
    record: Any = bot.connection.hget(where, "record")
    bot.connection.hset(where, "record", record.replace(b"host:build1", b"host:app1"))
    await until(lambda: bot.operation(genuine.id).state is State.QUEUED, "the other")
    assert bot.connection.hget(elsewhere, "state") == b"queued"
    assert bot.connection.hget(where, "state") == b"accepted"
    assert bot.jobs("host:build1") == [genuine.job_id]
    assert bot.jobs("host:app1") == []
    Reconciler(bot.connection, WORKER).look(datetime.now(UTC))
    assert "its signature does not fit" in why(bot.operation(forged.id))
    assert bot.operation(forged.id).state is State.FAILED


async def test_an_operation_of_another_configuration_is_refused(bot: Running) -> None:
    deploy = DeployRequest(samples.image(), "staging", "web")
    left_behind(bot, request=deploy, configuration_revision="other")
    assert "configuration of this environment changed" in why(await ended(bot, State.REFUSED))


async def test_a_record_that_cannot_be_read_does_not_hold_up_the_others(bot: Running) -> None:
    bot.connection.hset("quaymaster:operation:5", "record", "{")
    bot.connection.sadd("quaymaster:operations:open", 5)
    operation = left_behind(bot)
    await until(lambda: bot.operation(77).state is State.QUEUED, "the other")
    assert replace(operation, state=State.QUEUED).job_id in bot.jobs("host:build1")
