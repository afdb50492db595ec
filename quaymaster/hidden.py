"""A program that no other one of the same user can look into.

The scanner's child reads hostile content. Were it taken over, it could read the environment and
the memory of whoever started it, which runs as the same user: unless that one is not dumpable.
"""

import ctypes
import sys

_PR_SET_DUMPABLE = 4


def hide() -> None:
    """From now on only root reads this process and those that it forks (Linux; elsewhere nothing).

    ``/proc/PID/environ``, ``mem`` and the like, ptrace and what it guards are refused to others:
    https://man7.org/linux/man-pages/man2/pr_set_dumpable.2const.html. A program that is started
    (exec) is visible again, so this is the first thing that each program of ours does.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
