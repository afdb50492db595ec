"""Images as `docker load` reads them, made so that the same content gives the same bytes.

The format is `docker save`'s: https://github.com/moby/docker-image-spec/blob/main/v1.2.md
("Combined Image JSON + Filesystem Changeset Format").
"""

import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

# Every file and every image has the same date, so that digests depend on content alone.
_TIME = 1_759_305_600
_CREATED = "2025-10-01T08:00:00Z"

# Go's names for what uname calls the machine (https://go.dev/doc/install/source#environment).
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, a link or a directory in a layer."""

    path: str
    data: bytes = b""
    mode: int = 0o644
    link: str | None = None
    is_directory: bool = False


@dataclass(frozen=True, slots=True)
class Image:
    """An image: its name, its layers from the bottom, and how it runs."""

    name: str
    layers: tuple[bytes, ...]
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    ports: tuple[int, ...] = ()

    @property
    def id(self) -> str:
        """What Docker will call the image: the digest of its configuration."""
        return _digest(self.configuration)

    @property
    def configuration(self) -> bytes:
        """The image's JSON: https://github.com/opencontainers/image-spec/blob/main/config.md"""
        document = {
            "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
            "os": "linux",
            "created": _CREATED,
            "config": {
                "Cmd": list(self.command),
                "Env": [f"{name}={value}" for name, value in self.environment.items()],
                "Labels": dict(self.labels),
                "User": self.user,
                "ExposedPorts": {f"{port}/tcp": {} for port in self.ports},
            },
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer) for layer in self.layers]},
            "history": [
                {"created": _CREATED, "created_by": f"layer {number}"}
                for number in range(1, len(self.layers) + 1)
            ],
        }
        return json.dumps(document, sort_keys=True).encode()


def layer(entries: Iterable[Entry]) -> bytes:
    """A layer as an uncompressed tar archive; parents have to come before what they hold."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for entry in entries:
            archive.addfile(_header(entry), io.BytesIO(entry.data))
    return output.getvalue()


def archive_of(images: Iterable[Image]) -> bytes:
    """One archive for `docker load` with all images; layers they share are in it once."""
    files: dict[str, bytes] = {}
    manifest = []
    for image in images:
        layers = {
            f"{_digest(content).removeprefix('sha256:')}.tar": content for content in image.layers
        }
        configuration = f"{image.id.removeprefix('sha256:')}.json"
        files |= layers | {configuration: image.configuration}
        manifest.append({"Config": configuration, "RepoTags": [image.name], "Layers": list(layers)})
    files["manifest.json"] = json.dumps(manifest).encode()
    return layer(Entry(path=path, data=data) for path, data in files.items())


def _header(entry: Entry) -> tarfile.TarInfo:
    header = tarfile.TarInfo(entry.path)
    header.mtime, header.mode, header.size = _TIME, entry.mode, len(entry.data)
    if entry.link is not None:
        header.type, header.linkname = tarfile.SYMTYPE, entry.link
    elif entry.is_directory:
        header.type = tarfile.DIRTYPE
    return header


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()
