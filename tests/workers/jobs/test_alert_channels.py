"""An alert goes to the channel of whoever runs the image, however its name was typed."""

from datetime import UTC, datetime

import pytest

from quaymaster.configuration.configuration import Configuration
from quaymaster.findings import Finding, ScannerDatabase, ScanReport, Severity
from quaymaster.image_ref import Digest, Repository
from tests.quaymaster.test_one_name import SPELLINGS, hub
from workers.jobs.alerts import _to_channels

NOW = datetime(2026, 5, 4, tzinfo=UTC)
FINDING = Finding("CVE-1", "zlib", "1.0", "1.1", Severity.HIGH, "bad")


@pytest.mark.parametrize("typed", SPELLINGS)
def test_of_an_image_of_docker_hub(typed: str) -> None:
    configuration = Configuration.parse(hub("index.docker.io/redis"))
    report = ScanReport(
        repository=Repository.parse(typed, configuration.default_registry),
        digest=Digest("sha256:" + "a" * 64),
        database=ScannerDatabase("1", NOW),
        scanned_at=NOW,
        findings=(FINDING,),
    )
    (alert,) = _to_channels((FINDING,), report, configuration)
    assert alert.channel == "C0CACHE"
