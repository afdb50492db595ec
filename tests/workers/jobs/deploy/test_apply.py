"""What was approved is what runs, or nothing is changed and the card says why."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import docker
import pytest
import redis

from quaymaster.approvals import Vote
from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import (
    Forged,
    LeaseLost,
    NotAdmissible,
    NotAllowed,
    OutsideFailure,
    Unhealthy,
)
from quaymaster.findings import Clean, Finding, ScannerDatabase, ScanReport, Severity
from quaymaster.image_ref import ImageRef, PinnedImage
from quaymaster.operations import Operation, Origin, Stage, State
from quaymaster.outcomes import Deployed, Ended, Failed
from quaymaster.plan_kinds import PlanKind
from quaymaster.plans import Change, Examined, Plan, Resolved, Undo
from quaymaster.plans import Serving as RunningNow
from quaymaster.policy import Membership
from quaymaster.progress import Progress
from quaymaster.releases import Release
from quaymaster.requests import DeployRequest, RollbackRequest
from quaymaster.services import ServiceConfiguration, Volume
from quaymaster.signed import Signed
from quaymaster.standings import LookedUp
from quaymaster.store import keys, records, releases, reports, service_leases
from quaymaster.store.formats import RELEASE
from quaymaster.store.transactions import Query, Transaction, ask, perform
from quaymaster.target import DockerHost, ServiceRef
from testing.images.catalogue import LocalImages
from testing.keys import RING, SCANNER_KEY, WORKER_KEY
from testing.planned import the_change, varied
from testing.samples import NOW, deploy, having, looked_up, rule, vote
from tests.workers.services import Service
from tests.workers.toolboxes import found_clean, now, recorded, running, toolbox
from workers.jobs.deploy.apply import apply_plan, is_result_of
from workers.jobs.deploy.plan import plan_deploy
from workers.jobs.deploy.rollback import plan_rollback
from workers.jobs.deploy.verify import verify_release
from workers.run import failed, run
from workers.targets.docker_host.as_observed import as_version
from workers.targets.docker_host.containers import ContainerRole as ContainerPlace
from workers.targets.docker_host.containers import observe
from workers.work.running import RunningOperation
from workers.work.steps import Continues, Finished, Planned, Returns, Step
from workers.work.toolbox import Toolbox

pytestmark = pytest.mark.engine


@dataclass
class Place:
    """A service of the test's own, and a worker that deploys to it."""

    service: Service
    connection: redis.Redis
    environ: dict[str, str] = field(default_factory=dict)

    more: str = ""
    """Besides, in its environment."""
    mounts: tuple[Path, Path] | None = None
    """A directory of the host that is allowed, and one that the service mounts."""

    def configure(self, more: str) -> None:
        """From now on the environment says this too."""
        self.more = more
        for name in ("configuration", "tools"):
            self.__dict__.pop(name, None)

    @cached_property
    def configuration(self) -> Configuration:
        allowed, mounted = self.mounts or ("", "")
        volumes = f"['{mounted}:/data']" if mounted else "[]"
        return Configuration.parse(
            f"""\
default_registry: {self.service.registry.host}
registries:
  {self.service.registry.host}:
    {{username: {self.service.registry.username}, password: "${{REGISTRY_PASSWORD}}"}}
hosts: {{build1: {{docker: "{self.service.host.url}", allow_paths: [{allowed}]}}}}
environments:
  {self.service.environment}:
    target: {{docker: [build1]}}
{self.more}    services:
      web:
        image: {self.service.repository}
        ports: ["127.0.0.1:{self.service.port}:8000"]
        health: {{http: /healthz, port: 8000, within: 15s}}
        environment: {{TOKEN: "${{TOKEN}}"}}
        volumes: {volumes}
        drain: 3s
roles: {{developers: everyone, release-managers: [U0BOB]}}
permissions: {{developers: [deploy, rollback]}}
"""
        )

    @cached_property
    def tools(self) -> Toolbox:
        self.environ.setdefault("REGISTRY_PASSWORD", self.service.registry.password)
        return toolbox(self.connection, self.configuration, self.environ)

    def rendered(self) -> ServiceConfiguration:
        return self.tools.renderer.render(self.service.ref)

    def plan(
        self, image: PinnedImage, serving: PinnedImage | None = None, turn: int = 1042
    ) -> Plan:
        """To put this image, in which nothing was found, in the place of what serves."""
        found_clean(self.connection, image, "1042-1")
        change = Change(
            environment=self.service.environment,
            service="web",
            turn=turn,
            examined=Examined(image, 1, Clean(), (), member=self.service.member(image)),
            workload=self.rendered(),
            running=RunningNow(serving, 1, self.rendered()) if serving else None,
        )
        revision = self.configuration.revision_of(self.service.environment)
        return Plan(PlanKind.DEPLOY, DockerHost("build1"), (change,), revision)

    def operation(self, plan: Plan | None) -> Operation:
        """The deploy, about to be carried out."""
        image = the_change(plan).image if plan else ImageRef.parse("shop/web:1", "localhost:5000")
        return deploy(
            request=DeployRequest(image.unpinned, self.service.environment, "web"),
            configuration_revision=self.configuration.revision_of(self.service.environment),
            stage=Stage.APPLY,
            queue="host:build1",
            plan=plan,
            requested_at=datetime.now(UTC),
            standings=(looked_up(),),
        )

    def apply(self, plan: Plan) -> Step:
        held = running(self.operation(plan), self.connection)
        self.connection.set(keys.lease(records.lease_name(1042)), held.owner)
        return apply_plan(held, self.tools)

    def deployed(self, images: LocalImages, *turns: int) -> tuple[PinnedImage, PinnedImage]:
        """Two versions, one after the other: the second serves, the first is kept."""
        first = self.service.image(images.web_v1, "1")
        second = self.service.image(images.web_v2, "2")
        assert isinstance(self.apply(self.plan(first, turn=turns[0])), Finished)
        assert isinstance(self.apply(self.plan(second, first, turns[1])), Finished)
        assert self.service.page() == "web v2"
        return first, second

    def latest(self) -> Query[tuple[Release, ...]]:
        """The releases that a worker of the host has signed."""
        return releases.latest(self.service.ref, RING, "host:build1")

    def serving(self) -> PinnedImage | None:
        state = observe(self.service.host, self.service.ref).serving
        return state.image if state else None


@pytest.fixture
def place(service: Service, valkey: redis.Redis) -> Iterator[Place]:
    place = Place(service, valkey, {"TOKEN": "made-up-1"})
    yield place
    place.tools.close()


def test_a_deploy_leaves_its_release_with_its_result(place: Place, images: LocalImages) -> None:
    image = place.service.image(images.web_v1, "1")
    before = recorded(place.connection, place.operation(place.plan(image)))
    run(1042, before.job_id, place.tools)
    after = now(place.connection, before)
    assert after.state is State.SUCCEEDED
    assert isinstance(after.outcome, Deployed)
    assert place.serving() == image
    (release,) = ask(place.connection, place.latest())
    assert (release.id, release.image, release.turn) == (1042, image, 1042)


def test_the_undo_of_a_plan_is_what_a_rollback_would_restore(
    place: Place, images: LocalImages
) -> None:
    first = place.service.image(images.web_v1, "1")
    before = recorded(place.connection, place.operation(place.plan(first)))
    run(1042, before.job_id, place.tools)
    undone = []
    for image in (first, place.service.image(images.web_v2, "2")):
        resolved = Resolved(image, 1)
        operation = having(place.operation(None), resolved=resolved, scan_order="1042-1")
        found_clean(place.connection, image, "1042-1")
        request = DeployRequest(image, place.service.environment, "web")
        step = plan_deploy(request, running(operation, place.connection), place.tools)
        assert isinstance(step, Planned), step
        undone.append(the_change(step.plan).undo)
    assert undone == [None, Undo(first, 1042)]


def test_a_failure_says_what_serves_on(place: Place, images: LocalImages) -> None:
    first = place.service.image(images.web_v1, "1")
    place.service.serving(first, 1)
    crashing = place.plan(place.service.image(images.web_v6_crash, "2"), first)
    with pytest.raises(Unhealthy) as raised:
        place.apply(crashing)
    name = first.familiar(place.configuration.default_registry)
    assert raised.value.runs_now == (
        f"{name} ({first.digest.short}) is still running. Nothing changed."
    )
    assert failed(raised.value).outcome == Failed(raised.value.problem, raised.value.runs_now)


def test_a_failure_of_the_first_release_says_that_nothing_serves(
    place: Place, images: LocalImages
) -> None:
    with pytest.raises(Unhealthy) as raised:
        place.apply(place.plan(place.service.image(images.web_v6_crash, "1")))
    assert raised.value.runs_now == "Nothing ran before, and nothing runs now."


class LosesItsService(RunningOperation):
    """Its lease runs out when the new version serves and the old one is about to be stopped."""

    def report(self, progress: Progress) -> None:
        if progress.step == "stopping the old container":
            for name in self.connection.scan_iter("quaymaster:lease:service:*"):
                self.connection.delete(name)
        super().report(progress)


def test_a_lease_that_is_lost_after_the_switch_is_not_passed_over(
    place: Place, images: LocalImages
) -> None:
    """Somebody else may be at work: what serves is for recovery to find out."""
    first = place.service.image(images.web_v1, "1")
    place.service.serving(first, 1)
    plan = place.plan(place.service.image(images.web_v2, "2"), first)
    held = LosesItsService(place.operation(plan), place.connection)
    place.connection.set(keys.lease(records.lease_name(1042)), held.owner)
    with pytest.raises(LeaseLost):
        apply_plan(held, place.tools)


def test_a_tag_that_moved_on_the_host_changes_nothing(place: Place, images: LocalImages) -> None:
    image = place.service.image(images.web_v1, "1")
    other = place.service.client.images.get(images.web_v2)
    other.tag(str(image.repository), "1")
    assert isinstance(place.apply(place.plan(image)), Finished)
    assert place.service.page() == "web v1"


def test_an_image_on_the_host_that_is_not_the_one_that_was_looked_at_does_not_run(
    place: Place, images: LocalImages
) -> None:
    if place.service.host.has_containerds_store:
        pytest.skip("its id there is the digest that it is named by: test_containerds_store.py")
    first = place.service.image(images.web_v1, "1")
    place.service.serving(first, 1)
    second = place.service.image(images.web_v2, "2")
    planned = place.plan(second, first)
    other = replace(the_change(planned).examined, member=place.service.member(first))
    with pytest.raises(OutsideFailure, match="not the image that was examined") as raised:
        place.apply(varied(planned, examined=other))
    assert "is still running. Nothing changed" in raised.value.runs_now
    unknown = replace(the_change(planned).examined, member=None)
    with pytest.raises(OutsideFailure, match="It is not known what build1 should hold"):
        place.apply(varied(planned, examined=unknown))
    assert place.serving() == first


def test_a_plan_about_something_else_than_what_runs_is_superseded(
    place: Place, images: LocalImages
) -> None:
    first = place.service.image(images.web_v1, "1")
    second = place.service.image(images.web_v2, "2")
    place.service.serving(first, 1)
    # It was made when nothing ran.
    step = place.apply(varied(place.plan(second), rule=rule()))
    assert isinstance(step, Finished)
    assert step.state is State.SUPERSEDED
    assert isinstance(step.outcome, Ended)
    assert step.outcome.why.startswith(f"#1 changed {place.service.environment}/web")
    assert place.serving() == first


def test_a_secret_that_changed_since_the_plan_supersedes_it(
    place: Place, images: LocalImages
) -> None:
    plan = place.plan(place.service.image(images.web_v1, "1"))
    place.environ["TOKEN"] = "made-up-2"
    step = place.apply(plan)
    assert isinstance(step, Returns)
    assert step.end is not None
    assert "TOKEN" in step.end.why
    assert "made-up" not in step.end.why
    assert place.service.places() == {}


def under_another_key(place: Place) -> Place:
    """The same place, whose worker got another key of fingerprints."""
    environ = {**place.environ, "QUAYMASTER_FINGERPRINT_KEY": "another-made-up-key-of-fingerprints"}
    return Place(place.service, place.connection, environ)


def test_secrets_that_cannot_be_compared_supersede_a_plan_and_are_not_said_to_have_changed(
    place: Place, images: LocalImages
) -> None:
    plan = place.plan(place.service.image(images.web_v1, "1"))
    step = under_another_key(place).apply(plan)
    assert isinstance(step, Returns)
    assert step.end is not None
    assert "cannot be compared" in step.end.why
    assert "TOKEN" in step.end.why
    assert "have changed" not in step.end.why
    assert place.service.places() == {}


class TestTurns:
    """A plan that somebody put back, or that another one overtook, changes nothing."""

    @pytest.mark.parametrize("turn", [1, 6, 7])
    def test_a_plan_whose_turn_is_past_is_superseded(
        self, place: Place, images: LocalImages, turn: int
    ) -> None:
        first = place.service.image(images.web_v1, "1")
        place.service.serving(first, 7)
        plan = place.plan(place.service.image(images.web_v2, "2"), first, turn)
        step = place.apply(replace(plan, rule=rule()))
        assert isinstance(step, Finished)
        assert step.state is State.SUPERSEDED
        assert isinstance(step.outcome, Ended)
        assert step.outcome.why.startswith(f"#7 changed {place.service.environment}/web")
        assert step.also == ()
        assert place.service.places() == {7: ContainerPlace.SERVING}
        assert place.service.page() == "web v1"

    def test_also_where_what_had_the_higher_turn_is_only_kept(
        self, place: Place, images: LocalImages
    ) -> None:
        """Nothing of today can be told from what runs: the same image serves as when it was
        planned.
        """
        first, second = place.deployed(images, 2, 9)
        undone = varied(place.plan(first, second, turn=10), kind=PlanKind.ROLLBACK, restores=1)
        assert isinstance(place.apply(undone), Finished)
        stale = place.plan(second, first, turn=9)
        step = place.apply(stale)
        assert isinstance(step, Finished)
        assert step.state is State.SUPERSEDED
        assert place.serving() == first

    def test_the_next_turn_is_carried_out_and_stands_on_the_container(
        self, place: Place, images: LocalImages
    ) -> None:
        first = place.service.image(images.web_v1, "1")
        place.service.serving(first, 7)
        plan = place.plan(place.service.image(images.web_v2, "2"), first, turn=8)
        assert isinstance(place.apply(plan), Finished)
        serving = place.service.state().serving
        assert serving is not None
        assert serving.name == f"quaymaster-{place.service.environment}-web-1042.8"
        assert (serving.turn, is_result_of(the_change(plan), as_version(serving))) == (8, True)

    def test_only_the_container_of_its_turn_is_the_result_of_a_plan(
        self, place: Place, images: LocalImages
    ) -> None:
        first = place.service.image(images.web_v1, "1")
        serving = place.service.serving(first, 7)
        assert is_result_of(the_change(place.plan(first, turn=7)), as_version(serving))
        assert not is_result_of(the_change(place.plan(first, turn=6)), as_version(serving))
        assert not is_result_of(the_change(place.plan(first, turn=8)), as_version(serving))


class TestARollback:
    def test_starts_the_kept_container_again_under_a_name_with_its_turn(
        self, place: Place, images: LocalImages
    ) -> None:
        first, second = place.deployed(images, 1, 2)
        (kept,) = place.service.state().retained
        undo = varied(place.plan(first, second, turn=3), kind=PlanKind.ROLLBACK, restores=1)
        assert isinstance(place.apply(undo), Finished)
        serving = place.service.state().serving
        assert serving is not None
        assert serving.id == kept.id
        assert serving.name == f"quaymaster-{place.service.environment}-web-1042.3"
        assert (serving.turn, is_result_of(the_change(undo), as_version(serving))) == (3, True)
        assert place.service.page() == "web v1"

    def test_needs_no_network_that_somebody_pruned(self, place: Place, images: LocalImages) -> None:
        """`docker network prune` removes that for checks, which nothing uses most of the time."""
        first, second = place.deployed(images, 1, 2)
        check = f"quaymaster-{place.service.environment}-check"
        place.service.client.networks.get(check).remove()
        undo = varied(place.plan(first, second, turn=3), kind=PlanKind.ROLLBACK, restores=1)
        assert isinstance(place.apply(undo), Finished)
        assert place.service.page() == "web v1"

    @pytest.mark.parametrize("how", ["changed", "incomparable"])
    def test_makes_a_new_container_where_its_secrets_may_be_others(
        self, place: Place, images: LocalImages, how: str
    ) -> None:
        """A kept container has the secrets of its own time."""
        first, second = place.deployed(images, 1, 2)
        (kept,) = place.service.state().retained
        undo = varied(place.plan(first, second, turn=3), kind=PlanKind.ROLLBACK, restores=1)
        if how == "changed":
            place.environ["TOKEN"] = "made-up-2"
        later = place if how == "changed" else under_another_key(place)
        assert isinstance(later.apply(undo), Finished)
        serving = place.service.state().serving
        assert serving is not None
        assert serving.id != kept.id
        assert (serving.image, serving.turn) == (first, 3)

    def test_says_which_secrets_cannot_be_compared(self, place: Place, images: LocalImages) -> None:
        image = place.service.image(images.web_v1, "1")
        environment = place.service.environment
        genuine = Release(1, environment, "web", image, place.rendered(), "U0ALICE", (), NOW, 1)
        note(place, signed(genuine))
        request = RollbackRequest(environment, "web")
        work = running(having(place.operation(None), request=request), place.connection)
        plan = plan_rollback(request, work, under_another_key(place).tools).plan
        assert plan is not None
        assert "These secrets cannot be compared with the earlier ones: TOKEN." in plan.notes


def keep(place: Place, image: PinnedImage, *findings: Finding) -> None:
    """A scan of this image, a moment ago."""
    at = datetime.now(UTC) - timedelta(minutes=1)
    report = ScanReport(image.repository, image.digest, ScannerDatabase("v2", at), at, findings)
    perform(place.connection, reports.keep(report, SCANNER_KEY))


def test_a_verdict_whose_report_is_gone_lets_nothing_through(
    place: Place, images: LocalImages
) -> None:
    """As after the scanner's key was revoked, with all that it had signed."""
    image = place.service.image(images.web_v1, "1")
    plan = place.plan(image)
    for key in place.connection.keys(f"{keys.PREFIX}report:*"):
        place.connection.delete(key)
    with pytest.raises(NotAdmissible):
        place.apply(plan)
    assert place.serving() is None


def test_what_came_to_light_after_the_approval_stops_the_deploy(
    place: Place, images: LocalImages
) -> None:
    image = place.service.image(images.web_v1, "1")
    plan = place.plan(image)
    keep(place, image, Finding("CVE-2026-1", "openssl", "1.0", "1.1", Severity.CRITICAL, "T"))
    with pytest.raises(NotAdmissible, match="has got worse"):
        place.apply(plan)
    keep(place, image)
    assert isinstance(place.apply(place.plan(image)), Finished)


def test_a_rollback_does_not_restore_what_was_written_into_redis(
    place: Place, images: LocalImages
) -> None:
    image = place.service.image(images.web_v1, "1")
    genuine = Release(
        1, place.service.environment, "web", image, place.rendered(), "U0ALICE", (), NOW, 1
    )
    other = place.service.image(images.web_v2, "2")
    written = signed(genuine)
    forged = written.replace(str(image.digest), str(other.digest))
    assert forged != written
    request = RollbackRequest(place.service.environment, "web")
    work = running(having(place.operation(None), request=request), place.connection)
    note(place, forged)
    with pytest.raises(Forged):
        plan_rollback(request, work, place.tools)
    place.connection.delete(f"quaymaster:releases:{place.service.environment}/web")
    note(place, written)
    assert plan_rollback(request, work, place.tools).plan


def test_a_release_of_before_capabilities_were_recorded_is_restored_as_it_was(
    place: Place, images: LocalImages
) -> None:
    """Also where its container is gone, and has to be made anew."""
    first = place.service.image(images.web_v1, "1")
    before = Release(
        id=1,
        environment=place.service.environment,
        service="web",
        image=first,
        workload=place.rendered(),
        released_by="U0ALICE",
        approved_by=(),
        released_at=NOW,
        turn=1,
        member=place.service.member(first),
    )
    body = RELEASE.adapter.dump_python(before, mode="json")
    for name in ("capabilities", "no_new_privileges", "init"):
        del body["workload"][name]
    del body["workload"]["limits"]["pids"]
    before = RELEASE.adapter.validate_python(body)
    note(place, signed(before))
    second = place.service.image(images.web_v2, "2")
    step = place.apply(place.plan(second))
    assert isinstance(step, Finished)
    perform(place.connection, Transaction(tuple(step.also), lambda _: None, lambda _: None))
    request = RollbackRequest(place.service.environment, "web")
    work = running(having(place.operation(None), request=request), place.connection)
    plan = plan_rollback(request, work, place.tools).plan
    assert plan is not None
    assert isinstance(place.apply(plan), Finished)
    serving = observe(place.service.host, place.service.ref).serving
    assert serving is not None
    made = place.service.client.api.inspect_container(serving.id)["HostConfig"]
    assert (made["CapAdd"], made["CapDrop"], made["SecurityOpt"]) == (None, None, None)
    assert not made["PidsLimit"]
    assert made["Init"] is True


def test_a_link_within_what_is_allowed_mounts_nothing(
    place: Place, images: LocalImages, tmp_path: Path
) -> None:
    """Neither in a new container, nor in one that is started again."""
    data = tmp_path / "allowed" / "data"
    data.mkdir(parents=True)
    place.mounts = (data.parent, data)
    first, second = place.deployed(images, 1, 1042)
    data.rmdir()
    data.symlink_to("/etc")
    with pytest.raises(NotAllowed, match="is a symbolic link") as raised:
        place.apply(place.plan(place.service.image(images.web_v1, "3"), second, 1043))
    assert "is still running. Nothing changed" in raised.value.runs_now
    back = varied(place.plan(first, second, 1043), kind=PlanKind.ROLLBACK, restores=1)
    with pytest.raises(NotAllowed, match="is a symbolic link"):
        place.apply(back)
    assert place.serving() == second
    assert len(place.service.state().containers) == 2


def signed(release: Release) -> str:
    """The release as a worker stores it."""
    return str(releases.record(release, WORKER_KEY)[0][-1])


def note(place: Place, text: str) -> None:
    """Put a release into Redis."""
    place.connection.rpush(keys.releases(place.service.ref), text)


class MarkedMeanwhile(RunningOperation):
    """While its image is pulled, somebody rolls back from it."""

    def report(self, progress: Progress) -> None:
        change = the_change(self.operation.plan)
        mark = releases.mark_bad(change.service_ref, change.digest, 7, NOW, WORKER_KEY)
        for _, key, field_name, value in mark:
            self.connection.hset(str(key), str(field_name), str(value))
        super().report(progress)


class TestMayItStillHappen:
    """Asked again when it is carried out, of whatever was approved."""

    def test_what_was_rolled_back_meanwhile_does_not_go_live(
        self, place: Place, images: LocalImages
    ) -> None:
        image = place.service.image(images.web_v1, "1")
        plan = place.plan(image)
        (mark,) = releases.mark_bad(the_change(plan).service_ref, image.digest, 7, NOW, WORKER_KEY)
        place.connection.hset(str(mark[1]), str(mark[2]), str(mark[3]))
        with pytest.raises(NotAdmissible, match="was rolled back from") as raised:
            place.apply(plan)
        assert failed(raised.value).state is State.REFUSED
        assert place.service.places() == {}

    def test_nor_in_a_freeze_that_began_meanwhile(self, place: Place, images: LocalImages) -> None:
        plan = place.plan(place.service.image(images.web_v1, "1"))
        place.configure('    freeze: ["2020-01-01/2120-01-01"]\n')
        with pytest.raises(NotAdmissible, match="is frozen"):
            place.apply(plan)
        assert place.service.places() == {}

    def test_nor_what_was_rolled_back_while_it_was_pulled(
        self, place: Place, images: LocalImages
    ) -> None:
        image = place.service.image(images.web_v1, "1")
        plan = place.plan(image)
        for name in (str(image.unpinned), str(replace(image, tag=None))):
            with suppress(docker.errors.ImageNotFound):
                place.service.client.images.remove(name)
        held = MarkedMeanwhile(place.operation(plan), place.connection)
        place.connection.set(keys.lease(records.lease_name(1042)), held.owner)
        with pytest.raises(NotAdmissible, match="was rolled back from"):
            apply_plan(held, place.tools)
        assert place.service.places() == {}

    def test_a_rollback_mounts_nothing_that_was_forbidden_since(
        self, place: Place, images: LocalImages
    ) -> None:
        first, second = place.deployed(images, 1, 2)
        undo = varied(place.plan(first, second, turn=3), kind=PlanKind.ROLLBACK, restores=1)
        volumes = (Volume("/srv/forbidden", "/data"),)
        undo = varied(undo, workload=replace(the_change(undo).workload, volumes=volumes))
        with pytest.raises(NotAdmissible, match="/srv/forbidden may not be mounted on build1"):
            place.apply(undo)
        assert place.service.page() == "web v2"

    def test_a_rollback_is_planned_with_what_is_allowed_alone(
        self, place: Place, images: LocalImages
    ) -> None:
        image = place.service.image(images.web_v1, "1")
        mounted = replace(place.rendered(), volumes=(Volume("/srv/forbidden", "/data"),))
        environment = place.service.environment
        note(place, signed(Release(1, environment, "web", image, mounted, "U0A", (), NOW, 1)))
        request = RollbackRequest(environment, "web")
        work = running(having(place.operation(None), request=request), place.connection)
        with pytest.raises(NotAdmissible, match="may not be mounted"):
            plan_rollback(request, work, place.tools)

    @pytest.mark.parametrize(
        "standings",
        [
            (),
            (looked_up(at=NOW),),
            (looked_up("U0BOB"),),
        ],
    )
    def test_it_goes_back_to_the_bot_where_nobody_looked_lately_who_asked(
        self, place: Place, images: LocalImages, standings: tuple[Signed[LookedUp], ...]
    ) -> None:
        given = place.operation(place.plan(place.service.image(images.web_v1, "1")))
        given = recorded(place.connection, having(given, standings=standings))
        run(1042, given.job_id, place.tools)
        after = now(place.connection, given)
        assert (after.state, after.stage, after.outcome) == (State.RETURNED, Stage.APPLY, None)
        assert place.service.places() == {}

    def test_the_vote_of_somebody_who_was_deactivated_since_does_not_count(
        self, place: Place, images: LocalImages
    ) -> None:
        place.configure("    approval: {needed: 1, from: [release-managers]}\n")
        made = datetime.now(UTC)
        agreed = rule(needed=1, expires_at=made + timedelta(hours=1))
        plan = varied(place.plan(place.service.image(images.web_v1, "1")), rule=agreed)
        before = having(
            place.operation(plan),
            votes=(vote("U0BOB", at=made),),
            standings=(looked_up(), looked_up("U0BOB", membership=Membership.DEACTIVATED)),
        )
        before = recorded(place.connection, before)
        run(1042, before.job_id, place.tools)
        after = now(place.connection, before)
        assert after.state is State.REFUSED
        assert isinstance(after.outcome, Failed)
        assert after.outcome.trouble.what == "Only 0 of 1 approvals still count."
        assert place.service.places() == {}

    def test_what_somebody_asked_for_who_was_deactivated_since_is_refused(
        self, place: Place, images: LocalImages
    ) -> None:
        given = place.operation(place.plan(place.service.image(images.web_v1, "1")))
        gone = (looked_up(membership=Membership.DEACTIVATED),)
        given = recorded(place.connection, having(given, standings=gone))
        run(1042, given.job_id, place.tools)
        after = now(place.connection, given)
        assert after.state is State.REFUSED
        assert place.service.places() == {}


def test_what_a_dead_worker_brought_live_is_released_whatever_the_configuration_says_by_now(
    place: Place, images: LocalImages
) -> None:
    image = place.service.image(images.web_v1, "1")
    plan = place.plan(image)
    assert isinstance(place.apply(plan), Finished)
    place.connection.delete(keys.lease(records.lease_name(1042)))
    before = having(
        place.operation(plan), stage=Stage.RECOVER, crashes=1, configuration_revision="of before"
    )
    before = recorded(place.connection, before)
    run(1042, before.job_id, place.tools)
    after = now(place.connection, before)
    assert after.state is State.SUCCEEDED
    (release,) = ask(place.connection, place.latest())
    assert (release.id, release.image) == (1042, image)


class TestOtherPlans:
    """Of the same service, while one of them is carried out."""

    def test_a_change_supersedes_those_that_wait_and_says_by_which(
        self, place: Place, images: LocalImages
    ) -> None:
        first = place.service.image(images.web_v1, "1")
        waiting = self._waiting(place, place.plan(first, turn=6), 1043)
        elsewhere = self._waiting(place, varied(place.plan(first), service="api"), 1044)
        assert isinstance(place.apply(place.plan(first, turn=7)), Finished)
        after = now(place.connection, waiting)
        assert after.state is State.SUPERSEDED
        assert isinstance(after.outcome, Ended)
        assert after.outcome.why.startswith(f"#1042 changed {place.service.environment}/web")
        assert now(place.connection, elsewhere).state is State.AWAITING_APPROVAL

    def test_also_what_had_votes_and_what_only_differs_in_its_configuration(
        self, place: Place, images: LocalImages
    ) -> None:
        image = place.service.image(images.web_v1, "1")
        assert isinstance(place.apply(place.plan(image, turn=1)), Finished)
        serving = place.service.state().serving
        assert serving is not None
        planned = varied(place.plan(image, image, turn=3), rule=rule())
        running_now = the_change(planned).running
        assert running_now is not None
        planned = varied(planned, running=replace(running_now, turn=serving.turn))
        waiting = self._waiting(place, planned, 1043, votes=(vote("U0BOB"),))
        assert isinstance(place.apply(place.plan(image, image, turn=2)), Finished)
        assert now(place.connection, waiting).state is State.SUPERSEDED
        step = place.apply(planned)
        assert isinstance(step, Finished)
        assert step.state is State.SUPERSEDED, "the same digest, and another container"

    def test_what_only_waited_in_line_is_planned_when_its_turn_comes(
        self, place: Place, images: LocalImages
    ) -> None:
        """One worker plans two before it carries out the first. Nobody had to agree to them."""
        first = place.service.image(images.web_v1, "1")
        second = place.service.image(images.web_v2, "2")
        in_line = place.plan(second, turn=2)
        place.service.serving(first, 1)
        step = place.apply(in_line)
        assert step == Continues(Stage.PLAN, "host:build1")
        assert place.serving() == first
        place.service.clean()
        place.service.serving(first, 1043)
        older = place.apply(varied(in_line, turn=1044))
        assert isinstance(older, Finished)
        assert older.state is State.SUPERSEDED, "what was asked for later goes before"

    def test_what_the_end_of_a_bake_window_took_back_is_named(
        self, place: Place, images: LocalImages
    ) -> None:
        first, _ = place.deployed(images, 1, 2)
        place.connection.flushdb()
        second = place.service.image(images.web_v2, "2")
        waiting = self._waiting(place, place.plan(first, second, turn=3), 1043)
        serving = place.service.state().serving
        assert serving is not None
        place.service.client.containers.get(serving.id).stop(timeout=1)
        bakes = having(
            place.operation(place.plan(second, first, turn=2)),
            state=State.RUNNING,
            stage=Stage.VERIFY,
            interim=Deployed(place.service.environment, "web", second, 0.1, None, 1.0),
        )
        step = verify_release(running(bakes, place.connection), place.tools)
        assert isinstance(step, Finished)
        assert step.state is State.FAILED
        assert place.serving() == first
        after = now(place.connection, waiting)
        assert after.state is State.SUPERSEDED
        assert isinstance(after.outcome, Ended)
        assert after.outcome.why.startswith(f"#1042 changed {place.service.environment}/web")

    def test_what_is_in_line_behind_a_running_change_is_not_planned_yet(
        self, place: Place, images: LocalImages
    ) -> None:
        environment = place.service.environment
        plan = place.plan(place.service.image(images.web_v1, "1"))
        for stage in (Stage.PLAN, Stage.APPLY):
            place.connection.flushdb()
            before = recorded(place.connection, having(place.operation(plan), stage=stage))
            lease = keys.lease(service_leases.name_of(ServiceRef(environment, "web")))
            place.connection.set(lease, "1041:somebody")
            assert run(1042, before.job_id, place.tools) is False, "its job stays"
            after = now(place.connection, before)
            assert (after.state, after.version) == (State.QUEUED, before.version)
            place.connection.delete(lease)
            assert run(1042, before.job_id, place.tools) is True
            assert now(place.connection, before).version > before.version

    def _waiting(
        self,
        place: Place,
        plan: Plan,
        number: int,
        votes: tuple[Vote, ...] = (),
    ) -> Operation:
        change = the_change(plan)
        asked = having(
            place.operation(None),
            id=number,
            request=DeployRequest(change.image.unpinned, change.environment, change.service),
            origin=Origin("C0SHOP", f"trigger-{number}"),
            state=State.AWAITING_APPROVAL,
            stage=Stage.PLAN,
            standings=(),
        )
        planned = replace(plan, rule=plan.rule or rule())
        return recorded(place.connection, having(asked, plan=planned, votes=votes))
