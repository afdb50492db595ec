"""What `make bare` types and sets up; that it works is proved by `make bare`."""

import os
import subprocess
import sys
from contextlib import closing

import pytest

from testing.debian_archive import Source
from tests.bare.readme import commands
from tests.bare.settings import variables
from tests.bare.terminal import PROMPT, Terminal
from tests.readme import ROOT


def test_the_commands_are_those_of_the_readme() -> None:
    typed = commands()
    assert (typed.try_it, typed.test) == ("make try", "make test")
    assert typed.remove == "make try OPTIONS=--remove"


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ("bookworm", "trixie"),
        ("bookworm-updates", "trixie-updates"),
        ("bookworm-security", "trixie-security"),
    ],
)
def test_sources_are_this_machines_for_the_other_debian(release: str, expected: str) -> None:
    one = Source("http://archive.example.com/debian/", release, "main").of("trixie")
    assert str(one) == f"deb http://archive.example.com/debian/ {expected} main"


def test_no_secret_of_ours_goes_along() -> None:
    given = {"HTTPS_PROXY": "http://proxy:3128", "no_proxy": "localhost", "SLACK_TOKEN": "xoxb-1"}
    assert set(variables(given)) == {"HTTPS_PROXY", "no_proxy"}


def test_what_is_waited_for_and_does_not_come_is_noticed_at_the_prompt() -> None:
    """Not half an hour later; and what was seen is not seen twice."""
    ours, theirs = os.pipe()
    with closing(os.fdopen(ours)), closing(os.fdopen(theirs, "w", buffering=1)) as shell:
        terminal = Terminal(ours)
        os.write(theirs, b"\r")  # alone, as progress is written: nothing to see, and no end
        shell.write(f"make: Error 2\n{PROMPT}")
        shell.flush()
        terminal.sees("Error [0-9]", within=5)
        with pytest.raises(AssertionError, match="until the prompt came back"):
            terminal.sees("Error 2", within=600)


def test_another_suite_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bare", "sarge"],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 2
    assert "sarge: bookworm or trixie is meant" in done.stderr
