"""Long lists, a page at a time."""

from collections.abc import Sequence
from typing import TypeVar, assert_never

from slack_sdk.models.blocks import Block, ButtonElement

from bot.views.amounts import counted, size
from bot.views.buttons import Pointer, page_action
from bot.views.card_context import CardContext
from bot.views.parts import (
    Code,
    Line,
    When,
    bullets,
    button,
    buttons,
    cleaned,
    clipped,
    paragraph,
)
from quaymaster.errors import UsageError
from quaymaster.image_ref import DOCKER_HUB, ImageRef
from quaymaster.listings import ROWS, position
from quaymaster.outcomes import (
    HistoryListed,
    HistoryStep,
    ImagesListed,
    Listed,
    LocalImage,
    TagsListed,
)

_NAMES_SHOWN = 2
_NAME_LIMIT = 90
_STEP_LIMIT = 140

Row = TypeVar("Row")


def images(listed: ImagesListed, context: CardContext) -> tuple[Block, ...]:
    """The images of a host."""
    rows, around = _page(listed.images, listed, context)
    return (*around[:1], *_bullets([_image(row, context) for row in rows]), *around[1:])


def tags(listed: TagsListed, context: CardContext) -> tuple[Block, ...]:
    """The tags of a repository."""
    rows, around = _page(listed.tags, listed, context)
    lines: list[Line] = [(Code(row),) for row in rows]
    return (*around[:1], *_bullets(lines), *around[1:])


def history(listed: HistoryListed, context: CardContext) -> tuple[Block, ...]:
    """The steps of a build."""
    rows, around = _page(listed.steps, listed, context)
    return (*around[:1], *_bullets([_step(row) for row in rows]), *around[1:])


def total_of(listed: Listed) -> str:
    """How many there are: “57 images”, “No tags”."""
    match listed:
        case ImagesListed(total=total):
            return _total(total, "image")
        case TagsListed(total=total):
            return _total(total, "tag")
        case HistoryListed(total=total):
            return _total(total, "step")
        case _:
            assert_never(listed)


def _page(
    rows: Sequence[Row], listed: Listed, context: CardContext
) -> tuple[Sequence[Row], tuple[Block, ...]]:
    """The rows to show, the line that says which they are, and the buttons to the others."""
    page, first, last = position(listed.kept, context.operation.page)
    if listed.total <= ROWS:
        return rows[:ROWS], ()
    turns: list[ButtonElement] = []
    if page > 0:
        turns.append(_turn("◀ Previous", page - 1, context))
    if last < listed.kept:
        turns.append(_turn("Next ▶", page + 1, context))
    where = f"{first + 1:,}–{last:,} of {listed.total:,}"
    hidden = listed.total - listed.kept
    note = f"Only the first {listed.kept:,} are listed; {hidden:,} more are not shown"
    summary = paragraph((where,), (note,) if hidden > 0 else ())
    return rows[:ROWS], (summary, *buttons(*turns))


def _total(count: int, noun: str) -> str:
    return counted(count, noun) if count else f"No {noun}s"


def _turn(text: str, page: int, context: CardContext) -> ButtonElement:
    return button(text, page_action(page), Pointer(context.operation.subject))


def _bullets(rows: Sequence[Line]) -> tuple[Block, ...]:
    return (bullets(rows),) if rows else ()


def _image(image: LocalImage, context: CardContext) -> Line:
    names = [clipped(_familiar(name, context), _NAME_LIMIT) for name in image.names]
    hidden = image.more_names + len(names) - _NAMES_SHOWN
    line: list[Code | str | When] = []
    for name in names[:_NAMES_SHOWN] or [_unnamed(image)]:
        line += [" ", Code(name)] if line else [Code(name)]
    if hidden > 0:
        line.append(f" and {counted(hidden, 'more name')}")
    line.append(f" · {size(image.size)}")
    if image.created is not None:
        line += [" · ", When(image.created, day_only=True)]
    return tuple(line)


def _familiar(name: str, context: CardContext) -> str:
    try:
        return context.image(ImageRef.parse(name, DOCKER_HUB))
    except UsageError:
        return name


def _unnamed(image: LocalImage) -> str:
    return f"untagged · {cleaned(image.image_id.removeprefix('sha256:'))[:12]}"


def _step(step: HistoryStep) -> Line:
    how_big = "" if step.size is None else f" · {size(step.size)}"
    return (Code(clipped(step.created_by, _STEP_LIMIT)), how_big)
