"""What the Home tab shows of what it is about, whatever that is."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from bot.views.answers import Jobs, PrivateAnswer, ServiceStatus, problem_answer
from bot.views.home import VOTES_SHOWN, HomeContent, HomeContext, home_blocks, home_problem_blocks
from bot.views.plain import as_text
from local_slack.blocks import view_violations
from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import Problem
from quaymaster.operations import Operation, State
from quaymaster.releases import Release
from testing.configurations import SMALL
from testing.samples import having
from tests.bot.views import hostile
from tests.bot.views.cases import CASES, CHANGE, CONFIGURATION, NOW, QUEUED
from tests.bot.views.reading import faults

SCENE = HomeContext(CONFIGURATION, NOW)
AWAITING = [name for name, case in CASES.items() if case.state is State.AWAITING_APPROVAL]
WAITING = CASES["deploy-awaiting-approval"]
RELEASE = Release(
    1031, "production", "web", CHANGE.image, CHANGE.workload, "U024BE7LH", ("U0ANN",), NOW, 6
)
NOTHING = HomeContent((), (), Jobs((), 0, ()))
LARGEST_VIEW = 250_000
"""Bytes: ``view_too_large``, https://docs.slack.dev/reference/methods/views.publish"""


def text_of(blocks: tuple[Block, ...]) -> str:
    return as_text(PrivateAnswer("", blocks))


def numbered(count: int) -> tuple[Operation, ...]:
    return tuple(having(WAITING, id=2000 + number) for number in range(count))


def services(count: int, environments: int = 1) -> tuple[ServiceStatus, ...]:
    return tuple(
        ServiceStatus(f"env{number % environments}", f"web{number}", RELEASE)
        for number in range(count)
    )


def test_first_comes_what_waits_then_what_runs_what_is_under_way_and_how_to_start() -> None:
    jobs = Jobs((QUEUED,), 1, (CASES["pushed"],))
    content = HomeContent((WAITING,), (ServiceStatus("production", "web", RELEASE),), jobs)
    text = text_of(home_blocks(content, SCENE))
    assert text.startswith("Waiting for your vote: 1\n")
    parts = (
        "Deploy shop/web:1.4 to production/web\n",
        "Waiting for 1 of release-managers (not @U024BE7LH)",
        "New: shop/web:1.4",
        "[ Approve ]  [ Reject ]",
        "What runs where\n",
        "• web shop/web:1.4 since 2026-05-04 10:30 UTC · #1031 · @U024BE7LH",
        "Operations\n",
        "In progress: 1\n",
        "Recent: 1\n",
        "How to start\n",
        "• /image status What runs where\n",
        "• /image tags shop/web ",
        "• /image deploy shop/web:TAG to production ",
        "• /image help ",
        "With /image, in a channel that the bot is in or here under Messages.",
        "[ Refresh ]\n",
        "As of 2026-05-04 10:30 UTC.",
    )
    places = [text.find(part) for part in parts]
    assert -1 not in places, parts[places.index(-1)]
    assert places == sorted(places)


def test_a_vote_on_it_is_the_vote_on_the_card() -> None:
    blocks = home_blocks(replace(NOTHING, waiting=(WAITING,)), SCENE)
    rows = [block.to_dict()["elements"] for block in blocks if block.type == "actions"]
    assert [[one["action_id"] for one in row] for row in rows] == [
        ["approve", "reject"],
        ["refresh"],
    ]
    assert WAITING.signed_plan is not None
    assert [one["value"] for one in rows[0]] == [f"operation:1042 {WAITING.signed_plan.digest}"] * 2
    assert all(one["confirm"] for one in rows[0])


def test_where_nothing_waits_it_says_so() -> None:
    text = text_of(home_blocks(NOTHING, SCENE))
    assert text.startswith("Nothing is waiting for you\n")
    assert "No service is configured." in text
    assert "Nothing in progress" in text


def test_more_than_a_few_votes_are_named_with_their_commands() -> None:
    text = text_of(home_blocks(replace(NOTHING, waiting=numbered(VOTES_SHOWN + 2)), SCENE))
    assert text.count("[ Approve ]") == VOTES_SHOWN
    assert (
        "• #2006 Deploy shop/web:1.4 to production/web · /image approve 2006 · see #C0RELEASE"
        in text
    )
    assert "more" not in text.split("Also waiting for your vote:")[1].split("What runs")[0]


def test_very_many_votes_are_cut_visibly() -> None:
    text = text_of(home_blocks(replace(NOTHING, waiting=numbered(30)), SCENE))
    assert text.startswith("Waiting for your vote: 30\n")
    assert "… and 15 more" in text


def test_very_many_services_are_cut_visibly() -> None:
    text = text_of(home_blocks(replace(NOTHING, services=services(60)), SCENE))
    assert "• web24 " in text
    assert "• web25 " not in text
    assert "… and 35 more: /image status ENVIRONMENT" in text


def test_without_services_the_first_steps_name_what_has_to_be_filled_in() -> None:
    context = HomeContext(SMALL, NOW, "/ship")
    text = text_of(home_blocks(NOTHING, context))
    assert "• /ship tags REPOSITORY " in text
    assert "• /ship deploy REPOSITORY:TAG to ENVIRONMENT " in text


@pytest.mark.parametrize(
    "notice",
    [
        PrivateAnswer.line("Approved. #1042 <counts>."),
        problem_answer(Problem("Approved. #1042 <counts>.")),
    ],
)
def test_what_came_of_a_click_stands_at_the_top(notice: PrivateAnswer) -> None:
    text = text_of(home_blocks(NOTHING, SCENE, notice))
    assert text.startswith("Approved. #1042 <counts>.\n")
    assert "Nothing is waiting for you" in text


def test_who_may_not_look_is_told_why_and_sees_nothing_else() -> None:
    problem = Problem("You may not.", "That is for developers.", "Ask one of them.")
    text = text_of(home_problem_blocks(problem, SCENE))
    assert text.startswith("You may not.\nThat is for developers.\n👉 Ask one of them.\n")
    assert "[ Refresh ]" in text
    assert "What runs where" not in text


def test_the_same_trouble_is_not_said_twice() -> None:
    problem = Problem("Quaymaster cannot reach its database.")
    text = text_of(home_problem_blocks(problem, SCENE, problem_answer(problem)))
    assert text.count(problem.what) == 1
    other = text_of(home_problem_blocks(problem, SCENE, PrivateAnswer.line("It counts.")))
    assert other.startswith("It counts.\n")
    assert problem.what in other


words = st.lists(hostile.texts, min_size=1, max_size=4).map(tuple)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(AWAITING),
    st.sampled_from(list(CASES)),
    words,
    st.integers(1, 80),
    st.integers(0, 40),
    st.integers(0, 100),
    st.booleans(),
    st.booleans(),
)
def test_whatever_it_is_about_slack_takes_it(
    awaiting: str,
    listed: str,
    said: tuple[str, ...],
    rows: int,
    waiting: int,
    count: int,
    is_late: bool,
    is_in_many_environments: bool,
) -> None:
    vote = hostile.poisoned(CASES[awaiting], said, rows)
    other = hostile.poisoned(CASES[listed], said, rows)
    at = NOW + timedelta(days=1) if is_late else NOW
    released = hostile.poisoned(RELEASE, said, rows)
    environments = count if is_in_many_environments else 2
    content = HomeContent(
        (vote,) * waiting,
        tuple(
            ServiceStatus(
                f"{said[0]}{number % environments}", said[-1], released, (other,) * (number % 3)
            )
            for number in range(count)
        ),
        Jobs((other,) * min(count, 20), count, (other,) * min(count, 10)),
    )
    notice = problem_answer(hostile.poisoned(Problem("", log_tail=("",)), said, rows))
    blocks = home_blocks(content, HomeContext(_configured(said), at), notice)
    check(blocks, said)


@given(words, st.integers(1, 80))
def test_whatever_the_trouble_is_slack_takes_it(said: tuple[str, ...], rows: int) -> None:
    trouble = hostile.poisoned(Problem("", log_tail=("",)), said, rows)
    other = problem_answer(replace(trouble, what="Something else."))
    check(home_problem_blocks(trouble, SCENE, other), said)


def check(blocks: tuple[Block, ...], people: tuple[str, ...]) -> None:
    view = View(type="home", blocks=blocks).to_dict()
    assert view_violations(view) == []
    assert len(json.dumps(view, ensure_ascii=False).encode(errors="replace")) < LARGEST_VIEW
    told = {"U024BE7LH", "U0ANN", "U0BOB", "U0CAT", *people}
    assert faults("text", blocks, frozenset(told), "home") == []
    assert text_of(blocks)


def _configured(said: tuple[str, ...]) -> Configuration:
    return CONFIGURATION if len(said) % 2 else SMALL
