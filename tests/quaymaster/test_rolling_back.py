"""Which release a rollback goes back to."""

from dataclasses import replace

from quaymaster.image_ref import Digest
from quaymaster.plans import Serving
from quaymaster.platforms import Member
from quaymaster.releases import Release
from quaymaster.rolling_back import last_good
from quaymaster.services import ServiceConfiguration, Variable
from testing.samples import NOW, pinned

ONE, TWO, THREE = (Digest("sha256:" + pair * 32) for pair in ("11", "22", "33"))
PLAIN = ServiceConfiguration()
OTHER = ServiceConfiguration(environment=(Variable("COLOUR", value="blue"),))


def _release(number: int, digest: Digest, configuration: ServiceConfiguration = PLAIN) -> Release:
    ref = pinned(digest, "1")
    return Release(number, "production", "web", ref, configuration, "U0ALICE", (), NOW, 1)


def _runs(release: Release) -> Serving:
    return Serving(release.image, release.id, release.workload)


FIRST, SECOND, THIRD = _release(1, ONE), _release(2, TWO), _release(3, THREE)


def test_it_is_the_release_before_the_one_that_runs() -> None:
    assert last_good((THIRD, SECOND, FIRST), _runs(THIRD), frozenset()) == SECOND


def test_a_digest_that_was_rolled_back_from_is_passed_over() -> None:
    assert last_good((THIRD, SECOND, FIRST), _runs(THIRD), frozenset({TWO})) == FIRST


def test_what_was_released_by_the_name_of_a_whole_index_that_was_left_is_passed_over() -> None:
    index = Digest("sha256:" + "44" * 32)
    member = replace(SECOND, member=Member(ONE, index, "linux/arm64"))
    assert last_good((THIRD, member, FIRST), _runs(THIRD), frozenset({index})) == FIRST


def test_a_second_rollback_goes_further_back_and_not_to_and_fro() -> None:
    rolled_back = replace(_release(4, TWO), restores=2)
    known = (rolled_back, THIRD, SECOND, FIRST)
    assert last_good(known, _runs(rolled_back), frozenset({THREE})) == FIRST


def test_the_same_digest_with_another_configuration_is_a_release_to_go_back_to() -> None:
    changed = _release(4, THREE, OTHER)
    assert last_good((changed, THIRD), _runs(changed), frozenset()) == THIRD


def test_the_same_digest_and_configuration_is_nothing_to_go_back_to() -> None:
    again = _release(2, ONE)
    assert last_good((again, FIRST), _runs(again), frozenset()) is None


def test_what_runs_without_being_a_release_is_newer_than_all() -> None:
    baking = Serving(pinned(TWO, "9"), None, None)
    assert last_good((FIRST,), baking, frozenset()) == FIRST


def test_there_may_be_nothing_to_go_back_to() -> None:
    assert last_good((FIRST,), _runs(FIRST), frozenset()) is None
    assert last_good((), None, frozenset()) is None
