"""The vulnerability database on disk: whether it is there and whole, how old, which edition.

Trivy keeps it as ``CACHE/db/trivy.db`` with ``metadata.json`` beside it:
https://trivy.dev/docs/latest/configuration/db/
"""

import hashlib
import os
import struct
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from pydantic import Field, ValidationError

from quaymaster.errors import ScannerBroken
from quaymaster.findings import ScannerDatabase
from quaymaster.limits import METADATA_BYTES
from workers.outside.foreign_json import Foreign, reason_of

_SCHEMA = 2
_WHOLE_BYTES = 32 * 1024 * 1024
_SAMPLES = 256
_SAMPLE_BYTES = 4096

# A bbolt file begins with two meta pages, each a header of 16 bytes and then these fields:
# https://github.com/etcd-io/bbolt/blob/main/internal/common/meta.go
_META = struct.Struct("<IIIIQQQQQ")
_META_OFFSET = 16
_MAGIC = 0xED0CDAED
_HOW_TO_GET_ONE = (
    "Your Quaymaster administrator has to download it with `trivy image --download-db-only`, "
    "or copy one."
)


def read_database(cache: Path) -> ScannerDatabase:
    """The database in a cache directory of Trivy, without starting Trivy.

    Its version is a hash of the content (of samples of it, where it is large), so it is the same
    on every worker that has the same database. Raises ScannerBroken when it is missing, cut
    short, or made for another Trivy.
    """
    file = cache / "db" / "trivy.db"
    try:
        with (cache / "db" / "metadata.json").open("rb") as opened:
            metadata = opened.read(METADATA_BYTES)
        status = file.stat()
    except OSError as error:
        raise ScannerBroken(
            "The scanner has no vulnerability database.",
            why=f"{error.filename}: {error.strerror}.",
            next_step=_HOW_TO_GET_ONE,
        ) from None
    updated_at = _updated_at(metadata)
    content = _version(file, status.st_ino, status.st_mtime_ns, status.st_size)
    version = hashlib.sha256(f"{updated_at.isoformat()} {content}".encode()).hexdigest()[:16]
    return ScannerDatabase(version, updated_at)


@lru_cache(maxsize=8)
def _version(file: Path, _inode: int, _changed: int, size: int) -> str:
    """A hash of the content, made once while the file does not change."""
    try:
        with file.open("rb") as opened:
            descriptor = opened.fileno()
            _expect_whole(os.pread(descriptor, 2 * _SAMPLE_BYTES, 0), size)
            digest = hashlib.sha256(str(size).encode())
            for offset in _offsets(size):
                digest.update(os.pread(descriptor, _SAMPLE_BYTES, offset))
    except OSError as error:
        raise _damaged(f"It cannot be read: {error.strerror}.") from None
    return digest.hexdigest()


def _offsets(size: int) -> range:
    step = _SAMPLE_BYTES if size <= _WHOLE_BYTES else max(size // _SAMPLES, _SAMPLE_BYTES)
    return range(0, size, step)


def _expect_whole(start: bytes, size: int) -> None:
    """Trivy notices a file that was cut short only when it needs a page that is gone."""
    metas = [
        _META.unpack_from(start, offset)
        for offset in (_META_OFFSET, _META_OFFSET + _SAMPLE_BYTES)
        if len(start) >= offset + _META.size
    ]
    valid = [meta for meta in metas if meta[0] == _MAGIC]
    if not valid:
        raise _damaged("trivy.db is not a database.")
    _, _, page_size, *_, pages, _ = max(valid, key=lambda meta: meta[-1])
    if size < page_size * pages:
        raise _damaged(f"trivy.db has {size:,} of {page_size * pages:,} bytes.")


def _updated_at(metadata: bytes) -> datetime:
    try:
        read = _Metadata.model_validate_json(metadata)
    except ValidationError as error:
        raise _damaged(f"metadata.json cannot be read. {reason_of(error)}") from None
    if read.version != _SCHEMA:
        raise ScannerBroken(
            f"The vulnerability database has schema {read.version}; this Trivy reads {_SCHEMA}.",
            next_step=_HOW_TO_GET_ONE,
        )
    updated = read.updated_at
    return updated.astimezone(UTC) if updated.tzinfo else updated.replace(tzinfo=UTC)


def _damaged(why: str) -> ScannerBroken:
    return ScannerBroken(
        "The scanner's vulnerability database is damaged.",
        why=why,
        next_step=f"Delete it. {_HOW_TO_GET_ONE}",
    )


class _Metadata(Foreign):
    version: int = Field(alias="Version")
    updated_at: datetime = Field(alias="UpdatedAt")
