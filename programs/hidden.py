"""Hides a program's memory and environment from other programs of the same user.

The scanner's child reads hostile content. If it were taken over, it could read the environment and
memory of its parent, which runs as the same user, unless the parent is not dumpable.
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
