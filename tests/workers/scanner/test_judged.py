"""“Looked and found nothing” and “did not look” are two verdicts, told by the real Trivy."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import docker
import pytest
from pydantic import SecretStr

from quaymaster.errors import ScannerBroken
from quaymaster.findings import Clean, FixStatus, Gap, ScanReport, Unknown
from quaymaster.gate import GateRule, blocked_by, stops, verdict_of
from quaymaster.image_ref import Digest, PinnedImage, Repository
from testing.engines.local_images import load_images, remove_images
from testing.engines.registries import Registry
from testing.engines.trivy import TrivyCaches
from testing.images.systems import system_image
from tests.workers.registry_content import Content
from workers.registry.auth import RegistryLogin
from workers.scanner.scanner import Scanner

pytestmark = pytest.mark.engine


@dataclass(frozen=True, slots=True)
class Judge:
    """Trivy with a database of an hour ago, and a repository of the test's own."""

    scanner: Scanner
    content: Content
    registry: Registry

    @property
    def login(self) -> RegistryLogin:
        password = SecretStr(self.registry.password)
        return RegistryLogin(self.registry.host, "http", self.registry.username, password)

    def ref(self, digest: str) -> PinnedImage:
        place = Repository(self.registry.host, self.content.repository)
        return PinnedImage(place, "1", Digest(digest))

    def report(self, system: str) -> ScanReport:
        """About an image of this system, straight from the registry."""
        digest = self.content.put(system_image(system), "1")
        return self.scanner.scan_registry(self.ref(digest), self.login)


@pytest.fixture
def judge(
    trivy_binary: Path, trivy_caches: TrivyCaches, registry: Registry, repository: str
) -> Iterator[Judge]:
    path = f"{trivy_binary.parent}{os.pathsep}{os.environ['PATH']}"
    scanner = Scanner.locate({"PATH": path, "TRIVY_CACHE_DIR": str(trivy_caches.a)})
    with registry.client() as client:
        yield Judge(scanner, Content(client, repository), registry)


@pytest.mark.parametrize("system", ["debian", "distroless"])
def test_what_was_looked_at_is_clean(judge: Judge, system: str) -> None:
    report = judge.report(system)
    assert (report.system, report.gap) == ("debian 12.11", None)
    assert verdict_of(report, GateRule(), report.scanned_at) == Clean()


@pytest.mark.parametrize(
    ("system", "gap", "said"),
    [
        ("debian 8", Gap.END_OF_LIFE, "debian 8.11 is past its end of life"),
        ("ubuntu 16.04", Gap.END_OF_LIFE, "ubuntu 16.04 is past its end of life"),
        ("sid", Gap.NOT_RELEASED, "debian forky/sid is not a release"),
        ("kali", Gap.NOT_RELEASED, "debian kali-rolling is not a release"),
        ("debian without packages", Gap.NO_PACKAGES, "no package database"),
        ("debian with an empty list", Gap.NO_PACKAGES, "no package database"),
        ("packages without debian", Gap.NAMELESS, "does not say of which"),
        ("centos stream", Gap.NOT_SUPPORTED, "does not support centos-stream 9"),
        ("fedora", Gap.NOT_SUPPORTED, "does not support fedora 40"),
        ("arch", Gap.NO_DISTRIBUTION, "finds no distribution"),
        ("gentoo", Gap.NO_DISTRIBUTION, "finds no distribution"),
        ("scratch", Gap.NO_DISTRIBUTION, "finds no distribution"),
        ("scratch with node", Gap.NO_DISTRIBUTION, "finds no distribution"),
    ],
)
def test_what_was_not_looked_at_is_unknown_with_the_reason(
    judge: Judge, system: str, gap: Gap, said: str
) -> None:
    report = judge.report(system)
    assert (report.findings, report.gap) == ((), gap)
    verdict = verdict_of(report, GateRule(), report.scanned_at)
    assert isinstance(verdict, Unknown)
    assert said in verdict.why
    assert verdict.next_step
    assert stops(verdict, GateRule())
    may = GateRule(from_scratch="allow")
    is_judged = verdict_of(report, may, report.scanned_at) == Clean()
    assert is_judged == (gap is Gap.NO_DISTRIBUTION)


def test_what_its_vendor_will_not_fix_is_told_and_counted_by_the_rule(
    judge: Judge,
) -> None:
    report = judge.report("debian with what will not be fixed")
    (final,) = (one for one in report.findings if one.vulnerability == "CVE-2023-45853")
    assert (final.status, final.no_fix) == (FixStatus.WILL_NOT_FIX, "will not be fixed")
    (waiting,) = (one for one in report.findings if one.vulnerability == "CVE-2026-56132")
    assert (waiting.status, waiting.no_fix) == (FixStatus.AFFECTED, "no fix yet")
    alone = replace(report, findings=(final, waiting))
    assert verdict_of(alone, GateRule(), report.scanned_at) == Clean()
    counted = verdict_of(alone, GateRule(will_not_fix="count"), report.scanned_at)
    assert counted == blocked_by((final,))


def test_of_an_index_the_scanner_may_not_look_at_another_member_than_was_meant(
    judge: Judge, trivy_binary: Path
) -> None:
    """Trivy chooses linux/amd64 of an index by itself."""
    meant, other = (system_image(name) for name in ("debian", "scratch"))
    first, second = judge.content.put(meant, "a"), judge.content.put(other, "b")
    index = judge.content.index_of("1", ("linux/s390x", first), ("linux/amd64", second))
    with pytest.raises(ScannerBroken, match="examined the wrong image"):
        judge.scanner.scan_registry(judge.ref(index), judge.login, config=Digest(meant.id))
    report = judge.scanner.scan_registry(judge.ref(first), judge.login, config=Digest(meant.id))
    assert (str(report.digest), report.gap) == (first, None)


def test_a_report_about_another_image_of_a_host_is_no_report(
    judge: Judge, engine: docker.DockerClient, docker_host: str, tmp_path: Path
) -> None:
    """Whatever a tag means by then: the program is asked for an id, and has to have seen it."""
    meant, other = system_image("debian"), system_image("scratch")
    repository = judge.content.repository
    load_images(engine, {f"{repository}:a": meant, f"{repository}:b": other})
    try:
        held = Digest(engine.images.get(f"{repository}:a").attrs["Id"])
        image = PinnedImage(Repository("registry.test", repository), "a", held)
        config = held if str(held) == meant.id else None
        report = judge.scanner.scan_local(image, docker_host, config=config)
        assert (report.digest, report.gap) == (held, None)
        if config is None:
            pytest.skip("with containerd's store the id is of the manifest; no report tells that")
        swaps = tmp_path / "swaps"
        swaps.write_text(
            f'#!/bin/sh\nfor one; do last="$one"; done\n'
            f'"{judge.scanner.program}" "$@" || exit\nwhile [ "$1" != --output ]; do shift; done\n'
            f'sed -i "s/\\"ImageID\\": *\\"sha256:[0-9a-f]*/\\"ImageID\\": \\"{other.id}/" "$2"\n'
        )
        swaps.chmod(0o755)
        lying = Scanner(swaps, judge.scanner.cache, judge.scanner.environment)
        with pytest.raises(ScannerBroken, match="examined the wrong image"):
            lying.scan_local(image, docker_host, config=config)
    finally:
        remove_images(engine, repository)
        for tag in ("a", "b"):
            engine.images.remove(f"{repository}:{tag}", force=True)
