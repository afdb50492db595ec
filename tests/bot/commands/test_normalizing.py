import re
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import normalizing
from bot.commands.normalizing import normalized, plain, unformatted, words_after, words_for
from tests.quaymaster.counted_regex import assert_finds_in_proportion
from tests.quaymaster.counted_steps import assert_in_proportion


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
    assert normalized(typed) == meant


@pytest.mark.parametrize(
    ("formatted", "text"),
    [
        ("deploy *web* to *staging*", "deploy web to staging"),
        ("*deploy web to staging*", "deploy web to staging"),
        ("_deploy_ ~web~ *to* staging", "deploy web to staging"),
        ("*_~web~_*", "web"),
        ("**web** __web__ ~~web~~", "web web web"),
        ("*web*.", "web."),
        ('(*web*) "*web*"', '(web) "web"'),
        ("shop/*web*:1.4 *shop*/web:~1.4~", "shop/web:1.4 shop/web:1.4"),
        ("_my_app_ my_app _x", "my_app my_app _x"),
        ("tags 1.* 2.*", "tags 1.* 2.*"),
        ("tags *-rc *-beta", "tags *-rc *-beta"),
        ("~/a ~/b", "~/a ~/b"),
        ("a * b * c", "a * b * c"),
        ("shop/web:_x_", "shop/web:_x_"),
        ("*web", "*web"),
        ("** *", "** *"),
        ("", ""),
    ],
)
def test_pairs_of_signs_around_words_are_formatting(formatted: str, text: str) -> None:
    assert unformatted(formatted) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<@U0BOT> deploy web", "deploy web"),
        ("*<@U0BOT> deploy web*", "deploy web"),
        ("*<@U0BOT>* deploy *web*", "deploy *web*"),
        ("_~<@U0BOT>~ deploy web_", "deploy web"),
        ("*never write* <@U0BOT> deploy web", None),
        (" <@U0BOT|quaymaster>: deploy web", "deploy web"),
        ("<@U0BOT>", ""),
        ("<@U0BOB> <@U0BOT> deploy web", "deploy web"),
        ("<@U0BOT>, <@U0BOB>: deploy web", "deploy web"),
        ("deploy <@U0BOT>", None),
        ("do not write <@U0BOT> rollback production/web", None),
        ("<@U0BOB> never write <@U0BOT> rollback production/web", None),
        ("<@U0BOB> rollback production/web", None),
        ("<#C0SHOP> deploy", None),
        ("", None),
    ],
)
def test_a_message_for_the_bot_begins_with_its_mention(text: str, words: str | None) -> None:
    assert words_for("U0BOT", text) == words


def test_what_follows_a_mention_in_the_middle_is_known() -> None:
    assert (
        words_after("U0BOT", "<@U0BOB> write <@U0BOT|q> jobs or <@U0BOT> x") == "jobs or <@U0BOT> x"
    )
    assert words_after("U0BOT", "<@U0BOB> write jobs") == ""


@given(st.text())
def test_the_result_has_no_blanks_but_spaces_and_nothing_curly(text: str) -> None:
    result = normalized(text)
    assert result == result.strip()
    assert not set(result) & set("\t\n\r\u00a0\u200b\ufeff“”‘’—–`")


@given(st.text() | st.text("—–-\u200b “`\u00a0a"))
def test_tidying_twice_is_tidying_once(text: str) -> None:
    """Slack's escapes aside, which it undoes: &amp;lt; is &lt; and not <."""
    assert plain(plain(text)) == plain(text)
    if not set(normalized(text)) & set("<>&"):
        assert normalized(normalized(text)) == normalized(text)


@given(st.text('*_~ab :/."') | st.text())
def test_what_is_no_formatting_stays(text: str) -> None:
    once = unformatted(text)
    assert [letter for letter in once if letter not in "*_~"] == [
        letter for letter in text if letter not in "*_~"
    ]
    if not set(text) & set("*_~"):
        assert once == text


@pytest.mark.parametrize(
    "piece",
    [
        "*",
        "*a",
        "*a ",
        " *a",
        "a* ",
        "_*~",
        "<",
        ">",
        "&",
        "&amp;",
        "<a|",
        "–",
        "“",
        " ",
        "<@U1",
        "<@U1> ",
        "\u200b",
    ],
)
def test_twice_the_text_takes_twice_the_steps(piece: str) -> None:
    assert_in_proportion(normalized, piece)
    assert_in_proportion(unformatted, piece)
    assert_in_proportion(partial(words_for, "U0BOT"), piece)
    assert_in_proportion(partial(words_after, "U0BOT"), piece)
    for pattern in vars(normalizing).values():
        if isinstance(pattern, re.Pattern):
            assert_finds_in_proportion(pattern, piece)
