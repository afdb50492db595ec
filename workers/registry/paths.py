"""The addresses of a registry's API, and the rights that each needs.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md#endpoints
https://distribution.github.io/distribution/spec/auth/scope/
"""

from urllib.parse import quote, urlencode

from quaymaster.image_ref import Digest, Repository


def repository_path(repository: Repository) -> str:
    """Where a repository is; its path is valid by its type and needs no quoting."""
    return f"/v2/{repository.path}"


def manifest_path(repository: Repository, selector: str) -> str:
    """Where the manifest of a tag or digest is."""
    return f"{repository_path(repository)}/manifests/{quote(selector, safe=':')}"


def blob_path(repository: Repository, digest: Digest) -> str:
    """Where a blob is."""
    return f"{repository_path(repository)}/blobs/{digest}"


def mount_path(repository: Repository, digest: Digest, source: Repository) -> str:
    """Where a blob of another repository of the same registry is mounted."""
    query = urlencode({"mount": str(digest), "from": source.path}, safe=":/")
    return f"{repository_path(repository)}/blobs/uploads/?{query}"


def scope(repository: Repository, rights: str) -> frozenset[str]:
    """The right to a repository: ``pull`` or ``pull,push``."""
    return frozenset({f"repository:{repository.path}:{rights}"})
