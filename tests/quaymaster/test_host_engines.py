"""What an engine calls itself is stored, signed and shown: it is an ID, or there is none."""

import pytest

from quaymaster.host_engines import WrongEngine, id_of

OLD = ":".join(["ABCD"] * 12)
NEW = "3f1c1d1e-0a4b-4d5e-8f6a-7b8c9d0e1f2a"


@pytest.mark.parametrize("given", [OLD, NEW])
def test_an_engine_has_the_id_that_it_says(given: str) -> None:
    assert id_of({"ID": given}, "build1") == given


@pytest.mark.parametrize(
    "given", [None, "", "abc", 7, ["ABCD"], f"{OLD}\n", "<!channel>", "ABCD efgh", "A" * 1_000_000]
)
def test_what_is_no_id_is_refused_and_not_shown(given: object) -> None:
    with pytest.raises(WrongEngine) as caught:
        id_of({"ID": given}, "build1")
    assert len(str(caught.value)) < 300
    assert "channel" not in str(caught.value)
