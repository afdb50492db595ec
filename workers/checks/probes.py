"""Whether what workers lean on is there and fit: hosts, registries, the scanner, secrets."""

import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from quaymaster.checks import Check, Part, Probe
from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import OutsideFailure, QuaymasterError, ScannerBroken
from quaymaster.gate import why_outdated
from quaymaster.host_engines import not_as_pinned
from quaymaster.redaction.known_values import SHORTEST_VALUE
from quaymaster.settings import Settings
from quaymaster.spelling import listed
from quaymaster.target import ServiceRef
from workers.checks.redis_checks import redis_probe
from workers.docker.engine import Engine
from workers.registry.auth import RegistryLogin
from workers.registry.client import Registry
from workers.registry.connection import tls_context
from workers.scanner.scanner import Scanner
from workers.targets.env_file import read_env_file

_ENGINE_SECONDS = 8.0
_LINES_NAMED = 5
_OLDEST_API = (1, 41)
"""The API of Docker 20.10: https://docs.docker.com/reference/api/engine/#api-version-matrix"""
_LEAST_FREE_SHARE = 0.1
_SCANNER_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class CheckContext:
    """Where the checks run: with which configuration and environment, and for which host."""

    settings: Settings
    configuration: Configuration
    environ: Mapping[str, str]
    host: str | None = None
    """Only this Docker host and what runs there; None for all of them."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """The Docker hosts in question."""
        return (self.host,) if self.host is not None else tuple(self.configuration.hosts)


def worker_probes(parts: Iterable[Part], place: CheckContext) -> tuple[Probe, ...]:
    """The probes of what workers need, for the requested parts."""
    probes: list[Probe] = []
    if "redis" in parts:
        probes.append(redis_probe(place.settings.redis_url.get_secret_value()))
    if "docker" in parts:
        probes += [_host_probe(place, host) for host in place.hosts]
    if "registries" in parts:
        probes += [_registry_probe(place, host) for host in place.configuration.registries]
    if "scanner" in parts:
        probes.append(Probe("scanner", lambda: _scanner(place)))
    if "secrets" in parts:
        probes.append(Probe("secrets", lambda: _secrets(place)))
    return tuple(probes)


def secret_values(place: CheckContext) -> tuple[str, ...]:
    """Every secret that these checks could come across: none may be printed."""
    names = {name for name, _ in _references(place)}
    values = [place.environ.get(name, "") for name in sorted(names)]
    for name in _env_files(place):
        try:
            file = read_env_file(place.configuration.folder / name, place.environ)
        except QuaymasterError:  # the check of the secrets says so
            continue
        values += file.values.values()
    trivy = [value.get_secret_value() for name, value in place.settings.trivy if "PASS" in name]
    return tuple(value for value in (*values, *trivy) if value)


def _host_probe(place: CheckContext, host: str) -> Probe:
    entry = place.configuration.hosts[host]
    url = entry.docker or place.settings.docker_host
    return Probe(f"host {host}", lambda: _host(host, url, entry.engine_id))


def _host(host: str, url: str | None, pinned: str | None) -> Iterator[Check]:
    subject = f"host {host}"
    with Engine.connect(url, name=host, timeout=_ENGINE_SECONDS) as engine:
        with engine.calling() as api:
            version = api.version()
        information = engine.information()
        # The path that the engine names is one of the machine that it runs on.
        is_here = engine.url.startswith("unix://") and engine.own_container is None
    release = f"Docker {version.get('Version')}, API {version.get('ApiVersion')}"
    if _numbers(str(version.get("ApiVersion"))) < _OLDEST_API:
        yield Check(subject, "broken", f"{release} is too old.", "Install Docker 20.10 or newer.")
        return
    kind = f"{information.get('OSType')}/{information.get('Architecture')}"
    if pinned is not None and information.get("ID") != pinned:
        yield Check.of_error(subject, not_as_pinned(host, pinned, str(information.get("ID"))))
        return
    yield Check(subject, "ok", f"{release}, {kind}, ID {information.get('ID')}.")
    root = Path(str(information.get("DockerRootDir") or ""))
    # The engine does not report the free space; its data directory shows it, if it is accessible.
    if is_here and root.is_absolute() and (space := _space_of(root)):
        yield disk_check(f"disk of {host}", root, *space)


def _space_of(root: Path) -> tuple[int, int] | None:
    """Bytes in all and free; None where this program may not look, which may well be so."""
    try:
        usage = shutil.disk_usage(root)
    except OSError:
        return None
    return usage.total, usage.free


def disk_check(subject: str, root: Path, total: int, free: int) -> Check:
    """Whether there is room for images, in bytes."""
    what = f"{free / 1e9:.1f} GB of {total / 1e9:.1f} GB free in {root}."
    if free < total * _LEAST_FREE_SHARE:
        way = "Make room: `docker system df` shows what takes it, `docker image prune` helps."
        return Check(subject, "warning", what, way)
    return Check(subject, "ok", what)


def _registry_probe(place: CheckContext, host: str) -> Probe:
    subject = f"registry {host}"

    def look() -> Iterator[Check]:
        access = place.configuration.registry(host)
        with Registry(RegistryLogin.of(access, place.environ)) as registry:
            registry.ping()
        who = f"the login of {access.username}" if access.username else "anonymous access"
        yield Check(subject, "ok", f"reached over {access.scheme.upper()}; {who} is accepted.")

    return Probe(subject, look)


def _scanner(place: CheckContext) -> Iterator[Check]:
    scanner = Scanner.locate(place.environ)
    yield Check("scanner", "ok", f"Trivy {_trivy_version(scanner)} at {scanner.program}.")
    subject = "vulnerability database"
    try:
        database = scanner.database()
    except ScannerBroken as error:
        yield Check.of_error(subject, error)
        return
    limit = shortest_limit(place.configuration)
    if outdated := why_outdated(database, limit, datetime.now(UTC)):
        way = (
            "Download it with `trivy image --download-db-only`, daily; until then the gate blocks."
        )
        yield Check(subject, "broken", outdated, way)
        return
    yield Check(subject, "ok", f"of {database.updated_at:%Y-%m-%d %H:%M} UTC.")


def _trivy_version(scanner: Scanner) -> str:
    """What the program says. Raises ScannerBroken when it cannot be started."""
    command = [str(scanner.program), "--version", "--cache-dir", str(scanner.cache)]
    try:
        done = subprocess.run(
            command,
            check=True,
            capture_output=True,
            text=True,
            timeout=_SCANNER_SECONDS,
            env=dict(scanner.environment),
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ScannerBroken(
            "The scanner cannot be started.",
            why=str(error),
            next_step="Reinstall Trivy where this worker runs.",
        ) from error
    lines = done.stdout.split()
    return lines[1] if len(lines) > 1 else "of an unknown version"


def shortest_limit(configuration: Configuration) -> timedelta:
    """From which age on a database proves nothing to the strictest gate."""
    gates = [configuration.general_gate()] + [
        configuration.gate_for(service) for service in configuration.services
    ]
    return min(gate.database_older_than for gate in gates)


def _secrets(place: CheckContext) -> Iterator[Check]:
    """Whether everything that the configuration refers to is there."""
    uses: dict[str, list[str]] = {}
    for name, use in _references(place):
        uses.setdefault(name, []).append(use)
    missing = {name: used for name, used in uses.items() if not place.environ.get(name)}
    for name, used in missing.items():
        what = f"not set; needed by {listed(dict.fromkeys(used))}."
        yield Check(f"variable {name}", "broken", what, "Add it to the environment of the worker.")
    for name, used in uses.items():
        if 0 < len(place.environ.get(name, "").strip()) < SHORTEST_VALUE:
            what = (
                f"of less than {SHORTEST_VALUE} characters, used by {listed(dict.fromkeys(used))}: "
                "too short to be recognized, so it is not removed from output."
            )
            yield Check(f"variable {name}", "warning", what, "Choose a longer one.")
    if present := len(uses) - len(missing):
        yield Check("variables", "ok", f"{present} of {len(uses)} are set.")
    for name in _env_files(place):
        yield _env_file(place.configuration.folder / name, place.environ)
    for host in place.configuration.registries:
        if (ca_file := place.configuration.registry(host).ca_file) is not None:
            yield _ca_file(host, ca_file)
    if not uses and not _env_files(place):
        yield Check("secrets", "ok", "The configuration refers to none.")


def _env_file(path: Path, environ: Mapping[str, str]) -> Check:
    subject = f"env_file {path.name}"
    try:
        variables = read_env_file(path, environ)
    except QuaymasterError as error:
        return Check.of_error(subject, error)
    several = "" if len(variables.values) == 1 else "s"
    count = f"{len(variables.values)} variable{several}."
    if variables.left_out:
        return Check(
            subject,
            "warning",
            f"{count} {_left_out(variables.left_out)} no =, and neither this worker's environment "
            "nor "
            "the file gives it a value.",
            "Write NAME=value, or start the worker with that variable in its environment.",
        )
    return Check(subject, "ok", count)


def _left_out(lines: Sequence[int]) -> str:
    if len(lines) == 1:
        return f"Line {lines[0]} is left out: it has"
    more = [f"{len(lines) - _LINES_NAMED:,} more"] if len(lines) > _LINES_NAMED else []
    named = listed([*map(str, lines[:_LINES_NAMED]), *more])
    return f"Lines {named} are left out: they have"


def _ca_file(host: str, path: Path) -> Check:
    subject = f"ca_file of {host}"
    try:
        tls_context(path)
    except OutsideFailure as error:
        return Check.of_error(subject, error)
    return Check(subject, "ok", f"{path.name} holds certificates.")


def _references(place: CheckContext) -> Iterator[tuple[str, str]]:
    """The name of each variable that the configuration refers to, and who needs it."""
    for host in place.configuration.registries:
        password = place.configuration.registry(host).password
        if password is not None:
            yield password.name, f"the login of {host}"
    for service in _services(place):
        entry = place.configuration.service(service)
        for template in entry.environment.values():
            for reference in template.references:
                yield reference.name, str(service)


def _env_files(place: CheckContext) -> Sequence[str]:
    entries = (place.configuration.service(service) for service in _services(place))
    return tuple(dict.fromkeys(entry.env_file for entry in entries if entry.env_file))


def _services(place: CheckContext) -> Iterator[ServiceRef]:
    """The services that run on the hosts in question."""
    for service in place.configuration.services:
        if place.configuration.target_of(service.environment).name in place.hosts:
            yield service


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
