"""What the commands of the program share: settings or an end with a sentence, and connections."""

import os
from typing import NoReturn

import typer

from quaymaster import logs
from quaymaster.connections import worker_connection
from quaymaster.errors import QuaymasterError
from quaymaster.settings import Settings
from quaymaster.store.transactions import Connection


def settings_or_end(needs: "list[str] | None" = None) -> Settings:
    """The settings, or the program ends with what is wrong with them. Logging knows its secrets."""
    try:
        settings = Settings.from_env(os.environ, needs or [])
    except QuaymasterError as error:
        end_with(str(error))
    logs.configure(settings.secret_values)
    return settings


def connected(settings: Settings) -> Connection:
    """A client of the database."""
    return worker_connection(settings.redis_url.get_secret_value())


def end_with(text: str, status: int = 2) -> NoReturn:
    """Say it on the standard error, and end."""
    typer.echo(text, err=True)
    raise typer.Exit(status)


def address_or_end(text: str) -> tuple[str, int]:
    """``HOST:PORT``, or the program ends with how it is written."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        end_with(f"{text} is not HOST:PORT. Write it like 127.0.0.1:3000.")
    return host.strip("[]"), int(port)
