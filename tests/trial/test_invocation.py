"""What a person is told to type can be typed where they are."""

import re

import pytest

from tests.readme import ROOT
from trial.invocation import VARIABLE, invocation


def test_the_command_is_that_of_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert invocation("--reset") == "`quaymaster try --reset`"


def test_who_came_by_make_is_told_how_make_spells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    exported = re.search(rf"^try: export {VARIABLE} = (.*)$", makefile, re.MULTILINE)
    assert exported is not None
    monkeypatch.setenv(VARIABLE, exported[1])
    assert invocation("--reset") == "`make try OPTIONS=--reset`"
