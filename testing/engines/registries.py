"""Real registries: CNCF Distribution with a login, deletion allowed, files under the run."""

import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from testing.engines.daemon import Daemon
from testing.engines.run_directory import EngineError, RunDirectory
from trial.installed import find_program

USERNAME = "ci"
PASSWORD = "made-up-for-tests"
# The password above as bcrypt with the least cost: the registry checks it on every request.
_HTPASSWD = f"{USERNAME}:$2b$04$quaymastertestsonlyUe.NBoerv/on7HPd9fbWv/Gj8MVu5BuCZe\n"

# https://distribution.github.io/distribution/about/configuration/
_CONFIGURATION = """\
version: 0.1
log: {{level: warn, accesslog: {{disabled: true}}}}
storage:
  filesystem: {{rootdirectory: {directory}/storage}}
  delete: {{enabled: true}}
  maintenance: {{uploadpurging: {{enabled: false}}}}
http:
  addr: {address}:{port}
  relativeurls: true
{tls}auth:
  htpasswd: {{realm: tests, path: {directory}/htpasswd}}
"""
_TLS = "  tls: {{certificate: {directory}/server.pem, key: {directory}/server.key}}\n"

# Every kind of manifest that a tag may point to.
MANIFEST_TYPES = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)


@dataclass(frozen=True, slots=True)
class Registry:
    """A running registry: `host` is the part of a reference before the repository."""

    host: str
    username: str
    password: str
    url: str
    ca_file: Path | None = None

    def client(self) -> httpx.Client:
        """A client of the registry's API with the right credentials; use it in a `with`."""
        trust = ssl.create_default_context(cafile=self.ca_file) if self.ca_file else False
        return httpx.Client(
            base_url=self.url, auth=(self.username, self.password), verify=trust, trust_env=False
        )

    def digest(self, repository: str, tag: str) -> str | None:
        """The digest that a tag points to now, or None when there is no such tag."""
        with self.client() as client:
            answer = client.head(
                f"/v2/{repository}/manifests/{tag}", headers={"Accept": MANIFEST_TYPES}
            )
        return answer.headers["Docker-Content-Digest"] if answer.is_success else None

    def tags(self, repository: str) -> list[str]:
        """The tags of a repository, none when the registry does not know it."""
        with self.client() as client:
            answer = client.get(f"/v2/{repository}/tags/list")
        return sorted(answer.json().get("tags") or []) if answer.is_success else []

    def delete_repository(self, repository: str) -> None:
        """Delete every manifest that a tag of the repository points to."""
        digests = {self.digest(repository, tag) for tag in self.tags(repository)} - {None}
        with self.client() as client:
            for digest in digests:
                client.delete(f"/v2/{repository}/manifests/{digest}")


@contextmanager
def running_registry(
    run: RunDirectory, name: str, *, tls: bool = False, address: str = "127.0.0.1"
) -> Iterator[Registry]:
    """A registry that answers; needs the package docker-registry.

    With `tls` it has a certificate that only its own `ca_file` vouches for. Its name is its address
    if that is not loopback, else `localhost`.
    """
    host = "localhost" if address == "127.0.0.1" else address
    directory = run.path / name
    directory.mkdir()
    (directory / "htpasswd").write_text(_HTPASSWD)
    if tls:
        _make_certificates(directory, address)
    port = run.reserve_port()
    lines = _TLS.format(directory=directory) if tls else ""
    configuration = directory / "config.yml"
    configuration.write_text(
        _CONFIGURATION.format(directory=directory, address=address, port=port, tls=lines)
    )
    registry = Registry(
        host=f"{host}:{port}",
        username=USERNAME,
        password=PASSWORD,
        url=f"{'https' if tls else 'http'}://{host}:{port}",
        ca_file=directory / "ca.pem" if tls else None,
    )
    daemon = Daemon.start(run, name, ["docker-registry", "serve", str(configuration)])
    try:
        daemon.wait_until_ready(lambda: _asks_for_login(registry))
        yield registry
    finally:
        daemon.kill()


def _asks_for_login(registry: Registry) -> bool:
    try:
        with registry.client() as client:
            return client.get("/v2/", auth=("nobody", "")).status_code == httpx.codes.UNAUTHORIZED
    except httpx.TransportError:  # not listening yet
        return False


def _make_certificates(directory: Path, address: str) -> None:
    """A certificate authority of this registry's own, and what it signed for the address."""
    ca = [f"-CA={directory}/ca.pem", f"-CAkey={directory}/ca.key"]
    _certify(directory, "ca", "Tests CA", ["-addext=keyUsage=critical,keyCertSign"])
    names = f"-addext=subjectAltName=DNS:localhost,IP:{address}"
    leaf = "-addext=basicConstraints=critical,CA:FALSE"
    _certify(directory, "server", "localhost", [*ca, names, leaf])


def _certify(directory: Path, name: str, subject: str, options: list[str]) -> None:
    files = ["-keyout", f"{directory}/{name}.key", "-out", f"{directory}/{name}.pem"]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    arguments = [word for option in options for word in option.split("=", 1)]
    request = [find_program("openssl"), "req", "-x509", "-days", "2", "-subj", f"/CN={subject}"]
    _run([*request, *curve, *files, *arguments])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise EngineError(f"{' '.join(command)}: {done.stderr.strip()}")
