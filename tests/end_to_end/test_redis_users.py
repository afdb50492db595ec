"""Programs of their own do the whole work as users of Redis of their own."""

import contextlib

import pytest
import redis

from local_slack import Person, Workspace
from quaymaster.operations import State
from quaymaster.store import keys
from quaymaster.store.redis_users import RedisUser
from testing.engines.registries import Registry
from testing.engines.waiting import wait_until
from testing.images.catalogue import LocalImages
from testing.system import System, redis_user
from tests.end_to_end.cards import final_card
from tests.end_to_end.conftest import Push

pytestmark = pytest.mark.engine


async def test_a_worker_of_a_host_and_one_of_the_registry_do_it_together(
    system: System,
    workspace: Workspace,
    registry: Registry,
    repository: str,
    images: LocalImages,
    push: Push,
    alice: Person,
) -> None:
    push(images.web_v1, "1")
    system.start("bot")
    for queue in ("host:build1", "registry"):
        system.worker(queue)
    system.scanner()
    await workspace.connected(within=60)
    for command in (
        *(f"tags {repository}", f"inspect {repository}:1", f"pull {repository}:1", "images"),
        *(f"tag {repository}:1 as {repository}:2", f"push {repository}:1", f"scan {repository}:1"),
        *(f"deploy {repository}:1 to {system.shop.staging}", f"history {repository}:1 on build1"),
    ):
        ended = system.ended(await system.asked(alice, command))
        assert ended.state is State.SUCCEEDED, (command, ended.outcome, system.logs())
        await final_card(workspace, ended.id)
    with contextlib.closing(system.connection()) as connection:
        wait_until(lambda: connection.llen(keys.AUDIT) > 20, within=20, what="audit")
    assert system.refusals() == []


@pytest.mark.parametrize("queue", ["host:build1", "registry"])
async def test_each_worker_looks_after_operations_and_cards_alone(
    system: System,
    workspace: Workspace,
    registry: Registry,
    repository: str,
    images: LocalImages,
    queue: str,
    push: Push,
    alice: Person,
) -> None:
    """Courier, audit and reconciler beside the one worker that there is."""
    push(images.web_v1, "1")
    system.start("bot")
    await workspace.connected(within=60)
    verb = f"tags {repository}" if queue == "registry" else f"pull {repository}:1"
    waiting = await system.asked(alice, verb)
    with contextlib.closing(system.connection()) as connection:
        connection.delete(f"rq:queue:{queue}")  # as a worker does that dies with the job in hand
        system.worker(queue)
        assert system.ended(waiting).state is State.SUCCEEDED, system.logs()
        wait_until(lambda: connection.llen(keys.AUDIT) > 0, within=20, what="audit")
    await final_card(workspace, waiting)
    assert system.refusals() == []


def test_a_refusal_would_be_noticed(system: System) -> None:
    with (
        contextlib.closing(redis.Redis.from_url(system.valkey.url_of(RedisUser.BOT))) as bot,
        contextlib.closing(system.connection()) as admin,
    ):
        with pytest.raises(redis.exceptions.NoPermissionError):
            bot.get("made-up")
        assert system.refusals() == ["bot: made-up"]
        admin.acl_log_reset()


@pytest.mark.parametrize(
    ("arguments", "user"),
    [
        (("bot",), RedisUser.BOT),
        (("worker",), RedisUser.WORKER),
        (("worker", "--queues", "registry"), RedisUser.WORKER_REGISTRY),
        (("worker", "--grace", "10", "--queues", "host:a,host:b"), RedisUser.WORKER_HOST),
        (("scanner",), RedisUser.SCANNER),
    ],
)
def test_a_program_of_the_house_is_the_user_that_it_is_in_production(
    arguments: tuple[str, ...], user: RedisUser
) -> None:
    assert redis_user(arguments) is user
