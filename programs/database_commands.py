"""``quaymaster database``: what whoever runs Redis does with everything in it."""

from contextlib import closing
from typing import Annotated

import typer

from programs.command_line import connected, end_with, settings_or_end
from quaymaster.errors import QuaymasterError
from quaymaster.store.emptying import empty

database_app = typer.Typer(help="Everything that is kept in Redis.", no_args_is_help=True)


@database_app.callback()
def database() -> None:
    """Everything that is kept in Redis."""


@database_app.command("empty")
def empty_it(
    yes: Annotated[bool, typer.Option("--yes", help="Confirm: this cannot be undone.")] = False,
) -> None:
    """Delete all operations, releases and the audit. Containers of services keep running."""
    if not yes:
        end_with(
            "This deletes every operation, approval, release and scan report, and the audit. "
            "Stop the bot and the workers first, and keep a copy of what you need. "
            "The containers of your services keep running, and the next deploy takes them over. "
            "Then: `quaymaster database empty --yes`."
        )
    settings = settings_or_end()
    try:
        with closing(connected(settings)) as connection:
            deleted = empty(connection)
    except QuaymasterError as error:
        end_with(str(error))
    typer.echo(
        f"Deleted {deleted} keys. The containers of your services keep running: the next deploy of "
        "each takes it over. Until then there is nothing to roll back to."
    )
