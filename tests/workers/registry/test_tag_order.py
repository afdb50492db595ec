"""Tags are listed as people look for them."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.registry.tag_order import newest_first

tags = st.lists(
    st.text(string.ascii_letters + string.digits + "._-", min_size=1, max_size=20), max_size=12
)


@pytest.mark.parametrize(
    ("given_tags", "expected"),
    [
        (["1.9", "1.10", "1.2"], ["1.10", "1.9", "1.2"]),
        (
            ["1.4-rc1", "1.4", "1.3", "1.4-rc10", "1.4-rc2"],
            ["1.4", "1.4-rc10", "1.4-rc2", "1.4-rc1", "1.3"],
        ),
        (["latest", "v2.0.0", "main", "v1.9.9"], ["v2.0.0", "v1.9.9", "latest", "main"]),
        (["1.4-alpine", "1.4", "1.5"], ["1.5", "1.4", "1.4-alpine"]),
        (["2026-10-20", "2026-9-30"], ["2026-10-20", "2026-9-30"]),
        (["pr-10", "pr-9"], ["pr-9", "pr-10"]),
        (["3f2a9c1", "1.0"], ["1.0", "3f2a9c1"]),
        (["1.0", "1.0.0", "1"], ["1.0.0", "1.0", "1"]),
    ],
)
def test_newest_version_first_then_words(given_tags: list[str], expected: list[str]) -> None:
    assert list(newest_first(given_tags)) == expected


@given(tags)
def test_every_tag_is_listed_once(given_tags: list[str]) -> None:
    assert sorted(newest_first(given_tags)) == sorted(set(given_tags))


@given(tags, st.randoms())
def test_the_order_does_not_depend_on_the_registrys(given_tags: list[str], random: object) -> None:
    shuffled = list(given_tags)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert newest_first(shuffled) == newest_first(given_tags)
