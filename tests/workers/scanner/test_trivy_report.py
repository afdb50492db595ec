"""Trivy's report becomes findings; anything else becomes an error, never “nothing found”."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quaymaster.errors import ScannerBroken
from quaymaster.findings import Severity
from workers.scanner.trivy_report import TrivyReport

NAME = "registry.test/shop/web@sha256:" + "a" * 64


def document(**more: Any) -> dict[str, Any]:
    return {
        "SchemaVersion": 2,
        "ArtifactName": NAME,
        "ArtifactType": "container_image",
        "Metadata": {
            "ImageID": "sha256:" + "b" * 64,
            "DiffIDs": ["sha256:" + "c" * 64],
            "ImageConfig": {"config": {"Env": ["API_TOKEN=hunter2"]}},
        },
        **more,
    }


def read(content: Any) -> TrivyReport:
    return TrivyReport.read(json.dumps(content).encode(), NAME)


def vulnerability(**more: Any) -> dict[str, Any]:
    return {"VulnerabilityID": "CVE-1", "PkgName": "lodash", "Severity": "HIGH", **more}


@pytest.mark.parametrize(
    "field", ["PkgName", "InstalledVersion", "FixedVersion", "Title", "PkgPath"]
)
def test_the_token_of_an_address_in_a_lock_file_is_not_kept(field: str) -> None:
    address = "git+https://ci:hunter2@git.test/lodash.git"
    found = read(document(Results=[{"Vulnerabilities": [vulnerability(**{field: address})]}]))
    assert "hunter2" not in repr(found.findings())
    assert "git.test/lodash" in repr(found.findings())


def test_findings_are_read_worst_first_and_once() -> None:
    low = vulnerability(Severity="LOW", VulnerabilityID="CVE-2")
    full = vulnerability(
        InstalledVersion="4.17.4", FixedVersion="4.17.23, 5.0", Title="Prototype\n pollution"
    )
    found = read(
        document(Results=[{"Class": "os-pkgs", "Vulnerabilities": [low, full, full]}])
    ).findings()
    assert [one.vulnerability for one in found] == ["CVE-1", "CVE-2"]
    assert found[0].fixed == "4.17.23, 5.0"
    assert found[0].title == "Prototype pollution"
    assert found[1].fixed is None


def test_the_file_tells_two_lock_files_with_the_same_package_apart() -> None:
    results = [
        {"Class": "lang-pkgs", "Target": target, "Vulnerabilities": [vulnerability()]}
        for target in ("a/package-lock.json", "b/package-lock.json")
    ]
    assert len({one.key for one in read(document(Results=results)).findings()}) == 2


@pytest.mark.parametrize("word", ["UNKNOWN", "", "WORSE"])
def test_a_severity_that_is_not_known_is_unknown(word: str) -> None:
    results = [{"Vulnerabilities": [vulnerability(Severity=word)]}]
    assert read(document(Results=results)).findings()[0].severity is Severity.UNKNOWN


@pytest.mark.parametrize("more", [{}, {"Results": None}, {"Results": [{"Target": "x"}]}])
def test_an_image_without_packages_has_no_findings(more: dict[str, Any]) -> None:
    assert read(document(**more)).findings() == ()


def test_the_environment_of_the_image_is_not_kept() -> None:
    assert "hunter2" not in repr(read(document()))


def test_hostile_text_is_cut() -> None:
    results = [{"Vulnerabilities": [vulnerability(Title="<!channel>" * 1000, PkgName="x" * 5000)]}]
    finding = read(document(Results=results)).findings()[0]
    assert max(len(finding.title), len(finding.package)) <= 300


@pytest.mark.parametrize(
    "content",
    [
        {},
        [],
        document(SchemaVersion=1),
        document(ArtifactName="registry.test/other"),
        document(ArtifactType="cyclonedx"),
        document(Metadata=None),
        document(Metadata={"ImageID": "sha256:" + "b" * 64}),
        document(Results={}),
        document(Results=[{"Vulnerabilities": [{}]}]),
    ],
)
def test_a_report_that_is_not_about_this_image_is_broken(content: Any) -> None:
    with pytest.raises(ScannerBroken):
        read(content)


@given(st.binary(max_size=300))
def test_whatever_is_written_there_is_read_or_broken(content: bytes) -> None:
    with pytest.raises(ScannerBroken):
        TrivyReport.read(content, NAME)


def test_a_report_without_an_image_id_is_broken() -> None:
    with pytest.raises(ScannerBroken):
        _ = read(document(Metadata={"DiffIDs": ["x"]})).image_id
