"""Escaping and limits."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.views import parts
from bot.views.buttons import Pointer
from bot.views.parts import Bold, Channel, Code, Line, Mention, When
from quaymaster.subjects import OperationSubject
from tests.bot.views import hostile
from tests.bot.views.reading import faults

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def rich(*lines: Line) -> list[dict[str, object]]:
    """The elements of a paragraph."""
    section = parts.paragraph(*lines).to_dict()["elements"][0]
    return list(section["elements"])


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("<!channel> & <@U0EVIL>", "&lt;!channel&gt; &amp; &lt;＠U0EVIL&gt;"),
        ("*b* _i_ ~s~ `c`", "∗b∗ ＿i＿ ∼s∼ ˋcˋ"),
        ("FOO_BAR a__b", "FOO_BAR a__b"),
        ("@here and x@channel", "＠here and x＠channel"),
        ("shop/web@sha256:00", "shop/web@sha256:00"),
        ("two\nlines\tand\r\nmore", "two lines and more"),
    ],
)
def test_text_is_no_markup_in_mrkdwn(typed: str, said: str) -> None:
    assert parts.mrkdwn((typed,)) == said
    assert parts.mrkdwn((Code(typed),)) == said
    assert parts.mrkdwn((Bold(typed),)) == said


def test_text_stays_as_it_is_in_rich_text_where_nothing_is_markup() -> None:
    text = "<!channel> *bold* `code` <@U0EVIL>"
    assert rich((text,)) == [{"type": "text", "text": text}]


@pytest.mark.parametrize("text", ["\x1b[31mred\x1b[0m", "\x1b[1;31mred"])
def test_colours_of_a_terminal_are_taken_off(text: str) -> None:
    assert parts.cleaned(text) == "red"


def test_what_reorders_or_hides_text_becomes_visible() -> None:
    assert parts.cleaned("a\u202eb\x00c\ud800d\u200be") == "a�b�c�d�e"


def test_emoji_stay_whole() -> None:
    family = "👩‍👩‍👧‍👦"
    assert parts.cleaned(family) == family


def test_people_channels_and_times_are_shown_as_such() -> None:
    line: Line = (Mention("U024BE7LH"), " in ", Channel("C0SHOP"), " ", When(NOON))
    assert parts.mrkdwn(line) == (
        "<@U024BE7LH> in <#C0SHOP> "
        "<!date^1777896000^{date_short_pretty} at {time}|2026-05-04 12:00 UTC>"
    )
    assert [element["type"] for element in rich(line)] == [
        "user",
        "text",
        "channel",
        "text",
        "date",
    ]


def test_a_time_means_the_same_in_every_zone() -> None:
    elsewhere = NOON.astimezone(timezone(timedelta(hours=9)))
    assert parts.mrkdwn((When(elsewhere),)) == parts.mrkdwn((When(NOON),))
    assert parts.mrkdwn((When(NOON.replace(tzinfo=None)),)) == parts.mrkdwn((When(NOON),))


def test_the_date_of_an_image_without_a_date_is_not_shown_as_a_time() -> None:
    assert parts.mrkdwn((When(datetime(1, 1, 1, tzinfo=UTC)),)) == "at an unknown time"


@pytest.mark.parametrize("forged", ["U1><!channel>", "", "here", "u024be7lh", "U0 *b*"])
def test_what_is_no_id_of_slack_is_mere_text(forged: str) -> None:
    assert faults(parts.message_text((Mention(forged), Channel(forged))), [], frozenset()) == []
    assert all(element["type"] == "text" for element in rich((Mention(forged), Channel(forged))))


@given(st.text(), st.integers(1, 400))
def test_clipped_text_fits_and_says_that_it_was_cut(text: str, limit: int) -> None:
    clipped = parts.clipped(text, limit)
    assert len(clipped) <= limit
    assert clipped == parts.cleaned(text) or "…" in clipped


def test_long_text_says_how_much_is_missing() -> None:
    clipped = parts.clipped("a" * 5_000, 600)
    kept = clipped.partition("…")[0].count("a")
    assert clipped.endswith(f"… and {5_000 - kept:,} more characters")


def test_a_name_is_cut_in_the_middle_and_keeps_its_end() -> None:
    assert parts.clipped_middle("registry.example.com/some/team/shop/web:1.4", 21) == (
        "regist…eam/shop/web:1.4"[:6] + "…" + "/team/shop/web:1.4"[-14:]
    )


def test_only_a_command_in_backticks_becomes_code() -> None:
    assert parts.prose("Try `/image help` or `quaymaster check`.") == (
        "Try ",
        Code("/image help"),
        " or ",
        Code("quaymaster check"),
        ".",
    )
    assert parts.prose("a `b` c") == ("a `b` c",)
    assert parts.prose("“`” is no verb; `/image help`.") == (
        "“`” is no verb; ",
        Code("/image help"),
        ".",
    )


def test_a_list_says_how_many_more_there_are() -> None:
    assert parts.joined(["a", "b", "c"], limit=2) == ("a", ", ", "b", " … and 1 more")
    assert parts.joined(["a"]) == ("a",)
    assert parts.more(1_234) == "… and 1,234 more"


def test_a_log_shows_its_end_and_says_what_is_above() -> None:
    drawn = parts.log([f"line {number}" for number in range(40)]).to_dict()
    text = drawn["elements"][0]["elements"][0]["text"]
    assert drawn["elements"][0]["type"] == "rich_text_preformatted"
    assert text.startswith("… 28 earlier lines\nline 28\n")
    assert text.endswith("line 39")


@given(st.lists(hostile.texts, max_size=40))
def test_a_log_is_cut_exactly_when_it_says_so(lines: list[str]) -> None:
    text = parts.log(lines).to_dict()["elements"][0]["elements"][0]["text"]
    whole = "\n".join(parts.cleaned(line) for line in lines).strip() or "(empty lines)"
    assert parts.is_log_cut(lines) == (text != whole)


@given(st.text(alphabet="&<>aä💥", min_size=2_900, max_size=3_200))
def test_a_text_is_not_cut_inside_an_entity(text: str) -> None:
    said = parts.message_text((text[:600],), *[(text[600:1200],)] * 5)
    assert faults(said, [], frozenset()) == []


@given(hostile.texts)
def test_every_part_takes_every_text(text: str) -> None:
    line: Line = (text, Code(text), Bold(text), Mention(text), Channel(text))
    question = parts.Confirmation(text, text, "Yes")
    blocks = [
        parts.headline(text),
        parts.paragraph(line, (text,), ()),
        parts.paragraph(),
        parts.bullets([line, (text,), ()], title=(text,)),
        parts.bullets([]),
        parts.log([text, text]),
        parts.small_print(line),
        *parts.buttons(
            parts.button(text, "approve", Pointer(OperationSubject(7)), "primary", question)
        ),
    ]
    assert faults(parts.message_text(line), blocks, frozenset({text})) == []


def test_nothing_is_longer_than_slack_takes() -> None:
    text = "x" * 50_000
    words: Line = (text,)
    question = parts.Confirmation(text, text, text)
    blocks = [
        parts.headline(text),
        parts.small_print(*[words] * 20),
        *parts.buttons(
            parts.button(text, "approve", Pointer(OperationSubject(7)), "primary", question)
        ),
    ]
    assert faults(parts.message_text(*[words] * 20), blocks, frozenset()) == []


def test_small_print_makes_no_links_of_plain_words() -> None:
    (element,) = parts.small_print(("see example.com #general",)).to_dict()["elements"]
    assert element["verbatim"] is True
