"""Docker's own command line where there is one on PATH, else its SDK without progress."""

import base64
import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import docker

from testing.engines.registries import Registry


@dataclass(frozen=True, slots=True)
class PlainDocker:
    """Pulls, tags and pushes, saying nothing."""

    engine: docker.DockerClient
    host: str
    folder: Path
    """Docker's configuration, with the logins."""
    registries: Sequence[Registry]

    @classmethod
    def logged_in(
        cls, engine: docker.DockerClient, host: str, folder: Path, *registries: Registry
    ) -> "PlainDocker":
        """With what ``docker login`` would write into a folder of its own."""
        auths = {
            one.host: {"auth": base64.b64encode(f"{one.username}:{one.password}".encode()).decode()}
            for one in registries
        }
        (folder / "config.json").write_text(json.dumps({"auths": auths}))
        return cls(engine, host, folder, registries)

    @property
    def name(self) -> str:
        """What we are compared with: ``docker``, or the SDK."""
        return "docker" if self._program else "the Docker SDK:"

    def pull(self, reference: str) -> None:
        """``docker pull -q``"""
        if not self._ran("pull", "-q", reference):
            name, _, tag = reference.rpartition(":")
            self.engine.images.pull(name, tag, auth_config=self._login(reference))

    def tag(self, reference: str, new: str) -> None:
        """``docker tag``"""
        if not self._ran("tag", reference, new):
            self.engine.images.get(reference).tag(*new.rsplit(":", 1))

    def push(self, reference: str) -> None:
        """``docker push -q``. Raises RuntimeError for a failure that the SDK only mentions."""
        if not self._ran("push", "-q", reference):
            output = self.engine.images.push(reference, auth_config=self._login(reference))
            if '"error"' in output:
                raise RuntimeError(output[-300:])

    @property
    def _program(self) -> str | None:
        return shutil.which("docker")

    def _ran(self, *arguments: str) -> bool:
        """Whether there is a program; it has run then."""
        if self._program is None:
            return False
        command = [self._program, "--host", self.host, "--config", str(self.folder), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return True

    def _login(self, reference: str) -> dict[str, str]:
        host = reference.partition("/")[0]
        registry = next(one for one in self.registries if one.host == host)
        return {"username": registry.username, "password": registry.password}
