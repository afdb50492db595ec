"""The bot's beginning and end."""

import asyncio

import pytest

from bot.run import run_bot
from local_slack import Fault, FaultKind, LocalSlack
from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import ConfigurationError
from quaymaster.settings import Settings
from testing.engines.valkey import ValkeyServer
from tests.bot.conftest import Running, deploy_to_approve, run, until_ready
from tests.people import ALICE, EVE

pytestmark = pytest.mark.engine


@pytest.mark.deadline
@pytest.mark.parametrize("mode", ["http", "socket"])
async def test_it_ends_within_ten_seconds_while_slack_and_redis_hang(
    slack: LocalSlack,
    valkey_server: ValkeyServer,
    settings: Settings,
    configuration: Configuration,
    free_port: int,
    mode: str,
) -> None:
    address = ("127.0.0.1", free_port) if mode == "http" else None
    async with slack.workspace() as workspace, run(settings, configuration, address):
        if address:
            await until_ready(f"http://127.0.0.1:{free_port}")
            await workspace.use_http(f"http://127.0.0.1:{free_port}/slack/events")
        else:
            await workspace.connected()
        await workspace.person(ALICE).command("C0SHOP", "push shop/web:1.4 from build1")
        await workspace.slow(60)
        valkey_server.freeze()
        await workspace.person(EVE).command("C0SHOP", "approve 1")


async def test_it_starts_while_redis_and_slack_are_away(
    slack: LocalSlack,
    valkey_server: ValkeyServer,
    settings: Settings,
    configuration: Configuration,
    free_port: int,
) -> None:
    valkey_server.kill()
    async with slack.workspace() as workspace:
        await workspace.fault(Fault(FaultKind.SERVER_ERROR))
        async with run(settings, configuration, ("127.0.0.1", free_port)):
            await asyncio.sleep(0)
            valkey_server.start()
            await workspace.mend()
            await until_ready(f"http://127.0.0.1:{free_port}")
            await workspace.use_http(f"http://127.0.0.1:{free_port}/slack/events")
            outcome = await workspace.person(ALICE).command("C0SHOP", "pull shop/web:1 on app1")
            assert "Started #" in outcome.words


async def test_status_and_jobs_are_told_privately(bot: Running) -> None:
    operation = deploy_to_approve(bot)
    await bot.person(ALICE).command("C0SHOP", "status")
    first = await bot.person(ALICE).sees(f"#{operation.id} Needs 2 approvals")
    assert first.only_for == ALICE
    at_once = await bot.person(ALICE).command("C0SHOP", "jobs")
    assert f"#{operation.id}" in at_once.words
    assert "Deploy shop/web:1.4 to production/web" in at_once.words
    for outsider in ("U0GUEST", "U0STRANGER"):
        await bot.person(outsider).command("C0SHOP", "jobs")
        message = await bot.workspace.until(lambda one, who=outsider: one.only_for == who)  # type: ignore[misc]
        assert "full members" in message.words


async def test_an_address_that_is_taken_is_a_clear_error(
    bot: Running, settings: Settings, configuration: Configuration
) -> None:
    port = int(bot.url.rsplit(":", 1)[1])
    with pytest.raises(ConfigurationError, match="Cannot listen on"):
        await run_bot(settings, configuration, ("127.0.0.1", port), asyncio.Event())
