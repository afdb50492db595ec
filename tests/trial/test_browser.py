"""Opening the page: only in front of a screen, and never with its address on a command line."""

import sys
from pathlib import Path

import pytest

from trial.browser import shown_in_browser

ADDRESS = "http://127.0.0.1:21001/chat/s3cret/"
SCREEN = {"DISPLAY": ":0"}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="xdg-open is Linux's")


def opening(folder: Path, status: int) -> dict[str, str]:
    """An environment in which files are opened by a program that writes its words down."""
    opener = folder / "xdg-open"
    opener.write_text(f'#!/bin/sh\necho "$@" > {folder}/words\nexit {status}\n')
    opener.chmod(0o700)
    return {"PATH": str(folder)}


def test_a_file_is_opened_that_only_its_owner_can_read_and_that_leads_on(tmp_path: Path) -> None:
    environment = SCREEN | opening(tmp_path, 0)
    sentence = shown_in_browser(ADDRESS, tmp_path, environment, is_terminal=True)
    assert sentence.startswith("It opens in your browser")
    words = (tmp_path / "words").read_text()
    assert words.strip() == (tmp_path / "open.html").as_uri()
    assert "s3cret" not in words
    assert ADDRESS in (tmp_path / "open.html").read_text()
    assert (tmp_path / "open.html").stat().st_mode & 0o777 == 0o600


def test_a_browser_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    environment = SCREEN | opening(tmp_path, 3)
    sentence = shown_in_browser(ADDRESS, tmp_path, environment, is_terminal=True)
    assert sentence == "No browser could be opened here. Open the address above."


@pytest.mark.parametrize(
    ("environment", "is_terminal", "why", "host"),
    [
        ({}, True, "There is no screen here", "@"),
        (SCREEN, False, "The output is not a terminal", "@"),
        (
            SCREEN | {"SSH_CONNECTION": "192.0.2.7 50000 192.0.2.1 22"},
            True,
            "You are here over SSH",
            "@192.0.2.1\n",
        ),
    ],
)
def test_where_nobody_would_see_it_the_way_from_elsewhere_is_told(
    tmp_path: Path, environment: dict[str, str], is_terminal: bool, why: str, host: str
) -> None:
    given = opening(tmp_path, 0) | environment
    sentence = shown_in_browser(ADDRESS, tmp_path, given, is_terminal=is_terminal)
    assert sentence.startswith(why)
    assert "  ssh -L 21001:127.0.0.1:21001 " in sentence
    assert host in sentence
    assert not (tmp_path / "words").exists()
