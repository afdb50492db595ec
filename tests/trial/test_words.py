"""What is typed at the prompt."""

import pytest

from quaymaster.errors import UsageError
from trial.words import (
    WAIT_SECONDS,
    Be,
    Click,
    Enter,
    Help,
    Line,
    Nothing,
    Quit,
    Show,
    Typed,
    Wait,
    read_line,
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", Nothing()),
        ("  # a comment", Nothing()),
        (":help", Help()),
        (":quit", Quit()),
        (":as carol", Be("carol")),
        (":in #releases", Enter("#releases")),
        (":click approve", Click("approve", None)),
        (":click approve 1042", Click("approve", "1042")),
        (":click next page #7", Click("next page", "7")),
        (":show", Show(3)),
        (":show 5", Show(5)),
        (":wait Needs 2 approvals", Wait("Needs 2 approvals", WAIT_SECONDS)),
        (":wait 5 Deployed", Wait("Deployed", 5)),
        ("/image tags shop/web", Typed("/image tags shop/web")),
        ("hello", Typed("hello")),
    ],
)
def test_a_line_means(text: str, line: Line) -> None:
    assert read_line(text) == line


@pytest.mark.parametrize("text", [":fly", ":as", ":in ", ":click", ":show all", ":wait"])
def test_a_word_that_there_is_not_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=":help"):
        read_line(text)
