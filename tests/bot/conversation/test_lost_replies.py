"""What becomes of a command whose reply from Redis is lost on the way, or comes late."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from quaymaster.journal import event_of
from quaymaster.operations import State
from quaymaster.settings import Settings
from quaymaster.store import records
from quaymaster.store.transactions import ask, perform
from testing.engines.valkey import ValkeyServer
from testing.engines.waiting import until
from testing.keys import RING, WORKER_KEY
from tests.bot.bursts import PUSH, answer
from tests.bot.conftest import Running
from tests.bot.wire import Wire
from tests.people import ALICE

pytestmark = pytest.mark.engine

ANSWERED_WITHIN = 2.5
ACCEPTANCE = b"quaymaster:delivery:"
"""Only accepting an operation says this to Redis."""


@pytest.fixture
async def wire(valkey_server: ValkeyServer) -> AsyncIterator[Wire]:
    """What is between the bot and its Redis."""
    async with Wire.to(valkey_server) as wire:
        yield wire


@pytest.fixture
def settings(settings: Settings, wire: Wire) -> Settings:
    """The bot reaches Redis over the wire."""
    return replace(settings, redis_url=SecretStr(wire.url))


@pytest.fixture
async def known(bot: Running) -> Running:
    """The bot knows Alice: what she asks for is queued in the acceptance."""
    await bot.person(ALICE).command("C0SHOP", PUSH)
    await until(lambda: len(bot.jobs("host:build1")) == 1, "the first job")
    return bot


@pytest.mark.deadline
async def test_a_command_whose_reply_is_lost_is_accepted_once(known: Running, wire: Wire) -> None:
    wire.silenced_by = ACCEPTANCE
    outcome = await known.person(ALICE).command("C0SHOP", PUSH)
    assert "Started #" in answer(outcome)
    assert outcome.seconds < ANSWERED_WITHIN
    assert wire.silenced_by == b""
    operation = known.operations()[1]
    assert f"#{operation.id}:" in answer(outcome)
    assert known.jobs("host:build1")[1:] == [operation.job_id]
    await known.person(ALICE).command("C0SHOP", PUSH)
    assert len(known.operations()) == 3


async def test_a_command_whose_connection_breaks_is_accepted_once(
    known: Running, wire: Wire
) -> None:
    wire.cut_by = ACCEPTANCE
    outcome = await known.person(ALICE).command("C0SHOP", PUSH)
    assert "Started #" in answer(outcome)
    assert wire.cut_by == b""
    operation = known.operations()[1]
    assert known.jobs("host:build1")[1:] == [operation.job_id]


@pytest.mark.deadline
async def test_an_acceptance_of_which_every_answer_was_lost_is_taken_back(
    known: Running, wire: Wire
) -> None:
    """The person was told that nothing was started, so nothing may run."""
    wire.loses_answers = True
    outcome = await known.person(ALICE).command("C0SHOP", PUSH)
    assert "nothing was started" in answer(outcome)
    assert outcome.seconds < ANSWERED_WITHIN
    assert known.operations()[1].state is State.QUEUED
    wire.loses_answers = False
    await until(lambda: known.operations()[1].state is State.CANCELLED, "the end of it")


async def test_an_unanswered_acceptance_that_runs_by_now_is_asked_to_stop(
    known: Running, wire: Wire
) -> None:
    wire.loses_answers = True
    await known.person(ALICE).command("C0SHOP", PUSH)
    operation = known.operations()[1]
    started = operation.moved(State.RUNNING, datetime.now(UTC))
    perform(known.connection, records.move(operation, started, event_of(started), WORKER_KEY))
    wire.loses_answers = False
    await until(
        lambda: ask(known.connection, records.cancel_asked_by(operation, RING)) == ALICE,
        "its job to be asked to stop",
    )


@pytest.mark.deadline
async def test_what_asks_redis_several_times_is_answered_after_the_acknowledgement(
    known: Running, wire: Wire
) -> None:
    wire.delay_seconds = 1.0
    outcome = await known.person(ALICE).command("C0SHOP", "jobs")
    assert outcome.acknowledged
    assert outcome.seconds < ANSWERED_WITHIN
    message = await known.person(ALICE).sees("Push shop/web:1.4")
    assert message.only_for == ALICE
