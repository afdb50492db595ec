"""The sample registry: a container if its image is available, else Debian's program."""

import io
import shutil
import tarfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import bcrypt
import httpx
from docker.errors import NotFound as NoSuchThing

from quaymaster.errors import NotFound, OutsideFailure
from trial.choices import USERNAME, Choices
from trial.engine import LABEL, Engine
from trial.programs import Programs
from trial.pulling import pulled

_IMAGES = ("registry:3", "registry:2")
_PROGRAM = "docker-registry"

# https://distribution.github.io/distribution/about/configuration/
_CONFIGURATION = """\
version: 0.1
log: {{level: warn, accesslog: {{disabled: true}}}}
storage:
  filesystem: {{rootdirectory: {folder}/storage}}
  delete: {{enabled: true}}
http:
  addr: 127.0.0.1:{port}
  relativeurls: true
auth:
  htpasswd: {{realm: quaymaster try, path: {folder}/htpasswd}}
"""

# Every kind of manifest that a tag may point to.
_MANIFESTS = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)


class SampleRegistry:
    """A running registry with one login."""

    def __init__(self, choices: Choices, kind: str) -> None:
        self.host = choices.registry
        self.kind = kind
        """What runs, for the person: an image or a program."""
        self.credentials = {"username": USERNAME, "password": choices.registry_password}
        self._client = httpx.Client(
            base_url=f"http://{self.host}",
            auth=(USERNAME, choices.registry_password),
            trust_env=False,
        )

    def answers(self) -> bool:
        """Whether it takes the login."""
        try:
            return self._client.get("/v2/").is_success
        except httpx.TransportError:  # not listening yet
            return False

    def has(self, repository: str, tag: str) -> bool:
        """Whether the registry has this tag."""
        path = f"/v2/{repository}/manifests/{tag}"
        return self._client.head(path, headers={"Accept": _MANIFESTS}).is_success

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


@contextmanager
def running_registry(programs: Programs, engine: Engine) -> Iterator[SampleRegistry]:
    """The registry, answering. Raises NotFound, saying what to install, when there is none."""
    image = next((one for one in _IMAGES if pulled(engine, one)), None)
    program = shutil.which(_PROGRAM)
    if image is None and program is None:
        raise NotFound(
            "There is no registry to try with.",
            why=f"{_IMAGES[0]} cannot be pulled, and {_PROGRAM} is not installed.",
            next_step="Install it (`sudo apt install docker-registry`), or connect the Docker "
            "engine to Docker Hub.",
        )
    if image is not None:
        with _as_container(programs, engine, image) as registry:
            yield registry
    elif program is not None:
        with _as_program(programs, program) as registry:
            yield registry


@contextmanager
def _as_program(programs: Programs, program: str) -> Iterator[SampleRegistry]:
    choices, folder = programs.state.choices, programs.state.folder("registry")
    (folder / "htpasswd").write_bytes(_htpasswd(choices))
    configuration = folder / "config.yml"
    configuration.write_text(_CONFIGURATION.format(folder=folder, port=choices.registry_port))
    process = programs.start("registry", [program, "serve", str(configuration)], {}, within=5)
    with closing(SampleRegistry(choices, f"the program {_PROGRAM}")) as registry:
        process.wait_until(registry.answers, within=20)
        yield registry


@contextmanager
def _as_container(programs: Programs, engine: Engine, image: str) -> Iterator[SampleRegistry]:
    choices = programs.state.choices
    name = _container_name(choices)
    remove_container(engine, choices)
    engine.client.volumes.create(name, labels=_labels(choices))
    try:
        container = engine.client.containers.create(
            image,
            name=name,
            labels=_labels(choices),
            ports={"5000/tcp": ("127.0.0.1", choices.registry_port)},
            volumes={name: {"bind": "/var/lib/registry", "mode": "rw"}},
            environment={
                "REGISTRY_AUTH": "htpasswd",
                "REGISTRY_AUTH_HTPASSWD_REALM": "quaymaster try",
                "REGISTRY_AUTH_HTPASSWD_PATH": "/htpasswd",
                "REGISTRY_STORAGE_DELETE_ENABLED": "true",
                "OTEL_TRACES_EXPORTER": "none",  # registry:3 would look for a collector
            },
        )
        container.put_archive("/", _one_file("htpasswd", _htpasswd(choices)))
        container.start()
        with closing(SampleRegistry(choices, f"a container of {image}")) as registry:
            _wait_for(container, registry)
            yield registry
    finally:
        programs.interruption.begin_ending()
        remove_container(engine, choices)


def remove_container(engine: Engine, choices: Choices) -> None:
    """Remove the registry's container, if there is one; what it stores stays in its volume."""
    try:
        engine.client.containers.get(_container_name(choices)).remove(force=True)
    except NoSuchThing:
        return


def remove_storage(engine: Engine, choices: Choices) -> None:
    """Delete what a registry in a container has stored."""
    try:
        engine.client.volumes.get(_container_name(choices)).remove(force=True)
    except NoSuchThing:
        return


def _wait_for(container: Any, registry: SampleRegistry) -> None:
    deadline = time.monotonic() + 30
    while not registry.answers():
        container.reload()
        if container.status not in ("created", "running") or time.monotonic() > deadline:
            raise OutsideFailure(
                "The sample registry does not answer.",
                why=f"Its container is {container.status}.",
                next_step="Start again; if it keeps happening, see `docker logs "
                f"{container.name}`.",
                log_tail=tuple(container.logs(tail=8).decode(errors="replace").splitlines()),
            )
        time.sleep(0.05)


def _htpasswd(choices: Choices) -> bytes:
    """The one login. The registry checks it on every request, so the cost is the least one."""
    hashed = bcrypt.hashpw(choices.registry_password.encode(), bcrypt.gensalt(4))
    return b"%s:%s\n" % (USERNAME.encode(), hashed)


def _container_name(choices: Choices) -> str:
    return f"quaymaster-try-{choices.name}-registry"


def _labels(choices: Choices) -> dict[str, str]:
    return {LABEL: choices.name}


def _one_file(name: str, content: bytes) -> bytes:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(content), 0o644
        archive.addfile(member, io.BytesIO(content))
    return output.getvalue()
