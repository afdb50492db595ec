"""An engine that leaves its images to containerd: there an image's id is its manifest's digest."""

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import docker
import pytest
import redis

from quaymaster.configuration.configuration import Configuration
from quaymaster.findings import Clean
from quaymaster.image_ref import Digest, ImageRef, PinnedImage, Repository
from quaymaster.operations import Stage
from quaymaster.outcomes import Scanned
from quaymaster.plan_kinds import PlanKind
from quaymaster.plans import Change, Examined, Plan, Resolved
from quaymaster.plans import Serving as RunningNow
from quaymaster.requests import DeployRequest, ScanRequest
from quaymaster.store import keys, records
from quaymaster.target import DockerHost
from testing.engines.docker_daemon import DockerDaemon
from testing.engines.kinds import WITH_CONTAINERDS_STORE
from testing.engines.registries import Registry
from testing.engines.session import EngineSession
from testing.engines.trivy import TrivyCaches
from testing.images.catalogue import make_images
from testing.samples import deploy, looked_up, operation
from tests.workers.registry_content import Content
from tests.workers.services import Service
from tests.workers.toolboxes import found_clean, running, toolbox
from trial.archive import Image, this_architecture
from workers.docker.engine import Engine
from workers.docker.images import inspect
from workers.jobs.deploy.apply import apply_plan
from workers.jobs.deploy.members import for_host, resolve_member
from workers.jobs.scan import scan_image
from workers.work.steps import Finished
from workers.work.toolbox import Toolbox

pytestmark = pytest.mark.engine

OWN = f"linux/{this_architecture()}"


@pytest.fixture(scope="module")
def daemon(engine_session: EngineSession) -> Iterator[DockerDaemon]:
    """Such an engine."""
    daemon = DockerDaemon.start(
        engine_session.run, f"st{secrets.token_hex(4)}", WITH_CONTAINERDS_STORE
    )
    yield daemon
    daemon.stop()


@dataclass(frozen=True, slots=True)
class Place:
    """A service on that engine, its repository, and a worker."""

    service: Service
    content: Content
    tools: Toolbox
    versions: tuple[Image, Image]

    def named(self, tag: str) -> ImageRef:
        return ImageRef(Repository(self.service.registry.host, self.content.repository), tag)

    def resolved(self, tag: str) -> Resolved:
        """What the tag means on the host."""
        image = self.named(tag)
        registry = self.tools.registry(image.repository.registry)
        return resolve_member(image, registry, for_host(image, "build1", self.tools))

    def deployed(self, found: Resolved, turn: int, before: PinnedImage | None = None) -> str:
        """What the service says when this was deployed."""
        found_clean(self.tools.connection, found.image, "1042-1")
        rendered = self.tools.renderer.render(self.service.ref)
        revision = self.tools.configuration.revision_of(self.service.environment)
        change = Change(
            environment=self.service.environment,
            service="web",
            turn=turn,
            examined=Examined(found.image, found.size, Clean(), (), member=found.member),
            workload=rendered,
            running=RunningNow(before, 1, rendered) if before else None,
        )
        plan = Plan(PlanKind.DEPLOY, DockerHost("build1"), (change,), revision)
        given = deploy(
            request=DeployRequest(found.image.unpinned, change.environment, "web"),
            configuration_revision=revision,
            stage=Stage.APPLY,
            queue="host:build1",
            plan=plan,
            requested_at=datetime.now(UTC),
            standings=(looked_up(),),
        )
        held = running(given, self.tools.connection)
        self.tools.connection.set(keys.lease(records.lease_name(1042)), held.owner)
        assert isinstance(apply_plan(held, self.tools), Finished)
        return self.service.page()


@pytest.fixture
def place(
    daemon: DockerDaemon,
    registry: Registry,
    repository: str,
    valkey: redis.Redis,
    free_port: int,
    trivy_caches: TrivyCaches,
    trivy_binary: Path,
) -> Iterator[Place]:
    environment = f"t{repository[-6:]}"
    configuration = Configuration.parse(
        f"""\
default_registry: {registry.host}
registries:
  {registry.host}: {{username: {registry.username}, password: "${{REGISTRY_PASSWORD}}"}}
hosts: {{build1: {{docker: "{daemon.host}"}}}}
environments:
  {environment}:
    target: {{docker: [build1]}}
    services:
      web:
        image: {repository}
        ports: ["127.0.0.1:{free_port}:8000"]
        health: {{http: /healthz, port: 8000, within: 15s}}
roles: {{developers: everyone}}
permissions: {{developers: [deploy]}}
"""
    )
    environ = {
        "REGISTRY_PASSWORD": registry.password,
        "TRIVY_CACHE_DIR": str(trivy_caches.a),
        "PATH": f"{trivy_binary.parent}{os.pathsep}{os.environ['PATH']}",
    }
    tools = toolbox(valkey, configuration, environ)
    client = docker.DockerClient(base_url=daemon.host)
    names, made = make_images("store")
    with registry.client() as http, Engine.connect(daemon.host, name="build1") as host:
        content = Content(http, repository)
        service = Service(host, client, registry, repository, environment, free_port)
        yield Place(service, content, tools, (made[names.web_v1], made[names.web_v2]))
        service.clean()
    for one in client.images.list(all=True):
        client.images.remove(one.id, force=True)
    tools.close()
    client.close()


def test_the_id_of_an_image_is_the_digest_of_its_manifest(place: Place) -> None:
    digest = place.content.put(place.versions[0], "1")
    assert place.tools.engine("build1").has_containerds_store
    assert place.deployed(place.resolved("1"), 1) == "web v1"
    held = inspect(
        place.service.host, PinnedImage(place.named("1").repository, None, Digest(digest))
    )
    assert str(held.image_id) == digest


def test_the_member_that_was_looked_at_is_the_one_that_serves(place: Place) -> None:
    first, second = (
        place.content.put(image, f"alone-{number}") for number, image in enumerate(place.versions)
    )
    place.content.index_of("1", ("linux/s390x", first), (OWN, second), ("unknown/unknown", first))
    found = place.resolved("1")
    assert str(found.image.digest) == second
    assert place.deployed(found, 1) == "web v2"
    serving = place.service.state().serving
    assert serving is not None
    assert serving.image_id == second


def test_a_version_takes_the_place_of_another(place: Place) -> None:
    for number, image in enumerate(place.versions, 1):
        place.content.put(image, str(number))
    first, second = place.resolved("1"), place.resolved("2")
    assert place.deployed(first, 1) == "web v1"
    assert place.deployed(second, 2, first.image) == "web v2"
    assert place.deployed(first, 3, second.image) == "web v1"


def test_what_somebody_put_under_the_name_of_another_digest_does_not_run(
    place: Place, daemon: DockerDaemon
) -> None:
    """Names in containerd are whatever somebody with access to it says."""
    first, second = (
        place.content.put(image, str(number)) for number, image in enumerate(place.versions, 1)
    )
    place.deployed(place.resolved("1"), 1)
    name = f"{place.service.registry.host}/{place.content.repository}"
    daemon.containerd("images", "tag", "--force", f"{name}@{first}", f"{name}@{second}")
    said = place.deployed(place.resolved("2"), 2, place.resolved("1").image)
    serving = place.service.state().serving
    assert serving is not None
    assert (said, serving.image_id) == ("web v2", second)


def test_a_scan_on_the_host_is_about_the_image_that_was_named(place: Place) -> None:
    """By its digest, whatever the tag means there."""
    digests = [place.content.put(image, str(n)) for n, image in enumerate(place.versions, 1)]
    assert place.deployed(place.resolved("1"), 1) == "web v1"
    image = place.named("1").pinned(Digest(digests[0]))
    held = running(operation(request=ScanRequest(image, "build1")), place.tools.connection)
    step = scan_image(ScanRequest(image, "build1"), held, place.tools)
    assert isinstance(step, Finished)
    assert isinstance(step.outcome, Scanned)
    assert str(step.outcome.digest) == digests[0]
    assert step.outcome.database is not None, step.outcome.verdict
