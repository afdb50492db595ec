"""The rich text block.

https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
"""

from __future__ import annotations

from local_slack.blocks.schema import Field, array, boolean, integer, one_of, record, string, tagged

_STYLE = Field(
    record(
        {
            name: Field(boolean)
            for name in (
                "bold",
                "italic",
                "strike",
                "code",
                "underline",
                "highlight",
                "client_highlight",
                "unlink",
            )
        }
    )
)
_TEXT = string(1)


def _leaf(kind: str, **fields: Field) -> Field:
    return Field(record({"type": Field(one_of(kind), required=True), "style": _STYLE, **fields}))


_LEAVES = {
    "text": _leaf("text", text=Field(_TEXT, required=True)),
    "link": _leaf(
        "link", url=Field(_TEXT, required=True), text=Field(string()), unsafe=Field(boolean)
    ),
    "user": _leaf("user", user_id=Field(_TEXT, required=True)),
    "usergroup": _leaf("usergroup", usergroup_id=Field(_TEXT, required=True)),
    "channel": _leaf("channel", channel_id=Field(_TEXT, required=True)),
    "team": _leaf("team", team_id=Field(_TEXT, required=True)),
    "emoji": _leaf("emoji", name=Field(_TEXT, required=True), unicode=Field(string())),
    "color": _leaf("color", value=Field(_TEXT, required=True)),
    "broadcast": _leaf(
        "broadcast", range=Field(one_of("here", "channel", "everyone"), required=True)
    ),
    "date": _leaf(
        "date",
        timestamp=Field(integer(), required=True),
        format=Field(_TEXT, required=True),
        url=Field(string()),
        fallback=Field(string()),
    ),
}
_INLINE = array(tagged({kind: field.check for kind, field in _LEAVES.items()}))


def _run(kind: str, **fields: Field) -> Field:
    return Field(
        record(
            {
                "type": Field(one_of(kind), required=True),
                "elements": Field(_INLINE, required=True),
                **fields,
            }
        )
    )


_SECTION = _run("rich_text_section")
_BORDER = Field(integer(0, 1))
_LIST = record(
    {
        "type": Field(one_of("rich_text_list"), required=True),
        "style": Field(one_of("bullet", "ordered"), required=True),
        "elements": Field(array(tagged({"rich_text_section": _SECTION.check})), required=True),
        "indent": Field(integer(0, 8)),
        "offset": Field(integer(0)),
        "border": _BORDER,
    }
)
_PARTS = tagged(
    {
        "rich_text_section": _SECTION.check,
        "rich_text_preformatted": _run(
            "rich_text_preformatted", border=_BORDER, language=Field(string())
        ).check,
        "rich_text_quote": _run("rich_text_quote", border=_BORDER).check,
        "rich_text_list": _LIST,
    }
)

RICH_TEXT = record(
    {
        "type": Field(one_of("rich_text"), required=True),
        "block_id": Field(string(1, 255)),
        "elements": Field(array(_PARTS, 1), required=True),
    }
)
