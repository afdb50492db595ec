from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.tidy import after_mention, tidied


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("deploy  shop/web:1.4", "deploy  shop/web:1.4"),
        ("  status \n", "status"),
        ("status\r\nstaging", "status  staging"),
        ("status\u00a0staging\u2003", "status staging"),
        ("status\u200b \ufeffstag\u00ading", "status staging"),
        ("pull shop/\u202eweb", "pull shop/web"),
        ("lock “the “database””", 'lock "the "database""'),
        ("lock „so“ «so»", 'lock "so" "so"'),
        ("it’s ‘so’", "it's 'so'"),
        ("deploy a —service web", "deploy a --service web"),
        ("deploy a –service web", "deploy a --service web"),
        ("deploy a --service web", "deploy a --service web"),
        ("shop/web:1–2", "shop/web:1-2"),
        ("shop\u2011web", "shop-web"),
        ("pull `shop/web:1.4`", "pull shop/web:1.4"),
        (
            "tags <https://reg.example.com|reg.example.com>/shop/web",
            "tags reg.example.com/shop/web",
        ),
        ("tags <http://reg.example.com/web|reg.example.com/web>", "tags reg.example.com/web"),
        ("build <https://git.example.com/web.git#v1>", "build https://git.example.com/web.git#v1"),
        ("scan <mailto:web@example.com|web@example.com>", "scan web@example.com"),
        ("approve <@U123|bob>", "approve <@U123>"),
        ("approve <@U123>", "approve <@U123>"),
        ("tell <#C123|ops>", "tell <#C123>"),
        ("tell <!subteam^S123|@team> <!here>", "tell <!subteam^S123> <!here>"),
        ("a &lt;b&gt; &amp;amp; c", "a <b> &amp; c"),
        ("&lt;@U123&gt;", "<@U123>"),
        ("a\x00b\x07", "a\x00b\x07"),
        ("deploy 🚀 :rocket:", "deploy 🚀 :rocket:"),
        ("<", "<"),
        ("<>", ""),
    ],
)
def test_typing_is_undone(typed: str, meant: str) -> None:
    assert tidied(typed) == meant


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("<@U0BOT> deploy web", "deploy web"),
        (" <@U0BOT|quaymaster>: deploy web", "deploy web"),
        ("<@U0BOT>", ""),
        ("deploy <@U0BOT>", "deploy <@U0BOT>"),
        ("<#C0SHOP> deploy", "<#C0SHOP> deploy"),
    ],
)
def test_the_mention_of_the_bot_is_taken_off(text: str, rest: str) -> None:
    assert after_mention(text) == rest


@given(st.text())
def test_the_result_has_no_blanks_but_spaces_and_nothing_curly(text: str) -> None:
    result = tidied(text)
    assert result == result.strip()
    assert not set(result) & set("\t\n\r\u00a0\u200b\ufeff“”‘’—–`")


@pytest.mark.parametrize("piece", ["<", ">", "&", "&amp;", "<a|", "–", "“", " ", "<@U1", "\u200b"])
def test_long_text_takes_no_time(piece: str) -> None:
    start = process_time()
    tidied((piece * 10_000)[:10_000])
    after_mention((piece * 10_000)[:10_000])
    assert process_time() - start < 0.25
