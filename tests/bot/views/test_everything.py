"""Whatever comes in: the blocks are valid, within the limits, and tell nobody but who is meant."""

from dataclasses import dataclass, replace
from typing import get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.views.answers import (
    Jobs,
    ServiceStatus,
    jobs_answer,
    problem_answer,
    status_answer,
)
from bot.views.buttons import Button
from bot.views.card import operation_messages
from bot.views.findings import findings_table
from bot.views.plain import as_text
from quaymaster.errors import Problem
from quaymaster.findings import ScannerDatabase, ScanReport
from quaymaster.operations import Operation, Stage, State
from quaymaster.outcomes import Outcome
from quaymaster.releases import Release
from quaymaster.requests import (
    ApproveRequest,
    CancelRequest,
    HelpRequest,
    JobsRequest,
    RejectRequest,
    Request,
    StatusRequest,
)
from tests.bot.views import hostile
from tests.bot.views.cases import (
    CASES,
    CHANGE,
    CONFIGURATION,
    DIGEST,
    FINDINGS,
    NOW,
    REPOSITORY,
)
from tests.bot.views.reading import faults

PEOPLE = frozenset({"U024BE7LH", "U0ANN", "U0BOB", "U0CAT"})


_MARKED = "*bold* _italic_ ~strike~ `code` ```block``` > quote"


@dataclass(frozen=True)
class Scenario:
    """A case in any state, full of hostile words; small to print when it fails."""

    case: str
    state: State | None
    stage: Stage | None
    has_started: bool
    words: tuple[str, ...]
    rows: int
    page: int

    def operation(self) -> Operation:
        """The operation that it describes."""
        case = CASES[self.case]
        operation = replace(
            case,
            state=self.state or case.state,
            stage=self.stage or case.stage,
            started_at=NOW if self.has_started else None,
            page=self.page,
        )
        return hostile.poisoned(operation, self.words, self.rows)


words = st.lists(hostile.texts, min_size=1, max_size=4).map(tuple)
lengths = st.integers(1, 80)
scenarios = st.builds(
    Scenario,
    st.sampled_from(list(CASES)),
    st.none() | st.sampled_from(State),
    st.none() | st.sampled_from(Stage),
    st.booleans(),
    words,
    lengths,
    st.integers(-3, 10**6),
)


@settings(max_examples=300, deadline=None)
@given(scenarios)
def test_every_message_is_taken_by_slack_and_tells_only_who_is_meant(scenario: Scenario) -> None:
    for message in operation_messages(scenario.operation(), CONFIGURATION, NOW):
        assert faults(message.text, message.blocks, PEOPLE | {*scenario.words}) == [], message.slot
        assert as_text(message)


@given(scenarios)
def test_slots_are_unique_and_replies_have_something_to_reply_to(scenario: Scenario) -> None:
    messages = operation_messages(scenario.operation(), CONFIGURATION, NOW)
    slots = [message.slot for message in messages]
    assert len(set(slots)) == len(slots)
    for message in messages:
        assert message.reply_to is None or message.reply_to in slots
        assert (message.file is None) == (message.reply_to is None)
        assert message.blocks or message.file


@given(scenarios)
def test_a_button_carries_the_id_and_where_it_votes_the_hash_of_the_plan(
    scenario: Scenario,
) -> None:
    operation = scenario.operation()
    plan = operation.signed_plan
    for message in operation_messages(operation, CONFIGURATION, NOW):
        rows = [block.to_dict() for block in message.blocks if block.type == "actions"]
        for element in (element for row in rows for element in row["elements"]):
            votes = element["action_id"] in (Button.APPROVE, Button.REJECT)
            assert element["value"] == (
                f"operation:1042 {plan.digest}" if votes and plan else "operation:1042"
            )
            assert plan or not votes


@given(words, lengths)
def test_every_trouble_can_be_told(said: tuple[str, ...], rows: int) -> None:
    answer = problem_answer(hostile.poisoned(Problem("", log_tail=("",)), said, rows))
    assert faults(answer.text, answer.blocks, frozenset()) == []


@settings(max_examples=50, deadline=None)
@given(scenarios, st.integers(0, 100), st.integers(0, 100))
def test_every_list_of_jobs_can_be_told(scenario: Scenario, under_way: int, ended: int) -> None:
    operation = scenario.operation()
    jobs = Jobs((operation,) * under_way, under_way, (operation,) * ended)
    answer = jobs_answer(jobs, CONFIGURATION, NOW)
    assert faults(answer.text, answer.blocks, PEOPLE | {*scenario.words}) == []


@settings(max_examples=50, deadline=None)
@example(Scenario("inspected", None, None, False, (_MARKED,), 1, 0), 40)
@given(scenarios, st.integers(0, 100))
def test_every_status_can_be_told(scenario: Scenario, services: int) -> None:
    release = Release(7, "", "", CHANGE.image, CHANGE.workload, "", ("",), NOW, 7)
    released = hostile.poisoned(release, scenario.words, scenario.rows)
    operation = scenario.operation()
    known = [
        ServiceStatus(
            f"{scenario.words[0]}{index % 60}",
            scenario.words[-1],
            released if index % 5 else None,
            (operation,) * (index % 3),
        )
        for index in range(services)
    ]
    answer = status_answer(known, CONFIGURATION, NOW)
    assert faults(answer.text, answer.blocks, PEOPLE | {*scenario.words}) == []


@given(words, lengths)
def test_the_table_has_a_line_for_every_finding(said: tuple[str, ...], rows: int) -> None:
    report = ScanReport(REPOSITORY, DIGEST, ScannerDatabase("", NOW), NOW, FINDINGS)
    lines = findings_table(hostile.poisoned(report, said, rows)).split("\n")
    assert len(lines) == 6 + rows
    assert all(line.replace("\N{ZERO WIDTH JOINER}", "").isprintable() for line in lines)


@pytest.mark.parametrize("name", CASES)
def test_every_kind_of_card_is_taken_by_slack(name: str) -> None:
    for message in operation_messages(CASES[name], CONFIGURATION, NOW):
        assert faults(message.text, message.blocks, PEOPLE) == []


def test_there_is_a_case_for_every_state() -> None:
    assert {operation.state for operation in CASES.values()} == set(State) - {State.ACCEPTED}


def test_there_is_a_case_for_every_kind_of_outcome() -> None:
    kinds = {type(case.outcome) for case in CASES.values()} - {type(None)}
    assert kinds == set(get_args(get_args(Outcome)[0]))


def test_there_is_a_case_for_every_request_that_becomes_an_operation() -> None:
    asked_of_the_bot_alone = {
        HelpRequest,
        StatusRequest,
        JobsRequest,
        CancelRequest,
        ApproveRequest,
        RejectRequest,
    }
    every = set(get_args(get_args(Request)[0]))
    assert {type(case.request) for case in CASES.values()} == every - asked_of_the_bot_alone
