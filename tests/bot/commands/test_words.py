import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.words import words_of
from quaymaster.errors import UsageError


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ()),
        ("   ", ()),
        ("deploy web  staging", ("deploy", "web", "staging")),
        ('lock "two words"', ("lock", "two words")),
        ("lock 'two words'", ("lock", "two words")),
        ('--because="two words"', ("--because=two words",)),
        ("it's mine", ("it's", "mine")),
        ("'tis mine", ("'tis", "mine")),
        ('""', ("",)),
        ("''", ("",)),
        ('"it\'s"', ("it's",)),
        ("'say \"so\"'", ('say "so"',)),
    ],
)
def test_blanks_separate_and_quotes_hold_together(text: str, words: tuple[str, ...]) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize("text", ['"', 'lock "two words', 'a"b', '"a" "b'])
def test_a_quote_that_is_not_closed_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="never closed"):
        words_of(text)


@given(st.lists(st.text(st.characters(exclude_characters='"'), max_size=10), max_size=5))
def test_quoted_words_come_back_as_they_were(words: list[str]) -> None:
    assert words_of(" ".join(f'"{word}"' for word in words)) == tuple(words)
