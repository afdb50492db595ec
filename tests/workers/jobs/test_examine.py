"""Which versions may go on at all: what the environment before has had, as a worker recorded it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import docker
import pytest
import redis

from quaymaster.configuration import Configuration
from quaymaster.errors import Forged, NotAdmissible, UsageError
from quaymaster.image_ref import Digest, ImageRef, Repository
from quaymaster.operations import Stage
from quaymaster.platforms import Member
from quaymaster.releases import Release
from quaymaster.requests import DeployRequest
from quaymaster.services import ServiceConfiguration
from quaymaster.signing_key import SigningKey
from quaymaster.store import keys, releases
from tests.engines.local_images import push_image
from tests.engines.registries import Registry
from tests.images.catalogue import LocalImages
from tests.keys import BOT_KEY, OTHER_WORKER_KEY, WORKER_KEY
from tests.samples import NOW, deploy
from tests.workers.registry_content import Content
from tests.workers.toolboxes import running, toolbox
from trial.archive import this_architecture
from workers.jobs.examine import examine
from workers.manifests import digest_of
from workers.steps import OrdersScan
from workers.toolbox import Toolbox

pytestmark = pytest.mark.engine


@dataclass(frozen=True, slots=True)
class Way:
    """An image in the registry, and the way from staging to production."""

    image: ImageRef
    connection: redis.Redis
    tools: Toolbox

    def to_production(self) -> OrdersScan:
        """Examine the image for production."""
        request = DeployRequest(replace(self.image, digest=None), "production", "web")
        operation = deploy(
            request=request, configuration_revision="", requested_at=datetime.now(UTC)
        )
        return examine(request, running(operation, self.connection), self.tools)

    def release(self, environment: str) -> Release:
        """The release of the image there, as a worker records it."""
        configuration = ServiceConfiguration()
        return Release(7, environment, "web", self.image, configuration, "U0A", (), NOW, 7)

    def signed(self, release: Release, key: SigningKey = WORKER_KEY) -> str:
        """The release as somebody stores it."""
        return str(releases.record(release, key)[0][-1])

    def put(self, text: str, environment: str) -> None:
        """Put a release among those of an environment, whatever it says itself."""
        self.connection.rpush(keys.releases(environment, "web"), text)


@pytest.fixture
def way(
    repository: str,
    registry: Registry,
    engine: docker.DockerClient,
    images: LocalImages,
    valkey: redis.Redis,
    docker_host: str,
) -> Iterator[Way]:
    digest = Digest(push_image(engine, registry, images.web_v1, repository, "1"))
    web = f"{{web: {{image: {registry.host}/{repository}}}}}"
    target = "target: {docker: [build1]}"
    configuration = Configuration.parse(
        f"""\
default_registry: {registry.host}
registries:
  {registry.host}: {{username: {registry.username}, password: "${{REGISTRY_PASSWORD}}"}}
hosts: {{build1: {{docker: "{docker_host}"}}}}
environments:
  dev: {{{target}, services: {web}}}
  staging:
    {target}
    services: {{web: {{image: {registry.host}/{repository}}}, api: {{image: {registry.host}/api}}}}
  production: {{after: staging, {target}, services: {web}}}
"""
    )
    tools = toolbox(valkey, configuration, {"REGISTRY_PASSWORD": registry.password})
    yield Way(ImageRef(Repository(registry.host, repository), "1", digest), valkey, tools)
    tools.close()


@pytest.mark.parametrize("service", ["web", "admin"])
def test_a_request_of_the_bot_does_not_make_a_service_run_another_repository(
    way: Way, service: str
) -> None:
    """The bot asks for what people may; that is not its word alone to give."""
    other = replace(way.image, repository=replace(way.image.repository, path="shop/other"))
    request = DeployRequest(replace(other, digest=None), "dev", service)
    operation = deploy(request=request, configuration_revision="")
    with pytest.raises(UsageError):
        examine(request, running(operation, way.connection), way.tools)


def test_what_the_environment_before_never_had_is_refused(way: Way) -> None:
    with pytest.raises(NotAdmissible, match="never released in staging"):
        way.to_production()


def test_another_environment_does_not_count(way: Way) -> None:
    way.put(way.signed(way.release("dev")), "dev")
    with pytest.raises(NotAdmissible, match="never released in staging"):
        way.to_production()


def test_what_the_environment_before_has_had_goes_on(way: Way) -> None:
    way.put(way.signed(way.release("staging")), "staging")
    step = way.to_production()
    assert step.then is Stage.PLAN
    assert step.resolved.image == way.image


def test_another_member_of_the_same_index_counts_and_one_of_another_does_not(
    way: Way, registry: Registry, repository: str
) -> None:
    """The hosts of two environments may be of several platforms."""
    own = f"linux/{this_architecture()}"
    with registry.client() as client:
        content = Content(client, repository)
        other = str(digest_of(content.image(architecture="s390x")))
        index = Digest(content.index_of("1", ("linux/s390x", other), (own, str(way.image.pin))))
    released = replace(way.release("staging"), image=way.image.pinned(Digest(other)))
    way.put(way.signed(released), "staging")
    with pytest.raises(NotAdmissible, match="never released in staging"):
        way.to_production()
    member = Member(Digest("sha256:" + "c" * 64), index, "linux/s390x")
    way.put(way.signed(replace(released, member=member)), "staging")
    resolved = way.to_production().resolved
    assert (resolved.image, resolved.named) == (way.image, index)
    (left,) = releases.mark_bad("staging", "web", Digest(other), 8, NOW, WORKER_KEY, index=index)
    way.connection.hset(str(left[1]), str(left[2]), str(left[3]))
    with pytest.raises(NotAdmissible, match="was rolled back from staging/web"):
        way.to_production()


def test_what_was_released_there_for_something_else_does_not_count(way: Way) -> None:
    """Another service, of another repository, that has had the same digest."""
    text = way.signed(replace(way.release("staging"), service="api"))
    way.connection.rpush(keys.releases("staging", "api"), text)
    with pytest.raises(NotAdmissible, match="never released in staging"):
        way.to_production()


def test_what_the_environment_before_rolled_back_does_not_count(way: Way) -> None:
    way.put(way.signed(way.release("staging")), "staging")
    (mark,) = releases.mark_bad("staging", "web", way.image.pin, 8, NOW, WORKER_KEY)
    way.connection.hset(str(mark[1]), str(mark[2]), str(mark[3]))
    with pytest.raises(NotAdmissible, match="was rolled back from staging/web"):
        way.to_production()


def test_a_release_that_no_worker_recorded_does_not_count(way: Way) -> None:
    genuine = way.signed(replace(way.release("staging"), released_by="U0B"))
    for forged in (
        genuine.replace("U0B", "U0C"),
        way.signed(way.release("staging"), BOT_KEY),
        way.signed(way.release("staging"), SigningKey.new("worker-1")),
    ):
        way.connection.delete(keys.releases("staging", "web"))
        way.put(forged, "staging")
        with pytest.raises(Forged):
            way.to_production()


def test_a_release_that_a_worker_of_another_host_recorded_does_not_count(way: Way) -> None:
    way.put(way.signed(way.release("staging"), OTHER_WORKER_KEY), "staging")
    with pytest.raises(NotAdmissible, match="never released in staging"):
        way.to_production()


def test_a_genuine_release_of_elsewhere_does_not_count(way: Way) -> None:
    way.put(way.signed(way.release("dev")), "staging")
    with pytest.raises(Forged, match="its signature does not fit"):
        way.to_production()
