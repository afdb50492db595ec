"""docker-compose.yml as the real Docker Compose reads it."""

import json
import os
import re
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from tests.readme import ROOT

pytestmark = pytest.mark.engine
PROGRAM = Path(sysconfig.get_path("scripts")) / "docker-compose"


def composed(folder: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """What Docker Compose makes of the file in an environment that has only these variables."""
    return subprocess.run(
        [str(PROGRAM), "-f", str(ROOT / "docker-compose.yml"), "config", "--format", "json"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **variables},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def variables() -> dict[str, str]:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    return {name: f"made-up-{name}" for name in re.findall(r"^(\w+)=", example, re.MULTILINE)}


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    done = composed(tmp_path_factory.mktemp("compose"), **variables())
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["networks"]["inner"]["internal"] is True
    services: dict[str, Any] = found["services"]
    return services


def mounts(service: dict[str, Any]) -> set[str]:
    return {volume["target"] for volume in service.get("volumes", ())}


def test_only_the_worker_of_the_host_sees_the_docker_socket(services: dict[str, Any]) -> None:
    seeing = {name for name, one in services.items() if "/var/run/docker.sock" in mounts(one)}
    assert seeing == {"worker-host"}


def test_every_program_has_the_configuration_read_only(services: dict[str, Any]) -> None:
    for name in ("bot", "worker-host", "worker-scan"):
        (one,) = (
            volume
            for volume in services[name]["volumes"]
            if volume["target"] == "/etc/quaymaster/quaymaster.yml"
        )
        assert one["read_only"] is True


def test_the_password_reaches_redis_and_its_clients_and_redis_is_not_published(
    services: dict[str, Any],
) -> None:
    for name in ("bot", "worker-host", "worker-scan"):
        assert "made-up-REDIS_PASSWORD@redis" in services[name]["environment"]["REDIS_URL"]
    assert set(services["redis"]["networks"]) == {"inner"}
    assert all("ports" not in one for one in services.values())


@pytest.mark.parametrize(
    "name", ["REDIS_PASSWORD", "QUAYMASTER_SECRET_KEY", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"]
)
def test_nothing_starts_without_its_secrets(tmp_path: Path, name: str) -> None:
    given = variables()
    del given[name]
    done = composed(tmp_path, **given)
    assert done.returncode != 0
    assert name in done.stderr
