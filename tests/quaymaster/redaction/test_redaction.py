"""No secret survives redaction, wherever the text is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quaymaster.redaction import redaction
from quaymaster.redaction.redaction import (
    LONGEST_TEXT,
    MARK,
    looks_secret,
    redact,
    redact_words,
    redacted_tail,
)

secrets = st.text(min_size=4, max_size=40).filter(
    lambda text: len(text.strip()) >= 4 and not {*MARK, "…"} & set(text)
)


@given(st.text(), secrets, st.text())
def test_a_known_value_is_found_wherever_it_stands(before: str, secret: str, after: str) -> None:
    assert secret not in redact(f"{before}{secret}{after}", [secret])


@given(secrets, secrets, st.data())
def test_overlapping_values_leave_no_rest(first: str, second: str, data: st.DataObject) -> None:
    shared = data.draw(st.integers(0, min(len(first), len(second))))
    text = first + second[shared:]
    found = redact(text, [first, second])
    assert first not in found
    assert second not in found


def test_values_that_overlap_are_taken_out_together() -> None:
    assert redact("abcd1234wxyz", ["abcd1234", "1234wxyz"]) == MARK


@given(st.text(max_size=500), secrets, st.integers(1, 80))
def test_the_limit_is_kept_and_hides_no_half_of_a_secret(
    text: str, secret: str, limit: int
) -> None:
    found = redact(f"{text}{secret}", [secret], limit=limit)
    assert len(found) <= limit
    assert secret not in found


def test_a_cut_hides_no_half_of_a_secret_from_the_search() -> None:
    assert redact("denied for made-up-password", ["made-up-password"], limit=14) == "denied for •••"


# What hostile text is made of: escapes, quotes, names, keys, marks, parts of values.
pieces = st.sampled_from(
    [
        *("password=", "token: ", '"', "'", "\\", "\\u00e4", "\\U0011ffff", "\\ud83d", "%41", "%"),
        *("&amp;", "&#99999999;", "\n", " ", ",", ";", "=", "•••", "…", "://", "@", "curl -u "),
        *("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "Cookie: ", "basic "),
        *("https://x.test/hooks/", "hunter22", "hunter", "22", "aHVudGVyMjI=", "a:b", "\x1f"),
    ]
)
texts = st.lists(pieces | st.text(max_size=6), max_size=30).map("".join)
some_secrets = st.frozensets(secrets | st.just("hunter22") | st.just("one1\ntwo2\n"), max_size=4)


@given(texts, some_secrets)
def test_what_is_redacted_stays_as_it_is_when_it_is_redacted_again(
    text: str, known: frozenset[str]
) -> None:
    found = redact(text, known)
    assert redact(found, known) == found


@given(texts, some_secrets, st.integers(1, 200))
def test_no_known_value_is_left_and_no_bound_is_passed(
    text: str, known: frozenset[str], limit: int
) -> None:
    for found in (redact(text, known), redact(text, known, limit=limit)):
        assert not any(secret in found for secret in known)
    assert len(redact(text, known, limit=limit)) <= limit
    for lines in (1, 3):
        tail = redacted_tail(text, known, lines)
        assert len(tail) <= lines
        assert not any(secret in "\n".join(tail) for secret in known)


@pytest.fixture
def small_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cuts are everywhere when little is looked at."""
    monkeypatch.setattr(redaction, "LONGEST_TEXT", 240)
    monkeypatch.setattr(redaction, "MARGIN", 40)


PARTS = ("hunter22-and-more", "password=s3cret-of-the-house", "ghp_" + "a1B2" * 5)


@pytest.mark.usefixtures("small_window")
@pytest.mark.parametrize("between", ["\n", " ", ""])
@pytest.mark.parametrize("secret", PARTS)
def test_what_a_cut_goes_through_is_removed_whole(secret: str, between: str) -> None:
    value = secret.removeprefix("password=")
    for place in range(400):
        text = "-" * place + between + secret + between + "-" * (400 - place)
        known = [PARTS[0]]
        shown = redact(text, known) + "\n".join(redacted_tail(text, known, 3))
        assert not any(value[at : at + 6] in shown for at in range(len(value) - 5)), place


@pytest.mark.usefixtures("small_window")
@pytest.mark.parametrize("lines_after", range(0, 24, 3))
def test_a_key_that_a_cut_goes_through_is_removed_whole(lines_after: int) -> None:
    key = ["-----BEGIN PRIVATE KEY-----", *["MIIEabcd" * 2] * 12, "-----END PRIVATE KEY-----"]
    text = "\n".join(["first", *key, *["after"] * lines_after])
    assert "MIIE" not in redact(text) + "\n".join(redacted_tail(text, (), 40))


def test_a_mark_can_show_what_stood_behind_it_to_be_a_value() -> None:
    assert redact("password=&amp;aHVudGVyMjI=", ["hunter22"]) == f"password={MARK}"


def test_a_text_that_is_too_long_is_shown_from_its_beginning() -> None:
    found = redact("begins " + "-" * 10 * LONGEST_TEXT)
    assert found.startswith("begins -")
    assert found.endswith("-…")
    assert len(found) <= LONGEST_TEXT


def test_a_tail_is_cut_out_of_the_redacted_text() -> None:
    """The key began before the lines that are shown."""
    lines = ["-----BEGIN PRIVATE KEY-----", *["MIIE"] * 26, "-----END PRIVATE KEY-----", "ended"]
    assert redacted_tail("\n".join(["started", *lines]), (), 20) == ("started", MARK, "ended")


def test_the_words_of_a_command_are_looked_at_together() -> None:
    words = ("curl", "-u", "ci:hunter22", "https://r.test/x")
    assert redact_words(words) == ("curl", "-u", MARK, "https://r.test/x")
    assert redact_words(()) == ()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DB_PASSWORD", "x", True),
        ("DATABASE_URL", "postgres://web:pw@db/shop", True),
        ("MOTD", "ghp_" + "a" * 36, True),
        ("PWD", "/srv", False),
        ("APP_VERSION", "1.4", False),
        ("DB_PASSWORD", "", False),
    ],
)
def test_settings_that_look_secret(name: str, value: str, expected: bool) -> None:
    assert looks_secret(name, value) is expected
