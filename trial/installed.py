"""Programs that are installed on this machine."""

import os
import shutil

from quaymaster.errors import OutsideFailure


def find_program(name: str) -> str:
    """The path of an installed program, also of one that only root has on its PATH.

    Raises OutsideFailure, naming the program, when it is not installed.
    """
    found = installed_program(name)
    if found is None:
        raise OutsideFailure(
            f"{name} is not installed.", next_step="The Debian packages are in .ci/packages."
        )
    return found


def installed_program(name: str) -> str | None:
    """The same, and None when it is not installed."""
    return shutil.which(name, path=path_of_root())


def path_of_root() -> str:
    """PATH with the directories that root's has: `su` keeps that of who became root."""
    return os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
