"""A stored type over its versions: an older text is lifted, a newer one is left alone."""

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest
from pydantic import TypeAdapter

from quaymaster.errors import Forged, WrittenByNewer
from quaymaster.key_ring import ProgramRole
from quaymaster.store.codecs import Codec
from quaymaster.store.envelopes import body_of
from quaymaster.store.formats import PLAN
from testing.keys import BOT_KEY, RING, WORKER_KEY
from testing.samples import awaiting

PLACE = ("production", "web")
BOT = frozenset({ProgramRole.BOT})


@dataclass(frozen=True)
class First:
    """As the first version had it."""

    colour: str


@dataclass(frozen=True)
class Second:
    """A name changed."""

    shade: str


@dataclass(frozen=True)
class Third:
    """A field more."""

    shade: str
    size: int

    def __post_init__(self) -> None:
        if self.size < 0:
            raise ValueError("nothing is smaller than nothing")


def renamed(data: Any) -> Any:
    """From the first version to the second."""
    return {"shade": data["colour"]}


def sized(data: Any) -> Any:
    """From the second version to the third."""
    return {**data, "size": len(data["shade"])}


FIRST = Codec("paint", TypeAdapter(First), BOT)
SECOND = Codec("paint", TypeAdapter(Second), BOT, 2, {1: renamed})
THIRD = Codec("paint", TypeAdapter(Third), BOT, 3, {1: renamed, 2: sized})


def signed_body(codec: Codec[Any], body: Any) -> str:
    """A body that no program of this version would write, signed by one all the same."""
    careless = replace(codec, adapter=TypeAdapter(Any))
    return careless.signed(body, PLACE, BOT_KEY).text


def test_what_was_written_is_read_and_names_its_signer() -> None:
    signed = FIRST.signed(First("red"), PLACE, BOT_KEY)
    assert FIRST.read(signed.text, PLACE, RING) == signed
    found = FIRST.read(signed.text.encode(), PLACE, RING)
    assert (found.value, found.key, found.digest) == (First("red"), "bot-1", signed.digest)


def test_an_older_text_is_lifted_over_each_version_and_keeps_its_digest() -> None:
    first = FIRST.signed(First("red"), PLACE, BOT_KEY)
    second = SECOND.signed(Second("green"), PLACE, BOT_KEY)
    assert SECOND.read(first.text, PLACE, RING).value == Second("red")
    assert THIRD.read(first.text, PLACE, RING).value == Third("red", 3)
    assert THIRD.read(second.text, PLACE, RING).value == Third("green", 5)
    assert THIRD.read(first.text, PLACE, RING).digest == first.digest


def test_a_newer_text_is_left_to_a_newer_program() -> None:
    text = THIRD.signed(Third("red", 1), PLACE, BOT_KEY).text
    for older in (FIRST, SECOND):
        with pytest.raises(WrittenByNewer, match="This paint was written by a newer Quaymaster"):
            older.read(text, PLACE, RING)


@pytest.mark.parametrize(
    ("codec", "body"),
    [
        (FIRST, {}),
        (FIRST, {"colour": 1}),
        (FIRST, "red"),
        (FIRST, None),
        (SECOND, {"colour": "red"}),
        (THIRD, {"shade": "red", "size": -1}),
    ],
)
def test_a_signed_body_that_does_not_parse_is_called_a_fault_of_the_product(
    codec: Codec[Any], body: Any
) -> None:
    text = signed_body(codec, body)
    with pytest.raises(Forged, match=r"is signed, and cannot be read.*a bug in Quaymaster"):
        codec.read(text, PLACE, RING)


@pytest.mark.parametrize("body", [{}, [], "red", None, {"colour": 1}])
def test_an_older_body_that_cannot_be_lifted_is_refused_alike(body: Any) -> None:
    with pytest.raises(Forged, match="It is of version 1, and does not look like one"):
        THIRD.read(signed_body(FIRST, body), PLACE, RING)


def test_a_version_that_never_was_is_refused() -> None:
    with pytest.raises(Forged, match="It is of version 0"):
        THIRD.read(replace(FIRST, version=0).signed(First("red"), PLACE, BOT_KEY).text, PLACE, RING)


def test_a_value_fails_for_the_role_that_may_not_sign_it() -> None:
    text = FIRST.signed(First("red"), PLACE, WORKER_KEY).text
    with pytest.raises(Forged, match="signed by the worker, which may not sign one"):
        FIRST.read(text, PLACE, RING)


@dataclass(frozen=True)
class PlanOfTomorrow:
    """A plan, with a field that today's program has never heard of."""

    kind: str
    revision: str
    weather: str


TOMORROW = Codec(
    PLAN.kind,
    TypeAdapter(PlanOfTomorrow),
    PLAN.signers,
    PLAN.version + 1,
    {PLAN.version: lambda data: {**data, "weather": "fine"}},
)


def test_the_next_version_of_a_plan_reads_what_today_wrote_under_the_same_hash() -> None:
    """So votes about it count after an upgrade."""
    planned = awaiting().signed_plan
    assert planned is not None
    place = ("1042", "production", "web")
    found = TOMORROW.read(planned.text, place, RING)
    assert found.value == PlanOfTomorrow("deploy", "0123456789ab", "fine")
    assert found.digest == planned.digest
    assert "weather" not in json.loads(body_of(found.text))


def test_today_leaves_the_next_version_of_a_plan_alone() -> None:
    place = ("1042", "production", "web")
    text = TOMORROW.signed(PlanOfTomorrow("deploy", "0123456789ab", "rain"), place, WORKER_KEY).text
    with pytest.raises(WrittenByNewer, match="This plan was written by a newer Quaymaster"):
        PLAN.read(text, place, RING)
