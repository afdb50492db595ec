"""The command line: the top layer, and the only file that wires bot and workers together."""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from quaymaster import audit as audit_chain
from quaymaster import logs
from quaymaster.configuration import Configuration
from quaymaster.connections import courier_connection, queue_connection, worker_connection
from quaymaster.errors import QuaymasterError
from quaymaster.queues import REGISTRY, SCAN, host_queue
from quaymaster.seals import Sealer
from quaymaster.settings import Settings
from quaymaster.store.transactions import ask

app = typer.Typer(
    help="Container-image operations from Slack.", no_args_is_help=True, add_completion=False
)
audit_app = typer.Typer(help="The audit trail.", no_args_is_help=True)
app.add_typer(audit_app, name="audit")


@app.command()
def bot(
    http: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Take requests at /slack/events over HTTP.")
    ] = "",
) -> None:
    """Listen to Slack: over Socket Mode, or over HTTP with --http."""
    from bot.run import run_bot

    address = _address(http) if http else None
    needs = ["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET" if address else "SLACK_APP_TOKEN"]
    settings, configuration = _started(needs)

    async def run() -> None:
        await run_bot(settings, configuration, address, _stop_on_signals())

    asyncio.run(run())


@app.command()
def worker(
    queues: Annotated[
        str, typer.Option(help="Comma-separated: host:NAME, registry, scan. All by default.")
    ] = "",
    processes: Annotated[int, typer.Option(min=1, help="How many jobs run at once.")] = 1,
    grace: Annotated[
        float, typer.Option(min=1, help="Seconds that running work gets after SIGTERM.")
    ] = 60,
) -> None:
    """Do the work: drive Docker, registries and the scanner; deliver the cards beside it."""
    from workers.serve import work_until_stopped
    from workers.supervisor import Child, Supervisor

    settings, configuration = _started(["SLACK_BOT_TOKEN"])
    names = _queues(queues, configuration)
    url = settings.redis_url.get_secret_value()

    def work() -> None:
        work_until_stopped(names, queue_connection(url), grace)

    def accompany() -> None:
        asyncio.run(_beside_the_workers(settings, configuration))

    children = [Child(f"worker {number}", work) for number in range(1, processes + 1)]
    raise typer.Exit(Supervisor([*children, Child("courier", accompany)], grace).run())


async def _beside_the_workers(settings: Settings, configuration: Configuration) -> None:
    from workers.companion import look_after_operations

    stop = _stop_on_signals()
    sealer = _sealer(settings)
    url = settings.redis_url.get_secret_value()
    await asyncio.gather(
        look_after_operations(worker_connection(url), sealer, stop),
        run_courier(settings, configuration, stop),
    )


def _queues(given: str, configuration: Configuration) -> list[str]:
    every = [REGISTRY, SCAN, *(host_queue(name) for name in configuration.hosts)]
    names = [name.strip() for name in given.split(",") if name.strip()] or every
    unknown = [name for name in names if name not in every]
    if unknown:
        _end_with(f"There is no queue {', '.join(unknown)}. There are: {', '.join(every)}.")
    return names


@audit_app.command("verify")
def verify(
    head: Annotated[
        str | None, typer.Option(help="A hash that was posted earlier: it must still be there.")
    ] = None,
) -> None:
    """Check that nobody changed, added or removed an entry of the audit."""
    settings, _ = _started([])
    connection = worker_connection(settings.redis_url.get_secret_value())
    try:
        lines = ask(connection, audit_chain.stored_lines())
        verified = audit_chain.verify(lines, _sealer(settings), head)
    except QuaymasterError as error:
        _end_with(str(error))
    print(f"The audit holds: {verified.entries} entries, head {verified.head or 'none yet'}")


def _started(needs: list[str]) -> tuple[Settings, Configuration]:
    """Settings and configuration, or the program ends with what is wrong with them."""
    try:
        settings = Settings.from_env(os.environ, needs)
        logs.configure(_secrets(settings))
        return settings, Configuration.load(settings.config)
    except QuaymasterError as error:
        _end_with(str(error))


def main() -> None:
    """The console script."""
    app()
