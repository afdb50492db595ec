"""A value that is known is found in every spelling in which it travels."""

import base64
import html
import json
import shlex
import textwrap
from collections.abc import Callable
from typing import Literal
from unicodedata import normalize
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.views.parts import cleaned
from quaymaster.redaction.known_values import SHORTEST_VALUE, KnownValues, parts
from quaymaster.redaction.redaction import MARK, redact


def is_seen(letter: str) -> bool:
    """Whether it counts: quotes, backslashes, plus signs and what nobody sees do not."""
    return letter.isprintable() and letter not in " '\"+\\"


values = st.text(st.characters(exclude_categories=["Cs"]), min_size=4, max_size=40).filter(
    lambda text: sum(map(is_seen, text)) >= SHORTEST_VALUE and not {*MARK, "…"} & set(text)
)
SPELLED = "pä ss/w\"o&r+d?'s \\$x😀"


def javascript(text: str) -> str:
    """As ``encodeURIComponent`` writes it."""
    return quote(text, safe="!'()*~")


def go(text: str) -> str:
    """JSON as Go writes it."""
    plain = json.dumps(text, ensure_ascii=False)[1:-1]
    return plain.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def python(text: str) -> str:
    """What a program prints that prints a list or an error."""
    return repr(text)[1:-1] if text.isprintable() else repr(text.encode())[2:-1]


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "percent": lambda text: quote(text, safe=""),
    "percent, a path": quote,
    "percent, small letters": lambda text: (
        quote(text, safe="").lower() if text.islower() else quote(text, safe="")
    ),
    "a form": quote_plus,
    "JavaScript": javascript,
    "HTML": html.escape,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON in Unicode": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON in JSON": lambda text: json.dumps(json.dumps(text))[3:-3],
    "Go": go,
    "Python": python,
    "a shell": shlex.quote,
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
    "base64": lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
    "base64 of a login": lambda text: base64.b64encode(f"web:{text}".encode()).decode(),
    "base64 of a longer login": lambda text: base64.b64encode(f"ci-1:{text}".encode()).decode(),
    "base64 of a sentence": lambda text: base64.b64encode(f"a{text}?!".encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "percent-encoded twice": lambda text: quote(quote(text, safe=""), safe=""),
    "coloured inside": lambda text: f"{text[:5]}\x1b[1;31m{text[5:]}",
    "coloured inside, in JSON": lambda text: json.dumps(f"{text[:5]}\x1b[31m{text[5:]}")[1:-1],
    "with what nobody sees": lambda text: f"{text[:5]}\u200b{text[5:]}",
    "base64 in JSON of PHP": lambda text: (
        base64.b64encode(text.encode()).decode().replace("/", "\\/")
    ),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_value_is_found_in_the_spellings_in_which_it_travels(spelling: str) -> None:
    spelled = SPELLINGS[spelling](SPELLED)
    assert redact(f"said {spelled} aloud", [SPELLED]) in (
        f"said {MARK} aloud",
        f"said {MARK}= aloud",
        f"said '{MARK}' aloud",
    )


@given(values, st.sampled_from(sorted(SPELLINGS)))
def test_whatever_the_value_is(value: str, spelling: str) -> None:
    spelled = SPELLINGS[spelling](value)
    assert spelled not in redact(f"said {spelled} aloud", [value])


UNSEEN = ("\x1b[1;31m", "\x1b[0m", "\x9b", "\u200b", "\u2060", "\ufeff", "\xad", "\x00", "\x7f")


@given(values, st.dictionaries(st.integers(0, 40), st.sampled_from(UNSEEN), max_size=6))
@example("0000000000000\\r0\\n", {0: "\x1b[1;31m", 14: "\x9b"})
def test_no_card_puts_together_what_nobody_saw_in_between(
    value: str, between: dict[int, str]
) -> None:
    """A card leaves out or replaces what is not printable, after the search."""
    written = "".join(between.get(at, "") + letter for at, letter in enumerate(value))
    shown = cleaned(redact(f"said {written} aloud", [value]))
    assert cleaned(value) not in shown
    assert MARK in shown


@pytest.mark.parametrize("value", ["na\u00efve-1234", "nai\u0308ve-1234"])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_letter_with_an_accent_is_one_letter_or_two(
    value: str, form: Literal["NFC", "NFD"]
) -> None:
    assert redact(f"said {normalize(form, value)}.", [value]) == f"said {MARK}."


def test_a_value_is_found_where_a_line_was_wrapped() -> None:
    secret = "made-up-" * 20
    encoded = base64.b64encode(secret.encode()).decode()
    found = redact("\n".join(textwrap.wrap(encoded, 76)), [secret])
    assert found.replace("\n", "") == MARK


def test_a_value_is_found_where_white_space_was_joined() -> None:
    assert redact("said two words", ["two  \n words"]) == f"said {MARK}"


def test_a_short_value_is_not_found_across_white_space() -> None:
    assert redact("12 34", ["1234"]) == "12 34"


KEY = "\n".join(
    ("-----BEGIN PRIVATE KEY-----", *("MIIE" + f"{line:02}" * 30 for line in range(26)), "c3Q=")
)


@pytest.mark.parametrize("line", KEY.splitlines())
def test_each_line_of_a_value_is_a_secret_by_itself(line: str) -> None:
    assert line not in redact(f"app | {line} |", [f"{KEY}\n"])


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ("hunter22\n", "hunter22"),
        ("  hunter22\r\n", "hunter22"),
        ('"hunter22"', "hunter22"),
        ("postgres://web:hunter22@db/shop", "hunter22"),
        ("postgres://web:hunter%2F22@db/shop", "hunter/22"),
        ("redis://:hunter22@redis:6379/0", "hunter22"),
        ("Server=db;User Id=web;Password=hunter22;", "hunter22"),
        ("host=db password=hunter22 user=web", "hunter22"),
        ('{"user": "web", "private_key": "one1\\ntwo2"}', "two2"),
        ('{"auths": {"r.test": {"auth": "Y2k6aHVudGVyMg=="}}}', "Y2k6aHVudGVyMg=="),
    ],
)
def test_what_is_secret_in_a_value_is_one_by_itself(value: str, part: str) -> None:
    assert part in parts(value)
    assert redact(f"said {part}.", [value]) == f"said {MARK}."


def test_what_is_harmless_in_a_value_is_none() -> None:
    found = parts('{"project": "shop-web", "private_key": "hunter22"}')
    assert "shop-web" not in found
    assert redact("host db of web", ["host=db1 user=web9 password=hunter22"]) == "host db of web"


@pytest.mark.parametrize("value", ["", "abc", "ab \n", "   \n  "])
def test_what_is_shorter_than_four_characters_is_left_alone(value: str) -> None:
    text = f"said {value} and abc and    more"
    assert redact(text, [value]) == text


def test_four_characters_are_enough() -> None:
    assert redact("said abcd", ["abcd"]) == f"said {MARK}"


def test_bytes_that_are_no_text_are_found_as_they_are_read() -> None:
    raw = b"pw\xff\xf0\x9f\x98-x"  # a program reads the three of them as one
    secret = raw.decode(errors="surrogateescape")  # as the environment holds it
    assert redact(f"said {raw.decode(errors='replace')}", [secret]) == f"said {MARK}"
    assert redact(f"said {secret}", [secret]) == f"said {MARK}"


def test_a_thousand_values_are_found_in_one_pass() -> None:
    """Two searches, whatever the number of values, and no more finds than there are."""
    many = frozenset(f"made-up-{number:06}" for number in range(1_000))
    known = KnownValues(many)
    text = "nothing to be found here; " * 1_000 + "made-up-000999"
    assert set(known.spans(text)) == {(26_000, 26_014)}
    assert redact(text, many) == text.replace("made-up-000999", MARK)
