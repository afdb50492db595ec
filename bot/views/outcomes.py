"""How each outcome is shown: one row for each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from slack_sdk.models.blocks import Block

from bot.views import listing, results
from bot.views.amounts import counted
from bot.views.card_context import CardContext
from bot.views.inspected import inspected_blocks, inspected_summary
from bot.views.parts import Line, paragraph
from quaymaster.findings import Blocked, Clean, Unknown, Verdict
from quaymaster.operations import Operation
from quaymaster.outcomes import (
    Deployed,
    Ended,
    Failed,
    HistoryListed,
    ImagesListed,
    Inspected,
    Interrupted,
    Outcome,
    Pulled,
    Pushed,
    Scanned,
    Tagged,
    TagsListed,
)


@dataclass(frozen=True, slots=True)
class OutcomeView:
    """How an outcome is shown."""

    emoji: str
    """The first sign on the card of an operation that succeeded; other ends show their state."""
    word: str
    """The words right after the emoji."""
    summary: Line
    """One line for the notification that adds to the word. It may be empty."""
    blocks: Callable[[], tuple[Block, ...]]
    """The card's part about it. Drawn on demand: a list of jobs needs no blocks."""


def view_of(outcome: Outcome, context: CardContext) -> OutcomeView:
    """The view of an outcome."""
    match outcome:
        case ImagesListed():
            total = listing.total_of(outcome)
            return OutcomeView("✅", total, (), lambda: listing.images(outcome, context))
        case TagsListed():
            total = listing.total_of(outcome)
            return OutcomeView("✅", total, (), lambda: listing.tags(outcome, context))
        case HistoryListed():
            total = listing.total_of(outcome)
            return OutcomeView("✅", total, (), lambda: listing.history(outcome, context))
        case Inspected():
            where, summary = results.place(outcome.where), inspected_summary(outcome)
            return OutcomeView("✅", where, summary, lambda: inspected_blocks(outcome))
        case Pulled(already_there=already_there):
            word = "Up to date, nothing to pull" if already_there else "Pulled"
            return _in_lines(word, results.pulled_lines(outcome))
        case Pushed():
            return _in_lines("Pushed", results.pushed_lines(outcome))
        case Tagged():
            return _in_lines("Tagged", results.tagged_lines(outcome))
        case Scanned():
            (emoji, word), summary = _verdict(outcome.verdict), results.scanned_summary(outcome)
            return OutcomeView(emoji, word, summary, lambda: results.scanned_blocks(outcome))
        case Deployed():
            word, summary = _deployed(context.operation), results.deployed_summary(outcome)
            return OutcomeView(
                "✅", word, summary, lambda: results.deployed_blocks(outcome, context)
            )
        case Failed(trouble, runs_now):
            summary = results.in_a_row(results.problem_lines(trouble, runs_now), " ")
            return _done(summary, lambda: results.problem_blocks(trouble, runs_now))
        case Interrupted(why, next_step) | Ended(why, _, next_step):
            lines = results.end_lines(why, next_step)
            return _done(results.in_a_row(lines, " "), lambda: (paragraph(*lines),))
        case _:
            assert_never(outcome)


def _in_lines(word: str, lines: tuple[Line, ...]) -> OutcomeView:
    """An outcome that needs only a few lines."""
    return OutcomeView("✅", word, results.in_a_row(lines), lambda: (paragraph(*lines),))


def _done(summary: Line, blocks: Callable[[], tuple[Block, ...]]) -> OutcomeView:
    """An outcome that an operation of every kind can have."""
    return OutcomeView("✅", "Done", summary, blocks)


def _deployed(operation: Operation) -> str:
    return operation.plan.facts.done if operation.plan is not None else "Deployed"


def _verdict(verdict: Verdict) -> tuple[str, str]:
    match verdict:
        case Clean():
            return "✅", "Clean"
        case Blocked(total=total):
            return "⛔", f"{counted(total, 'finding')} would block a deploy"
        case Unknown():
            return "❓", "Unknown: not proven clean"
        case _:
            assert_never(verdict)
