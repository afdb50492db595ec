"""Images as ``docker load`` reads them: the same content makes the same bytes.

The format is that of ``docker save``: https://github.com/moby/docker-image-spec/blob/main/v1.2.md
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


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, a symbolic link or a directory in a layer."""

    path: str
    data: bytes = b""
    mode: int = 0o644
    link: str | None = None
    is_directory: bool = False


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer as an uncompressed tar archive, and what the image's history says of it."""

    content: bytes
    made_by: str

    @property
    def digest(self) -> str:
        """The digest of the archive."""
        return f"sha256:{_hex(self.content)}"


@dataclass(frozen=True, slots=True)
class Image:
    """An image: its layers from the bottom, and how it runs."""

    layers: tuple[Layer, ...]
    architecture: str
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    ports: tuple[int, ...] = ()

    @property
    def id(self) -> str:
        """What Docker calls the image: the digest of its configuration."""
        return f"sha256:{_hex(self.configuration)}"

    @property
    def configuration(self) -> bytes:
        """The image's JSON: https://github.com/opencontainers/image-spec/blob/main/config.md"""
        document = {
            "architecture": self.architecture,
            "os": "linux",
            "created": _CREATED,
            "config": {
                "Cmd": list(self.command),
                "Env": [f"{name}={value}" for name, value in self.environment.items()],
                "Labels": dict(self.labels),
                "User": self.user,
                "ExposedPorts": {f"{port}/tcp": {} for port in self.ports},
            },
            "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in self.layers]},
            "history": [
                {"created": _CREATED, "created_by": layer.made_by} for layer in self.layers
            ],
        }
        return json.dumps(document, sort_keys=True).encode()


def layer(entries: Iterable[Entry], made_by: str) -> Layer:
    """A layer; parents have to come before what they hold."""
    return Layer(tar_of(entries), made_by)


def archive_of(images: Mapping[str, Image]) -> bytes:
    """One archive for ``docker load`` with images by name; layers they share are in it once."""
    files: dict[str, bytes] = {}
    manifest = []
    for name, image in images.items():
        layers = {f"{_hex(one.content)}.tar": one.content for one in image.layers}
        configuration = f"{_hex(image.configuration)}.json"
        files |= layers | {configuration: image.configuration}
        manifest.append({"Config": configuration, "RepoTags": [name], "Layers": list(layers)})
    files["manifest.json"] = json.dumps(manifest).encode()
    return tar_of(Entry(path=path, data=data) for path, data in files.items())


def tar_of(entries: Iterable[Entry]) -> bytes:
    """The archive alone; parents have to come before what they hold."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for entry in entries:
            archive.addfile(_header(entry), io.BytesIO(entry.data))
    return output.getvalue()


def this_architecture() -> str:
    """What images call the architecture of this machine: Go's names for what uname says.

    https://go.dev/doc/install/source#environment
    """
    names = {"x86_64": "amd64", "aarch64": "arm64"}
    return names.get(platform.machine(), platform.machine())


def _hex(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _header(entry: Entry) -> tarfile.TarInfo:
    header = tarfile.TarInfo(entry.path)
    header.mtime, header.mode, header.size = _TIME, entry.mode, len(entry.data)
    if entry.link is not None:
        header.type, header.linkname = tarfile.SYMTYPE, entry.link
    elif entry.is_directory:
        header.type = tarfile.DIRTYPE
    return header
