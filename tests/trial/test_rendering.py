"""A message as lines of text: everything readable, nothing that a terminal would obey."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from local_slack.message import File, Message
from trial.rendering import Names, lines_of

NAMES = Names({"U0BOB": "bob"}, {"S0REL": "releasers"}, {"C0SHOP": "shop"})


def lines(*blocks: dict[str, Any], text: str = "") -> list[str]:
    return lines_of(Message("C0SHOP", "1.0", "U0BOB", text, blocks=blocks), NAMES)


def rich(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": list(elements)}


def test_text_alone_is_read_as_slack_shows_it() -> None:
    text = "<@U0BOB> in <#C0SHOP> &amp; <https://example.com|here>\n<!subteam^S0REL> <!here>"
    assert lines(text=text) == ["@bob in #shop & here", "@releasers @here"]


def test_a_date_is_its_fallback() -> None:
    assert lines(text="<!date^1^{date}|today>") == ["today"]


def test_blocks_are_drawn_one_after_the_other() -> None:
    assert lines(
        {"type": "header", "text": {"type": "plain_text", "text": "Push <@U0BOB>"}},
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": "*done*"},
            "fields": [{"type": "plain_text", "text": "one"}],
        },
        {"type": "divider"},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "by <@U0BOB>"}]},
        {
            "type": "actions",
            "elements": [
                {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "Go"}}
            ],
        },
        {"type": "video"},
    ) == ["Push <@U0BOB>", "*done*", "  one", "─" * 40, "by @bob", "[ Go ]", "[video]"]


def test_rich_text_is_drawn_with_names_lists_and_logs() -> None:
    words = [
        {"type": "user", "user_id": "U0BOB"},
        {"type": "text", "text": " saw "},
        {"type": "channel", "channel_id": "C0SHOP"},
        {"type": "emoji", "name": "wave"},
        {"type": "date", "timestamp": 1, "format": "{date}", "fallback": " today"},
        {"type": "link", "url": "https://example.com"},
        {"type": "broadcast", "range": "here"},
        {"type": "usergroup", "usergroup_id": "S0REL"},
    ]
    item = {"type": "rich_text_section", "elements": [{"type": "text", "text": "item"}]}
    assert lines(
        rich(
            {"type": "rich_text_section", "elements": words},
            {"type": "rich_text_list", "style": "bullet", "elements": [item]},
            {"type": "rich_text_list", "style": "ordered", "indent": 1, "elements": [item]},
            {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "a\nb"}]},
            {"type": "rich_text_quote", "elements": [{"type": "text", "text": "q"}]},
        )
    ) == [
        "@bob saw #shop:wave: todayhttps://example.com@here@releasers",
        "• item",
        "  1. item",
        "    a",
        "    b",
        "> q",
    ]


def test_a_table_has_columns() -> None:
    row = [{"type": "raw_text", "text": "long one"}, {"type": "raw_text", "text": "b"}]
    short = [{"type": "raw_text", "text": "a"}, {"type": "raw_text", "text": "c"}]
    assert lines({"type": "table", "rows": [row, short]}) == ["long one  b", "a         c"]


def test_files_are_named() -> None:
    file = File("F1", "log.txt", "#7: log", 1200, "U0BOT")
    shared = Message("C0SHOP", "1.0", "U0BOB", "see", files=(file,))
    assert lines_of(shared, NAMES) == ["see", "[file log.txt: #7: log, 1,200 bytes]"]


@given(st.text())
def test_nothing_reaches_the_terminal_that_it_would_obey(text: str) -> None:
    drawn = lines(
        {"type": "header", "text": {"type": "plain_text", "text": text}},
        rich({"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text}]}),
        text=text,
    )
    assert all(one.isprintable() or one in "\u200d\ufe0f" for line in drawn for one in line)
