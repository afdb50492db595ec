"""How a person spells the command: what they read is what they can type."""

import os

VARIABLE = "TRIED_AS"
"""What stands before the options; `make try` sets it, whose program is not on PATH."""


def spelled(option: str) -> str:
    """The command with this option."""
    return f"`{os.environ.get(VARIABLE, 'quaymaster try ')}{option}`"
