"""A folder that is set up by the README, and the product that Docker Compose runs in it."""

import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.models.containers import Container

from testing.engines.registries import Registry
from tests.compose import compose
from tests.production.product_image import PRODUCT
from tests.readme import ROOT

_INSIDE = "/etc/quaymaster"


@dataclass(frozen=True, slots=True)
class Site:
    """Where somebody types what the README says."""

    folder: Path
    docker_host: str
    engine: docker.DockerClient

    def compose(self, *words: str, within: float = 180) -> "subprocess.CompletedProcess[str]":
        """Docker Compose in the folder."""
        return compose(
            self.folder, *words, variables={"DOCKER_HOST": self.docker_host}, within=within
        )

    def composed(self, *words: str) -> str:
        """The same; it has to succeed."""
        done = self.compose(*words)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}\n{self.logs()}"
        return done.stdout

    def logs(self) -> str:
        """The end of what the containers have written."""
        return self.compose("logs", "--tail", "40", "--no-color").stdout[-12_000:]

    def containers(self) -> Mapping[str, Container]:
        """Those of the product, by their service."""
        label = "com.docker.compose.service"
        containers = self.engine.containers.list(all=True, filters={"label": label})
        return {one.labels[label]: one for one in containers}

    def set_up(self, configuration: str, tokens: Mapping[str, str], registry: Registry) -> None:
        """Steps 3 to 5 of the README: the files, with keys and passwords made for them."""
        for name in ("docker-compose.yml", "valkey.conf"):
            shutil.copy(ROOT / name, self.folder)
        (self.folder / "quaymaster.yml").write_text(configuration)
        self._write_environment(tokens)
        self._run("keys new", user=f"{os.getuid()}:{os.getgid()}")
        keys = self.folder / ".env.keys"
        with (self.folder / ".env").open("a") as environment:
            environment.write(keys.read_text())
        keys.unlink()
        login = f"REGISTRY_PASSWORD={registry.password}\n"
        (self.folder / ".env.registries").write_text(login)
        (self.folder / ".env.scanner").write_text(f"{login}TRIVY_SKIP_DB_UPDATE=true\n")
        (self.folder / "users.acl").write_text(self._run("redis-users", environment=self.variables))
        assert registry.ca_file is not None
        shutil.copy(registry.ca_file, self.folder / "registry-ca.pem")
        (self.folder / "docker-compose.override.yml").write_text(override_of_the_documents())

    @property
    def variables(self) -> Mapping[str, str]:
        """What stands in `.env`; of two lines for one name the last."""
        lines = (self.folder / ".env").read_text().splitlines()
        pairs = (line.partition("=") for line in lines if re.match(r"\w+=", line))
        return {name: value for name, _, value in pairs}

    def _write_environment(self, tokens: Mapping[str, str]) -> None:
        """The example filled in; keys are added later."""
        socket = Path(self.docker_host.removeprefix("unix://"))
        chosen = {
            **tokens,
            "DOCKER_SOCKET": str(socket),
            "DOCKER_GROUP_ID": str(socket.stat().st_gid),
            "REDIS_MAXMEMORY": "64mb",
            "REDIS_MEMORY_LIMIT": "192m",
        }

        def filled_in(match: "re.Match[str]") -> str:
            name, value = match.groups()
            if name.startswith("REDIS_PASSWORD"):
                return f"{name}={secrets.token_hex(32)}"
            return f"{name}={chosen.get(name, value)}"

        example = (ROOT / ".env.example").read_text(encoding="utf-8")
        text = re.sub(r"^(\w+)=(.*)$", filled_in, example, flags=re.MULTILINE)
        (self.folder / ".env").write_text(text)

    def _run(self, words: str, user: str = "", environment: Mapping[str, str] | None = None) -> str:
        """`docker run --rm` of the image, in the folder where a user is given."""
        output: bytes = self.engine.containers.run(
            PRODUCT,
            words,
            remove=True,
            user=user or None,
            volumes=[f"{self.folder}:{_INSIDE}"] if user else None,
            environment=dict(environment or {}),
        )
        return output.decode()


@contextmanager
def running(site: Site) -> Iterator[None]:
    """The product, until the end of the block; nothing of it is left then."""
    try:
        site.composed("up", "-d", "--wait")
        yield
    finally:
        site.composed("down", "--volumes", "--timeout", "20")


def override_of_the_documents() -> str:
    """The file that mounts what the configuration names, as the documents show it."""
    text = (ROOT / "docs" / "compose.md").read_text(encoding="utf-8")
    (found,) = re.findall(r"^```yaml\n(services:\n.*?)^```", text, re.DOTALL | re.MULTILINE)
    return str(found)


def checks_of_the_readme() -> list[list[str]]:
    """The commands with which each container checks what it can reach."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    match = re.findall(r"^ +docker compose (exec \S+ quaymaster check .+)$", text, re.MULTILINE)
    return [line.split() for line in match]
