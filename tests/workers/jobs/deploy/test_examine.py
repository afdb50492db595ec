"""Which versions may go on at all: what the environment before has had, as a worker recorded it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import docker
import pytest
import redis

from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import Forged, NotAdmissible, NotFound, UsageError
from quaymaster.image_ref import Digest, ImageRef, PinnedImage, Repository
from quaymaster.operations import Stage
from quaymaster.platforms import Member
from quaymaster.releases import Release
from quaymaster.requests import DeployRequest
from quaymaster.services import ServiceConfiguration
from quaymaster.signing_key import SigningKey
from quaymaster.store import keys, releases
from quaymaster.target import ServiceRef
from testing.engines.local_images import push_image
from testing.engines.registries import Registry
from testing.images.catalogue import LocalImages
from testing.images.systems import system_image
from testing.keys import BOT_KEY, OTHER_WORKER_KEY, WORKER_KEY
from testing.samples import NOW, deploy
from tests.workers.registry_content import Content
from tests.workers.toolboxes import running, toolbox
from trial.archive import this_architecture
from workers.jobs.deploy.examine import examine
from workers.jobs.deploy.members import for_host, resolve_member
from workers.registry.manifests import digest_of
from workers.work.steps import OrdersScan
from workers.work.toolbox import Toolbox

pytestmark = pytest.mark.engine

OWN = f"linux/{this_architecture()}"
LESSER = {"linux/amd64": "linux/386", "linux/arm64": "linux/arm"}[OWN]
"""What its processor runs besides; an engine chooses that of no index."""


@dataclass(frozen=True, slots=True)
class Way:
    """An image in the registry, and the way from staging to production."""

    image: PinnedImage
    connection: redis.Redis
    tools: Toolbox

    def to_production(self) -> OrdersScan:
        """Examine the image for production."""
        request = DeployRequest(self.image.unpinned, "production", "web")
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
        self.connection.rpush(keys.releases(ServiceRef(environment, "web")), text)


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
    yield Way(PinnedImage(Repository(registry.host, repository), "1", digest), valkey, tools)
    tools.close()


@pytest.fixture
def content(registry: Registry, repository: str) -> Iterator[Content]:
    """Writes into the repository of the way."""
    with registry.client() as client:
        yield Content(client, repository)


@pytest.mark.parametrize("service", ["web", "admin"])
def test_a_request_of_the_bot_does_not_make_a_service_run_another_repository(
    way: Way, service: str
) -> None:
    """The bot asks for what people may; that is not its word alone to give."""
    other = replace(way.image, repository=replace(way.image.repository, path="shop/other"))
    request = DeployRequest(other.unpinned, "dev", service)
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
        index = Digest(content.index_of("1", ("linux/s390x", other), (own, str(way.image.digest))))
    released = replace(way.release("staging"), image=way.image.pinned(Digest(other)))
    way.put(way.signed(released), "staging")
    with pytest.raises(NotAdmissible, match="never released in staging"):
        way.to_production()
    member = Member(Digest("sha256:" + "c" * 64), index, "linux/s390x")
    way.put(way.signed(replace(released, member=member)), "staging")
    resolved = way.to_production().resolved
    assert (resolved.image, resolved.named) == (way.image, index)
    (left,) = releases.mark_bad(
        ServiceRef("staging", "web"), Digest(other), 8, NOW, WORKER_KEY, index=index
    )
    way.connection.hset(str(left[1]), str(left[2]), str(left[3]))
    with pytest.raises(NotAdmissible, match="was rolled back from staging/web"):
        way.to_production()


def test_what_was_released_there_for_something_else_does_not_count(way: Way) -> None:
    """Another service, of another repository, that has had the same digest."""
    text = way.signed(replace(way.release("staging"), service="api"))
    way.connection.rpush(keys.releases(ServiceRef("staging", "api")), text)
    with pytest.raises(NotAdmissible, match="never released in staging"):
        way.to_production()


def test_what_the_environment_before_rolled_back_does_not_count(way: Way) -> None:
    way.put(way.signed(way.release("staging")), "staging")
    (mark,) = releases.mark_bad(ServiceRef("staging", "web"), way.image.digest, 8, NOW, WORKER_KEY)
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
        way.connection.delete(keys.releases(ServiceRef("staging", "web")))
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


def resolved(way: Way, image: ImageRef, platform: str = "") -> PinnedImage:
    """What an image of the repository is on the host, whose platform may stand in its entry."""
    tools, said = way.tools, f", platform: {platform}" if platform else ""
    address = tools.configuration.host("build1").docker
    there = Configuration.parse(
        f"default_registry: {image.repository.registry}\n"
        f'hosts: {{build1: {{docker: "{address}"{said}}}}}\n'
    )
    choice = for_host(image, "build1", replace(tools, configuration=there))
    return resolve_member(image, tools.registry(image.repository.registry), choice).image


def test_a_plain_image_for_another_platform_than_the_hosts_is_refused_with_the_line_to_add(
    way: Way, content: Content
) -> None:
    content.put(replace(system_image("debian"), architecture="s390x"), "odd")
    odd = ImageRef(way.image.repository, "odd")
    with pytest.raises(NotFound, match=f"no image for {OWN}, which build1 runs") as raised:
        resolved(way, odd)
    assert "made for: linux/s390x" in raised.value.problem.why
    assert "build1 can run it anyway" in raised.value.problem.next_step
    assert "`build1: {platform: linux/s390x}`" in raised.value.problem.next_step
    assert resolved(way, odd, "linux/s390x").tag == "odd"
    assert resolved(way, replace(odd, tag="1"), "linux/s390x").tag == "1", "it emulates besides"


def test_where_an_index_names_no_platform_the_image_itself_says_what_it_is_for(
    way: Way, content: Content
) -> None:
    odd = content.put(replace(system_image("debian"), architecture="s390x"), "odd")
    content.index_of("index", ("", odd))
    with pytest.raises(NotFound, match="made for: linux/s390x"):
        resolved(way, ImageRef(way.image.repository, "index"))


def test_an_image_that_does_not_say_what_it_is_for_is_taken(way: Way, content: Content) -> None:
    content.put(replace(system_image("debian"), architecture="unknown"), "1")
    resolved(way, way.image.unpinned)


def test_an_index_in_an_index_is_resolved_to_the_one_image(way: Way, content: Content) -> None:
    meant = content.put(system_image("debian"), "a")
    other = content.put(system_image("scratch"), "b")
    inner = content.index_of("inner", ("unknown/unknown", other), (OWN, meant))
    content.index_of("outer", ("linux/s390x", other), (OWN, inner), (OWN, inner))
    assert str(resolved(way, ImageRef(way.image.repository, "outer")).digest) == meant


@pytest.mark.parametrize("offered", [[OWN, "linux/s390x"], ["linux/s390x", OWN], [OWN, LESSER]])
def test_of_an_index_the_engine_itself_runs_the_same_image(
    way: Way,
    content: Content,
    engine: docker.DockerClient,
    registry: Registry,
    offered: list[str],
) -> None:
    """By its layers: stores call an image by different digests."""
    made = [
        replace(system_image(name), architecture=platform.split("/")[1])
        for name, platform in zip(("debian", "scratch"), offered, strict=True)
    ]
    digests = {content.put(image, f"alone-{number}"): image for number, image in enumerate(made)}
    content.index_of("index", *zip(offered, digests, strict=True))
    ours = resolved(way, ImageRef(way.image.repository, "index"))
    login = {"username": registry.username, "password": registry.password}
    held = engine.images.pull(f"{registry.host}/{content.repository}", "index", auth_config=login)
    layers = [layer.digest for layer in digests[str(ours.digest)].layers]
    assert held.attrs["RootFS"]["Layers"] == layers
