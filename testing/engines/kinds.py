"""The Docker engines that the tests run on: Debian 12's and Debian 13's, with either image store.

QUAYMASTER_TEST_ENGINE=26-containerd python -m pytest
"""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from testing.engines.packages import unpacked
from testing.engines.run_directory import EngineError
from trial.installed import find_program

KIND_VARIABLE = "QUAYMASTER_TEST_ENGINE"

_VERSION = re.compile(r"Docker version (\d+\.\d+)")
_PACKAGES = ("docker.io", "docker-cli", "containerd")
"""Not runc: the one that is installed serves every engine."""


@dataclass(frozen=True, slots=True)
class EngineKind:
    """An engine by its version and by who keeps its images."""

    name: str
    version: str = ""
    """How it begins; nothing is whatever is installed."""
    suite: str = ""
    """The Debian release whose packages bring it."""
    features: tuple[tuple[str, bool], ...] = ()
    """https://docs.docker.com/reference/cli/dockerd/#feature-options"""

    @property
    def has_containerds_store(self) -> bool:
        """Whether containerd keeps its images."""
        return ("containerd-snapshotter", True) in self.features

    def environment(self) -> dict[str, str]:
        """The environment in which its programs are found; they are fetched where they are not
        installed. Raises EngineError when they cannot be had.
        """
        paths = (*self._folders(), os.environ.get("PATH", ""), "/usr/sbin", "/sbin")
        return {**os.environ, "PATH": os.pathsep.join(map(str, paths))}

    def _folders(self) -> tuple[Path, ...]:
        if installed_version().startswith(self.version):
            return ()
        root = unpacked(self.suite, _PACKAGES)
        return root / "usr" / "sbin", root / "usr" / "bin"


INSTALLED = EngineKind("installed")
KINDS: Mapping[str, EngineKind] = {
    kind.name: kind
    for kind in (
        INSTALLED,
        EngineKind("20.10", "20.10.", "bookworm"),
        EngineKind("26", "26.", "trixie", (("containerd-snapshotter", False),)),
        EngineKind("26-containerd", "26.", "trixie", (("containerd-snapshotter", True),)),
    )
}
WITH_CONTAINERDS_STORE = KINDS["26-containerd"]


def chosen_kind() -> EngineKind:
    """The one that the environment asks for; without a word the one that is installed."""
    name = os.environ.get(KIND_VARIABLE) or INSTALLED.name
    if name not in KINDS:
        raise EngineError(f"there is no engine {name}: choose among {', '.join(KINDS)}")
    return KINDS[name]


def others() -> tuple[EngineKind, ...]:
    """Those that the installed engine is not, by its version and as it keeps images by default."""
    version = installed_version()
    return tuple(
        kind
        for kind in KINDS.values()
        if kind.version and (kind.has_containerds_store or not version.startswith(kind.version))
    )


@cache
def installed_version() -> str:
    """Of the installed dockerd. Raises EngineError where there is none."""
    command = [find_program("dockerd"), "--version"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    match = _VERSION.search(output)
    return f"{match.group(1)}." if match else ""


if __name__ == "__main__":
    sys.stdout.writelines(f"{kind.name}\n" for kind in others())
