"""The results of ``quaymaster check`` on a terminal: words, not colours alone, at any width."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from quaymaster.checks import Check

_STYLES = {"ok": "green", "warning": "yellow", "broken": "bold red"}


def print_checks(checks: Sequence[Check], console: Console) -> None:
    """One row for each check, then the sum. Text from outside is never read as markup."""
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in checks:
        table.add_row(Text(check.verdict, style=_STYLES[check.verdict]), _line(check))
    console.print(table)
    console.print(Text(summary(checks)))


def summary(checks: Sequence[Check]) -> str:
    """How many are broken or deserve a look, in one sentence."""
    broken = sum(check.verdict == "broken" for check in checks)
    warnings = sum(check.verdict == "warning" for check in checks)
    if not broken and not warnings:
        return f"All {len(checks)} checks are ok."
    return f"Of {len(checks)} checks, {broken} are broken and {warnings} are warnings."


def _line(check: Check) -> Text:
    line = Text.assemble((check.subject, "bold"), ": ", check.what)
    if check.next_step:
        line.append(f"\n→ {check.next_step}")
    return line
