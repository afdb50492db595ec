"""Trivy: every known vulnerability in an image, or an error, never a silent nothing.

https://trivy.dev/docs/latest/references/configuration/cli/trivy_image/
"""

import base64
import fcntl
import json
import shutil
import sysconfig
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, Self

from quaymaster.errors import ScannerBroken
from quaymaster.findings import ScannerDatabase, ScanReport
from quaymaster.image_ref import DOCKER_HUB, Digest, PinnedImage
from quaymaster.limits import REPORT_BYTES, SCAN_SECONDS
from quaymaster.redaction.redaction import looks_secret
from workers.registry.auth import RegistryLogin
from workers.scanner.database import read_database
from workers.scanner.trivy_process import CACHE_IS_BUSY, REPORT, error_of, run, too_long
from workers.scanner.trivy_report import TrivyReport

# What of the environment reaches Trivy. Not TRIVY_SEVERITY, TRIVY_IGNOREFILE and their like:
# a report holds everything, and only the gate decides what matters.
_PASSED_ON = frozenset(
    {
        *("PATH", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"),
        *("TRIVY_DB_REPOSITORY", "TRIVY_JAVA_DB_REPOSITORY", "TRIVY_CACERT", "TRIVY_INSECURE"),
        *("TRIVY_PARALLEL", "TRIVY_MAX_IMAGE_SIZE", "TRIVY_DETECTION_PRIORITY"),
        *("TRIVY_VULN_SEVERITY_SOURCE", "TRIVY_USERNAME", "TRIVY_PASSWORD"),
    }
)
# Without --skip-version-check and --disable-telemetry every scan contacts the vendor.
_QUIETLY = ("--skip-version-check", "--disable-telemetry", "--no-progress", "--quiet")
_DOCKER_HUB_LOGIN = "https://index.docker.io/v1/"
"""As Docker's file of logins calls it: https://docs.docker.com/reference/cli/docker/login/"""
_OFFLINE = ("--skip-db-update", "--skip-java-db-update", "--offline-scan")
_EVERYTHING = ("--severity", "UNKNOWN,LOW,MEDIUM,HIGH,CRITICAL", "--ignorefile", "")
_AS_JSON = ("--scanners", "vuln", "--format", "json", "--list-all-pkgs", "--exit-code", "0")

Check = Callable[[], None]


def _go_on() -> None:
    """The check of a caller who never stops a scan."""


@dataclass(frozen=True, slots=True)
class Scanner:
    """The Trivy program with its database.

    Every method raises ScannerBroken in words fit for a person, so that its caller can say
    *unknown*; NotFound when the image is not there; and whatever ``check`` raises.
    """

    program: Path
    cache: Path
    """Trivy's cache directory: ``db/`` is the database, ``fanal/`` the layers it knows."""
    environment: Mapping[str, str]
    secrets: tuple[str, ...] = ()
    """Values that must not appear in an error, in addition to the login's own."""
    timeout: timedelta = timedelta(seconds=SCAN_SECONDS)

    @classmethod
    def locate(cls, environ: Mapping[str, str], secrets: Sequence[str] = ()) -> Self:
        """The Trivy on PATH, or the one that a wheel installed beside this interpreter.

        ``environ`` may be the whole environment: only what Trivy needs is passed on. Raises
        ScannerBroken when there is no Trivy.
        """
        beside = Path(sysconfig.get_path("scripts"))
        name = shutil.which("trivy", path=environ.get("PATH")) or shutil.which(
            "trivy", path=str(beside)
        )
        if name is None:
            raise ScannerBroken(
                "The scanner is not installed.",
                why=f"There is no program trivy on PATH or in {beside}.",
                next_step="Your Quaymaster administrator has to install Trivy, for example with "
                "`pip install quaymaster[try]`.",
            )
        passed = {key: value for key, value in environ.items() if key in _PASSED_ON and value}
        own = (value for key, value in passed.items() if looks_secret(key, value))
        return cls(Path(name), _cache_directory(environ), passed, (*secrets, *own))

    def database(self) -> ScannerDatabase:
        """The present vulnerability database, read in a millisecond."""
        return read_database(self.cache)

    def scan_registry(
        self,
        image: PinnedImage,
        login: RegistryLogin | None = None,
        check: Check = _go_on,
        config: Digest | None = None,
    ) -> ScanReport:
        """Scan an image straight from its registry; no Docker is needed.

        With ``config``, the digest of its configuration, a report about another image (of an index
        Trivy chooses one itself) is ScannerBroken.
        """
        trusted = ("--cacert", str(login.ca_file.resolve())) if login and login.ca_file else ()
        source = ("--image-src", "remote", *trusted)
        report = self._scan(_ScanRequest(image, image.by_digest, source, login, check))
        _refuse_another(report, config)
        return replace(report, digest=image.digest)

    def scan_local(
        self,
        image: PinnedImage,
        docker_host: str | None = None,
        check: Check = _go_on,
        config: Digest | None = None,
    ) -> ScanReport:
        """Scan an image of a Docker host; the digest of ``image`` is its id on that host.

        Exactly that image is scanned, whatever the tag means by then. The report's digest is the
        id, so a local report never speaks for an image of a registry.
        """
        reached = ("--docker-host", docker_host) if docker_host else ()
        source = ("--image-src", "docker", *reached)
        report = self._scan(_ScanRequest(image, str(image.digest), source, None, check))
        _refuse_another(report, config)
        return replace(report, digest=image.digest)

    def update_database(self, check: Check = _go_on) -> ScannerDatabase:
        """Download the newest vulnerability database where there is a newer one."""
        with _scratch() as scratch:
            command = [str(self.program), "image", "--download-db-only", *_QUIETLY]
            command += ["--cache-dir", str(self.cache)]
            environment = self._environment(scratch, None)
            failure = run(command, environment, scratch, self.timeout, check, self.secrets)
        if failure is not None:
            raise ScannerBroken(
                "The vulnerability database cannot be downloaded.",
                why=failure.said,
                next_step="Check that the worker reaches the registry in TRIVY_DB_REPOSITORY.",
            )
        return self.database()

    def _scan(self, scan: "_ScanRequest") -> ScanReport:
        """Scan; once more when the database was replaced meanwhile, so that the two agree."""
        for _ in range(2):
            before = self.database()
            started = datetime.now(UTC)
            report = self._report(scan)
            if self.database().version == before.version:
                return ScanReport(
                    repository=scan.image.repository,
                    digest=report.image_id,
                    database=before,
                    scanned_at=started,
                    findings=report.findings(),
                    system=report.system,
                    gap=report.gap(),
                )
        raise ScannerBroken(
            "The vulnerability database keeps changing while the scanner reads it.",
            next_step="Try again in a minute.",
        )

    def _report(self, scan: "_ScanRequest") -> TrivyReport:
        with _layer_cache(self.cache) as is_ours:
            report = self._attempt(scan, "fs") if is_ours else None
        if report is None:
            report = self._attempt(scan, "memory")
        if report is None:
            raise ScannerBroken("The scanner's cache is in use.", next_step="Try again.")
        return report

    def _attempt(
        self, scan: "_ScanRequest", backend: Literal["fs", "memory"]
    ) -> TrivyReport | None:
        """One run of Trivy; None when another program holds the cache of layers."""
        with _scratch() as scratch:
            output = scratch / REPORT
            failure = run(
                self._command(scan, backend, output),
                self._environment(scratch, scan.login),
                scratch,
                self.timeout,
                scan.check,
                (*self.secrets, *(scan.login.secrets if scan.login else ())),
            )
            if failure is None:
                return TrivyReport.read(_content(output), scan.name)
        if CACHE_IS_BUSY in failure.said:
            return None
        raise error_of(failure, str(scan.image))

    def _command(self, scan: "_ScanRequest", backend: str, output: Path) -> list[str]:
        return [
            *(str(self.program), "image", *_OFFLINE, *_QUIETLY, *_AS_JSON, *_EVERYTHING),
            *("--cache-dir", str(self.cache), "--cache-backend", backend),
            *("--timeout", f"{self.timeout.total_seconds():.0f}s", "--output", str(output)),
            *(*scan.source, scan.name),
        ]

    def _environment(self, scratch: Path, login: RegistryLogin | None) -> dict[str, str]:
        """Credentials go through the environment: arguments are for everybody to see."""
        variables = {
            **self.environment,
            "HOME": str(scratch),
            "TMPDIR": str(scratch),
            "DOCKER_CONFIG": str(scratch),
        }
        if login is None or login.password is None:
            return variables
        password = login.password.get_secret_value()
        if "," in password or "," in login.username:
            # Trivy takes a comma for the next password, quoted or not; Docker's file has none.
            file = scratch / "config.json"
            pair = base64.b64encode(f"{login.username}:{password}".encode()).decode()
            file.touch(mode=0o600)
            place = _DOCKER_HUB_LOGIN if login.host == DOCKER_HUB else login.host
            file.write_text(json.dumps({"auths": {place: {"auth": pair}}}))
            for name in ("TRIVY_USERNAME", "TRIVY_PASSWORD"):
                variables.pop(name, None)
            return variables
        return {**variables, "TRIVY_USERNAME": login.username, "TRIVY_PASSWORD": password}


@dataclass(frozen=True, slots=True)
class _ScanRequest:
    """What is to be scanned: ``name`` as Trivy takes it, and where it looks."""

    image: PinnedImage
    name: str
    source: tuple[str, ...]
    login: RegistryLogin | None
    check: Check


def _refuse_another(report: ScanReport, config: Digest | None) -> None:
    """No finding of one image may appear under the name of another."""
    if config not in (None, report.digest):
        raise ScannerBroken(
            "The scanner examined the wrong image.",
            why=f"It says that it examined {report.digest.short}; {config.short if config else ''}"
            " was meant.",
            next_step="Try again; if it keeps happening, check the installed Trivy.",
        )


def _content(output: Path) -> bytes:
    try:
        with output.open("rb") as opened:
            content = opened.read(REPORT_BYTES + 1)
    except FileNotFoundError:
        return b""
    if len(content) > REPORT_BYTES:
        raise too_long(REPORT_BYTES)
    return content


@contextmanager
def _scratch() -> Iterator[Path]:
    """A private directory; Trivy starts in it, so it finds no .trivyignore and no trivy.yaml."""
    with tempfile.TemporaryDirectory(prefix="quaymaster-scan-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@contextmanager
def _layer_cache(cache: Path) -> Iterator[bool]:
    """Whether this scan has Trivy's cache of layers on disk: one at a time, others do without.

    Trivy itself waits five seconds for it and then fails:
    https://trivy.dev/docs/latest/references/troubleshooting/#database-and-cache-lock-errors
    """
    with ExitStack() as stack:
        try:
            lock = stack.enter_context((cache / ".quaymaster-layers.lock").open("a"))
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_ours = True
        except OSError:  # another scan has it, or the directory cannot be written to
            is_ours = False
        yield is_ours


def _cache_directory(environ: Mapping[str, str]) -> Path:
    """As Trivy chooses it: https://trivy.dev/docs/latest/configuration/cache/."""
    if folder := environ.get("TRIVY_CACHE_DIR"):
        return Path(folder).resolve()
    caches = environ.get("XDG_CACHE_HOME")
    return Path(caches) / "trivy" if caches else Path.home() / ".cache" / "trivy"
