"""Type the README's commands on a bare Debian: a base system, git and make, and nothing else.

    python -m tests.bare [bookworm] [trixie]

Needs root and debootstrap. The system is this machine's in what reaches its package sources, and
its network; its files, processes and mounts are its own. TESTS names some tests for `make test`.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType
from typing import NoReturn

from tests.bare.readme import Commands, commands
from tests.bare.settings import set_up, variables
from tests.bare.terminal import Terminal, entered
from tests.bare.tree import kept_tree
from tests.readme import ROOT
from tests.trial.page import opened
from trial.bridge import Bridge
from trial.installed import find_program

SUITES = ("bookworm", "trixie")
_BUNDLE = Path("root/quaymaster.bundle")
_SETS_UP_WITHIN = 1800.0
_TESTS_WITHIN = 7200.0


def main() -> None:
    """Each suite in turn."""
    parser = argparse.ArgumentParser(prog="make bare", description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=" or ".join(SUITES))
    suites = parser.parse_args().suites or list(SUITES)
    if unknown := set(suites) - set(SUITES):
        parser.error(f"{', '.join(sorted(unknown))}: {' or '.join(SUITES)} is meant")
    if os.geteuid() != 0:
        sys.exit("run this as root: it makes and enters a system")
    signal.signal(signal.SIGTERM, _end)  # as Ctrl-C does, so that nothing is left
    typed = commands()
    for suite in suites:
        began = time.monotonic()
        _prove(suite, typed)
        print(f"\n== {suite}: both commands work, {time.monotonic() - began:.0f} s", flush=True)


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(143)


def _prove(suite: str, typed: Commands) -> None:
    with tempfile.TemporaryDirectory(prefix="qm-bare-", dir="/var/tmp") as folder:
        root = Path(folder) / suite
        # Without hard links or a layer over it: the tree stays as it is.
        copy = ["cp", "--archive", "--reflink=auto", str(kept_tree(suite)), str(root)]
        subprocess.run(copy, check=True)
        shared = set_up(root, suite)
        _bundle(root / _BUNDLE)
        with entered(root, shared, _environment()) as terminal:
            assert terminal.says("ls /usr/bin/python3* /usr/sbin/dockerd").count("No such") == 2
            terminal.type(f"cd && git clone -q /{_BUNDLE} quaymaster && cd quaymaster")
            assert terminal.ends(60) == 0
            _try(terminal, typed)
            _test(terminal, typed)
        shutil.rmtree(root)


def _try(terminal: Terminal, typed: Commands) -> None:
    """It sets itself up, shows the page, does what is asked there, ends, and is removed."""
    terminal.type(typed.try_it)
    terminal.sees(r"\[y/N\] ", 30)
    terminal.type("y")
    address = terminal.sees(r"http://127\.0\.0\.1:[0-9]+/chat/[\w-]+/", _SETS_UP_WITHIN)[0]
    with opened(address) as tab:
        tab.command("push shop/web:v2")
        tab.sees("Pushed", within=120)
    terminal.press_ctrl_c()
    terminal.ends(120)
    bridge = _bridge(terminal)
    assert bridge is None, bridge
    programs = terminal.says("ps -e -o comm= 2>/dev/null || cat /proc/[0-9]*/comm")
    assert set(programs.split()) <= {"bash", "ps", "cat"}, programs
    terminal.type(typed.remove)
    assert terminal.ends(120) == 0
    left = terminal.says("ls -d .try /run/qm-* 2>/dev/null; mount | grep qm-")
    assert left == "", left


def _test(terminal: Terminal, typed: Commands) -> None:
    terminal.type(typed.test)
    terminal.sees(r"\[y/N\] ", 30)
    terminal.type("y")
    assert terminal.ends(_TESTS_WITHIN) == 0


def _environment() -> dict[str, str]:
    chosen = {name: os.environ[name] for name in ("TESTS", "JOBS") if name in os.environ}
    return {
        **variables(os.environ),
        **chosen,
        "HOME": "/root",
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "TERM": "dumb",
    }


def _bundle(path: Path) -> None:
    """What is committed, as a clone has it."""
    git = [find_program("git"), "-C", str(ROOT)]
    subprocess.run([*git, "bundle", "create", "--quiet", str(path), "HEAD"], check=True)
    changed = subprocess.run(
        [*git, "status", "--porcelain"], check=True, capture_output=True, text=True
    ).stdout
    if changed:
        print(f"not committed, and so not looked at:\n{changed}", flush=True)


def _bridge(terminal: Terminal) -> Bridge | None:
    """That of the trial's engine: the network is the machine's, so it would stay."""
    name = json.loads(terminal.says("cat .try/choices.json"))["name"]
    return Bridge.existing(f"qm-{name}")


if __name__ == "__main__":
    main()
