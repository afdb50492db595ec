"""The real Trivy finds what the database knows, and fails where there is none."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from testing.engines.trivy import TrivyCaches
from testing.images.catalogue import FINDINGS_A, FINDINGS_B, HOSTILE_TEXT, LocalImages

pytestmark = pytest.mark.engine

# https://trivy.dev/docs/latest/guide/references/configuration/cli/trivy_image/
_OFFLINE = ["--skip-db-update", "--skip-java-db-update", "--offline-scan"]
_SILENT = ["--skip-version-check", "--disable-telemetry", "--quiet"]


def scan(
    program: Path, docker_host: str, image: str, cache: Path
) -> "subprocess.CompletedProcess[str]":
    what = ["--image-src", "docker", "--scanners", "vuln", "--format", "json"]
    return subprocess.run(
        [program, "image", *_OFFLINE, *_SILENT, *what, "--cache-dir", cache, image],
        capture_output=True,
        text=True,
        check=False,
        env={"DOCKER_HOST": docker_host, "HOME": str(cache)},
    )


def findings(*arguments: Any) -> list[dict[str, Any]]:
    done = scan(*arguments)
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout).get("Results") or []
    return [finding for result in results for finding in result.get("Vulnerabilities") or []]


def test_a_newer_database_finds_more(
    trivy_binary: Path, docker_host: str, images: LocalImages, trivy_caches: TrivyCaches
) -> None:
    first = findings(trivy_binary, docker_host, images.vulnerable, trivy_caches.a)
    second = findings(trivy_binary, docker_host, images.vulnerable, trivy_caches.b)
    assert (len(first), len(second)) == (FINDINGS_A, FINDINGS_B)
    gained = {one["VulnerabilityID"] for one in second} - {one["VulnerabilityID"] for one in first}
    assert gained == {"CVE-2026-75806", "CVE-2025-66418", "CVE-2025-13465"}
    assert {one["PkgName"] for one in first} >= {"libssl3", "lodash", "urllib3"}


def test_the_repaired_image_is_clean_with_every_database(
    trivy_binary: Path, docker_host: str, images: LocalImages, trivy_caches: TrivyCaches
) -> None:
    for cache in (trivy_caches.a, trivy_caches.b):
        assert findings(trivy_binary, docker_host, images.clean, cache) == []


def test_without_a_usable_database_the_scan_fails(
    trivy_binary: Path, docker_host: str, images: LocalImages, trivy_caches: TrivyCaches
) -> None:
    for cache in (trivy_caches.missing, trivy_caches.truncated):
        done = scan(trivy_binary, docker_host, images.vulnerable, cache)
        assert done.returncode != 0
        assert done.stdout == ""


def test_the_hostile_database_has_hostile_titles(
    trivy_binary: Path, docker_host: str, images: LocalImages, trivy_caches: TrivyCaches
) -> None:
    found = findings(trivy_binary, docker_host, images.vulnerable, trivy_caches.hostile)
    titles = {one["VulnerabilityID"]: one.get("Title") for one in found}
    assert titles["CVE-2019-10744"] == HOSTILE_TEXT


def test_the_outdated_database_says_so_in_its_metadata(trivy_caches: TrivyCaches) -> None:
    def updated(cache: Path) -> str:
        text = (cache / "db" / "metadata.json").read_text()
        found: str = json.loads(text)["UpdatedAt"]
        return found

    assert updated(trivy_caches.outdated) < updated(trivy_caches.a) < updated(trivy_caches.b)
