"""The vulnerability database is read without Trivy; one that is of no use is said to be."""

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from quaymaster.errors import ScannerBroken
from testing.engines.trivy import TrivyCaches, make_caches
from workers.scanner.database import read_database


@pytest.fixture
def caches(tmp_path: Path) -> TrivyCaches:
    return make_caches(tmp_path / "caches")


def write_metadata(cache: Path, **values: object) -> None:
    file = cache / "db" / "metadata.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


def test_two_editions_differ_and_a_copy_does_not(caches: TrivyCaches, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(caches.a, copy)
    os.utime(copy / "db" / "trivy.db", (1, 1))
    assert read_database(copy) == read_database(caches.a)
    assert read_database(caches.b).version != read_database(caches.a).version
    assert read_database(caches.outdated).version != read_database(caches.a).version


def test_other_content_of_the_same_date_is_another_version(caches: TrivyCaches) -> None:
    before = read_database(caches.a)
    file = caches.a / "db" / "trivy.db"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    after = read_database(caches.a)
    assert after.updated_at == before.updated_at
    assert after.version != before.version


def test_the_date_is_that_of_the_content(caches: TrivyCaches) -> None:
    write_metadata(caches.a, UpdatedAt="2026-10-20T06:00:00.123456789+02:00")
    expected = datetime(2026, 10, 20, 4, 0, 0, 123456, UTC)
    assert read_database(caches.a).updated_at == expected


@pytest.mark.parametrize("state", ["missing", "truncated"])
def test_a_database_that_is_not_there_or_cut_short_is_broken(
    caches: TrivyCaches, state: str
) -> None:
    with pytest.raises(ScannerBroken) as broken:
        read_database(getattr(caches, state))
    assert "trivy image --download-db-only" in str(broken.value)


@pytest.mark.parametrize("content", [b"", b"not a database", b"\0" * 40_000])
def test_a_file_that_is_no_database_is_damaged(caches: TrivyCaches, content: bytes) -> None:
    (caches.a / "db" / "trivy.db").write_bytes(content)
    with pytest.raises(ScannerBroken, match="damaged"):
        read_database(caches.a)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"Version": 2, "UpdatedAt": "yesterday"}'])
def test_metadata_that_does_not_read_is_damaged(caches: TrivyCaches, text: str) -> None:
    (caches.a / "db" / "metadata.json").write_text(text)
    with pytest.raises(ScannerBroken, match="damaged"):
        read_database(caches.a)


def test_a_database_for_another_trivy_is_refused(caches: TrivyCaches) -> None:
    write_metadata(caches.a, Version=1)
    with pytest.raises(ScannerBroken, match="has schema 1"):
        read_database(caches.a)
