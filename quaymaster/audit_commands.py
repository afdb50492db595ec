"""``quaymaster audit …`` on the command line."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from quaymaster import logs
from quaymaster.audit_check import Verified
from quaymaster.audit_export import export
from quaymaster.audit_whole import verify_whole
from quaymaster.configuration import Configuration
from quaymaster.connections import worker_connection
from quaymaster.errors import QuaymasterError
from quaymaster.key_ring import CLOCK_SKEW, Role
from quaymaster.settings import Settings

audit_app = typer.Typer(help="The audit trail.", no_args_is_help=True)


@audit_app.command("verify")
def verify(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]…", help="What was exported of it.")
    ] = None,
    head: Annotated[
        str | None, typer.Option(help="A hash that was posted earlier: it must still be there.")
    ] = None,
    since_anchor: Annotated[
        bool, typer.Option("--since-anchor", help="Only what came after the last export.")
    ] = False,
) -> None:
    """Check that nobody changed, added or removed an entry of the audit."""
    try:
        settings = _settings()
        connection = worker_connection(settings.redis_url.get_secret_value())
        verified = verify_whole(
            connection, settings.ring(), files or (), head, since_anchor=since_anchor
        )
    except QuaymasterError as error:
        _end_with(str(error))
    for line in _told(verified):
        typer.echo(line)


@audit_app.command("export")
def export_audit(
    before: Annotated[
        datetime,
        typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="The first day (UTC) that stays."),
    ],
    to: Annotated[Path, typer.Option(metavar="FILE", help="A file that is not there yet.")],
) -> None:
    """Move the oldest part of the audit from Redis into a file. Needs the key of a worker."""
    try:
        settings = _settings()
        configuration = Configuration.load(settings.config)
        connection = worker_connection(settings.redis_url.get_secret_value())
        keep = configuration.requests_valid_for + CLOCK_SKEW
        done = export(connection, settings.keys(Role.WORKER), before.replace(tzinfo=UTC), to, keep)
    except QuaymasterError as error:
        _end_with(str(error))
    if done.entries:
        typer.echo(f"{done.entries} entries were moved to {to}; their head is {done.head}.")
    else:
        typer.echo("Nothing was left to move.")


def _told(verified: Verified) -> list[str]:
    refused = f", {verified.refused} of them refused" if verified.refused else ""
    lines = [
        f"The audit holds: {verified.entries} entries{refused}, head {verified.head or 'none yet'}"
    ]
    lines += verified.reasons
    if verified.refused > len(verified.reasons):
        lines.append(f"… and {verified.refused - len(verified.reasons)} more.")
    if verified.missing:
        lines.append(
            f"Events missing: {verified.missing}. Something removed them before they were chained."
        )
    return lines


def _settings() -> Settings:
    settings = Settings.from_env(os.environ, [])
    logs.configure(settings.secret_values)
    return settings


def _end_with(text: str) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(2)
