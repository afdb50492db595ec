"""Big images, put into a registry through its API: quicker than any engine makes and pushes them.

https://distribution.github.io/distribution/spec/manifest-v2-2/
"""

import hashlib
import json
import random
import zlib
from collections.abc import Iterable, Iterator

import httpx

from testing.engines.registries import Registry
from trial.archive import Entry, tar_of, this_architecture

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIGURATION = "application/vnd.docker.container.image.v1+json"
_FILE_BYTES = 40_000
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


def noise(layers: int, layer_bytes: int) -> Iterator[bytes]:
    """Layers of one file each that does not compress; no two are alike."""
    content = random.randbytes(layer_bytes)
    for number in range(layers):
        beginning = f"layer {number} ".encode()
        yield tar_of([Entry(f"data-{number}", beginning + content[len(beginning) :])])


def files(layers: int, layer_bytes: int) -> Iterator[bytes]:
    """Layers of files as images have them: some 40 kB each on average, and gzip halves them. No two
    are alike.
    """
    chance = random.Random(layer_bytes)
    words = [chance.randbytes(chance.randint(3, 14)) for _ in range(3_000)]
    text = b"".join(chance.choices(words, k=400_000))
    for number in range(layers):
        yield tar_of(_files(number, layer_bytes, text, chance))


def _files(layer: int, layer_bytes: int, text: bytes, chance: random.Random) -> Iterator[Entry]:
    folder = f"layer-{layer}"
    yield Entry(folder, mode=0o755, is_directory=True)
    left, number = layer_bytes, 0
    while left > 0:
        size = min(left, 100 + int(chance.expovariate(1 / _FILE_BYTES)))
        begins = chance.randrange(max(1, len(text) - size))
        head = f"{layer} {number} ".encode()
        yield Entry(f"{folder}/{number}", (head + text[begins : begins + size])[:size])
        left, number = left - size, number + 1


def put_image(
    registry: Registry, repository: str, tag: str, layers: Iterable[bytes], *, level: int = 0
) -> str:
    """Make an image of these layers in the registry; its digest.

    ``level`` is gzip's: what does not compress is stored by every level, and 0 does not even try.
    """
    descriptors, diff_ids = [], []
    with registry.client() as client:
        client.timeout = httpx.Timeout(60)
        for content in layers:
            packed = _packed(content, level)
            digest = _put_blob(client, repository, packed)
            descriptors.append({"mediaType": _LAYER, "size": len(packed), "digest": digest})
            diff_ids.append(_digest(content))
        configuration = _configuration(diff_ids)
        document = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": {
                "mediaType": _CONFIGURATION,
                "size": len(configuration),
                "digest": _put_blob(client, repository, configuration),
            },
            "layers": descriptors,
        }
        answer = client.put(
            f"/v2/{repository}/manifests/{tag}",
            content=json.dumps(document).encode(),
            headers={"Content-Type": _MANIFEST},
        )
        answer.raise_for_status()
        return str(answer.headers["Docker-Content-Digest"])


def _put_blob(client: httpx.Client, repository: str, content: bytes) -> str:
    digest = _digest(content)
    begun = client.post(f"/v2/{repository}/blobs/uploads/")
    begun.raise_for_status()
    address = httpx.URL(begun.headers["Location"]).copy_merge_params({"digest": digest})
    headers = {"Content-Type": "application/octet-stream"}
    client.put(address, content=content, headers=headers).raise_for_status()
    return digest


def _configuration(diff_ids: list[str]) -> bytes:
    return json.dumps(
        {
            "architecture": this_architecture(),
            "os": "linux",
            "config": {"Cmd": ["/none"]},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
            "history": [{"created_by": f"layer {number}"} for number in range(len(diff_ids))],
        }
    ).encode()


def _packed(content: bytes, level: int) -> bytes:
    packer = zlib.compressobj(level=level, wbits=31)
    return packer.compress(content) + packer.flush()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
