"""`quaymaster hosts …` on the command line."""

from contextlib import closing
from typing import Annotated

import typer

from programs.command_line import connected, end_with, started
from quaymaster.enrolment import refuse_others
from quaymaster.errors import QuaymasterError
from quaymaster.key_ring import ProgramRole
from quaymaster.queues import host_queue
from quaymaster.store.format_key import expect

hosts_app = typer.Typer(help="Which engine belongs to a host.", no_args_is_help=True)


@hosts_app.command("accept")
def accept_host(
    host: Annotated[str, typer.Argument(metavar="NAME", help="A host of the configuration.")],
) -> None:
    """Accept the engine that answers for a host as its own from now on. Run this as its worker."""
    from workers.docker.engine import Engine
    from workers.docker.own_engine import Owner

    settings, configuration = started([])
    try:
        url = configuration.host(host).docker or settings.docker_host
        keys = settings.keys(ProgramRole.WORKER)
        refuse_others(keys.entry, [host_queue(host)])
        with closing(connected(settings)) as connection, Engine.connect(url, name=host) as engine:
            expect(connection)
            result = Owner(configuration, connection, keys).accept(engine)
    except QuaymasterError as error:
        end_with(str(error))
    typer.echo(f"{host} is {result} from now on.")
