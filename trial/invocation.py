"""How this person started the trial, so that hints show a command they can type."""

import os

VARIABLE = "TRIED_AS"
"""The command before its options; `make try` sets it, because its program is not on PATH."""


def invocation(option: str) -> str:
    """The command with this option."""
    return f"`{os.environ.get(VARIABLE, 'quaymaster try ')}{option}`"
