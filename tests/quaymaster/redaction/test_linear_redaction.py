"""Redaction takes time in proportion to the text, whatever the text: steps are counted."""

import re
from collections.abc import Iterator
from types import ModuleType

import pytest

from quaymaster.redaction import decoded_text, known_values, secret_shapes, stated_secrets
from quaymaster.redaction.redaction import LONGEST_TEXT, redact, redacted_tail
from tests.quaymaster.counted_regex import assert_finds_in_proportion, assert_fits_in_proportion

# What makes an expression walk far and come back: beginnings without ends, and what both may be.
HOSTILE = (
    *(
        "-",
        "a",
        " ",
        "\\",
        '"',
        "%",
        "=",
        ":",
        "/",
        "--a ",
        "a-",
        "password",
        "password=",
        "token=",
    ),
    *(
        "password:",
        "/token:",
        'secret="\\',
        "secret='",
        'pw=\\"',
        "\\\\\"a=\\'",
        "eyJ",
        "-eyJaaaaaaaa",
    ),
    *("eyJaaaaaaaaa.", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----", "-----END A PRIVATE KEY-----"),
    *(
        "---- BEGIN ",
        "://a",
        "://a:",
        "http://",
        "https://a/hooks/",
        "https://a/b/c/d/e/",
        "basic ",
    ),
    *(
        "basic aaaaaa",
        "bearer aaaaaaaa",
        "glpat-",
        "xoxb-",
        "npm_",
        "curl ",
        "curl -u ",
        "mysql -p",
    ),
    *(
        "curl -u a ",
        "docker login ",
        "pw=a,",
        "pw=a,b",
        "&#1",
        "&amp;",
        "\\u00e",
        "\\ud83d",
        "a[",
        "\n",
    ),
    *('curl -u "', "cookie: ", "hooks.slack.com/services/", "discord.com/api/webhooks", "ghp_a"),
    *("\x1b[1;", "\\\\u001b[", "\x1b[3m", "\u200b", "%2525", "\\/", "<a>", "<a>a", "password '"),
    *(
        'password "\\',
        "identified by '",
        "identified with a ",
        "set password ",
        "login a password ",
    ),
    *("LS0tLS1CRUdJTi", "LS0tLS1CRUdJTiaaaaaaaa ", "Private-Lines: 1", "Private-Lines: 1 a\n"),
    *("login a ", "name: a", "name: a, value: ", "ENV A_", "set a_b ", "echo ", "--password-stdin"),
    *("|--token-stdin", "://a@b:", "://a:b/c", "password: |\n a", "|\n ", ">\n a\n", "a_"),
)


def expressions(module: ModuleType) -> Iterator["tuple[str, re.Pattern[str]]"]:
    """Every regular expression of a module, in tables too."""
    for name, value in vars(module).items():
        several = value.values() if isinstance(value, dict) else (value,)
        several = value if isinstance(value, tuple) else several
        for number, one in enumerate(several):
            if isinstance(one, re.Pattern) and isinstance(one.pattern, str):
                yield f"{name} {number}", one


EXPRESSIONS = {
    f"{module.__name__} {name}": pattern
    for module in (secret_shapes, known_values, decoded_text, stated_secrets)
    for name, pattern in expressions(module)
}


def test_there_are_expressions_to_be_counted() -> None:
    assert len(EXPRESSIONS) > 20


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_twice_the_text_takes_twice_the_steps(name: str) -> None:
    for piece in HOSTILE:
        assert_finds_in_proportion(EXPRESSIONS[name], piece)


def test_an_expression_that_walks_the_text_again_and_again_is_found_out() -> None:
    with pytest.raises(AssertionError):
        assert_finds_in_proportion(re.compile(r"[a-z]+="), "a")
    with pytest.raises(AssertionError):
        assert_fits_in_proportion(re.compile(r"[a-z]+[a-z]+"), "a", "!")


class Counting:
    """An expression that adds up how much of the text it was led over."""

    def __init__(self, pattern: "re.Pattern[str]", work: list[int]) -> None:
        self.pattern, self.work = pattern, work

    def search(self, text: str, at: int = 0, end: int = 2**60) -> "re.Match[str] | None":
        match = self.pattern.search(text, at, end)
        self.work[0] += (match.end() if match else min(end, len(text))) - at + 1
        return match

    def match(self, text: str, at: int = 0) -> "re.Match[str] | None":
        match = self.pattern.match(text, at)
        self.work[0] += (match.end() - at if match else 0) + 1
        return match

    fullmatch = None

    def finditer(self, text: str) -> "Iterator[re.Match[str]]":
        self.work[0] += len(text)
        for match in self.pattern.finditer(text):
            self.work[0] += 1
            yield match


@pytest.mark.parametrize("piece", HOSTILE)
def test_no_part_of_the_text_is_walked_again_by_who_asks(
    piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names, values and options are looked for one after the other, each from where it may be."""
    work = [0]
    for name in ("_ASSIGNMENT", "_VALUE", "_TO_THE_END", "_COMMAND"):
        counting = Counting(getattr(secret_shapes, name), work)
        monkeypatch.setattr(secret_shapes, name, counting)
    options = {kind: Counting(one, work) for kind, one in secret_shapes._OPTIONS.items()}
    monkeypatch.setattr(secret_shapes, "_OPTIONS", options)
    totals = []
    for size in (4_000, 8_000, 16_000):
        work[0] = 0
        list(secret_shapes.shapes((piece * size)[:size]))
        totals.append(work[0])
    assert totals[2] <= 8 * 16_000
    assert totals[2] - totals[1] <= 2.2 * (totals[1] - totals[0]) + 100


@pytest.mark.parametrize("piece", ["-", "password=", 'secret="\\', "curl -u a ", "\\u00e4", "aaaa"])
def test_hostile_text_of_any_length_is_dealt_with(piece: str) -> None:
    text = piece * (4 * LONGEST_TEXT // len(piece))
    assert len(redact(text, ["hunter22", "aaaa"], limit=500)) <= 500
    assert len(redacted_tail(text, ["hunter22", "aaaa"], 20, is_cut=True)) <= 20


def test_folded_text_is_no_longer_than_the_text() -> None:
    for piece in (*HOSTILE, "ä", "😀", "%C3%A4", "&auml;"):
        text = piece * 100
        assert len(known_values._folded(text).content) <= len(text.encode())
