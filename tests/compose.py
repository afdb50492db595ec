"""Docker Compose, as somebody runs it in a folder."""

import os
import subprocess
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

COMPOSE = Path(sysconfig.get_path("scripts")) / "docker-compose"


def compose(
    folder: Path,
    *words: str,
    variables: Mapping[str, str] = MappingProxyType({}),
    within: float = 60,
) -> "subprocess.CompletedProcess[str]":
    """Run it with these variables, and nothing else of this environment but where programs are."""
    return subprocess.run(
        [str(COMPOSE), *words],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **variables},
        check=False,
        capture_output=True,
        text=True,
        timeout=within,
    )
