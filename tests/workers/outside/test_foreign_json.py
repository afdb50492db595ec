"""What somebody else writes: null is absent, what is unknown is ignored, wrong types say where."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from quaymaster.errors import OutsideFailure, QuaymasterError
from tests.workers.lying_registry import Reply, lying_registry
from workers.docker.failures import translated
from workers.docker.images import _host_image, _Image, _Listed, _listed
from workers.outside.http_client import HttpResponse
from workers.registry.auth import Authorizer, RegistryLogin
from workers.registry.connection import RegistryConnection
from workers.registry.failures import failure
from workers.registry.image_configuration import read_configuration
from workers.registry.manifests import OCI_IMAGE, OCI_INDEX, ImageManifest, read_manifest
from workers.scanner.trivy_report import TrivyReport
from workers.targets.docker_host.containers import _container, _Inspected

A, B, C = ("sha256:" + letter * 64 for letter in "abc")
NAME = "shop/web:1.4"
LOGIN = RegistryLogin("registry.test", "https", "ci", SecretStr("hunter2"))
_BEARER = httpx.Headers({"WWW-Authenticate": 'Bearer realm="https://auth.test/token"'})
UNAUTHORIZED = HttpResponse(401, _BEARER, b"", "https://registry.test/v2/")

Path = tuple[str | int, ...]
Reader = Callable[[Any], object]


def manifest(document: Any) -> object:
    kind = OCI_INDEX if "manifests" in document else OCI_IMAGE
    read = read_manifest(json.dumps(document).encode(), kind, NAME)
    # The digest is of the bytes, which are what this is about.
    parts = (read.config, read.layers) if isinstance(read, ImageManifest) else read.manifests
    return read.media_type, parts


def configuration(document: Any) -> object:
    content = json.dumps({"config": descriptor(A), "layers": [descriptor(B)]}).encode()
    image = read_manifest(content, OCI_IMAGE, NAME)
    assert isinstance(image, ImageManifest)
    return read_configuration(json.dumps(document).encode(), image, NAME)


def report(document: Any) -> object:
    read = TrivyReport.read(json.dumps(document).encode(), NAME)
    return read.findings(), read.gap(), read.system, read.image_id


def container(document: Any) -> object:
    with translated("build1"):
        return _container(_Inspected.model_validate(document))


def host_image(document: Any) -> object:
    with translated("build1"):
        return _host_image(_Image.model_validate(document))


def listed(document: Any) -> object:
    with translated("build1"):
        return _listed(_Listed.model_validate(document))


def token(document: Any) -> object:
    def ask(url: httpx.URL, _headers: dict[str, str]) -> HttpResponse:
        return HttpResponse(200, httpx.Headers(), json.dumps(document).encode(), str(url))

    return Authorizer(LOGIN, ask).answer(UNAUTHORIZED, frozenset(), LOGIN.basic)


def refusal(document: Any) -> object:
    content = json.dumps(document).encode()
    answer = HttpResponse(403, httpx.Headers(), content, "https://registry.test/v2/")
    return str(failure(answer, RegistryConnection(LOGIN), "pull it", "It is gone."))


def descriptor(digest: str, **more: Any) -> dict[str, Any]:
    kind = "application/vnd.oci.image.config.v1+json"
    return {"mediaType": kind, "digest": digest, "size": 10, **more}


PLATFORM = {"os": "linux", "architecture": "arm64", "variant": "v8"}
CONFIG = {
    "User": "1000",
    "Env": ["PATH=/bin"],
    "Labels": {"version": "1.4", "build": "7"},
    "Entrypoint": ["/bin/serve"],
    "Cmd": ["--port", "8000"],
    "ExposedPorts": {"8000/tcp": {}},
    "Healthcheck": {"Test": ["CMD", "true"]},
}
READERS: dict[str, tuple[Reader, Any]] = {
    "an image": (
        manifest,
        {
            "mediaType": OCI_IMAGE,
            "config": descriptor(A),
            "layers": [descriptor(B, urls=["https://x.test/"]), descriptor(C)],
        },
    ),
    "an index": (
        manifest,
        {"mediaType": OCI_INDEX, "manifests": [descriptor(A, platform=PLATFORM)]},
    ),
    "a configuration": (
        configuration,
        {
            **PLATFORM,
            "created": "2026-11-24T07:17:05Z",
            "config": CONFIG,
            "rootfs": {"type": "layers", "diff_ids": [B]},
            "history": [{"created_by": "ADD", "comment": "c", "empty_layer": False}],
        },
    ),
    "a report": (
        report,
        {
            "SchemaVersion": 2,
            "ArtifactName": NAME,
            "ArtifactType": "container_image",
            "Metadata": {
                "ImageID": B,
                "DiffIDs": [C],
                "OS": {"Family": "debian", "Name": "12.5", "EOSL": True},
            },
            "Results": [
                {
                    "Target": "a.lock",
                    "Class": "lang-pkgs",
                    "Packages": [{"Name": "lodash"}],
                    "Vulnerabilities": [
                        {
                            "VulnerabilityID": "CVE-1",
                            "PkgName": "lodash",
                            "PkgPath": "x",
                            "InstalledVersion": "1",
                            "FixedVersion": "2",
                            "Severity": "HIGH",
                            "Title": "t",
                            "Status": "fixed",
                        }
                    ],
                }
            ],
        },
    ),
    "a container": (
        container,
        {
            "Id": "c1",
            "Name": "/web",
            "Image": B,
            "RestartCount": 1,
            "Config": {
                "Image": "redis",
                "Labels": {"quaymaster.environment": "staging"},
                "StopSignal": "SIGQUIT",
                "StopTimeout": 5,
            },
            "HostConfig": {
                "PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]},
                "RestartPolicy": {"Name": "always"},
            },
            "State": {
                "Running": True,
                "Restarting": False,
                "ExitCode": 1,
                "StartedAt": "2026",
                "Health": {"Status": "healthy"},
            },
            "NetworkSettings": {
                "Networks": {"quaymaster-staging": {"IPAddress": "10.0.0.2"}},
                "Ports": {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]},
            },
        },
    ),
    "an image of a host": (
        host_image,
        {
            "Id": A,
            "RepoTags": ["redis:7"],
            "RepoDigests": [f"redis@{B}"],
            "Size": 1,
            "Created": "2026-11-24T07:17:05Z",
            "Os": "linux",
            "Architecture": "arm64",
            "Variant": "v8",
            "Config": CONFIG,
            "RootFS": {"Layers": [C]},
        },
    ),
    "a list of images": (
        listed,
        {"Id": A, "RepoTags": ["redis:7"], "Size": 1, "Created": 1_800_000_000},
    ),
    "a token": (token, {"token": "t-1", "access_token": "t-2", "expires_in": 300}),
    "a refusal": (
        refusal,
        {"errors": [{"code": "DENIED", "message": "no", "detail": "really"}]},
    ),
}
# A key says something there, whatever stands beside it.
SETS = ("ExposedPorts", "PortBindings", "Networks", "Ports")


def places(document: Any, path: Path = ()) -> Iterator[Path]:
    """Every field of every object in a document."""
    items = document.items() if isinstance(document, dict) else enumerate(document)
    for name, value in items:
        if isinstance(document, dict) and path[-1:] not in [(one,) for one in SETS]:
            yield (*path, name)
        if isinstance(value, dict | list):
            yield from places(value, (*path, name))


CASES = [
    pytest.param(reader, document, path, id=f"{name}: {'.'.join(map(str, path))}")
    for name, (reader, document) in READERS.items()
    for path in places(document)
]


def changed(document: Any, path: Path, change: Callable[[Any, str | int], None]) -> Any:
    whole = copy.deepcopy(document)
    inside = whole
    for step in path[:-1]:
        inside = inside[step]
    change(inside, path[-1])
    return whole


def result(reader: Reader, document: Any) -> object:
    """What is read, or that it is refused; anything but an error of the product is a fault."""
    try:
        return reader(document)
    except QuaymasterError as error:
        return type(error)


@pytest.mark.parametrize(("reader", "document", "path"), CASES)
def test_null_is_absent(reader: Reader, document: Any, path: Path) -> None:
    absent = changed(document, path, lambda inside, name: inside.pop(name))
    null = changed(document, path, lambda inside, name: inside.update({name: None}))
    if path != ("errors",):  # then the whole text is shown as it is
        assert result(reader, null) == result(reader, absent)


@pytest.mark.parametrize(("reader", "document", "path"), CASES)
def test_what_is_unknown_is_ignored(reader: Reader, document: Any, path: Path) -> None:
    more = {"x-unknown": {"a": [1, None]}, "another": "x"}
    if path[-2:-1] == ("Labels",):
        return  # whatever stands there is one
    assert reader(changed(document, path, lambda inside, _: inside.update(more))) == reader(
        document
    )


@pytest.mark.parametrize("wrong", [{"a": 1}, [[]], 1.5, "x", True])
@pytest.mark.parametrize(("reader", "document", "path"), CASES)
def test_another_type_ends_in_the_reason(
    reader: Reader, document: Any, path: Path, wrong: object
) -> None:
    said = ""
    try:
        reader(changed(document, path, lambda inside, name: inside.update({name: wrong})))
    except QuaymasterError as error:
        said = str(error)
    assert "cannot be read" not in said or f"At {path[0]}" in said
    assert "is not a container image" not in said or path[-1] == "mediaType"


@pytest.mark.parametrize("other", ["user", "USER", "u\u017fer"])
def test_a_field_is_what_go_takes_for_it(other: str) -> None:
    """Engine and scanner take the last of two that differ in case: what is shown is what runs."""
    root = configuration({"config": {"User": "root"}})
    assert configuration({"config": {"User": "1000", other: "root"}}) == root
    assert configuration({"config": {other: "root"}}) == root
    assert configuration({"config": {other: "1000", "User": "root"}}) == root
    assert configuration({"Config": {"User": "root", other: None}}) == root


def test_two_manifests_in_one_are_refused_however_they_are_written() -> None:
    both = {"mediaType": OCI_IMAGE, "config": descriptor(A), "layers": [], "Manifests": []}
    with pytest.raises(OutsideFailure, match="two different things"):
        manifest(both)


def test_nulls_in_lists_and_labels_are_absent() -> None:
    document = {
        "config": {"Env": ["A=", None], "Labels": {"a": None, "b": "c"}, "Cmd": [None, "x"]}
    }
    read = configuration(document)
    assert read == configuration({"config": {"Env": ["A="], "Labels": {"b": "c"}, "Cmd": ["x"]}})


def test_a_null_among_the_steps_of_a_build_is_none() -> None:
    steps = [None, {"created_by": "ADD"}, None]
    assert configuration({"history": steps}) == configuration({"history": steps[1:2]})


def test_a_command_may_be_one_word_without_a_list() -> None:
    """Docker takes both: https://github.com/moby/moby/blob/v26.1.5/api/types/strslice/strslice.go"""
    one = {"config": {"Entrypoint": "/bin/serve", "Cmd": "-v"}}
    assert configuration(one) == configuration(
        {"config": {"Entrypoint": ["/bin/serve"], "Cmd": ["-v"]}}
    )


def test_a_token_stands_under_either_of_its_names() -> None:
    assert token({"token": None, "access_token": "t-2", "expires_in": None}) == "Bearer t-2"
    assert token({"token": "t-1", "access_token": None}) == "Bearer t-1"
    with pytest.raises(OutsideFailure, match=r"sent no token\. At token: input should be a valid"):
        token({"token": {"a": 1}})


def test_nulls_in_a_list_of_tags_are_no_tags() -> None:
    with lying_registry(lambda _: Reply(200, b'{"name": null, "tags": ["1.4", null]}')) as lying:
        repository = lying.ref("shop/web").repository
        with lying.registry() as registry:
            assert registry.tags(repository).names == ("1.4",)
        lying.answer = lambda _: Reply(200, b'{"tags": {"1.4": 1}}')
        with lying.registry() as registry, pytest.raises(OutsideFailure, match="At tags: input"):
            registry.tags(repository)


@pytest.mark.parametrize("text", ["<html>", "", "nul", "\ufeff{}", "[" * 5_000])
def test_what_is_no_json_is_said_so_without_its_words(text: str) -> None:
    with pytest.raises(OutsideFailure, match="is not JSON") as refused:
        read_manifest(text.encode(), OCI_IMAGE, NAME)
    assert not text or text not in str(refused.value)
