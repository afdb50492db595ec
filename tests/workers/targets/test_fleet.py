"""A fleet changes everywhere or nowhere, as a target of any kind does."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from quaymaster.errors import Conflict, OutsideFailure, QuaymasterError
from quaymaster.findings import Clean
from quaymaster.image_ref import Digest
from quaymaster.plans import Change, Examined
from quaymaster.services import ServiceConfiguration
from quaymaster.target import ServiceRef
from testing.samples import pinned
from tests.targets.conformance import Conformance, Image, Life, Scripted
from tests.targets.in_memory import InMemory, Runtime
from tests.workers.services import UNDISTURBED
from workers.targets.fleet import Fleet
from workers.targets.observed import Condition, Remains, VersionRole
from workers.targets.target import Target

DIGESTS = {image: Digest(f"sha256:{number:064x}") for number, image in enumerate(Image, 1)}
NAMES = {digest: image for image, digest in DIGESTS.items()}


@dataclass
class MemorySubject:
    """A service on runtimes in memory: on one, or on several as one."""

    count: int
    runtimes: list[Runtime] = field(default_factory=list)

    def __post_init__(self) -> None:
        sick = {DIGESTS[Image.SICK]}
        self.runtimes = [Runtime(sick=set(sick)) for _ in range(self.count)]

    @property
    def service(self) -> ServiceRef:
        """What it is called."""
        return ServiceRef("production", "web")

    @property
    def target(self) -> Target:
        """The target."""
        members = {f"app{number}": InMemory(one) for number, one in enumerate(self.runtimes, 1)}
        return Fleet(members) if len(members) > 1 else members["app1"]

    def change(self, image: Image) -> Change:
        """See ``Subject.change``."""
        examined = Examined(pinned(DIGESTS[image], image.value), 1, Clean(), ())
        return Change("production", "web", 0, examined, ServiceConfiguration(), None)

    def answers(self) -> set[str]:
        """See ``Subject.answers``."""
        return {_answer(one) for one in self.runtimes}

    def forget(self, image: Image) -> None:
        """See ``Subject.forget``."""
        for one in self.runtimes:
            one.images.discard(DIGESTS[image])

    def sicken(self) -> None:
        """See ``Subject.sicken``."""
        self.runtimes[-1].sick |= set(NAMES)

    def lose(self) -> None:
        """See ``Subject.lose``."""
        last = self.runtimes[-1]
        for identity, one in tuple(last.versions.items()):
            if one.role is VersionRole.RETAINED:
                del last.versions[identity]

    @contextmanager
    def obstructed(self) -> Iterator[str]:
        """See ``Subject.obstructed``."""
        self.runtimes[-1].obstacle = "Port 8080 is taken."
        yield "Port 8080"
        self.runtimes[-1].obstacle = ""


def _answer(runtime: Runtime) -> str:
    for one in runtime.versions.values():
        if one.role is VersionRole.SERVING and one.image is not None:
            return NAMES[one.image.digest].value
    return ""


class TestInMemory(Conformance):
    """What the fleet's own tests stand on keeps every promise itself."""

    @pytest.fixture
    def subject(self) -> MemorySubject:
        return MemorySubject(1)


class TestFleet(Conformance):
    @pytest.fixture(params=[2, 3])
    def subject(self, request: pytest.FixtureRequest) -> MemorySubject:
        return MemorySubject(request.param)


class TestMembers:
    """What concerns a fleet alone."""

    def subject(self) -> tuple[MemorySubject, Life]:
        """Two members that serve v1."""
        subject = MemorySubject(2)
        life = Life(subject)
        life.carried_out(life.next(Image.V1))
        return subject, life

    def test_one_that_cannot_be_reached_is_unknown_and_the_service_split(self) -> None:
        subject, life = self.subject()
        subject.runtimes[1].is_away = True
        observed = life.observed()
        assert (observed.condition, observed.serving) == (Condition.SPLIT, None)
        conditions = [part.observed.condition for part in observed.parts]
        assert conditions == [Condition.WHOLE, Condition.UNKNOWN]
        assert "On app2: It cannot be reached" in observed.words
        assert life.settle(Scripted(dies_after=0)) == observed
        with pytest.raises(Conflict, match="does not run one version everywhere"):
            observed.expect_one_version()
        subject.runtimes[0].is_away = True
        assert life.observed().condition is Condition.UNKNOWN

    def test_what_one_cannot_stage_is_staged_on_none(self) -> None:
        subject, life = self.subject()
        before = life.observed()
        subject.runtimes[1].sick.add(DIGESTS[Image.V2])
        with pytest.raises(QuaymasterError, match="sick"):
            life.staged(life.next(Image.V2))
        life.expect_as_before(before)

    @pytest.mark.parametrize("is_first", [False, True])
    def test_where_one_cannot_commit_those_that_have_go_back(self, is_first: bool) -> None:
        subject, life = (MemorySubject(2), None) if is_first else self.subject()
        life = life or Life(subject)
        served = subject.answers()
        staged = life.staged(life.next(Image.V2))
        subject.runtimes[1].obstacle = "Port 8080 is taken."
        with pytest.raises(QuaymasterError, match="Port 8080") as raised:
            life.target.commit(staged, UNDISTURBED)
        subject.runtimes[1].obstacle = ""
        assert subject.answers() == served
        assert raised.value.runs_now == life.observed().words
        assert life.observed().remains is Remains.NONE

    def test_where_going_back_fails_too_the_error_says_that_it_is_split(self) -> None:
        subject, life = self.subject()
        staged = life.staged(life.next(Image.V2))
        subject.runtimes[1].obstacle = "Port 8080 is taken."
        subject.runtimes[0].sick.add(DIGESTS[Image.V1])
        with pytest.raises(OutsideFailure, match="production/web is split"):
            life.target.commit(staged, UNDISTURBED)
        assert life.observed().condition is Condition.SPLIT

    def test_what_one_cannot_restore_is_restored_on_none(self) -> None:
        subject, life = self.subject()
        life.carried_out(life.next(Image.V2))
        observed = life.observed()
        (retained,) = observed.having(VersionRole.RETAINED)
        subject.runtimes[1].sick.add(DIGESTS[Image.V1])
        with pytest.raises(QuaymasterError, match="sick"):
            life.target.restore(observed.back_to(retained), UNDISTURBED)
        assert life.settle().condition is Condition.WHOLE
        assert subject.answers() == {"v2"}

    def test_a_member_that_somebody_emptied_takes_nothing_from_the_others(self) -> None:
        subject, life = self.subject()
        subject.runtimes[1].versions.clear()
        assert life.settle().condition is Condition.SPLIT
        assert subject.answers() == {"v1", ""}

    def test_their_logs_and_objections_carry_their_names(self) -> None:
        subject, life = self.subject()
        lines = list(life.target.logs(subject.service, 1, None))
        assert [line.partition(":")[0] for line in lines] == ["app1", "app2"]
        with subject.obstructed():
            (objection,) = life.target.objections(life.next(Image.V2))
        assert objection.what.startswith("app2: Port 8080")
