"""What engines call an image is the same image as what people call it."""

import pytest

from quaymaster.image_ref import Digest, ImageRef, Repository
from quaymaster.outcomes import ExecutionParameters
from workers.docker.images import HostImage, _Listed, _listed
from workers.docker.names import as_engines_name
from workers.targets.docker_host.containers import _image

DIGEST = Digest("sha256:" + "ab" * 32)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("redis:7", "docker.io/library/redis:7"),
        ("shop/web:1", "docker.io/shop/web:1"),
        ("docker.io/library/redis:7", "docker.io/library/redis:7"),
        ("REG.example.com:5000/web:1", "reg.example.com:5000/web:1"),
        (f"redis@{DIGEST}", f"docker.io/library/redis@{DIGEST}"),
    ],
)
def test_a_name_without_a_registry_is_on_docker_hub(name: str, meant: str) -> None:
    assert str(as_engines_name(name)) == meant


@pytest.mark.parametrize("name", ["", str(DIGEST), "Not A Name"])
def test_an_id_is_no_name(name: str) -> None:
    assert as_engines_name(name) is None


@pytest.mark.parametrize("said", ["redis", "docker.io/redis", "docker.io/library/redis"])
def test_the_digest_of_an_image_of_docker_hub_is_found(said: str) -> None:
    parameters = ExecutionParameters((), (), "", (), (), ())
    digests = ("quay.io/redis@sha256:" + "0" * 64, f"{said}@{DIGEST}")
    image = HostImage(DIGEST, (), digests, 1, None, "linux/amd64", parameters, 1)
    assert image.digest_in(Repository("docker.io", "library/redis")) == DIGEST
    assert image.digest_in(Repository("docker.io", "shop/redis")) is None


def test_a_container_is_known_by_its_image_however_the_engine_writes_it() -> None:
    labelled = ImageRef.parse("index.docker.io/redis:7", "registry.test").pinned(DIGEST)
    assert _image(f"redis@{DIGEST}", labelled) == labelled
    assert _image(f"docker.io/library/redis@{DIGEST}", labelled) == labelled
    assert _image(f"nginx@{DIGEST}", labelled) is None


def test_a_list_of_images_has_whole_names() -> None:
    told = {"Id": str(DIGEST), "RepoTags": ["redis:7", "<none>:<none>"], "Size": 1, "Created": 0}
    assert _listed(_Listed.model_validate(told)).names == ("docker.io/library/redis:7",)
