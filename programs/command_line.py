"""What the commands of the program share: settings or an end with a sentence, and connections."""

import asyncio
import os
import signal
from typing import NoReturn

import typer

from quaymaster import logs
from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import QuaymasterError
from quaymaster.settings import Settings
from quaymaster.signs_of_life import Signs
from quaymaster.store.connections import worker_connection
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


def stop_on_signals() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def started(needs: list[str]) -> tuple[Settings, Configuration]:
    """Settings and configuration, or the program ends with what is wrong with them."""
    settings = settings_or_end(needs)
    try:
        return settings, Configuration.load(settings.config)
    except QuaymasterError as error:
        end_with(str(error))


def works(needs: list[str]) -> tuple[Settings, Configuration, Signs]:
    """The same of a program that works until it is stopped, and what it says of itself."""
    settings, configuration = started(needs)
    try:
        return settings, configuration, settings.signs()
    except QuaymasterError as error:
        end_with(str(error))
