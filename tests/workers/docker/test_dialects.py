"""What an engine makes of a registry's refusals and of its host's: by whichever engine it is said,
people read the same.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from docker.types import LogConfig, Mount

from quaymaster.errors import (
    Conflict,
    DiskFull,
    LoginRefused,
    NotFound,
    OutsideFailure,
    QuaymasterError,
    Unhealthy,
)
from quaymaster.image_ref import ImageRef, Repository
from testing.engines.registries import Registry
from testing.images.catalogue import LocalImages
from tests.workers.lying_registry import LyingRegistry, Reply, SentRequest, lying_registry
from tests.workers.registry_content import Content
from tests.workers.services import UNDISTURBED, Service, login_to, nothing
from workers.docker import images as host_images
from workers.docker.engine import Engine
from workers.registry.manifests import OCI_IMAGE, OCI_INDEX, digest_of
from workers.targets.docker_host.candidates import create_candidate
from workers.targets.docker_host.health import wait_until_healthy

pytestmark = [pytest.mark.engine, pytest.mark.every_engine]

NAMES = ("shop/unauthorized-page:1.4-401", "denied/quota:immutable", "429/toomanyrequests:403")


def problem(status: int, code: str, message: str) -> Reply:
    body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
    return Reply(status, body, (("Content-Type", "application/json"),))


NGINX = b"<html>\r\n<head><title>%s</title></head>\r\n<body>nginx</body></html>"
WANTS_BASIC = Reply(401, b"", (("WWW-Authenticate", 'Basic realm="r"'),))
EXPIRED = "Your authorization token has expired. Reauthenticate and try again."
HUB_LIMIT = "You have reached your unauthenticated pull rate limit."
ECR_IMMUTABLE = (
    "The image tag '1.4' already exists in the 'shop/web' repository and cannot be overwritten "
    "because the tag is immutable."
)
HARBOR_QUOTA = (
    "adding 12.3 MiB of storage resource, which when updated to current usage of 1.0 GiB will "
    "exceed the configured upper limit of 1.0 GiB."
)


@dataclass(frozen=True, slots=True)
class Told:
    """A registry's refusal of a manifest, and what people read."""

    said: Reply
    kind: type[QuaymasterError]
    what: str
    way: str
    hidden: str = ""
    """A word of what people read where the engine does not tell the registry's words."""


PULLED = {
    "a login that is wanted": Told(
        WANTS_BASIC, LoginRefused, "refuses the login", "quaymaster check"
    ),
    "a login that is wrong": Told(
        problem(401, "UNAUTHORIZED", "authentication required"),
        LoginRefused,
        "refuses the login",
        "quaymaster check",
    ),
    "no right": Told(
        problem(403, "DENIED", "requested access to the resource is denied"),
        OutsideFailure,
        "does not allow",
        "rights",
    ),
    "an expired login": Told(
        problem(403, "DENIED", EXPIRED),
        LoginRefused,
        "has expired",
        "renew its password",
        "expired",
    ),
    "no such tag": Told(
        problem(404, "MANIFEST_UNKNOWN", "manifest unknown"), NotFound, "does not exist", "spelling"
    ),
    "no such repository": Told(
        problem(404, "NAME_UNKNOWN", "repository name not known to registry"),
        NotFound,
        "does not exist",
        "spelling",
    ),
    "too many requests": Told(
        problem(429, "TOOMANYREQUESTS", HUB_LIMIT), OutsideFailure, "too many requests", "Try again"
    ),
    "a proxy's limit": Told(
        Reply(429, NGINX % b"429 Too Many Requests", (("Content-Type", "text/html"),)),
        OutsideFailure,
        "too many requests",
        "Try again",
    ),
}
PUSHED = {
    "no right": Told(
        problem(403, "DENIED", "requested access to the resource is denied"),
        OutsideFailure,
        "does not allow",
        "rights",
    ),
    "an expired login": Told(
        problem(403, "DENIED", EXPIRED),
        LoginRefused,
        "has expired",
        "renew its password",
        "expired",
    ),
    "an immutable tag": Told(
        problem(400, "TAG_INVALID", ECR_IMMUTABLE),
        Conflict,
        "refuses to change",
        "another tag",
        "immutable",
    ),
    "a quota": Told(
        problem(403, "DENIED", HARBOR_QUOTA), DiskFull, "quota is used up", "Remove tags", "quota"
    ),
    "what is too large": Told(
        Reply(413, NGINX % b"413 Request Entity Too Large", (("Content-Type", "text/html"),)),
        OutsideFailure,
        "as large as a layer",
        "client_max_body_size",
    ),
    "a full disk": Told(Reply(507), DiskFull, "has no space left", "the registry's administrator"),
    "something that the engine keeps to itself": Told(
        problem(500, "UNKNOWN", "mkdir /srv/registry: no space left on device"),
        OutsideFailure,
        "The registry of",
        "whether it has space left",
    ),
    "too many requests": Told(
        problem(429, "TOOMANYREQUESTS", "Rate exceeded"),
        OutsideFailure,
        "too many requests",
        "Try again",
    ),
}


@pytest.fixture
def lying() -> Iterator[LyingRegistry]:
    with lying_registry(lambda _: Reply(500)) as server:
        yield server


def refusing(said: Reply) -> Callable[[SentRequest], Reply]:
    """Takes every layer, and refuses each manifest."""

    def answer(incoming: SentRequest) -> Reply:
        if "/manifests/" in incoming.path:
            is_look = incoming.method == "HEAD" and said.status not in (401, 403, 429)
            return Reply(404) if is_look else said
        if incoming.path.rstrip("/") == "/v2":
            return Reply(200, b"{}", (("Docker-Distribution-Api-Version", "registry/2.0"),))
        place = ("Location", incoming.path.partition("?")[0])
        match incoming.method:
            case "POST":
                start = ("Location", f"{place[1]}1")
                return Reply(202, b"", (start, ("Docker-Upload-UUID", "1"), ("Range", "0-0")))
            case "PATCH":
                return Reply(202, b"", (place, ("Range", f"0-{len(incoming.body) - 1}")))
            case "PUT":
                digest = parse_qs(urlsplit(incoming.path).query)["digest"][0]
                return Reply(201, b"", (place, ("Docker-Content-Digest", digest)))
        return Reply(200, b"", (("Content-Length", "100"),))

    return answer


@pytest.mark.parametrize("case", PULLED)
def test_a_pull_that_a_registry_refuses(
    host: Engine, lying: LyingRegistry, case: str, record_property: Any
) -> None:
    told = PULLED[case]
    lying.answer = refusing(told.said)
    with pytest.raises(QuaymasterError) as raised:
        host_images.pull(host, lying.ref(NAMES[0]), lying.login, nothing, nothing)
    record_property("words", raised.value.problem.why)
    expect(raised.value, told, host)


@pytest.mark.parametrize("case", PUSHED)
def test_a_push_that_a_registry_refuses(
    host: Engine,
    lying: LyingRegistry,
    images: LocalImages,
    case: str,
    record_property: Any,
) -> None:
    told = PUSHED[case]
    lying.answer = refusing(told.said)
    with (
        tagged(host, images, lying.ref(NAMES[0])) as ref,
        pytest.raises(QuaymasterError) as raised,
    ):
        host_images.push(host, ref, lying.login, nothing, nothing)
    record_property("words", raised.value.problem.why)
    expect(raised.value, told, host)


def expect(error: QuaymasterError, told: Told, host: Engine) -> None:
    """Containerd keeps the registry's words to itself: there people read what it may be."""
    if told.hidden and host.has_containerds_store:
        assert type(error) is OutsideFailure
        assert told.hidden in error.problem.next_step
        return
    assert type(error) is told.kind, error
    assert told.what in error.problem.what
    assert told.way in error.problem.next_step


@contextmanager
def tagged(host: Engine, images: LocalImages, ref: ImageRef) -> Iterator[ImageRef]:
    """One of the test images under a name of the test's own."""
    host_images.tag(host, ImageRef.parse(images.web_v1, "docker.io"), ref)
    try:
        yield ref
    finally:
        with host.calling() as api:
            api.remove_image(str(ref), force=True)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_there_is_not_there_whatever_it_is_called(
    host: Engine, registry: Registry, name: str
) -> None:
    ref = ImageRef.parse(name, registry.host)
    with pytest.raises(NotFound, match="Host build1 has no image"):
        host_images.inspect(host, ref)
    with pytest.raises(NotFound, match="Host build1 has no image"):
        host_images.push(host, ref, login_to(registry), nothing, nothing)
    with pytest.raises(NotFound, match="does not exist"):
        host_images.pull(host, ref, login_to(registry), nothing, nothing)


def test_an_image_that_is_made_for_other_platforms_is_not_misspelt(
    host: Engine, registry: Registry, repository: str
) -> None:
    ref = ImageRef(Repository(registry.host, repository), "1.4")
    with registry.client() as http:
        content = Content(http, repository)
        member = content.image(architecture="s390x")
        content.manifest(
            {
                "manifests": [
                    {
                        "mediaType": OCI_IMAGE,
                        "digest": str(digest_of(member)),
                        "size": len(member),
                        "platform": {"os": "linux", "architecture": "s390x"},
                    }
                ]
            },
            OCI_INDEX,
            "1.4",
        )
    with pytest.raises(NotFound, match="has no image for") as raised:
        host_images.pull(host, ref, login_to(registry), nothing, nothing)
    assert "Build it for that platform" in raised.value.problem.next_step


@pytest.fixture
def made(host: Engine, images: LocalImages) -> Iterator[Callable[..., Any]]:
    """Creates containers of a test image; they are removed."""
    ids: list[str] = []

    def create(**options: Any) -> str:
        with host.calling("production/denied") as api:
            configuration = api.create_host_config(**options.pop("host", {}))
            created = api.create_container(images.web_v1, host_config=configuration, **options)
        ids.append(created["Id"])
        return str(created["Id"])

    yield create
    for one in ids:
        with host.calling() as api:
            api.remove_container(one, force=True, v=True)


def run(host: Engine, container: str) -> None:
    with host.calling("production/denied") as api:
        api.start(container)


@pytest.mark.parametrize("program", ["/unauthorized", "/etc", "denied"])
def test_a_program_that_cannot_be_started_is_told(
    host: Engine, made: Callable[..., Any], program: str
) -> None:
    with pytest.raises(OutsideFailure, match="cannot be started") as raised:
        run(host, made(entrypoint=[program]))
    assert "entrypoint" in raised.value.problem.next_step


def test_what_the_host_does_not_allow_is_not_the_registrys(
    host: Engine, made: Callable[..., Any]
) -> None:
    with pytest.raises(OutsideFailure, match="build1 is not allowed to do") as raised:
        run(host, made(host={"binds": ["/sys/denied:/data"]}))
    assert "rights" in raised.value.problem.next_step


def test_a_directory_or_a_network_that_is_missing_is_not_the_registrys(
    host: Engine, made: Callable[..., Any]
) -> None:
    missing = Mount("/data", "/srv/unauthorized", type="bind", read_only=True)
    with pytest.raises(NotFound, match="A directory that production/denied mounts"):
        made(host={"mounts": [missing]})
    with pytest.raises(NotFound, match="A network that production/denied needs does not exist"):
        run(host, made(host={"network_mode": "unauthorized"}))


def test_a_setting_that_the_host_does_not_take_is_told(
    host: Engine, made: Callable[..., Any]
) -> None:
    with pytest.raises(OutsideFailure, match="rejects production/denied as it is") as raised:
        made(host={"mem_limit": 1024})
    assert "quaymaster.yml" in raised.value.problem.next_step


def test_a_port_that_is_taken_is_told(
    host: Engine, made: Callable[..., Any], free_port: int
) -> None:
    published = {"ports": [8000], "host": {"port_bindings": {8000: ("127.0.0.1", free_port)}}}
    run(host, made(**published))
    with pytest.raises(Conflict, match="A port that production/denied publishes is taken"):
        run(host, made(**published))


def test_a_version_that_crashes_is_told_where_the_engine_keeps_no_log(
    service: Service, images: LocalImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with ``--log-driver=none``: what it said last is a detail, its status is not."""
    monkeypatch.setattr(
        "workers.targets.docker_host.candidates.LogConfig", lambda **_: LogConfig(type="none")
    )
    image = service.image(images.web_v6_crash, "1")
    spec = service.spec(image, 7)
    candidate = create_candidate(service.host, spec, UNDISTURBED)
    with pytest.raises(Unhealthy, match="status 3") as raised:
        wait_until_healthy(service.host, candidate, spec.configuration.health, UNDISTURBED)
    assert raised.value.problem.log_tail == ()


@pytest.mark.parametrize("init", [True, False])
def test_a_service_has_its_own_first_process_where_it_asks_for_it(
    service: Service, images: LocalImages, init: bool
) -> None:
    image = service.image(images.web_v1, "1")
    container = service.candidate(service.spec(image, 7, init=init))
    with service.host.calling() as api:
        titles = api.top(container.id)
        processes = titles["Processes"]
    command = processes[0][titles["Titles"].index("CMD")]
    assert ("docker-init" in command or "tini" in command) is init
