"""Images of a real engine and a real registry: pull, push, tag, inspect, and how they fail."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import docker
import pytest
from pydantic import SecretStr

from quaymaster.errors import Cancelled, LoginRefused, NotFound, OutsideFailure
from quaymaster.image_ref import Digest, ImageRef, Repository
from quaymaster.progress import Progress
from quaymaster.redaction.redaction import MARK
from testing.engines.local_images import load_big_image, push_image
from testing.engines.registries import Registry
from testing.images.catalogue import PLANTED_SECRET, LocalImages
from tests.workers.services import login_to, nothing
from workers.docker import images as host_images
from workers.docker import transfers
from workers.docker.engine import Engine
from workers.registry.client import Registry as RegistryClient

pytestmark = [pytest.mark.engine, pytest.mark.every_engine]


def _local(name: str) -> ImageRef:
    """A test image, whose names have no registry: for Docker that is its own hub."""
    return ImageRef.parse(name, "docker.io")


def _ref(registry: Registry, repository: str, tag: str = "1.4") -> ImageRef:
    return ImageRef(Repository(registry.host, repository), tag)


def test_a_push_gives_the_digest_that_the_registry_has(
    host: Engine, registry: Registry, repository: str, images: LocalImages
) -> None:
    ref = _ref(registry, repository)
    host_images.tag(host, _local(images.web_v1), ref)
    reports: list[Progress] = []
    pushed = host_images.push(host, ref, login_to(registry), reports.append, nothing)
    assert str(pushed.digest) == registry.digest(repository, "1.4")
    assert pushed.layers == 2
    assert reports[-1].step == "pushing"
    assert (reports[-1].done_layers, reports[-1].total_layers) == (2, 2)
    again = host_images.push(host, ref, login_to(registry), nothing, nothing)
    assert again.layers_already_there == 2
    assert again.digest == pushed.digest


def test_a_digest_that_is_not_told_is_asked_for(
    host: Engine,
    registry: Registry,
    repository: str,
    images: LocalImages,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of an engine that ends a push without a word of what it has pushed."""
    ref = _ref(registry, repository)
    host_images.tag(host, _local(images.web_v1), ref)
    real = transfers.transfer
    monkeypatch.setattr(host_images, "transfer", lambda *given: replace(real(*given), digest=None))
    with pytest.raises(OutsideFailure, match="without naming a digest"):
        host_images.push(host, ref, login_to(registry), nothing, nothing)
    with RegistryClient(login_to(registry)) as asked:
        pushed = host_images.push(
            host,
            ref,
            login_to(registry),
            nothing,
            nothing,
            lambda image: asked.resolve(image).digest,
        )
    assert str(pushed.digest) == registry.digest(repository, "1.4")


def test_a_pull_by_tag_gives_the_digest_and_a_pull_by_digest_the_same_image(
    host: Engine,
    engine: docker.DockerClient,
    registry: Registry,
    repository: str,
    images: LocalImages,
) -> None:
    digest = push_image(engine, registry, images.web_v1, repository, "1.4")
    login, ref = login_to(registry), _ref(registry, repository)
    pulled = host_images.pull(host, ref, login, nothing, nothing)
    assert str(pulled.digest) == digest
    assert pulled.size > 0
    by_digest = host_images.pull(host, pulled.image, login, nothing, nothing)
    assert by_digest.digest == pulled.digest
    assert by_digest.already_there
    assert host_images.inspect(host, pulled.image).digest_in(ref.repository) == pulled.digest


def test_a_pull_by_digest_brings_that_image_whatever_its_tag_means_now(
    host: Engine,
    engine: docker.DockerClient,
    registry: Registry,
    repository: str,
    images: LocalImages,
) -> None:
    first = push_image(engine, registry, images.web_v1, repository, "1.4")
    moved = push_image(engine, registry, images.web_v2, repository, "1.4")
    pinned = _ref(registry, repository).pinned(Digest(first))
    pulled = host_images.pull(host, pinned, login_to(registry), nothing, nothing)
    assert (str(pulled.digest), pulled.image) == (first, pinned)
    assert moved != first


@pytest.mark.parametrize("password", ["wrong-password-1", None])
def test_a_login_that_is_refused_says_so_and_not_with_which_password(
    host: Engine, registry: Registry, repository: str, images: LocalImages, password: str | None
) -> None:
    ref = _ref(registry, repository)
    host_images.tag(host, _local(images.web_v1), ref)
    login = replace(login_to(registry), password=SecretStr(password) if password else None)
    for transfer in (host_images.push, host_images.pull):
        with pytest.raises(LoginRefused) as raised:
            transfer(host, ref, login, nothing, nothing)
        assert raised.value.problem.next_step
        assert "wrong-password" not in str(raised.value)


def test_a_repository_or_tag_that_is_not_there_is_not_found(
    host: Engine, registry: Registry, repository: str
) -> None:
    with pytest.raises(NotFound, match=repository):
        host_images.pull(host, _ref(registry, repository), login_to(registry), nothing, nothing)


def test_a_tag_that_the_host_does_not_have_cannot_be_pushed(
    host: Engine, registry: Registry, repository: str
) -> None:
    with pytest.raises(NotFound, match=f"{repository}:9"):
        host_images.push(host, _ref(registry, repository, "9"), None, nothing, nothing)


def test_a_registry_that_does_not_run_is_an_outside_failure_that_may_pass(
    host: Engine, free_port: int, images: LocalImages, repository: str
) -> None:
    ref = ImageRef(Repository(f"localhost:{free_port}", repository), "1.4")
    host_images.tag(host, _local(images.web_v1), ref)
    with pytest.raises(OutsideFailure) as raised:
        host_images.pull(host, ref, None, nothing, nothing)
    assert type(raised.value) is OutsideFailure
    assert raised.value.trying_again_can_help


def test_a_registry_whose_certificate_is_not_trusted_says_what_to_do(
    host: Engine, tls_registry: Registry, repository: str
) -> None:
    """Docker trusts no loopback registry less for its certificate, so only others are refused."""
    ref = _ref(tls_registry, repository)
    with pytest.raises((NotFound, OutsideFailure)) as raised:
        host_images.pull(host, ref, login_to(tls_registry), nothing, nothing)
    assert raised.value.problem.what


def test_a_cancel_stops_a_running_push(
    host: Engine, engine: docker.DockerClient, registry: Registry, repository: str
) -> None:
    ref = _ref(registry, repository, "big")
    load_big_image(engine, str(ref), layers=4, layer_bytes=24_000_000)
    began = threading.Event()

    def report(progress: Progress) -> None:
        if progress.done_bytes:
            began.set()

    def check() -> None:
        if began.is_set():
            raise Cancelled("It was cancelled while it ran.")

    with pytest.raises(Cancelled):
        host_images.push(host, ref, login_to(registry), report, check)
    assert registry.digest(repository, "big") is None


def test_reports_come_at_most_about_twice_a_second(
    host: Engine, engine: docker.DockerClient, registry: Registry, repository: str
) -> None:
    ref = _ref(registry, repository, "big")
    load_big_image(engine, str(ref), layers=3, layer_bytes=16_000_000)
    times: list[float] = []
    began = time.monotonic()
    host_images.push(
        host, ref, login_to(registry), lambda _: times.append(time.monotonic()), nothing
    )
    assert len(times) <= 2 + (time.monotonic() - began) / 0.5


def test_what_an_image_says_of_itself_is_typed_and_its_secrets_are_out(
    host: Engine, images: LocalImages
) -> None:
    found = host_images.inspect(host, _local(images.hostile))
    assert found.parameters.user == "1000"
    assert found.parameters.ports == ("8000/tcp",)
    assert found.parameters.command == ("/bin/serve",)
    assert found.platform.startswith("linux/")
    assert f"API_TOKEN={MARK}" in found.parameters.environment
    assert PLANTED_SECRET not in repr(found)
    assert found.layers == 2


def test_the_steps_of_an_image_are_listed(host: Engine, images: LocalImages) -> None:
    assert all(step.size is not None for step in host_images.history(host, _local(images.web_v1)))


@pytest.fixture
def careless(host: Engine, images: LocalImages, repository: str) -> Iterator[ImageRef]:
    """An image whose builder put secrets everywhere."""
    ref = _local(f"{repository}:careless")
    with host.calling() as api:
        container = api.create_container(
            images.web_v1,
            ["/bin/sh", "-c", "curl -u ci:hunter22 https://r.test; mysql -phunter22 shop"],
        )
        api.commit(
            container,
            ref.repository.path,
            ref.tag,
            changes=[
                "ENV DB_PASS=hunter22 SMTP_AUTH=hunter22 SESSION_COOKIE=hunter22 JWT=hunter22",
                "ENV ALERTS=https://hooks.slack.com/services/T0/B0/hunter22 MOTD=hunter22",
                "ENV APP_VERSION=1.4 LANG=C.UTF-8",
                'ENTRYPOINT ["curl"]',
                'CMD ["-u", "ci:hunter22", "https://r.test"]',
                "HEALTHCHECK CMD curl -u ci:hunter22 localhost",
                "LABEL api.key=hunter22 run=curl\\ -u\\ ci:hunter22",
            ],
        )
    yield ref
    with host.calling() as api:
        api.remove_container(container)
        api.remove_image(str(ref))


def test_a_careless_image_is_shown_without_its_secrets(host: Engine, careless: ImageRef) -> None:
    found = host_images.inspect(host, careless)
    assert "hunter22" not in repr(found)
    assert {"DB_PASS=•••", "MOTD=•••", "APP_VERSION=1.4", "LANG=C.UTF-8"} <= {
        *found.parameters.environment
    }
    assert found.parameters.command == ("-u", MARK, "https://r.test")
    steps = host_images.history(host, careless)
    assert f"curl -u {MARK} https://r.test; mysql -p{MARK} shop" in steps[0].created_by
    assert "hunter22" not in repr(steps)


def test_the_images_of_a_host_are_listed_with_names(host: Engine, images: LocalImages) -> None:
    listed = host_images.images(host)
    names = {name for image in listed for name in image.names}
    # What has no registry in its name is on Docker Hub for an engine.
    assert {f"docker.io/{images.web_v1}", f"docker.io/{images.web_v2}"} <= names


def test_a_new_tag_says_what_it_meant_before(
    host: Engine, registry: Registry, repository: str, images: LocalImages
) -> None:
    ref = _ref(registry, repository)
    first = host_images.tag(host, _local(images.web_v1), ref)
    assert first.replaced is None
    second = host_images.tag(host, _local(images.web_v2), ref)
    assert second.replaced == first.digest
    assert second.digest == host_images.inspect(host, ref).image_id


def test_an_image_that_is_not_there_is_not_found(host: Engine) -> None:
    for ref in (
        _local("nobody/has-this:1"),
        _local("nobody/has-this").pinned(Digest("sha256:" + "0" * 64)),
    ):
        with pytest.raises(NotFound):
            host_images.inspect(host, ref)
