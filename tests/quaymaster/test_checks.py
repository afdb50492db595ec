import threading
from collections.abc import Iterator

import pytest

from quaymaster.checks import PARTS, Check, Probe, parts_of, perform
from quaymaster.errors import NotFound, UsageError


def test_results_come_in_the_order_of_the_looks() -> None:
    slow = threading.Event()

    def first() -> Iterator[Check]:
        slow.wait(5)
        yield Check("first", "ok", "it waited for the second")

    def second() -> Iterator[Check]:
        slow.set()
        yield Check("second", "warning", "hm", "do this")

    found = perform([Probe("first", first), Probe("second", second)])
    assert [check.subject for check in found] == ["first", "second"]


def test_a_look_that_hangs_is_given_up_and_keeps_what_it_found_so_far() -> None:
    never = threading.Event()

    def hanging() -> Iterator[Check]:
        yield Check("one", "ok", "seen")
        never.wait(60)

    found = perform([Probe("host app1", hanging)], seconds=0.05)
    never.set()
    assert [(check.subject, check.verdict) for check in found] == [
        ("one", "ok"),
        ("host app1", "broken"),
    ]
    assert "within 0.05 seconds" in found[1].what


def test_an_error_of_the_product_becomes_what_is_wrong_and_what_to_do() -> None:
    def failing() -> Iterator[Check]:
        raise NotFound("It is not there.", why="Nobody put it there.", next_step="Put it there.")

    (check,) = perform([Probe("thing", failing)])
    assert check == Check(
        "thing", "broken", "It is not there. Nobody put it there.", "Put it there."
    )


def test_a_look_that_fails_in_an_unforeseen_way_does_not_end_the_others() -> None:
    def failing() -> Iterator[Check]:
        raise KeyError("surprise")

    def fine() -> Iterator[Check]:
        yield Check("b", "ok", "fine")

    broken, ok = perform([Probe("a", failing), Probe("b", fine)])
    assert broken.verdict == "broken"
    assert "KeyError" in broken.what
    assert ok.verdict == "ok"


def test_secrets_and_control_characters_are_taken_out_of_every_word() -> None:
    def telling() -> Iterator[Check]:
        yield Check("see hunter22x", "broken", "with\x1b[31m hunter22x", "try\nhunter22x")

    (check,) = perform([Probe("thing", telling)], ["hunter22x"])
    assert "hunter22x" not in f"{check}"
    assert "\x1b" not in check.what
    assert "\n" not in check.next_step


def test_long_words_from_outside_are_cut() -> None:
    check = Check("thing", "broken", "x" * 5_000).without([])
    assert len(check.what) == 600
    assert check.what.endswith("…")


@pytest.mark.parametrize("text", ["", "  ", " , "])
def test_all_parts_are_checked_where_none_is_named(text: str) -> None:
    assert parts_of(text) == set(PARTS)


def test_parts_are_named_in_a_list() -> None:
    assert parts_of("redis, Docker") == {"redis", "docker"}


def test_an_unknown_part_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UsageError, match=r"slack, keys, redis.*Did you mean docker\?"):
        parts_of("redis,dokcer")
