"""What messages are made of, and the only place for escaping and for Slack's limits.

Views say what they mean with typed pieces: a ``str`` is always mere text, whatever is in it; only
``Code``, ``Bold``, ``Person``, ``Room`` and ``When`` make Slack do more than show letters. Text
goes into rich text, where nothing in it is markup
(https://docs.slack.dev/reference/block-kit/blocks/rich-text-block), and is escaped and stripped of
formatting where Slack would read it as mrkdwn
(https://docs.slack.dev/messaging/formatting-message-text).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import assert_never

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    DividerBlock,
    HeaderBlock,
    MarkdownTextObject,
    PlainTextObject,
    RichTextBlock,
    RichTextElement,
    RichTextElementParts,
    RichTextListElement,
    RichTextPreformattedElement,
    RichTextSectionElement,
    SectionBlock,
)

from bot.views.buttons import Pointer

TEXT_LIMIT = 3_000
"""``chat.update`` refuses a ``text`` of more than 4,000 characters
(https://docs.slack.dev/reference/methods/chat.update); entities count as they are written."""

HEADER_LIMIT = 150
INLINE_LIMIT = 600
CODE_LIMIT = 160
LOG_LINES = 12
LOG_LINE_LIMIT = 160
_BUTTON_LIMIT = 75
_CONFIRM_TITLE_LIMIT = 100
_CONFIRM_TEXT_LIMIT = 300
_CONTEXT_LIMIT = 2_000


@dataclass(frozen=True, slots=True)
class Code:
    """Text to be read letter by letter or copied: a name, a digest, a command."""

    text: str


@dataclass(frozen=True, slots=True)
class Bold:
    """Text that is seen first."""

    text: str


@dataclass(frozen=True, slots=True)
class Mention:
    """A member by user id: shown by name, and told about the message when it is new."""

    user_id: str


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel by id: shown by name, as a link."""

    channel_id: str


@dataclass(frozen=True, slots=True)
class When:
    """A moment, shown in each reader's own time zone."""

    at: datetime
    day_only: bool = False


Inline = str | Code | Bold | Mention | Channel | When
Line = tuple[Inline, ...]

_USER = re.compile(r"[UW][A-Z0-9]{2,30}")
_CHANNEL = re.compile(r"[CDG][A-Z0-9]{2,30}")
_ESCAPE_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_JOINER = "\N{ZERO WIDTH JOINER}"
_COMMAND = re.compile(r"`((?:/|quaymaster )[^`\n]{1,200})`")
_OUTER_UNDERSCORES = re.compile(r"(?<![A-Za-z0-9_])_+|_+(?![A-Za-z0-9_])")
_TIMES = {True: "{date_short_pretty}", False: "{date_short_pretty} at {time}"}
_EARLIEST = 366 * 86_400
"""Builds without a date say year 1 or 1970; nothing was really made then."""


def cleaned(text: str) -> str:
    """One line of printable text: what could reorder, hide or split it becomes visible."""
    line = " ".join(_ESCAPE_SEQUENCE.sub("", text).split())
    return line if line.isprintable() else "".join(map(_printable, line))


def clipped(text: str, limit: int) -> str:
    """Cleaned text of at most so many characters, and visibly cut when it had more."""
    clean = cleaned(text)
    if len(clean) <= limit:
        return clean
    if limit < 120:
        return f"{clean[: limit - 1].rstrip()}…"
    note = "… and {:,} more characters"
    room = limit - len(note.format(len(clean)))
    return clean[:room].rstrip() + note.format(len(clean) - room)


def clipped_middle(text: str, limit: int) -> str:
    """Like ``clipped``, for names that are told apart by how they end."""
    clean = cleaned(text)
    if len(clean) <= limit:
        return clean
    tail = limit * 2 // 3
    return f"{clean[: limit - tail - 1]}…{clean[-tail:]}"


def prose(text: str, limit: int = INLINE_LIMIT) -> Line:
    """A sentence of ours or of a problem; a command in backticks becomes code."""
    pieces = _COMMAND.split(clipped(text, limit))
    return tuple(Code(piece) if index % 2 else piece for index, piece in enumerate(pieces) if piece)


def joined(pieces: Iterable[Inline], separator: str = ", ", limit: int = 20) -> Line:
    """Pieces in a row, and how many more there are."""
    everything = tuple(pieces)
    line: list[Inline] = []
    for piece in everything[:limit]:
        line += [separator, piece] if line else [piece]
    if len(everything) > limit:
        line.append(f" {more(len(everything) - limit)}")
    return tuple(line)


def more(count: int) -> str:
    """What stands where a list was cut."""
    return f"… and {count:,} more"


def dotted(*parts: str) -> str:
    """Short facts in a row; empty ones are left out."""
    return " · ".join(part for part in parts if part)


def headline(text: str) -> Block:
    """The first line of a card."""
    return HeaderBlock(text=_plain_text(text, HEADER_LIMIT))


def paragraph(*lines: Line) -> Block:
    """Lines of running text. At least one has to say something."""
    return RichTextBlock(elements=[RichTextSectionElement(elements=list(_lines(lines)))])


def bullets(rows: Sequence[Line], title: Line = ()) -> Block:
    """A list with a dot before each row, under a title where there is one."""
    parts: list[RichTextElement] = []
    if title or not rows:
        parts.append(RichTextSectionElement(elements=list(_lines([title]))))
    if rows:
        elements = [RichTextSectionElement(elements=list(_lines([row]))) for row in rows]
        parts.append(RichTextListElement(style="bullet", elements=elements))
    return RichTextBlock(elements=parts)


def log(lines: Sequence[str]) -> Block:
    """The end of a log, letter by letter. What is cut off is said at its top."""
    tail = [clipped(line, LOG_LINE_LIMIT) for line in lines[-LOG_LINES:]]
    if len(lines) > LOG_LINES:
        tail.insert(0, f"… {len(lines) - LOG_LINES:,} earlier lines")
    text = "\n".join(tail).strip() or "(empty lines)"
    part = RichTextElementParts.Text(text=text)
    return RichTextBlock(elements=[RichTextPreformattedElement(elements=[part])])


def is_log_cut(lines: Sequence[str]) -> bool:
    """Whether ``log`` shows less than all of it."""
    return len(lines) > LOG_LINES or any(len(cleaned(line)) > LOG_LINE_LIMIT for line in lines)


def small_print(*lines: Line) -> Block:
    """What is looked at last, in small grey letters."""
    text = _cut(mrkdwn(*lines), _CONTEXT_LIMIT)
    return ContextBlock(elements=[_verbatim(text)])


def said(text: str) -> Block:
    """What ``message_text`` made, where a block is wanted."""
    return SectionBlock(text=_verbatim(text))


def rule() -> Block:
    """A line between parts that have nothing to do with each other."""
    return DividerBlock()


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The question that Slack asks before a click counts."""

    title: str
    text: str
    yes: str


def button(
    text: str,
    action_id: str,
    pointer: Pointer,
    style: str | None = None,
    confirmation: Confirmation | None = None,
) -> ButtonElement:
    """A button about a subject; ``style`` is “primary” or “danger”."""
    confirm = None
    if confirmation is not None:
        confirm = ConfirmObject(
            title=_plain_text(confirmation.title, _CONFIRM_TITLE_LIMIT),
            text=_plain_text(confirmation.text, _CONFIRM_TEXT_LIMIT),
            confirm=_plain_text(confirmation.yes, 30),
            deny=_plain_text("Not now", 30),
            style=style,
        )
    return ButtonElement(
        text=_plain_text(text, _BUTTON_LIMIT),
        action_id=action_id,
        value=str(pointer),
        style=style,
        confirm=confirm,
        accessibility_label=_plain_text(
            f"{text}: {str(pointer.subject).replace(':', ' ')}", _BUTTON_LIMIT
        ).text,
    )


def plain_button(text: str, action_id: str, value: str | None = None) -> ButtonElement:
    """A button that is about no subject."""
    return ButtonElement(text=_plain_text(text, _BUTTON_LIMIT), action_id=action_id, value=value)


def buttons(*elements: ButtonElement) -> tuple[Block, ...]:
    """A row of buttons; nothing where there is none."""
    return (ActionsBlock(elements=list(elements)),) if elements else ()


def message_text(*lines: Line) -> str:
    """The ``text`` of a message: the notification, and what screen readers say."""
    return _cut(mrkdwn(*lines), TEXT_LIMIT)


def mrkdwn(*lines: Line) -> str:
    """Lines as Slack's mrkdwn, in which nothing from outside is markup."""
    return "\n".join("".join(map(_in_mrkdwn, line)) for line in lines if line)


def _lines(lines: Iterable[Line]) -> Iterator[RichTextElement]:
    is_first = True
    for line in lines:
        elements = [element for piece in line for element in _in_rich_text(piece)]
        if elements and not is_first:
            yield RichTextElementParts.Text(text="\n")
        yield from elements
        is_first = is_first and not elements
    if is_first:
        yield RichTextElementParts.Text(text="–")


def _in_rich_text(piece: Inline) -> Iterator[RichTextElement]:
    match piece:
        case str():
            yield from _styled(_spaced(piece))
        case Bold(text):
            yield from _styled(_spaced(text), "bold")
        case Code(text):
            yield from _styled(clipped(text, CODE_LIMIT), "code")
        case Mention(user_id) if _USER.fullmatch(user_id):
            yield RichTextElementParts.User(user_id=user_id)
        case Channel(channel_id) if _CHANNEL.fullmatch(channel_id):
            yield RichTextElementParts.Channel(channel_id=channel_id)
        case When():
            yield from _date(piece)
        case Mention(text) | Channel(text):
            yield from _styled(clipped(text, 40))
        case _:
            assert_never(piece)


def _styled(text: str, style: str | None = None) -> Iterator[RichTextElement]:
    if text:
        yield RichTextElementParts.Text(text=text, style={style: True} if style else None)


def _date(when: When) -> Iterator[RichTextElement]:
    timestamp = _timestamp(when.at)
    if timestamp is None:
        yield RichTextElementParts.Text(text="at an unknown time")
    else:
        yield RichTextElementParts.Date(
            timestamp=timestamp, format=_TIMES[when.day_only], fallback=_fallback(when)
        )


def _in_mrkdwn(piece: Inline) -> str:
    match piece:
        case str():
            return _escaped(_spaced(piece))
        case Bold(text):
            return _escaped(_spaced(text))
        case Code(text):
            return _escaped(clipped(text, CODE_LIMIT))
        case Mention(user_id) if _USER.fullmatch(user_id):
            return f"<@{user_id}>"
        case Channel(channel_id) if _CHANNEL.fullmatch(channel_id):
            return f"<#{channel_id}>"
        case When(at, day_only):
            timestamp = _timestamp(at)
            if timestamp is None:
                return "at an unknown time"
            return f"<!date^{timestamp}^{_TIMES[day_only]}|{_fallback(piece)}>"
        case Mention(text) | Channel(text):
            return _escaped(clipped(text, 40))
        case _:
            assert_never(piece)


def _plain_text(text: str, limit: int) -> PlainTextObject:
    return PlainTextObject(text=_unmarked(clipped(text, limit)) or "–", emoji=False)


def _verbatim(text: str) -> MarkdownTextObject:
    """mrkdwn in which Slack turns no plain words into links."""
    return MarkdownTextObject(text=text, verbatim=True)


def _spaced(text: str) -> str:
    """Clipped, but with the single space at either end that joins it to its neighbours."""
    before = " " if text[:1] == " " else ""
    after = " " if text[-1:] == " " and len(text) > 1 else ""
    return f"{before}{clipped(text, INLINE_LIMIT)}{after}"


def _escaped(text: str) -> str:
    """https://docs.slack.dev/messaging/formatting-message-text#escaping, and no formatting.

    mrkdwn has no way to write ``*``, ``_``, ``~`` or a backtick literally, so they give way to
    characters that look like them; an underscore inside a word formats nothing and stays.
    """
    text = text.replace("*", "∗").replace("~", "∼").replace("`", "ˋ")
    text = _OUTER_UNDERSCORES.sub(lambda match: "＿" * len(match[0]), text)
    text = re.sub(r"(?<![A-Za-z0-9])@|@(?=here|channel|everyone)", "＠", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _unmarked(text: str) -> str:
    """For plain text objects, which have no markup: nothing in them even looks like it."""
    return text.replace("<", "‹").replace(">", "›")


def _cut(escaped: str, limit: int) -> str:
    """Escaped text of at most so many characters; no entity or mention is cut in half, and no
    formatting character is left at the end without what made it harmless.
    """
    if len(escaped) <= limit:
        return escaped or "–"
    whole = re.sub(r"(&[a-z]*|<[^>]*)$", "", escaped[: limit - 1])
    return whole.rstrip(" \n*_~`") + "…"


def _printable(character: str) -> str:
    if character.isprintable() or character == _JOINER:
        return character
    return "\N{REPLACEMENT CHARACTER}"


def _timestamp(at: datetime) -> int | None:
    moment = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    seconds = int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
    return seconds if seconds >= _EARLIEST else None


def _fallback(when: When) -> str:
    moment = when.at if when.at.tzinfo is not None else when.at.replace(tzinfo=UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%d" if when.day_only else "%Y-%m-%d %H:%M UTC")
