"""What an engine's words mean, whatever names people have chosen."""

import socket
from pathlib import Path

import docker.errors
import pytest
import requests

from quaymaster.errors import (
    Conflict,
    DiskFull,
    LoginRefused,
    NotFound,
    OutsideFailure,
    QuaymasterError,
)
from tests.workers.docker.engine_texts import IMAGE, TEXTS
from workers.docker.failures import Phase, refusal, translated, unreachable_over_ssh
from workers.outside.foreign_words import ForeignWords

DIGEST = "sha256:1424499e46659a8403fe516c4710f2af95c0e401aa3fe798989ed21b2a1e9dca"
ITSELF, PULL, PUSH = Phase.ITSELF, Phase.PULL, Phase.PUSH


@pytest.mark.parametrize("name", [f"shop/web@{DIGEST}", "localhost:24010/web", "localhost:401/web"])
def test_digits_of_a_digest_or_a_port_are_not_a_status(name: str) -> None:
    for phase in Phase:
        assert type(refusal(f"No such image: {name}", phase=phase)) is NotFound


def test_an_image_that_a_host_does_not_have_is_said_once_and_where() -> None:
    words = "No such image: shop/web:9: No such image: shop/web:9"
    problem = refusal(words, subject="shop/web:9", host="local").problem
    assert (problem.what, problem.why) == ("Host local has no image shop/web:9.", "")
    assert "/image images" in problem.next_step
    assert refusal(words).problem.what == "The Docker host has no image shop/web:9."


@pytest.mark.parametrize(
    "words",
    [
        "unexpected status from HEAD request: 401 Unauthorized",
        "received unexpected HTTP status: 401",
        "error: status=401",
    ],
)
def test_a_status_that_stands_alone_is_understood(words: str) -> None:
    assert isinstance(refusal(words, phase=PULL), LoginRefused)


def test_a_busy_registry_may_be_asked_again() -> None:
    found = refusal("received unexpected HTTP status: 503 Service Unavailable", phase=PUSH)
    assert isinstance(found, OutsideFailure)
    assert found.trying_again_can_help


NAMES = (
    "localhost:5000/shop/unauthorized-page:1.4",
    "localhost:5000/shop/denied:unauthorized",
    "localhost:5000/shop/web:1.4-401",
    "localhost:5000/429/toomanyrequests:403",
    "localhost:5000/shop/quota:immutable",
    "registry.x509.example.com/no-space-left-on-device/web:413",
)


@pytest.mark.parametrize("image", NAMES)
@pytest.mark.parametrize(
    ("phase", "status", "words"),
    [
        (ITSELF, 404, "No such image: {image}"),
        (PUSH, None, "An image does not exist locally with the tag: {repository}"),
        (PUSH, None, "tag does not exist: {image}"),
        (PULL, 404, "manifest for {image} not found: manifest unknown: manifest unknown"),
        (PULL, 404, 'manifest for {image} not found: manifest unknown: tag "{tag}" is not known'),
        (PULL, 404, "{image}: not found"),
        (PULL, 404, 'failed to resolve reference "{image}": {image}: not found'),
        (PULL, None, "unknown: Tag {tag} was deleted or has expired."),
        (PULL, None, "manifest unknown: {tag} of {path} is not there"),
        (PULL, None, "unknown: tag {tag} not found"),
        (PULL, None, "unknown: repository {path} not found"),
        (PULL, 404, "repository {repository} not found: name unknown: {path} not known"),
    ],
)
def test_a_name_says_nothing_about_what_happened(
    image: str, phase: Phase, status: int | None, words: str
) -> None:
    repository, _, tag = image.rpartition(":")
    path = repository.partition("/")[2]
    text = words.format(image=image, repository=repository, tag=tag, path=path)
    found = refusal(text, phase=phase, status=status, subject=image, host="denied")
    assert type(found) is NotFound, found
    assert "exist" in found.problem.what or "has no image" in found.problem.what


MOUNTED = "error while creating mount source path '/srv/web': mkdir /srv/web: permission denied"
NO_AMD64 = "no matching manifest for linux/amd64 in the manifest list entries"
ECR_EXPIRED = "denied: Your authorization token has expired. Reauthenticate and try again."
ECR_IMMUTABLE = (
    "tag invalid: The image tag '1.4' already exists in the 'shop/web' repository and cannot be "
    "overwritten because the tag is immutable."
)
HARBOR_QUOTA = (
    "denied: adding 12.3 MiB of storage resource, which when updated to current usage of 1.0 GiB "
    "will exceed the configured upper limit of 1.0 GiB."
)
NGINX_413 = (
    "error parsing HTTP 413 response body: invalid character '<' looking for beginning of value: "
    r'"<html>\r\n<head><title>413 Request Entity Too Large</title></head>"'
)
PROXY_LOGIN = 'Get "https://registry-1.docker.io/v2/": Proxy Authentication Required'
PROXY_AWAY = (
    'Get "https://r/v2/": proxyconnect tcp: dial tcp 10.0.0.1:3128: connect: connection refused'
)
OUTDATED = (
    "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current "
    "time 2026-11-27T23:00:00Z is after 2026-11-01T00:00:00Z"
)
OTHER_NAME = "x509: certificate is valid for a.example.com, not registry.example.com"
NO_NAME = "x509: cannot validate certificate for 10.0.0.1 because it doesn't contain any IP SANs"
WANTS_OURS = 'Get "https://r/v2/": remote error: tls: certificate required'
ECR_NO_REPOSITORY = (
    "name unknown: The repository with name 'shop/web' does not exist in the registry with id '1'"
)
HARBOR_NO_PROJECT = "unauthorized: project shop not found: project shop not found"
HARBOR_NO_RIGHT = "unauthorized: unauthorized to access repository: shop/web, action: push"
HARBOR_VULNERABLE = (
    "unknown: current image with 3 vulnerabilities cannot be pulled due to configured policy in "
    "'Prevent images with vulnerability severity of \"High\" or higher from running.'"
)
HUB_LIMIT = (
    "toomanyrequests: You have reached your unauthenticated pull rate limit. "
    "https://www.docker.com/increase-rate-limit"
)
NO_SPACE = "write /var/lib/docker/tmp/GetImageBlob1234: no space left on device"


@pytest.mark.parametrize(
    ("phase", "status", "words", "kind", "what", "way"),
    [
        # By itself: whatever it says is not the registry's.
        (
            ITSELF,
            500,
            MOUNTED,
            OutsideFailure,
            "build1 is not allowed to do",
            "owner and the rights",
        ),
        (ITSELF, 500, NO_SPACE, DiskFull, "build1 has no space", "docker system df"),
        (
            ITSELF,
            500,
            "driver failed: Bind for 0.0.0.0:80 failed: port is already allocated",
            Conflict,
            "A port that",
            "Stop what uses the port",
        ),
        (ITSELF, 409, "Conflict. The container name is in use", Conflict, "build1 cannot do", ""),
        (ITSELF, 404, "network quaymaster-denied not found", NotFound, "A network", "Ask again"),
        (
            ITSELF,
            400,
            "Minimum memory limit allowed is 6MB",
            OutsideFailure,
            "rejects",
            "quaymaster.yml",
        ),
        (
            ITSELF,
            500,
            'volume "no space left" is odd',
            OutsideFailure,
            "build1 failed",
            "Try again",
        ),
        (ITSELF, 500, "unauthorized: whatever", OutsideFailure, "build1 failed", "engine's log"),
        (
            ITSELF,
            400,
            'invalid mount config for type "bind": bind source path does not exist: /srv/denied',
            NotFound,
            "A directory that",
            "Make it there",
        ),
        (
            ITSELF,
            400,
            'OCI runtime create failed: starting container process caused: exec: "/bin/denied": '
            "permission denied: unknown",
            OutsideFailure,
            "cannot be started",
            "entrypoint",
        ),
        # The registry, by what it has no code for.
        (PULL, 404, NO_AMD64, NotFound, "no image for linux/amd64, which build1", "Build it"),
        (
            PULL,
            None,
            "failed to resolve: no match for platform in manifest: not found",
            NotFound,
            "no image for the platform",
            "Build it",
        ),
        (
            PULL,
            404,
            f"pull access denied for x: {ECR_EXPIRED}",
            LoginRefused,
            "has expired",
            "renew its password",
        ),
        (PUSH, None, ECR_EXPIRED, LoginRefused, "has expired", "renew its password"),
        (PUSH, None, ECR_IMMUTABLE, Conflict, "refuses to change", "another tag"),
        (
            PUSH,
            None,
            "unknown: Failed to process request due to 'web:1.4' configured as immutable.",
            Conflict,
            "refuses to change",
            "another tag",
        ),
        (PUSH, None, HARBOR_QUOTA, DiskFull, "quota", "Remove tags"),
        (PUSH, None, "denied: Quota has been exceeded on namespace", DiskFull, "quota", "Remove"),
        (PUSH, None, NGINX_413, OutsideFailure, "as large as a layer", "client_max_body_size"),
        (
            PUSH,
            None,
            "unexpected status from PUT request to https://r/v2/x: 413 Request Entity Too Large",
            OutsideFailure,
            "as large as a layer",
            "client_max_body_size",
        ),
        (PULL, 500, HUB_LIMIT, OutsideFailure, "gets too many requests", "Try again in"),
        (
            PULL,
            None,
            "unexpected status from HEAD request to https://r/v2/x: 429 Too Many Requests",
            OutsideFailure,
            "gets too many requests",
            "Try again in",
        ),
        (PULL, None, NO_SPACE, DiskFull, "build1 has no space", "docker system df"),
        (PUSH, None, NO_SPACE, DiskFull, "build1 has no space", "docker system df"),
        (
            PUSH,
            None,
            "received unexpected HTTP status: 507 Insufficient Storage",
            DiskFull,
            "The registry of",
            "the registry's administrator",
        ),
        (
            PUSH,
            None,
            "unknown: mkdir /var/lib/registry/x: no space left on device",
            DiskFull,
            "The registry of",
            "the registry's administrator",
        ),
        # By status and code.
        (
            PULL,
            404,
            "pull access denied for shop/web, repository does not exist or may require 'docker "
            "login': denied: requested access to the resource is denied",
            NotFound,
            "does not exist, or the configured user may not",
            "rights",
        ),
        (PUSH, None, "denied: requested access is denied", OutsideFailure, "not allow", "rights"),
        (
            PULL,
            500,
            'Head "https://r/v2/shop/web/manifests/1.4": unauthorized: authentication required',
            LoginRefused,
            "refuses the login",
            "quaymaster check",
        ),
        (PUSH, None, "no basic auth credentials", LoginRefused, "refuses the login", "Check"),
        (
            PUSH,
            None,
            'Get "https://registry.denied.example.com/v2/": dial tcp: lookup '
            "registry.denied.example.com: no such host",
            OutsideFailure,
            "cannot reach the registry",
            "registry's name",
        ),
        (
            PULL,
            500,
            'Get "https://r/v2/": x509: certificate signed by unknown authority',
            OutsideFailure,
            "certificate",
            "certs.d",
        ),
        # Between the two: what neither the login nor the registry's name is to blame for.
        (PULL, 500, PROXY_LOGIN, OutsideFailure, "proxy of build1", "HTTPS_PROXY"),
        (PULL, 500, PROXY_AWAY, OutsideFailure, "proxy of build1", "HTTPS_PROXY"),
        (PULL, 500, OUTDATED, OutsideFailure, "not valid now", "clock"),
        (PULL, 500, OTHER_NAME, OutsideFailure, "for another name", "names"),
        (PULL, 500, NO_NAME, OutsideFailure, "for another name", "names"),
        (PULL, 500, WANTS_OURS, OutsideFailure, "wants a certificate", "client.cert"),
        # Of what is pushed, it is the place that is missing.
        (PUSH, None, ECR_NO_REPOSITORY, NotFound, "no place for r/shop/web:1.4", "make"),
        (PUSH, None, HARBOR_NO_PROJECT, NotFound, "has no project", "make"),
        (PULL, 404, HARBOR_NO_PROJECT, NotFound, "has no project", "spelling"),
        (PUSH, None, HARBOR_NO_RIGHT, LoginRefused, "refuses the login", "rights"),
        # What is pulled is not taken, it is given.
        (PULL, 412, HARBOR_VULNERABLE, OutsideFailure, "refuses to serve", "rule"),
        (PULL, 500, HARBOR_VULNERABLE, OutsideFailure, "refuses to serve", "rule"),
        (
            PULL,
            500,
            "unexpected status code [manifests 1.4]: 412 Precondition Failed",
            OutsideFailure,
            "refuses to serve",
            "rule",
        ),
    ],
)
def test_each_reason_is_an_error_of_its_own_with_its_way_out(
    phase: Phase,
    status: int | None,
    words: str,
    kind: type[QuaymasterError],
    what: str,
    way: str,
) -> None:
    found = refusal(words, phase=phase, status=status, subject="r/shop/web:1.4", host="build1")
    assert type(found) is kind, found
    assert what in found.problem.what
    assert way in found.problem.next_step


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: f"{text[0]}: {text[3][-60:]}")
def test_what_real_engines_said_is_told_for_what_it_was(
    text: tuple[str, Phase, int | None, str, type[QuaymasterError], str],
) -> None:
    _, phase, status, words, kind, what = text
    found = refusal(words, phase=phase, status=status, subject=IMAGE, host="build1")
    assert type(found) is kind, found
    assert what in found.problem.what


def test_a_code_in_an_event_counts() -> None:
    found = refusal("no", phase=PUSH, status=429, subject="shop/web:1.4")
    assert "gets too many requests" in found.problem.what


def test_a_socket_that_may_not_be_opened_is_told_by_the_error_and_not_by_a_name(
    tmp_path: Path,
) -> None:
    """Who is called “permission denied” is a host that is away like any other."""
    address = f"unix://{tmp_path}/permission denied.sock"
    with pytest.raises(OutsideFailure) as away, translated("build1"):
        raise requests.ConnectionError(FileNotFoundError(2, f"No such file: {address}"))
    assert "group" not in away.value.problem.next_step
    with pytest.raises(OutsideFailure) as denied, translated("build1"):
        raise docker.errors.DockerException(PermissionError(13, "Permission denied"))
    assert "in the group that owns the Docker socket" in denied.value.problem.next_step
    with pytest.raises(OutsideFailure) as unknown, translated("build1"):
        raise socket.gaierror(-2, "Name or service not known")
    assert "Check that the engine runs" in unknown.value.problem.next_step


@pytest.mark.parametrize(
    ("said", "way"),
    [
        ("deploy@app1: Permission denied (publickey).", "SSH key"),
        ("Host key verification failed.", "known_hosts"),
        ("ssh: connect to host denied.example.com port 22: Connection refused", "Try `ssh`"),
        ("", "Try `ssh`"),
    ],
)
def test_what_ssh_says_leads_to_what_ssh_needs(said: str, way: str) -> None:
    assert way in unreachable_over_ssh("app1", said).problem.next_step


def test_words_that_cannot_be_searched_for_secrets_are_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And what happened is told all the same."""

    def fails(*_: object, **__: object) -> str:
        raise RecursionError

    monkeypatch.setattr("workers.outside.best_effort.redact", fails)
    found = refusal("unauthorized: token=hunter2-secret", phase=PULL, subject="shop/web:1.4")
    assert type(found) is LoginRefused
    assert "hunter2" not in str(found)
    assert "cannot be shown" in found.problem.why


@pytest.mark.parametrize("piece", ['"', "a", "a/ ", "<a", "denied: ", "401 "])
def test_no_more_of_the_words_is_looked_at_than_an_error_has(piece: str) -> None:
    """Whatever a registry has an engine repeat."""
    found = ForeignWords.of(piece * (1_000_000 // len(piece)), ["shop/web:1"])
    assert len(found.text) < 10_000


@pytest.mark.parametrize(
    "words",
    [
        "OCI runtime create failed: unable to apply cgroup configuration: mkdir "
        "/sys/fs/cgroup/memory/docker/1f2e: no space left on device: unknown",
        "failed to create fsnotify watcher: inotify_add_watch: no space left on device",
    ],
)
def test_a_limit_of_the_kernel_is_not_a_full_disk(words: str) -> None:
    error = refusal(words, status=500, subject="production/web", host="app1")
    assert not isinstance(error, DiskFull)
    assert "not the disk" in error.problem.next_step


def test_a_low_port_has_nothing_to_do_with_mounts() -> None:
    words = (
        "driver failed programming external connectivity on endpoint web: Error starting userland "
        "proxy: listen tcp4 0.0.0.0:80: bind: permission denied"
    )
    problem = refusal(words, status=500, subject="production/web", host="app1").problem
    assert "below 1024" in problem.next_step
    assert "mounts" not in problem.next_step
