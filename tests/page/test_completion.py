"""What is suggested while one types, and what a choice makes of the text: pure functions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.page.conftest import Open
from tests.page.test_composer import COMMANDS

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="session")]

KNOWN = {
    "table": COMMANDS,
    "people": [
        {"name": "carol", "realName": "Carol Clark", "title": "Release manager", "kind": "full"},
        {"name": "quaymaster", "realName": "Quaymaster", "title": "", "kind": "bot"},
    ],
    "groups": [{"handle": "releasers", "name": "Release managers"}],
    "channels": [
        {"name": "shop", "topic": "The shop: try `/image help`"},
        {"name": "security", "topic": "First `/image tags shop/web`, then `/image jobs`"},
    ],
}
EXAMPLE = "/image deploy shop/web:1.4 to staging"
# The caret is where the bar is.
SUGGESTED = {
    "|": [],
    "hello|": [],
    " /ima|": [],
    "/foo|": [],
    "/foo |": [],
    "/im|": ["/image deploy ", "/image inspect ", "/image jobs"],
    "/dep|": ["/image deploy "],
    "/image |": ["deploy ", "inspect ", "jobs"],
    "/image d|": ["deploy "],
    "/image nothing |": [],
    "/image jobs |": [],
    "/image deploy |": ["shop/web:", "shop/etl:", EXAMPLE],
    "/image deploy shop/w|": ["shop/web:", EXAMPLE],
    "/image deploy shop/web:|": [EXAMPLE],
    "/image deploy shop/web:9|": [],
    "/image deploy x |": ["to staging ", "to production "],
    "/image deploy x t|": ["to staging ", "to production "],
    "/image deploy x prod|": ["to production "],
    "/image deploy x to |": ["staging ", "production "],
    "/image deploy x on |": ["staging ", "production "],
    "/image deploy x to p|": ["production "],
    "/image deploy x to production |": ["--service "],
    "/image deploy x to production --service |": ["web ", "etl "],
    "/image deploy --service web |": ["shop/web:", "shop/etl:"],
    "/image deploy x --s|": ["--service "],
    "/image deploy x to production --service web |": [],
    "/image inspect x |": ["on "],
    "/image inspect x on |": [],
    "ask @|": [
        *("@carol ", "@quaymaster ", "@releasers "),
        *("@here ", "@channel "),
    ],
    "ask @cla|": ["@carol "],
    "ask @RELEASE|": ["@releasers "],
    "mail a@car|": [],
    "(#s|": ["#shop ", "#security "],
    "#s| there": ["#shop ", "#security "],
    "#1042|": [],
}
CHOSEN = {
    "/im|": "/image deploy |",
    "/image d|": "/image deploy |",
    "/image deploy x t|": "/image deploy x to staging |",
    "/image deploy x t| --service web": "/image deploy x to staging |--service web",
    "see @ca|rol now": "see @carol |now",
    "#sh|": "#shop |",
}
TAKES_FIRST = {
    "/": True,
    "/im": True,
    "/image": False,
    "/image d": False,
    "@ca": True,
    "@carol": False,
}


async def test_what_is_suggested_and_what_a_choice_makes_of_it(open_window: Open) -> None:
    page = (await open_window("alice")).page

    async def ask(function: str, *arguments: Any) -> Any:
        return await page.evaluate(
            """async ([name, given]) => (await import("./static/completion.js"))[name](...given)""",
            [function, arguments],
        )

    for typed, wanted in SUGGESTED.items():
        caret = typed.index("|")
        found = await ask("completionOf", typed.replace("|", ""), caret, KNOWN)
        assert [one["insert"] for one in found["suggestions"]] == wanted, typed
    for typed, result in CHOSEN.items():
        text, caret = typed.replace("|", ""), typed.index("|")
        first = (await ask("completionOf", text, caret, KNOWN))["suggestions"][0]
        made = await ask("completed", text, first)
        assert made["text"][: made["caret"]] + "|" + made["text"][made["caret"] :] == result, typed
    for typed, is_taken in TAKES_FIRST.items():
        found = await ask("completionOf", typed, len(typed), KNOWN)
        assert found.get("takesFirst", False) is is_taken, typed
    listed = (await ask("completionOf", "#s", 2, KNOWN))["suggestions"]
    assert [one["detail"] for one in listed] == ["The shop: try /image help", ""]
    without = await ask("completionOf", "/im", 3, {**KNOWN, "table": {}})
    assert without["suggestions"] == []
