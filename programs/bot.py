"""The bot, from the command line."""

import asyncio
import gc
from typing import Annotated

import typer

from programs.command_line import (
    address_or_end,
    end_with,
    stop_on_signals,
    works,
)
from quaymaster.configuration.reloading import Reloading, hold_signal
from quaymaster.errors import QuaymasterError

_NEW_OBJECTS = 50_000
"""So many may be made before the garbage collector looks through them: a command makes hundreds."""


def bot(
    http: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Take requests at /slack/events over HTTP.")
    ] = "",
    metrics: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Serve /metrics here, for monitoring.")
    ] = "",
) -> None:
    """Listen to Slack: over Socket Mode, or over HTTP with --http."""
    hold_signal()
    from bot.listening.http import loop_factory
    from bot.listening.reload import RequestedReload
    from bot.run import run_bot

    address, watched = (address_or_end(given) if given else None for given in (http, metrics))
    needs = ["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET" if address else "SLACK_APP_TOKEN"]
    settings, configuration, signs = works(needs)

    async def run() -> None:
        _leave_alone_what_stays()
        stop = stop_on_signals()
        reload = RequestedReload.on_signal(Reloading(configuration, signs), stop)
        await run_bot(settings, configuration, address, stop, watched, signs, reload)

    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(run())
    except QuaymasterError as error:
        end_with(str(error))


def _leave_alone_what_stays() -> None:
    """What was made so far is there until the end: the garbage collector does not look through it
    again and again while somebody waits for an answer.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)
