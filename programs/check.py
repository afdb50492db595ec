"""`quaymaster check`, from the command line."""

import os
from typing import Annotated

import typer

from programs.command_line import end_with
from quaymaster import logs
from quaymaster.checks import PARTS, Check, parts_of, perform
from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import QuaymasterError
from quaymaster.key_checks import key_probe
from quaymaster.settings import Settings


def check(
    only: Annotated[
        str, typer.Option(metavar="PARTS", help=f"Comma-separated: {', '.join(PARTS)}.")
    ] = "",
    host: Annotated[
        str | None, typer.Option(help="Only this Docker host and the services on it.")
    ] = None,
) -> None:
    """Try every part for real; say what is wrong and how to fix it. Exit status 1 if any fails."""
    from rich.console import Console

    from programs.check_report import print_checks

    checks = _checked(only, host)
    print_checks(checks, Console())
    raise typer.Exit(int(any(one.verdict == "broken" for one in checks)))


def _checked(only: str, host: str | None) -> tuple[Check, ...]:
    from bot.checks import slack_probes
    from workers.checks.probes import CheckContext, secret_values, worker_probes

    try:
        parts = parts_of(only)
        settings = Settings.from_env(os.environ)
        configuration = Configuration.load(settings.config)
        if host is not None:
            configuration.host(host)
    except QuaymasterError as error:
        end_with(str(error), status=1)
    place = CheckContext(settings, configuration, os.environ, host)
    slack = slack_probes(settings, configuration) if "slack" in parts else ()
    secrets = (*settings.secret_values, *secret_values(place))
    logs.configure(secrets)
    keys = (key_probe(settings, configuration, host),) if "keys" in parts else ()
    return perform((*slack, *keys, *worker_probes(parts, place)), secrets)
