"""``quaymaster check`` as an operator runs it."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from local_slack import LocalSlack, serve
from testing.engines.registries import Registry
from testing.engines.trivy import TrivyCaches
from testing.engines.valkey import ValkeyServer
from testing.keys import FINGERPRINT_TEXT, WORKER_KEY, ring_text

pytestmark = pytest.mark.engine
CONFIGURATION = """\
default_registry: {registry}
registries: {{"{registry}": {{username: ci, password: "${{REGISTRY_PASSWORD}}"}}}}
hosts: {{build1: {{}}}}
environments:
  staging:
    target: {{docker: [build1]}}
    services: {{web: {{image: shop/web, channel: C0SHOP, env_file: web.env}}}}
roles: {{developers: everyone, ops: [U024BE7LH, SAZ94GDB8]}}
alerts: {{channel: C0SECURITY}}
"""


@pytest.fixture(scope="module")
def slack() -> Iterator[LocalSlack]:
    with serve() as running:
        yield running


@pytest.fixture
def environment(
    tmp_path: Path,
    slack: LocalSlack,
    valkey_server: ValkeyServer,
    docker_host: str,
    registry: Registry,
    trivy_caches: TrivyCaches,
    trivy_binary: Path,
) -> dict[str, str]:
    (tmp_path / "quaymaster.yml").write_text(CONFIGURATION.format(registry=registry.host))
    (tmp_path / "web.env").write_text("TOKEN=made-up-env-file-value\n")
    (tmp_path / "quaymaster.keys.yml").write_text(ring_text())
    return slack.environment() | {
        "PATH": f"{trivy_binary.parent}:{os.environ['PATH']}",
        "QUAYMASTER_CONFIG": str(tmp_path / "quaymaster.yml"),
        "QUAYMASTER_SIGNING_KEY": WORKER_KEY.as_text(),
        "QUAYMASTER_FINGERPRINT_KEY": FINGERPRINT_TEXT,
        "REDIS_URL": valkey_server.url,
        "DOCKER_HOST": docker_host,
        "TRIVY_CACHE_DIR": str(trivy_caches.a),
        "REGISTRY_PASSWORD": registry.password,
    }


def check(environment: Mapping[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "programs.cli", "check", *arguments],
        env=dict(environment),
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_everything_is_found_to_work(environment: dict[str, str]) -> None:
    done = check(environment)
    assert done.returncode == 0, done.stdout + done.stderr
    for subject in (
        *("Slack bot token", "Slack scopes", "Slack app token", "channel C0SHOP", "channel C0SEC"),
        *("person U024BE7LH", "group SAZ94GDB8", "Redis:", "Redis password", "Redis durability"),
        *("key ring", "signing key", "fingerprint key"),
        *("host build1", "registry localhost", "scanner", "vulnerability database", "env_file"),
    ):
        assert f"ok {subject}" in done.stdout


def test_a_container_checks_what_it_can_reach(environment: dict[str, str]) -> None:
    del environment["SLACK_APP_TOKEN"]
    environment["DOCKER_HOST"] = "tcp://127.0.0.1:9"
    done = check(environment, "--only", "redis,registries,scanner")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Slack" not in done.stdout
    assert "host" not in done.stdout.replace("localhost", "")


def test_what_is_broken_shows_in_the_exit_status_and_no_secret_is_printed(
    environment: dict[str, str],
) -> None:
    wrong = {
        "SLACK_BOT_TOKEN": "xoxb-made-up-and-wrong",
        "SLACK_APP_TOKEN": "xapp-made-up-and-wrong",
        "REGISTRY_PASSWORD": "made-up-registry-password",
        "REDIS_URL": environment["REDIS_URL"].replace("redis://:", "redis://:made-up"),
    }
    done = check(environment | wrong)
    assert done.returncode == 1
    printed = done.stdout + done.stderr
    for secret in (*wrong.values(), *environment.values(), "made-up-env-file-value"):
        if secret not in (environment["PATH"], environment["DOCKER_HOST"]):
            assert secret not in printed


def test_a_broken_configuration_is_told_with_its_line(environment: dict[str, str]) -> None:
    file = Path(environment["QUAYMASTER_CONFIG"])
    file.write_text(file.read_text() + "unheard_of: 1\n")
    done = check(environment)
    assert done.returncode == 1
    assert "quaymaster.yml" in done.stderr
    assert "unheard_of" in done.stderr


@pytest.mark.parametrize("arguments", [("--only", "redis,slcak"), ("--host", "build2")])
def test_an_option_that_names_nothing_is_refused(
    environment: dict[str, str], arguments: tuple[str, str]
) -> None:
    done = check(environment, *arguments)
    assert done.returncode == 1
    assert "There are" in done.stderr or "There is no host" in done.stderr
