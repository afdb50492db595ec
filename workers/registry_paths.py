"""The addresses of a registry's API, and the rights that each needs.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md#endpoints
https://distribution.github.io/distribution/spec/auth/scope/
"""

from urllib.parse import quote, urlencode

from quaymaster.image_ref import Digest, Repository


def repository_path(repository: Repository) -> str:
    """Where a repository is; its path is valid by its type and needs no quoting."""
    return f"/v2/{api_name(repository)}"


def manifest_path(repository: Repository, selector: str) -> str:
    """Where the manifest of a tag or digest is."""
    return f"{repository_path(repository)}/manifests/{quote(selector, safe=':')}"


def blob_path(repository: Repository, digest: Digest) -> str:
    """Where a blob is."""
    return f"{repository_path(repository)}/blobs/{digest}"


def mount_path(repository: Repository, digest: Digest, source: Repository) -> str:
    """Where a blob of another repository of the same registry is mounted."""
    query = urlencode({"mount": str(digest), "from": api_name(source)}, safe=":/")
    return f"{repository_path(repository)}/blobs/uploads/?{query}"


def scope(repository: Repository, rights: str) -> frozenset[str]:
    """The right to a repository: ``pull`` or ``pull,push``."""
    return frozenset({f"repository:{api_name(repository)}:{rights}"})


def api_name(repository: Repository) -> str:
    """The repository as the API calls it. Docker Hub's own images live in ``library``.

    https://github.com/distribution/reference/blob/main/normalize.go
    """
    is_official = repository.registry in ("docker.io", "index.docker.io")
    return (
        f"library/{repository.path}"
        if is_official and "/" not in repository.path
        else (repository.path)
    )
