"""The test images: what each holds and which names they get in a run."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from tests.images.archive import Entry, Image, layer

PORT = 8000

# Built here, so that no file of the repository looks as if it held a secret. Nobody issued it.
PLANTED_SECRET = "ghp_" + hashlib.sha256(b"planted in the hostile image").hexdigest()[:36]
HOSTILE_TEXT = ("<!channel> *bold* `code` _it_ ~gone~ <https://evil.example|click> & \u202e" * 80)[
    :5000
]

# What the vulnerable image has installed: names and versions the test database knows.
NODE_PACKAGES = {"lodash": "4.17.4", "minimist": "0.0.8"}
PYTHON_PACKAGES = {"urllib3": "1.24.1", "PyYAML": "5.1"}
DEBIAN_PACKAGES = {"libssl3": ("openssl", "3.0.11-1~deb12u1"), "libexpat1": ("expat", "2.5.0-1")}
# How many vulnerabilities Trivy finds in it with each edition of the database.
FINDINGS_A = 33
FINDINGS_B = 36

_FIXED_NODE = {"lodash": "4.17.23", "minimist": "1.2.8"}
_FIXED_PYTHON = {"urllib3": "2.6.1", "PyYAML": "6.0.2"}
_FIXED_DEBIAN = {"libssl3": ("openssl", "3.0.22-1~deb12u2"), "zlib9": ("unheard-of", "1.0")}

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


def make_images(prefix: str) -> tuple[LocalImages, tuple[Image, ...]]:
    """The images, named `PREFIX/web:v1` and so on; needs busybox-static, and no engine."""
    base = (_base_layer(),)
    images = {
        "web_v1": _web(f"{prefix}/web:v1", base, "v1"),
        "web_v2": _web(f"{prefix}/web:v2", base, "v2"),
        "web_v3_broken": _web(f"{prefix}/web:v3-broken", base, "v3", {"HEALTH": "fail"}),
        "web_v4_slow_start": _web(f"{prefix}/web:v4-slow-start", base, "v4", {"START_DELAY": "3"}),
        "web_v6_crash": _web(f"{prefix}/web:v6-crash", base, "v6", {"CRASH_AFTER": "1"}),
        "vulnerable": _web(
            f"{prefix}/vulnerable:v1",
            (*base, _packages_layer(DEBIAN_PACKAGES, NODE_PACKAGES, PYTHON_PACKAGES)),
            "vulnerable",
        ),
        "clean": _web(
            f"{prefix}/clean:v1",
            (*base, _packages_layer(_FIXED_DEBIAN, _FIXED_NODE, _FIXED_PYTHON)),
            "clean",
        ),
        "hostile": _hostile(f"{prefix}/hostile:v1", base),
    }
    names = LocalImages(**{key: image.name for key, image in images.items()})
    return names, tuple(images.values())


def make_big_image(name: str, *, layers: int, layer_bytes: int) -> Image:
    """An image of that many layers that do not compress; the same bytes in every run."""
    contents = tuple(
        layer([Entry(f"data-{number}", _noise(number, layer_bytes))]) for number in range(layers)
    )
    return Image(name=name, layers=contents, command=("/none",))


def _web(
    name: str,
    layers: tuple[bytes, ...],
    version: str,
    environment: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
) -> Image:
    page = layer([Entry("www/index.html", f"web {version}\n".encode())])
    return Image(
        name=name,
        layers=(*layers, page),
        command=("/bin/serve",),
        environment={"PATH": "/bin", "APP_VERSION": version, **(environment or {})},
        labels={"org.opencontainers.image.version": version, **(labels or {})},
        user="1000",
        ports=(PORT,),
    )


def _hostile(name: str, base: tuple[bytes, ...]) -> Image:
    return _web(
        name,
        base,
        "hostile",
        {"API_TOKEN": PLANTED_SECRET, "MOTD": HOSTILE_TEXT},
        {
            "org.opencontainers.image.title": HOSTILE_TEXT,
            "org.opencontainers.image.description": "```\n<!here> " + "`" * 200,
            "org.opencontainers.image.source": "javascript:alert(1)|<@U024BE7LH>",
        },
    )


def _base_layer() -> bytes:
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
        ]
    )


def _busybox() -> bytes:
    found = shutil.which("busybox")
    content = Path(found).read_bytes() if found else b""
    # A dynamically linked program names its interpreter, and would not run in these images.
    if not content or b"/ld-linux" in content or b"/lib/ld-" in content:
        raise FileNotFoundError("busybox is missing or not static: install busybox-static")
    return content


def _packages_layer(
    debian: Mapping[str, tuple[str, str]], node: Mapping[str, str], python: Mapping[str, str]
) -> bytes:
    """The files by which Trivy recognises a Debian 12 and what is installed on it."""
    status = "\n".join(
        f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\n"
        f"Source: {source}\nVersion: {version}\nDescription: made for tests\n"
        for name, (source, version) in debian.items()
    )
    entries = [
        Entry("etc/os-release", b'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian 12"\n'),
        Entry("etc/debian_version", b"12.11\n"),
        Entry("var/lib/dpkg/status", status.encode()),
    ]
    for name, version in node.items():
        document = json.dumps({"name": name, "version": version}).encode()
        entries.append(Entry(f"srv/node_modules/{name}/package.json", document))
    for name, version in python.items():
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
        path = f"srv/lib/python3.11/site-packages/{name}-{version}.dist-info/METADATA"
        entries.append(Entry(path, metadata))
    return layer(entries)


def _noise(seed: int, size: int) -> bytes:
    """Bytes that look random and are the same for the same seed (SHAKE-256 as a stream)."""
    return hashlib.shake_256(f"layer {seed}".encode()).digest(size)
