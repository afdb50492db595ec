"""What every target has to keep: each promise of the protocol, and each point at which it can die.

A kind of target passes it with a class that inherits from ``Conformance`` and has a fixture
``subject``. A crash is an exception that nothing catches, raised where the next changing call would
be made; the new holder of the lease then settles.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

import pytest

from quaymaster.errors import (
    Cancelled,
    HandedBack,
    LeaseLost,
    NotAllowed,
    NotFound,
    QuaymasterError,
    Unhealthy,
)
from quaymaster.plans import Change
from quaymaster.target import ServiceRef
from tests.workers.services import UNDISTURBED, Killed, Undisturbed
from workers.targets.observed import Condition, Observed, Remains, VersionRole
from workers.targets.rendering import Values
from workers.targets.target import Live, Staged, Target, Work

MOST_CALLS = 60
"""Changing calls of one call of the protocol, at most."""
VALUES = Values((), (), ())


class Image(StrEnum):
    """The images that a subject can bring there; what its callers get is named after them."""

    V1 = "v1"
    V2 = "v2"
    SICK = "sick"
    """Never healthy."""


class Subject(Protocol):
    """A target with a service of the test's own, and what only its kind of target knows."""

    @property
    def target(self) -> Target: ...

    @property
    def service(self) -> ServiceRef: ...

    def change(self, image: Image) -> Change:
        """To bring this image there. Its turn, and what it says of before, are left to the test."""

    def answers(self) -> set[str]:
        """What callers get, from each part: the name of an image, or nothing."""

    def forget(self, image: Image) -> None:
        """Remove the image from where it runs, not from its registry."""

    def sicken(self) -> None:
        """What serves is not healthy from now on, and goes on serving."""

    def lose(self) -> None:
        """Remove everything that is retained, behind the target's back."""

    def obstructed(self) -> AbstractContextManager[str]:
        """Something stands in the way of a first version; gives what an objection names."""


@dataclass
class Scripted(Undisturbed):
    """Work that counts what a target asks, and dies or is stopped where the test says."""

    dies_after: int | None = None
    fences: int = 0
    loses_lease_after: int | None = None
    stops: QuaymasterError | None = None
    at_commit: QuaymasterError | None = None
    forbids: QuaymasterError | None = None
    confirmed: int = 0
    commit_points: int = 0

    def check(self) -> None:
        """Stop, where the test says so and it is not too late."""
        if self.stops is not None and not self.commit_points:
            raise self.stops

    def confirm(self) -> None:
        """Forbid it, where the test says so."""
        self.confirmed += 1
        if self.forbids is not None:
            raise self.forbids

    def fence(self) -> None:
        """Die, or have lost the lease, where the test says so."""
        if self.dies_after is not None and self.fences >= self.dies_after:
            raise Killed
        if self.loses_lease_after is not None and self.fences >= self.loses_lease_after:
            raise LeaseLost("The lease is gone.")
        self.fences += 1

    def commit_point(self) -> None:
        """Refuse, where the test says so."""
        if self.at_commit is not None:
            raise self.at_commit
        self.commit_points += 1


@dataclass
class Life:
    """The life of a service: one change after the other, each with its turn."""

    subject: Subject

    @property
    def target(self) -> Target:
        """The target."""
        return self.subject.target

    def observed(self) -> Observed:
        """What is there now."""
        return self.target.observe(self.subject.service)

    def next(self, image: Image) -> Change:
        """The change to this image, with the next turn."""
        turn = self.observed().highest_turn + 1
        return replace(self.subject.change(image), turn=turn)

    def back_to(self, image: Image) -> Change:
        """The same, as a rollback."""
        return replace(self.next(image), restores=1)

    def staged(self, change: Change, work: Work = UNDISTURBED) -> Staged:
        """A change that is staged."""
        return self.target.stage(change, VALUES, work)

    def live(self, change: Change, work: Work = UNDISTURBED) -> Live:
        """A change that is carried out, but for what it replaced."""
        return self.target.commit(self.staged(change, work), work)

    def carried_out(self, change: Change, work: Work = UNDISTURBED) -> Live:
        """A change that is carried out."""
        live = self.live(change, work)
        self.target.retire(self.subject.service, 2, 1.0, work)
        return live

    def settle(self, work: Work = UNDISTURBED) -> Observed:
        """What the next holder of the lease does."""
        return self.target.settle(self.subject.service, work)

    def expect(self, image: Image | None) -> Observed:
        """Everybody gets this, and nothing is left to settle."""
        assert self.subject.answers() == {image.value if image else ""}
        observed = self.observed()
        assert observed.remains is Remains.NONE, observed
        return observed

    def expect_as_before(self, before: Observed) -> None:
        """Nothing is different."""
        assert self.observed() == before


Step = Callable[[Life, Work], None]


def _deploys(life: Life, work: Work) -> None:
    life.carried_out(life.next(_other(life)), work)


def _begins(life: Life, work: Work) -> None:
    life.live(life.next(Image.V1), work)


def _rolls_back(life: Life, work: Work) -> None:
    life.carried_out(life.back_to(_other(life)), work)


def _discards(life: Life, work: Work) -> None:
    staged = life.staged(life.next(_other(life)))
    life.target.discard(staged, work)


def _restores(life: Life, work: Work) -> None:
    observed = life.observed()
    (retained, *_) = observed.having(VersionRole.RETAINED)
    life.target.restore(observed.back_to(retained), work)
    life.target.retire(life.subject.service, 2, 1.0, work)


def _other(life: Life) -> Image:
    """The image that does not serve."""
    return Image.V2 if life.subject.answers() == {Image.V1.value} else Image.V1


class Conformance:
    """Inherited by the tests of each kind of target."""

    every = 1
    """At every such call it dies, of those that a change makes."""
    every_combined = 1
    """The same where settling fails as well, or the lease is lost."""

    @pytest.fixture
    def life(self, subject: Subject) -> Life:
        """Of a service that was never deployed."""
        return Life(subject)

    @pytest.fixture
    def second(self, life: Life) -> Life:
        """The same after two releases: v2 serves, and v1 is retained."""
        life.carried_out(life.next(Image.V1))
        life.carried_out(life.next(Image.V2))
        return life

    def test_what_was_never_deployed_is_absent(self, life: Life) -> None:
        observed = life.expect(None)
        assert (observed.condition, observed.versions) == (Condition.ABSENT, ())
        assert observed.words == "Nothing is running."
        assert list(life.target.logs(life.subject.service, 5, None)) == []
        life.settle(Scripted(dies_after=0))
        life.target.retire(life.subject.service, 2, 1.0, Scripted(dies_after=0))

    def test_what_is_staged_serves_nobody(self, life: Life) -> None:
        life.carried_out(life.next(Image.V1))
        before = life.observed()
        change = life.next(Image.V2)
        staged = life.staged(change)
        assert life.subject.answers() == {"v1"}
        assert staged.before == before
        observed = life.observed()
        assert observed.serving == before.serving
        assert [one.turn for one in observed.having(VersionRole.STAGED)] == [change.turn]
        assert observed.remains is Remains.HALF_WAY
        for _ in range(2):
            life.target.discard(staged, UNDISTURBED)
            life.expect_as_before(before)

    def test_what_is_committed_serves_by_its_digest_and_turn(self, life: Life) -> None:
        work = Scripted(operation=7)
        life.carried_out(life.next(Image.V1), work)
        old = life.observed().serving
        assert old is not None
        change = life.next(Image.V2)
        staged = life.staged(change, work)
        live = life.target.commit(staged, work)
        serving = live.serving
        assert serving is not None
        assert serving.image is not None
        assert (serving.image.digest, serving.turn) == (change.digest, change.turn)
        assert serving.operation == 7
        assert work.commit_points > 0
        assert life.subject.answers() == {"v2"}
        life.target.discard(staged, UNDISTURBED)
        assert life.subject.answers() == {"v2"}, "what was committed is left alone"
        life.target.retire(life.subject.service, 2, 1.0, work)
        retained = life.expect(Image.V2).having(VersionRole.RETAINED)
        assert [one.turn for one in retained] == [old.turn]

    def test_so_many_are_retained_and_no_more(self, second: Life) -> None:
        second.target.retire(second.subject.service, 0, 1.0, UNDISTURBED)
        assert second.expect(Image.V2).having(VersionRole.RETAINED) == ()

    def test_what_is_not_healthy_leaves_nothing_behind(self, life: Life) -> None:
        life.carried_out(life.next(Image.V1))
        before = life.observed()
        with pytest.raises(Unhealthy):
            life.live(life.next(Image.SICK))
        assert life.subject.answers() == {"v1"}
        assert _shape(life.settle()) == _shape(before)

    @pytest.mark.parametrize("error", [Cancelled("x"), HandedBack("x")], ids=["cancel", "stop"])
    @pytest.mark.parametrize("verb", ["next", "back_to"])
    def test_who_is_stopped_leaves_everything_as_it_was(
        self, second: Life, error: QuaymasterError, verb: str
    ) -> None:
        """Also the turn, where another worker goes on with the same change."""
        before = second.observed()
        change = getattr(second, verb)(Image.V1)
        for work in (Scripted(stops=error), Scripted(at_commit=error)):
            with pytest.raises(type(error)):
                second.live(change, work)
            assert second.subject.answers() == {"v2"}
            now = second.settle()
            assert _shape(now) == _shape(before)

    def test_what_takes_long_is_confirmed_before_it_runs(self, life: Life) -> None:
        life.carried_out(life.next(Image.V1))
        life.subject.forget(Image.V2)
        work = Scripted(forbids=NotAllowed("It may not happen any more."))
        before = life.observed()
        with pytest.raises(NotAllowed):
            life.staged(life.next(Image.V2), work)
        assert (work.confirmed, work.fences) == (1, 0)
        life.expect_as_before(before)

    def test_a_rollback_serves_for_its_own_turn(self, second: Life) -> None:
        change = second.back_to(Image.V1)
        second.carried_out(change)
        serving = second.expect(Image.V1).serving
        assert serving is not None
        assert serving.turn == change.turn

    def test_what_served_before_is_restored_whatever_the_work_says(self, second: Life) -> None:
        observed = second.observed()
        (retained,) = observed.having(VersionRole.RETAINED)
        work = Scripted(stops=Cancelled("x"), at_commit=Cancelled("x"))
        live = second.target.restore(observed.back_to(retained), work)
        assert live.serving is not None
        assert live.serving.turn == retained.turn
        assert second.subject.answers() == {"v1"}
        second.target.retire(second.subject.service, 2, 1.0, UNDISTURBED)
        again = second.expect(Image.V1)
        assert again.serving is not None
        second.target.restore(again.back_to(again.serving), Scripted(dies_after=0))

    def test_nothing_is_restored_where_nothing_served(self, life: Life) -> None:
        staged = life.staged(life.next(Image.V1))
        life.target.commit(staged, UNDISTURBED)
        assert life.target.restore(staged.before, UNDISTURBED).serving is None
        life.expect(None)

    def test_what_is_gone_cannot_be_restored_and_what_serves_stays(self, second: Life) -> None:
        observed = second.observed()
        (retained,) = observed.having(VersionRole.RETAINED)
        second.subject.lose()
        with pytest.raises(NotFound):
            second.target.restore(observed.back_to(retained), UNDISTURBED)
        second.expect(Image.V2)

    def test_what_serves_is_asked_only_with_a_probe(self, life: Life) -> None:
        life.carried_out(life.next(Image.V1))
        assert life.target.observe(life.subject.service, UNDISTURBED).unhealthy is None
        life.subject.sicken()
        assert life.observed().unhealthy is None
        assert life.target.observe(life.subject.service, UNDISTURBED).unhealthy is not None

    def test_what_stands_in_the_way_is_named(self, life: Life) -> None:
        change = life.next(Image.V1)
        assert life.target.objections(change) == ()
        with life.subject.obstructed() as name:
            assert any(name in one.what for one in life.target.objections(change))
            with pytest.raises(QuaymasterError):
                life.live(change)
            assert life.settle().condition is Condition.ABSENT

    def test_the_last_lines_are_given(self, life: Life) -> None:
        life.carried_out(life.next(Image.V1))
        lines = list(life.target.logs(life.subject.service, 1, None))
        assert len(lines) == max(1, len(life.observed().parts))
        soon = datetime.now(UTC) + timedelta(hours=1)
        assert len(list(life.target.logs(life.subject.service, 1, soon))) <= len(lines)

    @pytest.mark.parametrize("step", [_deploys, _rolls_back, _discards, _restores])
    def test_it_may_die_anywhere(self, second: Life, step: Step) -> None:
        """Each time it is wholly old or wholly new, and settling again changes nothing."""
        for calls in range(0, MOST_CALLS, self.every):
            before = second.subject.answers()
            is_over = _dies(second, step, calls)
            settled = second.settle()
            after = second.subject.answers()
            assert len(after) == 1, (calls, settled)
            assert after != {""}, (calls, settled)
            assert is_over or after in (before, {"v1"}, {"v2"})
            assert settled == second.observed()
            assert settled.condition is Condition.WHOLE, (calls, settled)
            assert settled.remains is Remains.NONE, (calls, settled)
            assert second.settle(Scripted(dies_after=0)) == settled
            if is_over:
                return
        raise AssertionError("it makes more calls than anybody counted")

    def test_a_first_change_may_die_anywhere(self, life: Life) -> None:
        for calls in range(0, MOST_CALLS, self.every):
            is_over = _dies(life, _begins, calls)
            settled = life.settle()
            assert settled.remains is Remains.NONE, (calls, settled)
            assert len(life.subject.answers()) == 1, (calls, settled)
            assert (life.subject.answers() == {""}) == (settled.condition is Condition.ABSENT)
            if is_over:
                return
            life.target.restore(settled.back_to(None), UNDISTURBED)
        raise AssertionError("it makes more calls than anybody counted")

    def test_settling_may_die_anywhere(self, second: Life) -> None:
        for calls in range(1, MOST_CALLS, self.every_combined):
            if _dies(second, _deploys, calls):
                return
            for more in range(MOST_CALLS):
                with suppress(Killed):
                    second.settle(Scripted(dies_after=more))
                    break
            observed = second.observed()
            assert observed.condition is Condition.WHOLE, (calls, observed)
            assert observed.remains is Remains.NONE, (calls, observed)

    def test_whose_lease_is_lost_makes_no_call_any_more(self, second: Life) -> None:
        for calls in range(0, MOST_CALLS, self.every_combined):
            work = Scripted(loses_lease_after=calls)
            is_lost = False
            try:
                _deploys(second, work)
            except LeaseLost:
                is_lost = True
            if not is_lost:
                return
            assert work.fences == calls
            assert second.settle().condition is Condition.WHOLE


def _shape(observed: Observed) -> list[tuple[str, str, int, VersionRole]]:
    """What versions there are, whatever else their runtime says of them."""
    return sorted((one.name, one.identity, one.turn, one.role) for one in observed.versions)


def _dies(life: Life, step: Step, calls: int) -> bool:
    """Do it, and die before the call of this number; whether it was done before that."""
    try:
        step(life, Scripted(dies_after=calls))
    except Killed:
        return False
    return True
