"""What stands on a card, and which messages an operation has."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.views.card import is_cancellable, operation_messages
from bot.views.messages import FindingsFile, TextFile
from local_slack.blocks import TEXT_TOTAL, text_size
from quaymaster.approvals import ApprovalRule
from quaymaster.operations import Operation, Stage, State
from quaymaster.outcomes import Failed
from testing.samples import having
from tests.bot.views import hostile
from tests.bot.views.cases import (
    CASES,
    CONFIGURATION,
    DEPLOY,
    GOLDEN,
    NOW,
    QUEUED,
    RULE,
    RUNNING,
    SCANNED,
    drawn,
)

AWAITING = replace(DEPLOY, state=State.AWAITING_APPROVAL)


def slots(operation: Operation) -> dict[str, Any]:
    """The messages of an operation by slot."""
    return {one.slot: one for one in operation_messages(operation, CONFIGURATION, NOW)}


def action_ids(operation: Operation, slot: str = "card") -> list[str]:
    """The buttons of one message."""
    rows = [block.to_dict() for block in slots(operation)[slot].blocks if block.type == "actions"]
    return [element["action_id"] for row in rows for element in row["elements"]]


@pytest.mark.parametrize("name", CASES)
def test_a_card_looks_as_it_was_agreed(name: str) -> None:
    """``python -m tests.bot.views.cases`` draws the golden files anew."""
    assert drawn(CASES[name]) == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


def test_there_is_no_golden_file_without_a_case() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(CASES)


def test_a_running_push_is_made_of_these_blocks() -> None:
    card = slots(CASES["running"])["card"]
    bar = {"type": "text", "text": "████████░░░░░░░░░░░░", "style": {"code": True}}
    line_break = {"type": "text", "text": "\n"}
    assert [block.to_dict() for block in card.blocks] == [
        {
            "type": "header",
            "text": {"type": "plain_text", "text": "Push shop/web:1.4 from build1", "emoji": False},
        },
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [
                        {"type": "text", "text": "🔄 "},
                        {"type": "text", "text": "Pushing", "style": {"bold": True}},
                        line_break,
                        bar,
                        {"type": "text", "text": " 41 %"},
                        line_break,
                        {"type": "text", "text": "88 MB of 210 MB · 10 s left"},
                        line_break,
                        {"type": "text", "text": "12 MB/s · 7 of 10 layers"},
                    ],
                }
            ],
        },
        {
            "type": "actions",
            "elements": [
                {
                    "type": "button",
                    "text": {"type": "plain_text", "text": "Cancel", "emoji": False},
                    "action_id": "cancel",
                    "value": "operation:1042",
                    "accessibility_label": "Cancel: operation 1042",
                }
            ],
        },
        {
            "type": "context",
            "elements": [
                {
                    "type": "mrkdwn",
                    "text": "#1042 · <@U024BE7LH> · "
                    "<!date^1777890600^{date_short_pretty} at {time}|2026-05-04 10:30 UTC>",
                    "verbatim": True,
                }
            ],
        },
    ]


def test_an_accepted_operation_shows_nothing_yet() -> None:
    assert operation_messages(replace(QUEUED, state=State.ACCEPTED), CONFIGURATION, NOW) == ()


def test_a_refusal_at_admission_is_told_to_the_requester_alone() -> None:
    messages = slots(CASES["refused-before-it-started"])
    assert list(messages) == ["private"]
    assert messages["private"].only_for == "U024BE7LH"
    assert messages["private"].channel == "C0SHOP"


def test_a_refusal_by_the_gate_stands_on_the_card() -> None:
    messages = slots(CASES["deploy-refused-by-the-gate"])
    assert list(messages) == ["card"]
    assert messages["card"].only_for is None


def test_the_card_stays_in_the_thread_that_the_command_was_typed_in() -> None:
    assert slots(RUNNING)["card"].thread == "1700000000.000100"
    assert slots(AWAITING)["approval"].thread is None


def test_the_request_for_approval_goes_to_the_approvers_too() -> None:
    messages = slots(AWAITING)
    assert list(messages) == ["card", "approval"]
    assert messages["approval"].channel == "C0RELEASE"
    assert action_ids(AWAITING) == action_ids(AWAITING, "approval") == ["approve", "reject"]


@pytest.mark.parametrize(
    "rule",
    [
        replace(RULE, channel=None),
        replace(RULE, channel="C0SHOP"),
        replace(RULE, needed=0),
    ],
)
def test_there_is_no_copy_where_it_would_say_nothing_new(rule: ApprovalRule) -> None:
    assert "approval" not in slots(having(AWAITING, rule=rule))


@pytest.mark.parametrize(
    ("needed", "words"),
    [
        (1, "This is the last approval: it goes live."),
        (2, "You are the first of 2."),
        (3, "You are the first of 3."),
    ],
)
def test_approving_asks_again_and_says_what_the_vote_does(needed: int, words: str) -> None:
    unvoted = having(AWAITING, rule=replace(RULE, needed=needed), votes=())
    card = slots(unvoted)["card"]
    (row,) = [b.to_dict() for b in card.blocks if b.type == "actions"]
    approve, reject = row["elements"]
    assert approve["confirm"]["text"]["text"] == (
        f"Deploy shop/web:1.4 to production/web. Digest 4f1a4f1a4f1a. {words} Your vote is final."
    )
    assert "One rejection ends it." in reject["confirm"]["text"]["text"]
    assert (approve["style"], reject["style"]) == ("primary", "danger")


def test_an_approval_that_is_too_late_has_no_buttons() -> None:
    expired = having(AWAITING, rule=replace(RULE, expires_at=NOW))
    assert action_ids(expired) == []
    assert "Too late to approve" in slots(expired)["card"].text


def test_progress_does_not_edit_the_copy_in_the_channel_of_the_approvers() -> None:
    first = CASES["deploy-applying"]
    assert first.progress is not None
    later = replace(first, progress=replace(first.progress, step="draining the old one"))
    assert slots(first)["approval"].shows == slots(later)["approval"].shows
    assert slots(first)["card"].shows != slots(later)["card"].shows


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("deploy-re")][1:])
def test_an_ended_approval_keeps_who_approved_and_who_rejected(name: str) -> None:
    text = drawn(CASES[name])
    assert text.count("Approved by @U0ANN") == 2
    assert text.count("Rejected by @U0CAT") == 2


def test_no_value_of_a_variable_is_shown() -> None:
    text = drawn(AWAITING)
    assert "LOG_LEVEL" in text
    assert "SAME" not in text
    for value in ("debug-value", "info-value", "all-value", "gone-value", "fingerprint", "${"):
        assert value not in text


def test_cancel_is_offered_until_it_cannot_help() -> None:
    assert is_cancellable(QUEUED)
    assert is_cancellable(RUNNING)
    assert is_cancellable(CASES["scanning"])
    assert is_cancellable(replace(DEPLOY, stage=Stage.APPLY))
    assert not is_cancellable(replace(RUNNING, cancel_asked_by="U0BOB"))
    assert not is_cancellable(replace(RUNNING, stage=Stage.RECOVER))
    assert not is_cancellable(CASES["deploy-baking"])
    assert not is_cancellable(replace(CASES["deploy-baking"], state=State.QUEUED))
    assert not any(is_cancellable(replace(RUNNING, state=s)) for s in State if s.is_terminal)


def test_an_alert_goes_to_its_channel_and_the_rest_of_the_findings_to_the_thread() -> None:
    messages = slots(CASES["scanned-blocked"])
    assert list(messages) == ["card", "alert:C0SECURITY", "findings"]
    assert messages["alert:C0SECURITY"].channel == "C0SECURITY"
    findings = messages["findings"]
    assert findings.reply_to == "card"
    assert isinstance(findings.file, FindingsFile)
    assert findings.file.digest == SCANNED.digest
    assert findings.file.database_version == "2026-05-04"


def test_findings_that_all_stand_on_the_card_need_no_file() -> None:
    scanned = replace(SCANNED, total=len(SCANNED.worst), alerts=())
    assert list(slots(replace(CASES["scanned-blocked"], outcome=scanned))) == ["card"]


def test_an_unknown_verdict_never_looks_clean() -> None:
    text = drawn(CASES["scanned-unknown"])
    assert "Unknown" in text
    assert "No findings" not in text
    assert "✅" not in text


def test_a_log_that_is_cut_on_the_card_is_whole_in_the_thread() -> None:
    case = CASES["deploy-unhealthy"]
    assert isinstance(case.outcome, Failed)
    log = slots(case)["log"]
    assert isinstance(log.file, TextFile)
    assert log.file.content.splitlines() == list(case.outcome.trouble.log_tail)
    short = replace(case.outcome.trouble, log_tail=case.outcome.trouble.log_tail[:5])
    assert "log" not in slots(replace(case, outcome=replace(case.outcome, trouble=short)))


def test_urgency_follows_the_state() -> None:
    assert slots(QUEUED)["card"].urgency == "changed"
    assert slots(CASES["running"])["card"].urgency == "progress"
    assert slots(AWAITING)["approval"].urgency == "changed"
    assert slots(CASES["deployed"])["card"].urgency == "ended"
    assert slots(CASES["deployed"])["approval"].urgency == "ended"


def test_a_card_does_not_change_while_time_passes() -> None:
    """The courier edits only what shows something else."""
    for operation in CASES.values():
        later = NOW + timedelta(minutes=10)
        before = operation_messages(operation, CONFIGURATION, NOW)
        after = operation_messages(operation, CONFIGURATION, later)
        assert [one.shows for one in before] == [one.shows for one in after]


def test_no_combination_of_long_texts_is_too_long_together() -> None:
    for case in CASES.values():
        worst = hostile.poisoned(case, ("W" * 3_000,), 60)
        for state in State:
            messages = operation_messages(
                replace(worst, state=state, started_at=NOW), CONFIGURATION, NOW
            )
            for message in messages:
                drawn_blocks = [block.to_dict() for block in message.blocks]
                assert text_size(drawn_blocks) <= TEXT_TOTAL - 500, (message.slot, state)
