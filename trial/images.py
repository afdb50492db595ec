"""The sample images: what each is for, made from one busybox, loaded and pushed."""

import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from quaymaster.errors import OutsideFailure
from trial.archive import Entry, Image, Layer, archive_of, layer
from trial.engine import LABEL, Engine
from trial.registry import SampleRegistry

PORT = 8000
WEB = "shop/web"
MEDIA = "shop/media"

HEALTHY_TAGS = ("v1", "v2")
BROKEN_TAG = "v3-broken"
VULNERABLE_TAG = "v4-vulnerable"

# In the registry from the start; the others are on the Docker host alone, to be pushed.
_PUBLISHED = ((WEB, "v1"), (WEB, BROKEN_TAG), (WEB, VULNERABLE_TAG))
_TO_BE_PUSHED = ((WEB, "v2"), (MEDIA, "v1"))

_MEDIA_LAYERS = 8
_MEDIA_LAYER_BYTES = 12_000_000

_APPLETS = ("cat", "echo", "httpd", "kill", "ls", "ps", "sh", "sleep", "wget")
_NODE_PACKAGES = {"lodash": "4.17.4", "minimist": "0.0.8"}
_PYTHON_PACKAGES = {"urllib3": "1.24.1", "PyYAML": "5.1"}
_DEBIAN_PACKAGES = {"libssl3": ("openssl", "3.0.11-1~deb12u1"), "libexpat1": ("expat", "2.5.0-1")}


def put_in_place(engine: Engine, registry: SampleRegistry, busybox: bytes, trial: str) -> None:
    """Have every sample image where it belongs; what is there already stays as it is.

    Raises OutsideFailure with the engine's words.
    """
    missing = [one for one in _PUBLISHED if not registry.has(*one)]
    absent = [one for one in _TO_BE_PUSHED if not _is_on(engine, _reference(registry, *one))]
    if not missing and not absent:
        return
    images = sample_images(busybox, engine.architecture, trial)
    wanted = {_reference(registry, *one): images[one] for one in (*missing, *absent)}
    for _ in engine.client.images.load(archive_of(wanted)):
        pass
    for repository, tag in missing:
        _publish(engine, registry, repository, tag)


def sample_images(
    busybox: bytes, architecture: str, trial: str
) -> Mapping[tuple[str, str], Image]:
    """Every sample image by repository and tag: the same bytes for the same arguments."""
    base = _base_layer(busybox)
    v1, v2 = HEALTHY_TAGS
    healthy = {tag: _web(tag, (base,), architecture, trial) for tag in HEALTHY_TAGS}
    return {
        (WEB, v1): healthy[v1],
        (WEB, v2): healthy[v2],
        (WEB, BROKEN_TAG): _web("v3", (base,), architecture, trial, is_healthy=False),
        (WEB, VULNERABLE_TAG): _web("v4", (base, _vulnerable_layer()), architecture, trial),
        (MEDIA, "v1"): Image(
            layers=tuple(_noise(number) for number in range(1, _MEDIA_LAYERS + 1)),
            architecture=architecture,
            command=("/none",),
            labels={LABEL: trial, "org.opencontainers.image.title": "Pictures of the shop"},
        ),
    }


def _web(
    version: str,
    layers: tuple[Layer, ...],
    architecture: str,
    trial: str,
    *,
    is_healthy: bool = True,
) -> Image:
    page = [Entry("www/index.html", f"This is web {version}.\n".encode())]
    if is_healthy:
        page.append(Entry("www/healthz", b"ok\n"))
    return Image(
        layers=(*layers, layer(page, f"COPY www-{version} /www")),
        architecture=architecture,
        command=("/bin/serve",),
        environment={"PATH": "/bin", "APP_VERSION": version},
        labels={
            LABEL: trial,
            "org.opencontainers.image.title": "The shop's web server",
            "org.opencontainers.image.version": version,
        },
        user="1000",
        ports=(PORT,),
    )


def _base_layer(busybox: bytes) -> Layer:
    return layer(
        [
            Entry("bin", mode=0o755, is_directory=True),
            Entry("bin/busybox", busybox, mode=0o755),
            *(Entry(f"bin/{name}", link="busybox") for name in _APPLETS),
            Entry("bin/serve", (files("trial") / "data" / "serve").read_bytes(), mode=0o755),
            Entry("etc", mode=0o755, is_directory=True),
            Entry("etc/passwd", b"root:x:0:0::/:/bin/sh\napp:x:1000:1000::/:/bin/sh\n"),
            Entry("etc/group", b"root:x:0:\napp:x:1000:\n"),
            # Trivy asks what system it is before it says that nothing is wrong with it.
            Entry("etc/os-release", b'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian 12"\n'),
            Entry("etc/debian_version", b"12.11\n"),
            Entry("var/lib/dpkg/status", _dpkg({"base-files": ("base-files", "12.4+deb12u11")})),
            Entry("tmp", mode=0o1777, is_directory=True),
            Entry("www", mode=0o755, is_directory=True),
        ],
        "ADD rootfs.tar / # busybox",
    )


def _vulnerable_layer() -> Layer:
    """The files by which Trivy recognises old packages; the programs themselves are not there."""
    entries = [Entry("var/lib/dpkg/status", _dpkg(_DEBIAN_PACKAGES))]
    for name, version in _NODE_PACKAGES.items():
        document = json.dumps({"name": name, "version": version}).encode()
        entries.append(Entry(f"srv/node_modules/{name}/package.json", document))
    for name, version in _PYTHON_PACKAGES.items():
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
        path = f"srv/lib/python3.11/site-packages/{name}-{version}.dist-info/METADATA"
        entries.append(Entry(path, metadata))
    return layer(entries, "RUN npm install && pip install # long ago")


def _dpkg(packages: Mapping[str, tuple[str, str]]) -> bytes:
    return "\n".join(
        f"Package: {name}\nStatus: install ok installed\nArchitecture: all\n"
        f"Source: {source}\nVersion: {version}\nDescription: a sample\n"
        for name, (source, version) in packages.items()
    ).encode()


def _noise(number: int) -> Layer:
    """Bytes that do not compress, and are the same every time (SHAKE-256 as a stream)."""
    content = hashlib.shake_256(f"media {number}".encode()).digest(_MEDIA_LAYER_BYTES)
    return layer([Entry(f"media-{number}.bin", content)], f"COPY media-{number}.bin /")


def _publish(engine: Engine, registry: SampleRegistry, repository: str, tag: str) -> None:
    """Push an image; the engine keeps no tag of it."""
    name = f"{registry.host}/{repository}"
    events: Any = engine.client.images.push(
        name, tag, auth_config=registry.credentials, stream=True, decode=True
    )
    for event in events:
        if "error" in event:  # a failed push is reported inside the stream, and nowhere else
            raise OutsideFailure(
                f"The sample image {name}:{tag} could not be pushed.",
                why=str(event["error"]),
                next_step="Start again; if it stays so, begin anew: `quaymaster try --reset`.",
            )
    engine.client.images.remove(f"{name}:{tag}", noprune=True)


def _reference(registry: SampleRegistry, repository: str, tag: str) -> str:
    return f"{registry.host}/{repository}:{tag}"


def _is_on(engine: Engine, reference: str) -> bool:
    return bool(engine.client.images.list(name=reference))
