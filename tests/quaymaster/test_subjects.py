"""The ids of what has messages in Slack."""

from datetime import date
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quaymaster.subjects import AuditDigest, OperationSubject, Subject, parse_subject

SUBJECTS: st.SearchStrategy[Subject] = st.builds(
    OperationSubject, st.integers(0, 10**15 - 1)
) | st.builds(AuditDigest, st.dates(min_value=date(1000, 1, 1)))


def test_they_are_written_with_their_kind_first() -> None:
    assert str(OperationSubject(1042)) == "operation:1042"
    assert str(AuditDigest(date(2026, 11, 28))) == "digest:audit:2026-11-28"


@given(SUBJECTS)
def test_they_are_read_as_they_are_written(subject: Subject) -> None:
    assert parse_subject(str(subject)) == subject


@pytest.mark.parametrize("kind", get_args(Subject))
def test_each_kind_is_among_those_that_are_read(kind: type[Subject]) -> None:
    assert any(isinstance(parse_subject(text), kind) for text in _EXAMPLES)


_EXAMPLES = ("operation:1042", "digest:audit:2026-11-28")


@given(st.text(st.sampled_from("operatindgsu:0123456789-٣ \n"), max_size=30) | st.text())
def test_anything_else_is_none(text: str) -> None:
    subject = parse_subject(text)
    assert subject is None or str(subject) == text


@pytest.mark.parametrize(
    "text",
    [
        "1042",
        "operation:01042",
        "operation:-1",
        "operation:1042\n",
        "operation:٣",
        f"operation:{'9' * 16}",
        "digest:audit:2026-02-30",
        "digest:audit:20261128",
        "alert:production/web",
        "",
    ],
)
def test_what_is_not_written_so_is_none(text: str) -> None:
    assert parse_subject(text) is None
