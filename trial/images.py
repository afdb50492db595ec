"""The sample images: what each is for, made from one busybox."""

import hashlib
from collections.abc import Mapping
from importlib.resources import files

from trial.archive import Entry, Image, Layer, layer
from trial.engine import LABEL
from trial.packages import DEBIAN, VULNERABLE, Packages

PORT = 8000
WEB = "shop/web"
MEDIA = "shop/media"

HEALTHY_TAGS = ("v1", "v2")
BROKEN_TAG = "v3-broken"
VULNERABLE_TAG = "v4-vulnerable"
LEAKY_TAG = "v5-leaky"
"""Healthy everywhere at first; where there is traffic, not for long."""

PUBLISHED = ((WEB, "v1"), (WEB, BROKEN_TAG), (WEB, VULNERABLE_TAG), (WEB, LEAKY_TAG))
"""In the registry from the start."""
TO_BE_PUSHED = ((WEB, "v2"), (MEDIA, "v1"))
"""On the Docker host only, until they are pushed."""

_MEDIA_LAYERS = 8
_MEDIA_LAYER_BYTES = 12_000_000

_APPLETS = ("cat", "echo", "httpd", "kill", "ls", "ps", "sh", "sleep", "wget")
_INSTALLED = Packages(debian={"base-files": ("base-files", "12.4+deb12u11")})


def sample_images(busybox: bytes, architecture: str, trial: str) -> Mapping[tuple[str, str], Image]:
    """Every sample image by repository and tag: the same bytes for the same arguments."""
    base = _base_layer(busybox)
    vulnerable = layer(VULNERABLE.entries(), "RUN npm install && pip install # long ago")
    v1, v2 = HEALTHY_TAGS
    healthy = {tag: _web(tag, (base,), architecture, trial) for tag in HEALTHY_TAGS}
    return {
        (WEB, v1): healthy[v1],
        (WEB, v2): healthy[v2],
        (WEB, BROKEN_TAG): _web("v3", (base,), architecture, trial, is_healthy=False),
        (WEB, VULNERABLE_TAG): _web("v4", (base, vulnerable), architecture, trial),
        (WEB, LEAKY_TAG): _web("v5", (base,), architecture, trial, leaks=True),
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
    leaks: bool = False,
) -> Image:
    page = [Entry("www/index.html", f"This is web {version}.\n".encode())]
    if is_healthy:
        page.append(Entry("www/healthz", b"ok\n"))
    return Image(
        layers=(*layers, layer(page, f"COPY www-{version} /www")),
        architecture=architecture,
        command=("/bin/serve",),
        environment={"PATH": "/bin", "APP_VERSION": version, "LEAKS": "yes" if leaks else ""},
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
            *DEBIAN,
            *_INSTALLED.entries(),
            Entry("tmp", mode=0o1777, is_directory=True),
            Entry("www", mode=0o755, is_directory=True),
        ],
        "ADD rootfs.tar / # busybox",
    )


def _noise(number: int) -> Layer:
    """Bytes that do not compress, and are the same every time (SHAKE-256 as a stream)."""
    content = hashlib.shake_256(f"media {number}".encode()).digest(_MEDIA_LAYER_BYTES)
    return layer([Entry(f"media-{number}.bin", content)], f"COPY media-{number}.bin /")
