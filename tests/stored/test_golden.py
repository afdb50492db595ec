"""What any version of the product has stored is read today, and no type changes unnoticed."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter

from quaymaster.outcomes import Outcome
from quaymaster.requests import Request
from quaymaster.store.envelopes import body_of
from quaymaster.store.formats import CODECS
from tests.stored.golden import (
    BY_KIND,
    FOLDER,
    LABELS_KIND,
    Golden,
    fingerprint_of,
    of_today,
    stored,
)
from tests.stored.values import LABELS, OUTCOMES, REQUESTS, SAMPLES

TODAY = {golden.kind: golden for golden in of_today()}
FILES = stored()
NAMES = [str(path.relative_to(FOLDER)) for path in FILES]


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_every_text_of_every_version_is_read_to_the_value_beside_it(path: Path) -> None:
    golden = Golden.load(path)
    assert golden.texts
    for before, after in zip(golden.texts, golden.as_read_today().texts, strict=True):
        assert after["value"] == before["value"], (
            f"Something else is read from {path.name} of {path.parent.name} than before. If that "
            "is meant, run `python -m tests.stored` and look at what changed."
        )


@pytest.mark.parametrize("kind", sorted(TODAY))
def test_a_type_does_not_change_without_a_new_version(kind: str) -> None:
    today = TODAY[kind]
    assert today.path.exists(), (
        f"Version {today.version} of “{kind}” has no golden file yet. "
        "Write it with `python -m tests.stored`, and commit it."
    )
    assert Golden.load(today.path).schema == today.schema, (
        f"The stored type “{kind}” has changed and is still version {today.version}, so a program "
        "of before calls it forged. Give it the next version where its codec is "
        "(quaymaster/store/formats.py; workers/labels.py), with a function that lifts version "
        f"{today.version}, and run `python -m tests.stored`."
    )


@pytest.mark.parametrize("codec", CODECS, ids=[codec.kind for codec in CODECS])
def test_every_version_so_far_has_its_file_and_can_be_lifted(codec: Any) -> None:
    versions = {Golden.load(path).version for path in FILES if Golden.load(path).kind == codec.kind}
    assert versions == set(range(1, codec.version + 1))
    assert set(codec.upgrades) == set(range(1, codec.version))


def test_every_stored_type_has_a_kind_of_its_own() -> None:
    assert set(TODAY) == {*BY_KIND, LABELS_KIND}
    assert max(Counter(codec.kind for codec in CODECS).values()) == 1
    assert {Golden.load(path).kind for path in FILES} <= set(TODAY)


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_the_texts_of_today_are_of_todays_values(path: Path) -> None:
    golden = Golden.load(path)
    today = TODAY[golden.kind]
    if golden.version != today.version:
        return
    assert [one["value"] for one in golden.texts] == [one["value"] for one in today.texts]
    for one in golden.texts:
        if golden.kind != LABELS_KIND:
            assert json.loads(body_of(one["text"])) == one["value"]


def test_there_is_a_text_of_every_request_and_every_outcome() -> None:
    assert {type(one) for one in REQUESTS} == set(get_args(get_args(Request)[0]))
    assert {type(one) for one in OUTCOMES} == set(get_args(get_args(Outcome)[0]))


def test_there_is_a_text_with_every_field_of_every_type_set() -> None:
    """What is empty everywhere would be read as empty whatever became of its type."""
    everything = (*(one.value for one in SAMPLES), *(labels for _, labels in LABELS))
    seen, filled = set(), set()
    for value in (one for root in everything for one in _inside(root)):
        for field in fields(value):
            name = f"{type(value).__name__}.{field.name}"
            seen.add(name)
            if getattr(value, field.name) not in (None, (), ""):
                filled.add(name)
    assert seen == filled


def _inside(value: Any) -> Iterator[Any]:
    """A value and all values in it that have fields."""
    if isinstance(value, tuple):
        for one in value:
            yield from _inside(one)
    elif is_dataclass(value) and not isinstance(value, Enum):
        yield value
        for field in fields(value):
            yield from _inside(getattr(value, field.name))


def test_the_fingerprint_is_of_what_is_stored() -> None:
    @dataclass(kw_only=True)
    class One:
        """A type."""

        name: str
        size: int = 0

    @dataclass(kw_only=True)
    class Reordered:
        """The same, called, explained and ordered in another way."""

        size: int = 0
        """So many."""
        name: str

    @dataclass(kw_only=True)
    class Longer:
        """A field more."""

        name: str
        size: int = 0
        colour: str = ""

    @dataclass(kw_only=True)
    class Other:
        """A field of another type."""

        name: str
        size: float = 0

    one, reordered, longer, other = (
        fingerprint_of(TypeAdapter(type_)) for type_ in (One, Reordered, Longer, Other)
    )
    assert one == reordered
    assert len({one, longer, other}) == 3
