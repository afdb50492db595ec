"""Makes the vulnerability database that the trial ships, from the advisories of the tests.

python -m tests.trial.sample_database
"""

import gzip
import io
import json
import tarfile
import tempfile
from pathlib import Path

from testing.engines.trivy_database import write_database

ADVISORIES = Path(__file__).parents[2] / "testing" / "data" / "trivy" / "base.json"
SHIPPED = Path(__file__).parent.parent.parent / "trial" / "data" / "trivy-db.tar.gz"


def made() -> dict[str, bytes]:
    """The files of the database by name; the same on every machine."""
    with tempfile.TemporaryDirectory() as folder:
        write_database(Path(folder), json.loads(ADVISORIES.read_text()))
        return {file.name: file.read_bytes() for file in sorted(Path(folder).iterdir())}


def _write() -> None:
    output = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=output, mode="wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name, content in made().items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    SHIPPED.write_bytes(output.getvalue())


if __name__ == "__main__":
    _write()
