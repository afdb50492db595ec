"""The command line: the top layer, the only one that wires bot and workers together.

Each program imports what it needs when it starts: the bot never loads Docker's client, a worker
never loads Bolt.
"""

from programs.hidden import hide

if __name__ == "__main__":  # before the imports below, which take a while
    hide()

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from programs.audit_commands import audit_app
from programs.bot import bot
from programs.check import check
from programs.command_line import end_with
from programs.database_commands import database_app
from programs.hosts_commands import hosts_app
from programs.key_commands import keys_app
from programs.scanner import scanner
from programs.worker import worker
from quaymaster.configuration.configuration import Configuration
from quaymaster.configuration.reloading import ask_to_reload
from quaymaster.errors import NotFound, QuaymasterError
from quaymaster.settings import COMMAND, CONFIG
from quaymaster.signs_of_life import tell
from quaymaster.store.redis_users import acl_file, passwords_in

app = typer.Typer(
    help="Container-image operations from Slack.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(audit_app, name="audit")
app.add_typer(database_app, name="database")
app.add_typer(keys_app, name="keys")
app.add_typer(hosts_app, name="hosts")
for program in (bot, worker, scanner, check):
    app.command()(program)


@app.command()
def healthy() -> None:
    """Tell whether the program beside this one is well, for health checks. Exit status 1 if not."""
    raise typer.Exit(tell(os.environ))


@app.command()
def reload() -> None:
    """Make the program beside this one read its configuration again. Exit status 1 if refused."""
    text, status = ask_to_reload(os.environ)
    typer.echo(text, err=status != 0)
    raise typer.Exit(status)


@app.command()
def commands() -> None:
    """Print the command table as JSON, with the names that the configuration knows, if any."""
    from bot.commands.table import table_of

    try:
        command = COMMAND.value_in(os.environ)
    except QuaymasterError as error:
        end_with(str(error))
    try:
        configuration = Configuration.load(Path(CONFIG.value_in(os.environ)))
    except QuaymasterError:
        configuration = None
    print(table_of(configuration, command).as_json())


@app.command("redis-users")
def redis_users() -> None:
    """Print the users of Redis for its `aclfile`, from the passwords in the environment."""
    try:
        print(acl_file(passwords_in(os.environ)), end="")
    except QuaymasterError as error:
        end_with(str(error))


@app.command("try")
def try_it(
    reset: Annotated[bool, typer.Option("--reset", help="Start over.")] = False,
    state: Annotated[
        Path, typer.Option(metavar="DIR", help="Where everything is kept between runs.")
    ] = Path(".try"),
    docker: Annotated[
        str,
        typer.Option(
            metavar="HOST",
            help="The Docker engine to use instead of DOCKER_HOST's; `own` starts a separate one.",
        ),
    ] = "",
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove everything that it keeps, then exit.")
    ] = False,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address of the page without opening it.")
    ] = False,
) -> None:
    """Try it all on this machine, without Slack: a sample world and a chat page."""
    _expect_the_trial()
    from trial.options import TrialOptions
    from trial.run import run_trial

    options = TrialOptions(state, docker or None, reset, remove, not no_browser)
    raise typer.Exit(run_trial(options))


def _expect_the_trial() -> None:
    """End the program if the distribution that contains the trial is not installed."""
    if find_spec("trial") is None:
        missing = NotFound(
            "`quaymaster try` is not installed here.",
            why="It is a separate distribution, quaymaster-try.",
            next_step="Install it with `pip install 'quaymaster[try]'`, or from a checkout with "
            "`pip install . ./try`.",
        )
        end_with(str(missing))


def main() -> None:
    """The command line, hidden from other programs of the same user."""
    hide()
    app()


if __name__ == "__main__":
    main()
