import io

import pytest
from rich.console import Console

from programs.check_report import print_checks, summary
from quaymaster.checks import Check

CHECKS = (
    Check("Redis", "ok", "Valkey 9.0 answers."),
    Check("Redis durability", "warning", "appendfsync everysec", "Set `appendfsync always`."),
    Check("channel C0SHOP (staging/web)", "broken", "The bot is not in #[bold]shop[/].", "Invite."),
)


def printed(width: int) -> str:
    file = io.StringIO()
    print_checks(CHECKS, Console(file=file, width=width))
    return file.getvalue()


def test_verdicts_are_words_and_need_no_colours() -> None:
    lines = printed(100).splitlines()
    assert lines[0].rstrip() == "ok      Redis: Valkey 9.0 answers."
    assert lines[2].strip() == "→ Set `appendfsync always`."
    assert lines[3].startswith("broken  channel C0SHOP")
    assert "\x1b" not in printed(100)


def test_words_from_outside_are_not_read_as_markup() -> None:
    assert "#[bold]shop[/]" in printed(100)


@pytest.mark.parametrize("width", [20, 32, 60])
def test_nothing_is_lost_on_a_narrow_terminal(width: int) -> None:
    assert all(len(line) <= width for line in printed(width).splitlines())
    letters = "".join(printed(width).split())
    for check in CHECKS:
        for word in (*check.subject.split(), *check.next_step.split()):
            assert word in letters


def test_the_summary_counts() -> None:
    assert summary(CHECKS) == "Of 3 checks, 1 are broken and 1 are warnings."
    assert summary(CHECKS[:1]) == "All 1 checks are ok."
