"""Writes a vulnerability database that Trivy reads, from advisories kept as JSON.

Trivy's database (schema version 2, https://github.com/aquasecurity/trivy-db) is a bbolt file,
whose layout is described at https://github.com/etcd-io/bbolt (page.go, bucket.go, db.go):
pages of 4096 bytes; two meta pages, a free list, then the leaf and branch pages of a B+ tree.
The file is written once, from the leaves up, and the same input gives the same bytes.
"""

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

Document: TypeAlias = Mapping[str, Any]
Tree: TypeAlias = Mapping[str, "Tree | bytes"]

_PAGE = 4096
_PAGE_HEADER = 16
_BRANCH, _LEAF, _META, _FREELIST = 1, 2, 4, 16
_MAGIC, _VERSION = 0xED0CDAED, 2
_BUCKET_ROW = 1
_LEAST_SIZE = 32_768


def merge(document: Document, patch: Document) -> Document:
    """The document with a JSON Merge Patch applied (RFC 7396: null removes)."""
    merged = dict(document)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            before = merged.get(key)
            merged[key] = merge(before if isinstance(before, Mapping) else {}, value)
        else:
            merged[key] = value
    return merged


def write_database(directory: Path, document: Document) -> None:
    """Write `trivy.db` and `metadata.json` from metadata, sources, advisories, vulnerabilities.

    Keys that begin with an underscore are notes for people and are left out.
    """
    advisories: Mapping[str, Mapping[str, Document]] = document["advisories"]
    root: dict[str, Tree | bytes] = {
        "data-source": _encoded(document["sources"]),
        "vulnerability": _encoded(document["vulnerabilities"]),
    }
    for bucket, packages in advisories.items():
        root[bucket] = {name: _encoded(entries) for name, entries in packages.items() if entries}
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "trivy.db").write_bytes(_BoltFile().content(root))
    (directory / "metadata.json").write_text(json.dumps(_public(document["metadata"])) + "\n")


def _encoded(entries: Document) -> Tree:
    return {
        key: json.dumps(_public(value), ensure_ascii=False, separators=(",", ":")).encode()
        for key, value in entries.items()
    }


def _public(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _public(item) for key, item in value.items() if not key.startswith("_")}
    return value


@dataclass(frozen=True, slots=True)
class _Row:
    """An element of a page: a key with its value, or (in a branch) the page it leads to."""

    flags: int
    key: bytes
    value: bytes


@dataclass(slots=True)
class _BoltFile:
    """The pages written so far, from page 3 on; 0 and 1 are the metas, 2 the free list."""

    pages: list[bytes] = field(default_factory=list)
    next_page: int = 3

    def content(self, root: Tree) -> bytes:
        """The whole file."""
        top = self._write_tree(self._rows(root))
        metas = b"".join(self._meta(top, number) for number in (0, 1))
        free = struct.pack("<QHHI", 2, _FREELIST, 0, 0).ljust(_PAGE, b"\0")
        return (metas + free + b"".join(self.pages)).ljust(_LEAST_SIZE, b"\0")

    def _meta(self, root_page: int, number: int) -> bytes:
        body = struct.pack(
            "<IIIIQQQQQ", _MAGIC, _VERSION, _PAGE, 0, root_page, 0, 2, self.next_page, number
        )
        body += struct.pack("<Q", _fnv64a(body))
        return (struct.pack("<QHHI", number, _META, 0, 0) + body).ljust(_PAGE, b"\0")

    def _rows(self, tree: Tree) -> list[_Row]:
        return [
            _Row(0, key.encode(), value)
            if isinstance(value, bytes)
            else _Row(_BUCKET_ROW, key.encode(), self._bucket(value))
            for key, value in sorted(tree.items(), key=lambda item: item[0].encode())
        ]

    def _bucket(self, tree: Tree) -> bytes:
        """The value of a nested bucket: the bucket itself when it is small, else its page."""
        rows = self._rows(tree)
        body = _leaf(rows)
        is_flat = all(row.flags != _BUCKET_ROW for row in rows)
        if is_flat and _PAGE_HEADER + len(body) <= _PAGE // 4:
            return struct.pack("<QQQHHI", 0, 0, 0, _LEAF, len(rows), 0) + body
        return struct.pack("<QQ", self._write_tree(rows), 0)

    def _write_tree(self, rows: Sequence[_Row]) -> int:
        level = [
            (chunk[0].key, self._write_page(_LEAF, len(chunk), _leaf(chunk)))
            for chunk in _by_page(rows)
        ]
        while len(level) > 1:
            children = [_Row(0, key, struct.pack("<Q", page)) for key, page in level]
            level = [
                (chunk[0].key, self._write_page(_BRANCH, len(chunk), _branch(chunk)))
                for chunk in _by_page(children)
            ]
        return level[0][1]

    def _write_page(self, flags: int, count: int, body: bytes) -> int:
        page = self.next_page
        pages = -(-(_PAGE_HEADER + len(body)) // _PAGE)
        header = struct.pack("<QHHI", page, flags, count, pages - 1)
        self.pages.append((header + body).ljust(pages * _PAGE, b"\0"))
        self.next_page += pages
        return page


def _leaf(rows: Sequence[_Row]) -> bytes:
    """The table of elements, then the keys and values that it points at."""
    position, table, data = 16 * len(rows), b"", b""
    for number, row in enumerate(rows):
        offset = position + len(data) - 16 * number
        table += struct.pack("<IIII", row.flags, offset, len(row.key), len(row.value))
        data += row.key + row.value
    return table + data


def _branch(rows: Sequence[_Row]) -> bytes:
    position, table, data = 16 * len(rows), b"", b""
    for number, row in enumerate(rows):
        table += struct.pack("<II", position + len(data) - 16 * number, len(row.key)) + row.value
        data += row.key
    return table + data


def _by_page(rows: Sequence[_Row]) -> Iterator[Sequence[_Row]]:
    """The rows in groups that fit a page; a row that does not fit has pages to itself."""
    start, used = 0, 0
    for end, row in enumerate(rows):
        size = 16 + len(row.key) + len(row.value)
        if end > start and used + size > _PAGE - _PAGE_HEADER:
            yield rows[start:end]
            start, used = end, 0
        used += size
    yield rows[start:]


def _fnv64a(data: bytes) -> int:
    """FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/"""
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value
