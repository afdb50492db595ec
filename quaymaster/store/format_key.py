"""The format of the database as a whole: a program for another format does not start."""

from quaymaster.errors import ConfigurationError
from quaymaster.store import keys
from quaymaster.store.formats import FORMAT
from quaymaster.store.transactions import Absent, Connection, GuardFailure, Transaction, perform

EMPTYING = "quaymaster database empty"
"""The command that prepares Redis for this format."""


def claim() -> Transaction[None]:
    """Expect this program's format, and record it in a Redis that holds nothing of Quaymaster yet.

    Raises ConfigurationError, which says what to do, if Redis holds another format.
    """
    return Transaction(
        # Every bot from before the format key reserved ids as soon as it started.
        guards=(Absent(keys.FORMAT), Absent(keys.NEXT_ID)),
        commands=(("SET", keys.FORMAT, FORMAT),),
        done=lambda _: None,
        refused=_compared,
    )


def expect(connection: Connection) -> None:
    """Perform ``claim``. Raises ConfigurationError and Unavailable."""
    perform(connection, claim())


def _compared(refusal: GuardFailure) -> None:
    version = refusal.actual if refusal.guard == 0 else "0"
    if version == str(FORMAT):
        return
    if version.isascii() and version.isdigit() and len(version) < 16 and int(version) > FORMAT:
        raise ConfigurationError(
            "The database was written by a newer Quaymaster; upgrade this program.",
        )
    raise ConfigurationError(
        "The database was written by an older Quaymaster, which this program cannot read.",
        next_step=f"Keep a copy if you need it, then empty it with `{EMPTYING}`: the containers of "
        "your services keep running, and the next deploy takes them over.",
    )
