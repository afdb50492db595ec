"""A worker, from the command line, and what runs beside it: the courier among others."""

import asyncio
from contextlib import closing
from functools import partial
from importlib import import_module
from typing import Annotated

import typer

from programs.command_line import (
    connected,
    end_with,
    stop_on_signals,
    works,
)
from quaymaster.configuration.configuration import Configuration
from quaymaster.configuration.reloading import hold_signal
from quaymaster.enrolment import expect_to_work
from quaymaster.errors import QuaymasterError
from quaymaster.key_ring import ProgramRole
from quaymaster.queues import REGISTRY, refuse_unknown
from quaymaster.settings import Settings
from quaymaster.signs_of_life import Sign
from quaymaster.store.connections import courier_connection, queue_connection, worker_connection
from quaymaster.store.start import expect_our_format

_QUEUES = typer.Option(
    help="Comma-separated: host:NAME, registry. By default registry, and the hosts whose "
    "engine this worker is known to have."
)


def worker(
    queues: Annotated[str, _QUEUES] = "",
    processes: Annotated[
        int,
        typer.Option(
            min=1,
            help="How many jobs run at once. A worker of a host starts two more, for urgent work "
            "and for scans.",
        ),
    ] = 1,
    grace: Annotated[
        float, typer.Option(min=1, help="Seconds that running work gets after SIGTERM.")
    ] = 60,
) -> None:
    """Do the work: drive Docker and registries; deliver the cards beside it."""
    hold_signal()
    from workers.process.rota import Post, posts_of_worker
    from workers.process.serve import keeper_of_leases, work_until_stopped
    from workers.process.supervisor import Child, ProcessReload, Supervisor
    from workers.process.worker import SIGN_SECONDS
    from workers.work import configurations

    settings, configuration, signs = works(["SLACK_BOT_TOKEN"])
    url = settings.redis_url.get_secret_value()
    try:
        names = _queues(queues, configuration)
        expect_to_work(settings, names)
        expect_our_format(url)
        names = names or _queues_that_are_proved(settings, configuration)
    except QuaymasterError as error:
        end_with(str(error))
    # Before the fork: what every child needs is read once and shared.
    import_module("bot.courier.courier")
    import_module("workers.run")

    def work(post: Post, sign: Sign) -> None:
        work_until_stopped(post.queues, queue_connection(url), grace, sign)

    shared = configurations.share(configuration)

    def accompany(sign: Sign) -> None:
        asyncio.run(_beside_the_workers(settings, shared.now, names, sign))

    posts = posts_of_worker(names, processes)
    children = [Child(post.name, partial(work, post), SIGN_SECONDS) for post in posts]
    reload = ProcessReload.of(shared, signs, names, has_named_queues=bool(queues))
    courier = Child("courier", accompany, ends_for_new_configuration=True)
    beside = (keeper_of_leases(url), courier)
    raise typer.Exit(Supervisor([*beside, *children], grace, signs, reload).run())


async def _beside_the_workers(
    settings: Settings, configuration: Configuration, queues: list[str], sign: Sign
) -> None:
    from bot.courier.audit_head import request_digests
    from bot.courier.courier import run_courier
    from bot.slack.sender import Sender
    from bot.views.card import operation_messages
    from bot.views.findings import findings_table
    from workers.process.housekeeping import (
        drop_what_is_over,
        look_after_operations,
        look_at_services,
    )
    from workers.process.service_look import looking_at

    stop = stop_on_signals()
    keys = settings.keys(ProgramRole.WORKER)
    url = settings.redis_url.get_secret_value()
    token = settings.bot_token().get_secret_value()
    look = looking_at(queues, configuration, settings.docker_host, worker_connection(url), keys)
    async with Sender.opened(token, settings.slack_api_url, settings.proxies) as sender:
        await asyncio.gather(
            look_after_operations(worker_connection(url), keys, stop, sign),
            drop_what_is_over(worker_connection(url), configuration.retention, stop),
            look_at_services(look, stop),
            request_digests(courier_connection(url), configuration.alerts.channel, stop),
            run_courier(
                url,
                sender,
                draw=partial(operation_messages, command=settings.command),
                draw_findings=findings_table,
                ring=keys.ring,
                configuration=configuration,
                stop=stop,
            ),
        )


def _queues(given: str, configuration: Configuration) -> list[str]:
    names = [name.strip() for name in given.split(",") if name.strip()]
    refuse_unknown(names, configuration.hosts)
    return names


def _queues_that_are_proved(settings: Settings, configuration: Configuration) -> list[str]:
    """Those of a worker that names none."""
    from workers.docker.own_engine import Owner, queues_to_prove

    with closing(connected(settings)) as connection:
        owner = Owner(configuration, connection, settings.keys(ProgramRole.WORKER))
        taken, left = queues_to_prove(owner, settings.docker_host)
    for one in left:
        typer.echo(f"Not served: {one}. Name its queue with --queues to serve it.", err=True)
    queues = [REGISTRY, *taken]
    expect_to_work(settings, queues)
    return queues
