"""A bot is well while what people type arrives and can be recorded."""

from pathlib import Path

import pytest

from local_slack import Fault, FaultKind, LocalSlack
from quaymaster.configuration.configuration import Configuration
from quaymaster.settings import Settings
from quaymaster.signs_of_life import Signs
from testing.engines.valkey import ValkeyServer
from testing.engines.waiting import until
from tests.bot.conftest import run

pytestmark = pytest.mark.engine


async def test_a_bot_is_well_while_it_is_connected_to_slack_and_reaches_redis(
    slack: LocalSlack,
    valkey_server: ValkeyServer,
    settings: Settings,
    configuration: Configuration,
    tmp_path: Path,
) -> None:
    signs = Signs(tmp_path / "health")
    signs.begin()
    away = (Fault(FaultKind.REFUSED, "socket"), Fault(FaultKind.REFUSED, "apps.connections.open"))
    async with slack.workspace() as workspace:
        await workspace.fault(*away)
        async with run(settings, configuration, None, signs=signs):
            await until(lambda: signs.complaints() == ["The bot is not connected to Slack."], "no")
            await workspace.mend()
            await workspace.connected(within=20)
            await until(lambda: signs.complaints() == [], "a bot that is connected")
            await workspace.fault(*away)
            await workspace.drop_sockets()
            await until(lambda: signs.complaints() == ["The bot is not connected to Slack."], "no")
            await workspace.mend()
            await until(lambda: signs.complaints() == [], "a bot that is back", within=30)
            valkey_server.kill()
            await until(lambda: "cannot record anything" in str(signs.complaints()), "no Redis")
            valkey_server.start()
            await until(lambda: signs.complaints() == [], "a bot with Redis", within=30)


async def test_over_http_it_is_well_when_it_listens_and_reaches_redis(
    settings: Settings, configuration: Configuration, tmp_path: Path, free_port: int
) -> None:
    signs = Signs(tmp_path)
    signs.expect(["bot"])
    async with run(settings, configuration, ("127.0.0.1", free_port), signs=signs):
        await until(lambda: signs.complaints() == [], "a bot that listens")
