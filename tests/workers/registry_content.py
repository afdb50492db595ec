"""Images put into a registry by its API: indexes and odd manifests that no engine would push."""

import json
from dataclasses import dataclass
from typing import Any

import httpx

from trial.archive import Entry, Image, tar_of
from workers.registry.manifests import (
    ACCEPT,
    DOCKER_IMAGE,
    DOCKER_INDEX,
    OCI_IMAGE,
    OCI_INDEX,
    digest_of,
)

CONFIGURATION = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"


@dataclass(frozen=True, slots=True)
class Content:
    """Writes into one repository; blobs and manifests are checked by the registry."""

    client: httpx.Client
    repository: str

    def blob(self, content: bytes, media_type: str) -> dict[str, Any]:
        """Upload a blob; its descriptor."""
        digest = str(digest_of(content))
        start = self.client.post(f"/v2/{self.repository}/blobs/uploads/").raise_for_status()
        where = self.client.base_url.join(start.headers["Location"]).copy_add_param(
            "digest", digest
        )
        self.client.put(where, content=content).raise_for_status()
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    def manifest(self, document: dict[str, Any], media_type: str, selector: str = "") -> bytes:
        """Put a manifest under a tag, or under its digest; its bytes."""
        content = json.dumps({"schemaVersion": 2, "mediaType": media_type, **document}).encode()
        self.client.put(
            f"/v2/{self.repository}/manifests/{selector or digest_of(content)}",
            content=content,
            headers={"Content-Type": media_type},
        ).raise_for_status()
        return content

    def image(
        self, tag: str = "", media_type: str = OCI_IMAGE, *, architecture: str = "amd64"
    ) -> bytes:
        """An image of two small layers, under a tag or its digest alone."""
        layers = [
            self.blob(tar_of([Entry(f"{architecture}-{number}", self.repository.encode())]), LAYER)
            for number in (1, 2)
        ]
        document = {
            "os": "linux",
            "architecture": architecture,
            "config": {"Env": ["PATH=/bin", "API_TOKEN=made-up"], "Cmd": ["/bin/serve"]},
            "rootfs": {"type": "layers", "diff_ids": [one["digest"] for one in layers]},
        }
        config = self.blob(json.dumps(document).encode(), CONFIGURATION)
        parts = {"config": config, "layers": layers}
        return self.manifest(parts, media_type, tag)

    def put(self, image: Image, tag: str) -> str:
        """An image as the image maker makes it; its digest."""
        layers = [self.blob(one.content, LAYER) for one in image.layers]
        parts = {"config": self.blob(image.configuration, CONFIGURATION), "layers": layers}
        return str(digest_of(self.manifest(parts, OCI_IMAGE, tag)))

    def index_of(self, tag: str, *members: tuple[str, str]) -> str:
        """An index of images that are there: the platform and the digest of each; its digest.

        Without a platform the index says none.
        """
        described = []
        for platform, digest in members:
            value = self.client.get(
                f"/v2/{self.repository}/manifests/{digest}", headers={"Accept": ACCEPT}
            ).raise_for_status()
            names, words = ("os", "architecture", "variant"), platform.split("/")
            described.append(
                {
                    "mediaType": value.headers["Content-Type"],
                    "digest": digest,
                    "size": len(value.content),
                    **({"platform": dict(zip(names, words, strict=False))} if platform else {}),
                }
            )
        return str(digest_of(self.manifest({"manifests": described}, OCI_INDEX, tag)))

    def index(self, tag: str, media_type: str = OCI_INDEX, *architectures: str) -> bytes:
        """An index of one image for each architecture."""
        kind = DOCKER_IMAGE if media_type == DOCKER_INDEX else OCI_IMAGE
        members = []
        for architecture in architectures or ("arm64", "amd64"):
            content = self.image(media_type=kind, architecture=architecture)
            members.append(
                {
                    "mediaType": kind,
                    "digest": str(digest_of(content)),
                    "size": len(content),
                    "platform": {"os": "linux", "architecture": architecture},
                }
            )
        return self.manifest({"manifests": members}, media_type, tag)
