"""Programs that are installed on this machine."""

import os
import shutil
from collections.abc import Mapping

from quaymaster.errors import OutsideFailure


def find_program(name: str, environment: Mapping[str, str] | None = None) -> str:
    """The path of an installed program, also of one that only root has on its PATH.

    ``environment`` has another PATH than this process. Raises OutsideFailure, naming the program,
    when it is not installed.
    """
    program = shutil.which(name, path=path_of_root(environment))
    if program is None:
        raise OutsideFailure(
            f"{name} is not installed.", next_step="The Debian packages are in .ci/packages."
        )
    return program


def installed_program(name: str) -> str | None:
    """The same, and None when it is not installed."""
    return shutil.which(name, path=path_of_root())


def path_of_root(environment: Mapping[str, str] | None = None) -> str:
    """PATH with the directories that root's has: `su` keeps that of who became root."""
    path = (os.environ if environment is None else environment).get("PATH", "")
    return os.pathsep.join([path, "/usr/sbin", "/sbin"])
