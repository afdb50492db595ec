"""The scanner, from the command line, and what runs beside it."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Annotated

import typer

from programs.command_line import (
    end_with,
    settings_or_end,
    stop_on_signals,
)
from quaymaster.configuration.configuration import Configuration
from quaymaster.configuration.reloading import hold_signal
from quaymaster.errors import QuaymasterError
from quaymaster.settings import SIGNING_KEY
from quaymaster.signs_of_life import Sign
from quaymaster.store.connections import queue_connection
from quaymaster.store.start import expect_our_format

_SIGN_SECONDS = 5.0


def scanner(
    processes: Annotated[
        int,
        typer.Option(min=1, help="How many scans at once; one more is kept free for deploys."),
    ] = 1,
    grace: Annotated[
        float, typer.Option(min=1, help="Seconds that a running scan gets after SIGTERM.")
    ] = 60,
) -> None:
    """Scan images of registries for the workers, and keep the scanner's database fresh."""
    hold_signal()
    from workers.process.rota import Post, posts_of_scanner
    from workers.process.scan_order import prepared
    from workers.process.scanner_upkeep import keep_database_fresh
    from workers.process.serve import keeper_of_leases, scan_until_stopped
    from workers.process.supervisor import Child, ProcessReload, Supervisor
    from workers.process.worker import SIGN_SECONDS
    from workers.work import configurations

    settings_or_end([SIGNING_KEY.name])
    try:
        settings, _ = prepared()  # before the fork: every child needs it
        configuration = Configuration.load(settings.config)
        signs = settings.signs()
        url = settings.redis_url.get_secret_value()
        expect_our_format(url)
    except QuaymasterError as error:
        end_with(str(error))

    def scan(post: Post, sign: Sign) -> None:
        scan_until_stopped(post.queues, queue_connection(url), grace, sign)

    def renew(sign: Sign) -> None:
        asyncio.run(_until_stopped(partial(keep_database_fresh, os.environ), sign))

    posts = posts_of_scanner(processes)
    children = [Child(post.name, partial(scan, post), SIGN_SECONDS) for post in posts]
    beside = (keeper_of_leases(url), Child("renewal of the database", renew))
    reload = ProcessReload.of(configurations.share(configuration), signs)
    raise typer.Exit(Supervisor([*beside, *children], grace, signs, reload).run())


async def _until_stopped(
    run: Callable[[asyncio.Event], Coroutine[None, None, None]], sign: Sign
) -> None:
    """Run it until SIGTERM or SIGINT, also where it has nothing to do. Raises what it raises."""
    stop = stop_on_signals()
    stopped = asyncio.ensure_future(stop.wait())
    running = asyncio.ensure_future(run(stop))
    while not stop.is_set():
        sign.give()
        awaited = {stopped} if running.done() else {stopped, running}
        await asyncio.wait(awaited, timeout=_SIGN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            await running
    await running
