"""Images as ``docker load`` reads them: the same content makes the same bytes.

The format is that of ``docker save``: https://github.com/moby/docker-image-spec/blob/main/v1.2.md
("Combined Image JSON + Filesystem Changeset Format").
"""

import hashlib
import io
import json
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
        return "sha256:" + hashlib.sha256(self.content).hexdigest()


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
    return Layer(_tar(entries), made_by)


def archive_of(images: Mapping[str, Image]) -> bytes:
    """One archive for ``docker load`` with images by name; layers they share are in it once."""
    files: dict[str, bytes] = {}
    manifest = []
    for name, image in images.items():
        layers = {f"{_hex(one.digest)}.tar": one.content for one in image.layers}
        configuration = f"{hashlib.sha256(image.configuration).hexdigest()}.json"
        files |= layers | {configuration: image.configuration}
        manifest.append({"Config": configuration, "RepoTags": [name], "Layers": list(layers)})
    files["manifest.json"] = json.dumps(manifest).encode()
    return _tar(Entry(path=path, data=data) for path, data in files.items())


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")


def _tar(entries: Iterable[Entry]) -> bytes:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for entry in entries:
            archive.addfile(_header(entry), io.BytesIO(entry.data))
    return output.getvalue()


def _header(entry: Entry) -> tarfile.TarInfo:
    header = tarfile.TarInfo(entry.path)
    header.mtime, header.mode, header.size = _TIME, entry.mode, len(entry.data)
    if entry.link is not None:
        header.type, header.linkname = tarfile.SYMTYPE, entry.link
    elif entry.is_directory:
        header.type = tarfile.DIRTYPE
    return header
