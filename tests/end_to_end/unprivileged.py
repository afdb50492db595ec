"""Starts the command line as a user other than root, as in production.

The interpreter may stand where only root gets at it, so all that is needed is imported before.
"""

import contextlib
import ctypes
import importlib
import os
import sys

USER = 65534
"""“nobody” on Debian."""
_PR_SET_DUMPABLE = 4
_OURS = (
    *("bot.courier.courier", "bot.courier.audit_head", "bot.views.card", "bot.views.findings"),
    *(
        "programs.cli",
        "workers.run",
        "workers.process.scan_order",
        "workers.process.scanner_upkeep",
    ),
    *(
        "workers.process.serve",
        "workers.process.supervisor",
        "workers.process.housekeeping",
        "docker",
        "encodings.idna",
    ),
)
_NOT_FOR_US = frozenset({"antigravity", "this", "idlelib", "turtledemo", "turtle", "__main__"})


def main() -> None:
    """Become that user, and then the program."""
    for name in (*_OURS, *sorted(sys.stdlib_module_names - _NOT_FOR_US)):
        with contextlib.suppress(ImportError):  # those of other systems
            importlib.import_module(name)
    os.setgroups([])
    os.setgid(USER)
    os.setuid(USER)
    # The kernel hides who changes its user. Who was started as another user is seen.
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)
    importlib.import_module("programs.cli").main()


if __name__ == "__main__":
    main()
