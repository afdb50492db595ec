"""An image's configuration is shown, its secrets are not."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from quaymaster.errors import OutsideFailure
from quaymaster.outcomes import ExecutionParameters
from quaymaster.platforms import Platform
from quaymaster.redaction.redaction import MARK
from workers.registry.image_configuration import ImageConfiguration, read_configuration
from workers.registry.manifests import DOCKER_IMAGE, OCI_IMAGE, ImageManifest, read_manifest

CONFIGURATION = "application/vnd.oci.image.config.v1+json"


def read(
    document: Any, layers: int = 2, kind: str = CONFIGURATION, manifest_kind: str = OCI_IMAGE
) -> ImageConfiguration:
    parts = [
        {"mediaType": kind, "digest": f"sha256:{number:064x}", "size": 100 + number}
        for number in range(layers + 1)
    ]
    manifest = read_manifest(
        json.dumps({"config": parts[0], "layers": parts[1:]}).encode(), manifest_kind, "web"
    )
    assert isinstance(manifest, ImageManifest)
    return read_configuration(json.dumps(document).encode(), manifest, "shop/web:1.4")


def test_everything_that_is_shown() -> None:
    about = read(
        {
            "os": "linux",
            "architecture": "amd64",
            "created": "2026-11-24T07:17:05.717232524Z",
            "config": {
                "Env": ["PATH=/bin", "API_TOKEN=x", "MOTD=hello", "LANG=postgres://web:pw@db"],
                "Labels": {"version": "1.4", "build.secret": "hunter2"},
                "Entrypoint": ["/bin/serve"],
                "Cmd": ["--port", "8000"],
                "User": "1000",
                "ExposedPorts": {"8000/tcp": {}},
                "Healthcheck": {"Test": ["CMD-SHELL", "wget -q localhost:8000/healthz"]},
            },
        }
    )
    assert about.platform == Platform("linux", "amd64")
    assert about.created == datetime(2026, 11, 24, 7, 17, 5, 717232, UTC)
    assert about.parameters.environment == (
        "PATH=/bin",
        *(f"{name}={MARK}" for name in ("API_TOKEN", "MOTD", "LANG")),
    )
    assert about.parameters.labels == (("version", "1.4"), ("build.secret", MARK))
    assert about.parameters.entrypoint == ("/bin/serve",)
    assert about.parameters.command == ("--port", "8000")
    assert (about.parameters.user, about.parameters.ports) == ("1000", ("8000/tcp",))
    assert about.parameters.health_check == "wget -q localhost:8000/healthz"


@pytest.mark.parametrize(
    "config",
    [
        {"User": "web password=hunter2"},
        {"ExposedPorts": {"80/tcp password=hunter2": {}}},
        {"Labels": {"built with token=hunter2": "x"}},
        {"Env": ["PASSWORD: hunter2"]},
    ],
)
def test_no_secret_is_shown_where_none_belongs(config: dict[str, Any]) -> None:
    assert "hunter2" not in repr(read({"config": config}).parameters)


def test_nulls_and_absent_fields_are_empty() -> None:
    about = read({"config": {"Env": None, "Labels": None, "Healthcheck": {"Test": ["NONE"]}}})
    assert about.parameters == ExecutionParameters((), (), "", (), (), ())
    assert read({}).history == ()


def test_history_is_newest_first_with_the_sizes_of_its_layers() -> None:
    about = read(
        {
            "history": [
                {"created_by": "ADD rootfs", "created": "2026-11-24T07:00:00Z"},
                {"created_by": "|1 NPM_TOKEN=hunter2 /bin/sh -c npm ci"},
                {"created_by": "CMD serve", "empty_layer": True, "created": "1970-01-01T00:00:00Z"},
            ]
        }
    )
    assert [step.size for step in about.history] == [0, 102, 101]
    assert about.history[0].created is None
    assert "hunter2" not in about.history[1].created_by


def test_sizes_are_left_out_where_history_and_layers_do_not_match_up() -> None:
    assert read({"history": [{"created_by": "x"}]}).history[0].size is None


@pytest.mark.parametrize("document", [[], "x", {"config": {"Env": "PATH"}}])
def test_what_is_no_configuration_is_refused(document: Any) -> None:
    with pytest.raises(OutsideFailure, match=r"The configuration of shop/web:1\.4 cannot be read"):
        read(document)


def rootfs(layers: int) -> dict[str, Any]:
    return {"os": "linux", "rootfs": {"diff_ids": [f"sha256:{n:064x}" for n in range(layers)]}}


@pytest.mark.parametrize(
    "kind",
    [
        *("application/vnd.docker.container.image.v1+json", "application/octet-stream"),
        *("application/json", "text/html", "", f"{CONFIGURATION}; charset=utf-8"),
    ],
)
@pytest.mark.parametrize("manifest_kind", [OCI_IMAGE, DOCKER_IMAGE])
def test_a_configuration_with_an_odd_media_type_is_read_as_docker_reads_it(
    kind: str, manifest_kind: str
) -> None:
    assert read({"os": "linux"}, kind=kind, manifest_kind=manifest_kind).platform.os == "linux"


def test_one_of_an_unknown_media_type_is_read_where_it_has_the_images_layers() -> None:
    kind = "application/vnd.example.image+json"
    assert read(rootfs(2), kind=kind).platform.os == "linux"
    chart: dict[str, Any] = {"name": "a chart", "version": "1"}
    for document in (chart, rootfs(1), rootfs(0)):
        with pytest.raises(OutsideFailure, match=r"It holds “application/vnd\.example\.image"):
            read(document, kind=kind)
