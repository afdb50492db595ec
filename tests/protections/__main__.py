"""``make protections``: take each protection away and expect red.

``ONLY=G7`` runs the rows of one guarantee, ``ONLY=words`` those that these words stand in.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.protections import checkout
from tests.protections.protection import Protection, Stale
from tests.protections.table import PROTECTIONS

_ROOT = Path(__file__).parent.parent.parent
_AT_ONCE = 2
_SECONDS = 300
_FAILED = 1  # pytest's status for “tests ran and some failed”: others prove nothing
_LEFT_OUT = shutil.ignore_patterns(
    *(
        ".git",
        ".venv",
        ".try",
        ".engines",
        ".mypy_cache",
        ".ruff_cache",
        "*.egg-info",
        ".hypothesis",
    )
)
"""What is compiled already goes along: a file that is changed is compiled anew."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one protection."""

    protection: Protection
    problem: str
    output: str = ""


def main() -> int:
    """0 when the tests are green as they are, and every protection's tests turn red without it."""
    argparse.ArgumentParser(prog="make protections", description=__doc__).parse_args()
    only = os.environ.get("ONLY", "").lower()
    chosen = [one for one in PROTECTIONS if _is_meant(one, only)]
    started = time.monotonic()
    if not chosen:
        print(f"no protection is about {only!r}")
        return 2
    tests = sorted({test for one in chosen for test in one.tests})
    print(f"{len(tests)} tests with every protection in place …", flush=True)
    if not _are_green(tests):
        print("the tests have to be green before anything is taken away")
        return 1
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        results = list(pool.map(_without_and_told, chosen))
    bad = [one for one in results if one.problem]
    for one in bad:
        print(f"\n{one.protection.what}: {one.problem}\n{one.output[-2000:]}")
    minutes, seconds = divmod(int(time.monotonic() - started), 60)
    print(f"\n{len(results) - len(bad)} passed, {len(bad)} failed in {minutes}:{seconds:02}")
    return 1 if bad else 0


def _is_meant(protection: Protection, only: str) -> bool:
    guarantee = protection.guarantee.lower()
    if any(only == one.guarantee.lower() for one in PROTECTIONS):
        return only == guarantee
    return only in f"{guarantee} {protection.what} {protection.file}".lower()


def _are_green(tests: list[str]) -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", "-n", str(_AT_ONCE), *tests]
    return subprocess.run(command, cwd=_ROOT, stdin=subprocess.DEVNULL, check=False).returncode == 0


def _without_and_told(protection: Protection) -> Result:
    result = _without(protection)
    mark = "still green!" if result.problem else "red, as it should be"
    print(f"{protection.guarantee:4} {protection.what}: {mark}", flush=True)
    return result


def _without(protection: Protection) -> Result:
    with tempfile.TemporaryDirectory(prefix="quaymaster-without-") as folder:
        root = Path(folder) / "project"
        shutil.copytree(_ROOT, root, symlinks=True, ignore=_LEFT_OUT)
        try:
            protection.take_away(root)
        except Stale as error:
            return Result(protection, str(error))
        status, output = checkout.run(root, protection.tests, _SECONDS)
    if status == _FAILED:
        return Result(protection, "")
    return Result(protection, f"its tests ended with status {status}", output)


if __name__ == "__main__":
    sys.exit(main())
