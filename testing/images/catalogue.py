"""The test images: what each holds and which names they get in a run."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from trial.archive import Entry, Image, Layer, layer, this_architecture
from trial.busybox import busybox_of_this_machine
from trial.packages import DEBIAN, VULNERABLE, Packages

PORT = 8000

# Built here, so that no file of the repository looks as if it held a secret. Nobody issued it.
PLANTED_SECRET = "ghp_" + hashlib.sha256(b"planted in the hostile image").hexdigest()[:36]
HOSTILE_TEXT = ("<!channel> *bold* `code` _it_ ~gone~ <https://evil.example|click> & \u202e" * 80)[
    :5000
]

# How many vulnerabilities Trivy finds in the vulnerable image with each edition of the database.
FINDINGS_A = 33
FINDINGS_B = 36

_REPAIRED = Packages(
    debian={"libssl3": ("openssl", "3.0.22-1~deb12u2"), "zlib9": ("unheard-of", "1.0")},
    node={"lodash": "4.17.23", "minimist": "1.2.8"},
    python={"urllib3": "2.6.1", "PyYAML": "6.0.2"},
)

_APPLETS = [
    *("cat", "cp", "date", "echo", "env", "false", "grep", "head", "hostname", "httpd", "id"),
    *("kill", "ls", "nc", "nslookup", "printf", "ps", "rm", "sed", "seq", "sh", "sleep", "tail"),
    *("test", "touch", "true", "wget", "yes"),
]
_FILES = Path(__file__).parent / "files"


@dataclass(frozen=True, slots=True)
class LocalImages:
    """Names of images that are in the test engine, each `…:tag` as `docker run` takes it.

    All but `web_crash` serve `/` and `/healthz` on port 8000 and stop on SIGTERM at once.
    Nobody may remove or retag them; tag them under names of your own.
    """

    web_v1: str  # healthy
    web_v2: str  # healthy, another page, another digest
    web_v3_broken: str  # serves, but /healthz answers 503
    web_v4_slow_start: str  # listens after 3 s
    web_v6_crash: str  # ends after 1 s with status 3
    vulnerable: str  # Debian, npm and Python packages with known vulnerabilities
    clean: str  # the same packages, repaired
    hostile: str  # labels and environment that try to break out of a message; a planted secret

    def all(self) -> tuple[str, ...]:
        """Every name."""
        return tuple(getattr(self, field.name) for field in fields(self))


def make_images(prefix: str) -> tuple[LocalImages, Mapping[str, Image]]:
    """The images by name, `PREFIX/web:v1` and so on; needs busybox-static, and no engine."""
    base = (base_layer(),)
    names = LocalImages(
        web_v1=f"{prefix}/web:v1",
        web_v2=f"{prefix}/web:v2",
        web_v3_broken=f"{prefix}/web:v3-broken",
        web_v4_slow_start=f"{prefix}/web:v4-slow-start",
        web_v6_crash=f"{prefix}/web:v6-crash",
        vulnerable=f"{prefix}/vulnerable:v1",
        clean=f"{prefix}/clean:v1",
        hostile=f"{prefix}/hostile:v1",
    )
    return names, {
        names.web_v1: _web(base, "v1"),
        names.web_v2: _web(base, "v2"),
        names.web_v3_broken: _web(base, "v3", {"HEALTH": "fail"}),
        names.web_v4_slow_start: _web(base, "v4", {"START_DELAY": "3"}),
        names.web_v6_crash: _web(base, "v6", {"CRASH_AFTER": "1"}),
        names.vulnerable: _web((*base, _packages_layer(VULNERABLE)), "vulnerable"),
        names.clean: _web((*base, _packages_layer(_REPAIRED)), "clean"),
        names.hostile: _hostile(base),
    }


def make_big_image(*, layers: int, layer_bytes: int, kind: str = "data") -> Image:
    """An image of that many layers that do not compress; the same bytes in every run, and others
    for another kind.
    """
    contents = tuple(
        layer([Entry(f"{kind}-{number}", _noise(number, layer_bytes))], f"layer {number}")
        for number in range(layers)
    )
    return Image(contents, this_architecture(), command=("/none",))


def _web(
    layers: tuple[Layer, ...],
    version: str,
    environment: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
) -> Image:
    page = layer([Entry("www/index.html", f"web {version}\n".encode())], f"COPY www-{version} /www")
    return Image(
        (*layers, page),
        this_architecture(),
        command=("/bin/serve",),
        environment={"PATH": "/bin", "APP_VERSION": version, **(environment or {})},
        labels={"org.opencontainers.image.version": version, **(labels or {})},
        user="1000",
        ports=(PORT,),
    )


def _hostile(base: tuple[Layer, ...]) -> Image:
    return _web(
        base,
        "hostile",
        {"API_TOKEN": PLANTED_SECRET, "MOTD": HOSTILE_TEXT},
        {
            "org.opencontainers.image.title": HOSTILE_TEXT,
            "org.opencontainers.image.description": "```\n<!here> " + "`" * 200,
            "org.opencontainers.image.source": "javascript:alert(1)|<@U024BE7LH>",
        },
    )


def base_layer() -> Layer:
    """Busybox and its applets, which every image begins with."""
    return layer(
        [
            Entry("bin", mode=0o755, is_directory=True),
            Entry("bin/busybox", _busybox(), mode=0o755),
            *(Entry(f"bin/{name}", link="busybox") for name in _APPLETS),
            Entry("bin/serve", (_FILES / "serve").read_bytes(), mode=0o755),
            Entry("bin/answer", (_FILES / "answer").read_bytes(), mode=0o755),
            Entry("etc", mode=0o755, is_directory=True),
            Entry("etc/passwd", b"root:x:0:0::/:/bin/sh\napp:x:1000:1000::/:/bin/sh\n"),
            Entry("etc/group", b"root:x:0:\napp:x:1000:\n"),
            Entry("tmp", mode=0o1777, is_directory=True),
            Entry("www", mode=0o755, is_directory=True),
            Entry("www/healthz", b"ok\n"),
        ],
        "ADD rootfs.tar / # busybox",
    )


def _busybox() -> bytes:
    content = busybox_of_this_machine()
    if content is None:
        raise FileNotFoundError("busybox is missing or not static: install busybox-static")
    return content


def _packages_layer(packages: Packages) -> Layer:
    return layer([*DEBIAN, *packages.entries()], "RUN apt-get install; npm install; pip install")


def _noise(seed: int, size: int) -> bytes:
    """Bytes that look random and are the same for the same seed (SHAKE-256 as a stream)."""
    return hashlib.shake_256(f"layer {seed}".encode()).digest(size)
