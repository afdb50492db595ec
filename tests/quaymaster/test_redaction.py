"""No secret survives redaction, by value or by pattern, and ordinary words do."""


import pytest
from hypothesis import given
from hypothesis import strategies as st

from quaymaster.redaction import MARK, looks_secret, redact

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


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Basic Y2k6aHVudGVyMg== rejected", "Y2k6aHVudGVyMg"),
        ("sent Bearer abc.def-ghi_jkl to it", "abc.def-ghi_jkl"),
        ("GET https://ci:hunter2@registry.test/v2/", "hunter2"),
        ("password=hunter2 was wrong", "hunter2"),
        ('{"password": "hun\\"ter2", "user": "ci"}', "ter2"),
        ("DB_PASSWORD='two words' in env", "two words"),
        ("|1 NPM_TOKEN=abcdef123 /bin/sh -c npm ci", "abcdef123"),
        ("docker login --password hunter2 registry.test", "hunter2"),
        ("key AKIAIOSFODNN7EXAMPLE leaked", "AKIAIOSFODNN7EXAMPLE"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "wJalrXUtnFEMI"),
        ("ghp_" + "a1B2" * 9, "a1B2a1B2"),
        ("glpat-" + "x" * 20, "x" * 20),
        ("xoxb-" + "1234567890-abcdef", "1234567890"),
        ("ed25519-private:" + "bot-1a2b3c4d:" + "A" * 43 + "=", "A" * 43),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl", "eyJzdWIiOiIxMjM0In0"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY-----",
            "MIIEow",
        ),
        ("-----BEGIN PRIVATE KEY-----\nMIIEow and cut", "MIIEow"),
    ],
)
def test_what_looks_like_a_secret_is_taken_out(text: str, secret: str) -> None:
    found = redact(text)
    assert secret not in found
    assert MARK in found


@pytest.mark.parametrize(
    "text",
    [
        "unauthorized: authentication required",
        "the token has expired",
        'Bearer realm="https://auth.test/token",service="registry.test"',
        "manifest unknown: sha256:" + "a" * 64,
        "pulled registry.test:5000/shop/web:1.4",
        "https://registry.test/v2/shop/web@sha256:" + "b" * 64,
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert redact(text) == text


def test_a_cut_hides_no_half_of_a_secret_from_the_search() -> None:
    assert redact("denied for made-up-password", ["made-up-password"], limit=14) == "denied for •••"
