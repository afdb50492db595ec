"""Every block and every element that the local Slack takes, as an app would send them."""

from __future__ import annotations

from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]
Blocks: TypeAlias = list[Json]

SENT_AT = 1_700_000_000  # 14 November 2023
LONG = " ".join(f"Sentence {number} of a long report." for number in range(60))
UNBROKEN = "sha256:" + "0123456789abcdef" * 12


def plain(text: str) -> Json:
    """A text without markup."""
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str, **more: Any) -> Json:
    """A text with Slack's markup."""
    return {"type": "mrkdwn", "text": text, **more}


def option(name: str, description: str = "") -> Json:
    """A choice whose value is its name in small letters."""
    shown: Json = {"text": plain(name), "value": name.lower()}
    return shown | ({"description": plain(description)} if description else {})


def options(*names: str) -> Blocks:
    """Choices without descriptions."""
    return [option(name) for name in names]


def section(text: str, accessory: Json | None = None, **more: Any) -> Json:
    """A section with markup, and what stands beside it."""
    found: Json = {"type": "section", "text": mrkdwn(text), **more}
    return found | ({"accessory": accessory} if accessory else {})


def confirm(style: str = "") -> Json:
    """A question before something is done."""
    asked: Json = {
        "title": plain("Deploy to production?"),
        "text": mrkdwn("`shop/web:2` replaces *shop/web:1* for everybody."),
        "confirm": plain("Deploy"),
        "deny": plain("Not yet"),
    }
    return asked | ({"style": style} if style else {})


def button(action_id: str, text: str, **more: Any) -> Json:
    """A button."""
    return {"type": "button", "action_id": action_id, "text": plain(text), **more}


def actions(*elements: Json, block_id: str) -> Json:
    """Elements in a row."""
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def menu(kind: str, action_id: str, placeholder: str, **more: Any) -> Json:
    """A menu of any kind."""
    return {"type": kind, "action_id": action_id, "placeholder": plain(placeholder), **more}


def layout() -> Blocks:
    """Blocks that are only looked at."""
    return [
        {"type": "header", "text": plain("Release 2.0 :rocket: is ready")},
        section(
            "*Bold*, _italic_, ~struck~, `code`, <https://example.com/a?b=1&amp;c=2|a link>, "
            "<@U0BOB>, <#C0RELEASE|releases>, <!subteam^SAZ94GDB8>, <!here>, :tada: and "
            f":no_such_emoji: &lt;b&gt;, sent <!date^{SENT_AT}^{{date_num}} at {{time}}|long ago>\n"
            "&gt; a quote with *bold* in it\n```a code block\n  *stays* as it is```"
        ),
        {
            "type": "section",
            "fields": [
                mrkdwn("*Image*\n`shop/web:2`"),
                mrkdwn("*Size*\n48 MB"),
                mrkdwn(f"*Digest*\n`{UNBROKEN}`"),
                plain("*plain* stays plain"),
            ],
        },
        section(LONG),
        {"type": "divider"},
        {
            "type": "context",
            "elements": [
                mrkdwn("Asked for by <@U0CAROL> · 3 min ago"),
            ],
        },
    ]


def leaf(text: str, **style: bool) -> Json:
    """Text in rich text."""
    return {"type": "text", "text": text} | ({"style": style} if style else {})


def run(*elements: Json, kind: str = "rich_text_section") -> Json:
    """A line of rich text."""
    return {"type": kind, "elements": list(elements)}


def listed(style: str, indent: int, *items: str) -> Json:
    """A list in rich text."""
    return {
        "type": "rich_text_list",
        "style": style,
        "indent": indent,
        "elements": [run(leaf(item)) for item in items],
    }


def rich_text() -> Json:
    """Everything that stands in rich text."""
    return {
        "type": "rich_text",
        "elements": [
            run(
                leaf("Rich bold", bold=True),
                leaf(", "),
                leaf("both", bold=True, italic=True),
                leaf(", "),
                leaf("struck", strike=True),
                leaf(", "),
                leaf("<code>", code=True),
                leaf(", "),
                {"type": "link", "url": "https://example.com", "text": "a rich link"},
                leaf(", "),
                {"type": "user", "user_id": "U0BOB"},
                leaf(" "),
                {"type": "channel", "channel_id": "C0SHOP"},
                leaf(" "),
                {"type": "usergroup", "usergroup_id": "SAZ94GDB8"},
                leaf(" "),
                {"type": "broadcast", "range": "channel"},
                leaf(" "),
                {"type": "emoji", "name": "ship"},
                leaf(" "),
                {"type": "color", "value": "#0b6e8a"},
                leaf(" "),
                {"type": "date", "timestamp": SENT_AT, "format": "{date_num}"},
            ),
            listed("ordered", 0, "first", "second"),
            listed("bullet", 1, "below the second"),
            run(leaf("A rich quote"), kind="rich_text_quote"),
            run(leaf("docker pull shop/web:2"), kind="rich_text_preformatted"),
        ],
    }


def pressed(url: str) -> Blocks:
    """Everything that is pressed; links lead to ``url``."""
    return [
        actions(
            button("default", "Look", value="look-1"),
            button("primary", "Approve", style="primary", value="yes"),
            button("danger", "Deploy", style="danger", confirm=confirm("danger"), value="now"),
            button("link", "Open the link", url=url, value="went"),
            block_id="buttons",
        ),
    ]


def chosen() -> Blocks:
    """Every menu, picker and box."""
    groups = [
        {"label": plain("Staging"), "options": options("Apple", "Pear")},
        {"label": plain("Production"), "options": options("Plum")},
    ]
    initial = options("Amber")[0]
    return [
        section(
            "*Which image?*",
            menu("static_select", "static", "Choose an image", options=options("Web", "Api")),
        ),
        actions(
            menu("static_select", "grouped", "Choose a host", option_groups=groups),
            menu("external_select", "external", "Search a tag", min_query_length=2),
            menu("users_select", "user", "Choose somebody"),
            menu("channels_select", "channel", "Choose a channel"),
            menu("conversations_select", "conversation", "Choose a conversation"),
            block_id="menus",
        ),
        section(
            "Several at once",
            menu(
                "multi_static_select",
                "many",
                "Choose colours",
                options=options("Amber", "Blue", "Cyan"),
                initial_options=[initial],
                max_selected_items=2,
            ),
        ),
        section("Several tags", menu("multi_external_select", "many_tags", "Search tags")),
        section("Several people", menu("multi_users_select", "many_users", "Choose people")),
        actions(
            {"type": "datepicker", "action_id": "date", "initial_date": "2026-11-24"},
            block_id="pickers",
        ),
        actions(
            {
                "type": "checkboxes",
                "action_id": "checks",
                "options": [option("Scan", "before it goes out"), option("Notify")],
                "initial_options": [option("Scan", "before it goes out")],
            },
            {"type": "radio_buttons", "action_id": "radios", "options": options("Fast", "Slow")},
            block_id="boxes",
        ),
    ]


def field(block_id: str, label: str, element: Json, **more: Any) -> Json:
    """An input block; its element has the name of the block."""
    named = {**element, "action_id": block_id}
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(label),
        "element": named,
        **more,
    }


def inputs() -> Blocks:
    """Every input."""
    return [
        field(
            "name",
            "Name",
            {"type": "plain_text_input", "min_length": 2, "max_length": 20},
            hint=plain("As it stands in the registry"),
        ),
        field("note", "Note", {"type": "plain_text_input", "multiline": True}, optional=True),
        field("mail", "Email", {"type": "email_text_input"}, optional=True),
        field("site", "Address", {"type": "url_text_input"}, optional=True),
        field(
            "copies",
            "Copies",
            {
                "type": "number_input",
                "is_decimal_allowed": False,
                "min_value": "1",
                "max_value": "9",
            },
            optional=True,
        ),
        field("text", "Story", {"type": "rich_text_input"}, optional=True),
        field("file", "Attachment", {"type": "file_input"}, optional=True),
        field(
            "where", "Environment", {"type": "static_select", "options": options("Staging", "Live")}
        ),
        field("tag", "Tag", {"type": "external_select", "min_query_length": 0}, optional=True),
        field("who", "Reviewers", {"type": "multi_users_select"}, optional=True),
        field("day", "Day", {"type": "datepicker"}, optional=True),
        field("how", "How", {"type": "radio_buttons", "options": options("Fast", "Slow")}),
        field(
            "also",
            "Also",
            {"type": "checkboxes", "options": options("Scan", "Notify")},
            optional=True,
        ),
    ]


def modal(title: str, blocks: Blocks, **more: Any) -> Json:
    """A modal with a button that submits it."""
    return {
        "type": "modal",
        "callback_id": "form",
        "title": plain(title),
        "submit": plain("Save"),
        "close": plain("Cancel"),
        "blocks": blocks,
        **more,
    }
