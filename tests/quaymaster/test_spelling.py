import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.grammar import VERBS
from quaymaster.spelling import did_you_mean, listed, nearest

PLACES = ("staging", "production", "preview-eu", "preview-us")
REPOSITORIES = ("docker.io/library/nginx", "registry.prod/shop/web", "registry.prod/shop/api")


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("Staging", PLACES, "staging"),
        ("prod", PLACES, "production"),
        ("PROD", PLACES, "production"),
        ("stg", PLACES, "staging"),
        ("prd", PLACES, "production"),
        ("stagign", PLACES, "staging"),
        ("stagin", PLACES, "staging"),
        ("prodcution", PLACES, "production"),
        ("preview", PLACES, None),
        ("pre", PLACES, None),
        ("pr", PLACES, None),
        ("p", PLACES, None),
        ("", PLACES, None),
        ("testing", PLACES, None),
        ("stable", PLACES, None),
        ("deplyo", VERBS, "deploy"),
        ("dploy", VERBS, "deploy"),
        ("dep", VERBS, "deploy"),
        ("rollbak", VERBS, "rollback"),
        ("image", VERBS, "images"),
        ("psh", VERBS, "push"),
        ("ps", VERBS, None),
        ("restart", VERBS, None),
        ("list", VERBS, None),
        ("scale", VERBS, None),
        ("build", VERBS, None),
        ("logs", VERBS, None),
        ("lock", VERBS, None),
        ("run", VERBS, None),
        ("plan", VERBS, None),
        ("wbe", ("web", "worker"), "web"),
        ("api", ("web", "worker"), None),
        ("build2", ("build1", "app1"), None),
        ("buidl1", ("build1", "app1"), "build1"),
        ("build", ("build1", "app1"), "build1"),
        ("docker.io/library/redis", REPOSITORIES, None),
        ("registry.prod/shop/wbe", REPOSITORIES, "registry.prod/shop/web"),
        ("registry.prod/shop/job", REPOSITORIES, None),
        ("registry.prod/shop", REPOSITORIES, None),
        ("cat", ("car", "cut"), None),
        ("staging-us", ("staging-eu", "production"), None),
        ("eu-staging", ("us-staging", "production"), None),
        ("build-b", ("build-a", "app1"), None),
        ("stagign-eu", ("staging-eu", "production"), "staging-eu"),
        ("webapi", ("web-api", "worker"), "web-api"),
        ("undeploy", VERBS, None),
        ("unapprove", VERBS, None),
        ("unrollback", VERBS, None),
        ("unpush", VERBS, None),
        ("callback", VERBS, None),
        ("delay", VERBS, None),
        ("reply", VERBS, None),
        ("reset", VERBS, None),
        ("select", VERBS, None),
        ("project", VERBS, None),
        ("rpoduction", PLACES, "production"),
        ("porductoin", PLACES, "production"),
    ],
)
def test_only_what_was_probably_meant_is_offered(
    word: str, known: tuple[str, ...], meant: str | None
) -> None:
    assert nearest(word, known) == meant
    assert did_you_mean(word, known) == (f"Did you mean {meant}?" if meant else "")


@given(st.text("abcdefgh", min_size=6, max_size=12), st.data())
def test_one_slip_in_a_long_name_is_found(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(name) - 2))
    slips = (
        name[:at] + name[at + 1 :],
        name[:at] + "x" + name[at:],
        name[:at] + "x" + name[at + 1 :],
        name[:at] + name[at + 1] + name[at] + name[at + 2 :],
    )
    assert {nearest(slip, [name]) for slip in slips} == {name}


@given(st.text(max_size=20), st.lists(st.text(max_size=20), max_size=5))
def test_whatever_is_typed_a_known_name_or_nothing_comes_back(word: str, known: list[str]) -> None:
    assert nearest(word, known) in {None, *known}


def test_names_are_listed_in_a_sentence() -> None:
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(["a", "b"], "or") == "a or b"
    assert listed([]) == "none"
