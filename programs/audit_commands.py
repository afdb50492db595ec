"""``quaymaster audit …`` on the command line."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from programs.command_line import connected, end_with, settings_or_end
from quaymaster.audit.check import Verified
from quaymaster.audit.export import export
from quaymaster.audit.whole import verify_whole
from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import QuaymasterError
from quaymaster.key_ring import CLOCK_SKEW, ProgramRole
from quaymaster.store.format_key import expect

audit_app = typer.Typer(help="The audit trail.", no_args_is_help=True)


@audit_app.command("verify")
def verify(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]…", help="A file that `audit export` wrote."),
    ] = None,
    head: Annotated[
        str | None,
        typer.Option(help="A hash that was posted earlier: the audit must still contain it."),
    ] = None,
    since_anchor: Annotated[
        bool, typer.Option("--since-anchor", help="Check only the entries after the last export.")
    ] = False,
) -> None:
    """Check that nobody changed, added or removed an entry of the audit."""
    try:
        settings = settings_or_end()
        connection = connected(settings)
        expect(connection)
        verified = verify_whole(
            connection, settings.ring(), files or (), head, since_anchor=since_anchor
        )
    except QuaymasterError as error:
        end_with(str(error))
    for line in _told(verified):
        typer.echo(line)


@audit_app.command("export")
def export_audit(
    before: Annotated[
        datetime,
        typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="The first day (UTC) to keep."),
    ],
    to: Annotated[Path, typer.Option(metavar="FILE", help="A file that does not exist yet.")],
) -> None:
    """Move the oldest part of the audit from Redis into a file. Needs the key of a worker."""
    try:
        settings = settings_or_end()
        configuration = Configuration.load(settings.config)
        connection = connected(settings)
        expect(connection)
        keep = configuration.requests_valid_for + CLOCK_SKEW
        done = export(
            connection, settings.keys(ProgramRole.WORKER), before.replace(tzinfo=UTC), to, keep
        )
    except QuaymasterError as error:
        end_with(str(error))
    if done.entries:
        typer.echo(f"{done.entries} entries were moved to {to}; their head is {done.head}.")
    else:
        typer.echo("There was nothing to move.")


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
