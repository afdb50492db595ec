"""What one person is told."""

from dataclasses import replace

import pytest

from bot.commands.grammar import VERBS
from bot.commands.help import help_text
from bot.views.answers import (
    Jobs,
    ServiceStatus,
    help_answer,
    jobs_answer,
    problem_answer,
    status_answer,
    suggestion_answer,
)
from bot.views.plain import as_text
from quaymaster.errors import Problem
from quaymaster.operations import State
from quaymaster.releases import Release
from testing.samples import DIGEST, having
from tests.bot.views.cases import CASES, CHANGE, CONFIGURATION, DEPLOY, NOW, QUEUED
from tests.bot.views.reading import faults

RELEASE = Release(
    1031, "production", "web", CHANGE.image, CHANGE.workload, "U024BE7LH", ("U0ANN",), NOW, 6
)


@pytest.mark.parametrize("topic", [None, *VERBS])
def test_every_page_of_help_can_be_told(topic: str | None) -> None:
    answer = help_answer(help_text(topic))
    assert faults(answer.text, answer.blocks, frozenset()) == []


def test_help_names_every_verb() -> None:
    text = as_text(help_answer(help_text()))
    assert all(f"• /image {verb.usage} {verb.summary}" in text for verb in VERBS.values())


def test_a_trouble_says_what_why_and_what_to_do() -> None:
    answer = problem_answer(
        Problem("“psuh” is not a command.", "It is unknown.", "Try `/image help`.", ("a log",))
    )
    assert as_text(answer) == (
        "“psuh” is not a command.\nIt is unknown.\n👉 Try /image help.\n│ a log"
    )
    assert answer.text == "“psuh” is not a command.\nIt is unknown.\n👉 Try /image help."


@pytest.mark.parametrize("length", [20, 120, 400])
def test_nothing_of_a_line_that_is_offered_is_cut_off(length: int) -> None:
    """What it acts on stands at its end."""
    line = f"/image deploy registry.example.com/{'a' * length}:1.4@{DIGEST} to production/web"
    answer = suggestion_answer(line, Problem("“x” is not a command."), NOW, "v" * 1_000)
    assert faults(answer.text, answer.blocks, frozenset()) == []
    question, _, _ = as_text(answer).partition("\n")
    assert question == f"Did you mean {line}?"
    assert f"Did you mean {line}?" in answer.text


def test_status_shows_what_runs_and_what_is_being_done() -> None:
    services = [
        ServiceStatus("production", "web", RELEASE, (DEPLOY,)),
        ServiceStatus("production", "order", None),
        ServiceStatus("staging", "web", replace(RELEASE, environment="staging")),
    ]
    answer = status_answer(services, CONFIGURATION, NOW)
    assert as_text(answer) == (
        "production\n"
        "• web shop/web:1.4 since 2026-05-04 10:30 UTC · #1031 · @U024BE7LH · 🔄 #1042 Running\n"
        "• order nothing released yet\n"
        "staging\n"
        "• web shop/web:1.4 since 2026-05-04 10:30 UTC · #1031 · @U024BE7LH"
    )


def test_status_of_very_many_services_is_cut_visibly() -> None:
    services = [ServiceStatus(f"env{number}", "web", RELEASE) for number in range(60)]
    text = as_text(status_answer(services, CONFIGURATION, NOW))
    assert "env39" in text
    assert "env40" not in text
    assert "… and 20 more: /image status ENVIRONMENT" in text


def test_status_without_services_says_so() -> None:
    assert as_text(status_answer([], CONFIGURATION, NOW)) == "No service is configured."


def test_jobs_shows_what_is_under_way_and_what_has_ended() -> None:
    waiting = having(DEPLOY, state=State.AWAITING_APPROVAL, id=1043)
    answer = jobs_answer(Jobs((QUEUED, waiting), 2, (CASES["pushed"],)), CONFIGURATION, NOW)
    assert as_text(answer) == (
        "In progress: 2\n"
        "• ⏳ #1042 Push shop/web:1.4 from build1 · Queued · @U024BE7LH · 2026-05-04 10:30 UTC\n"
        "• 🟡 #1043 Deploy shop/web:1.4 to production/web · Needs 1 approval"
        " · @U024BE7LH · 2026-05-04 10:30 UTC\n"
        "Recent: 1\n"
        "• ✅ #1042 Push shop/web:1.4 from build1 · Pushed · @U024BE7LH · 2026-05-04 10:30 UTC"
    )


def test_no_jobs_at_all_says_so() -> None:
    text = as_text(jobs_answer(Jobs((), 0, ()), CONFIGURATION, NOW))
    assert text == "Nothing in progress\nNothing recent"
