"""The local Slack of a trial, as a program of its own: ``python -m trial.slack --state DIR``.

Port, page token and history are those of the state directory: a secret on a command line could be
read by everybody on the machine. The first line on standard output is a JSON object: what
`LocalSlack.as_json` gives, or why it cannot begin, as ``{"trouble": …, "next_step": …}``.
"""

import argparse
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from local_slack.history import HistoryError, HistoryInUse
from local_slack.server import Bound, bind
from local_slack.settings import Settings
from trial.choices import CHOICES, Choices, kept_choices
from trial.invocation import invocation
from trial.world import sample_world

HISTORY = "messages.db"
"""The file in the state directory with the messages."""

_COMMANDS_WITHIN = 60.0


def main() -> None:
    """Print the addresses, and serve until a signal."""
    parser = argparse.ArgumentParser(prog="python -m trial.slack", description=__doc__)
    parser.add_argument("--state", type=Path, metavar="DIR", required=True)
    state: Path = parser.parse_args().state
    try:
        bound = _bound(kept_choices(state / CHOICES), state / HISTORY)
    except HistoryInUse as error:
        _tell({"trouble": str(error), "next_step": "End the program that has it open."})
    except HistoryError as error:
        next_step = f"Start over with {invocation('--reset')}."
        _tell({"trouble": str(error), "next_step": next_step})
    else:
        # uvicorn shuts down, then sends the signal once more: what was opened is still closed.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        _tell(bound.place.as_json())
        bound.run()


def _bound(choices: Choices, history: Path) -> Bound:
    settings = Settings(page_token=choices.page_token, commands=_commands())
    return bind(sample_world(), settings, port=choices.slack_port, history=history)


def _commands() -> dict[str, Any]:
    """The command table that the page completes from; empty if the product does not print one."""
    done = subprocess.run(
        [sys.executable, "-m", "programs.cli", "commands"],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        timeout=_COMMANDS_WITHIN,
    )
    commands: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
    return commands


def _tell(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
