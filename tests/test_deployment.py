"""docker-compose.yml as the real Docker Compose reads it, and its Redis as it starts it.

The whole product, as it runs there, is in tests/production.
"""

import json
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest
import redis
from docker.models.containers import Container
from redis.backoff import NoBackoff
from redis.retry import Retry

from quaymaster.configuration.configuration import Configuration
from quaymaster.key_programs import programs_of
from quaymaster.store.redis_users import RedisUser, acl_file, passwords_in
from testing.engines.local_images import load_images
from testing.engines.session import EngineSession
from testing.images.valkey import valkey_image
from tests.compose import compose
from tests.readme import ROOT

pytestmark = pytest.mark.engine
USERS = {
    "bot": RedisUser.BOT,
    "worker-host": RedisUser.WORKER_HOST,
    "worker-registry": RedisUser.WORKER_REGISTRY,
    "scanner": RedisUser.SCANNER,
}
KEYS = {
    "bot": {"QUAYMASTER_SIGNING_KEY": "BOT_SIGNING_KEY"},
    "worker-host": {
        "QUAYMASTER_SIGNING_KEY": "WORKER_BUILD1_SIGNING_KEY",
        "QUAYMASTER_FINGERPRINT_KEY": "QUAYMASTER_FINGERPRINT_KEY",
    },
    "worker-registry": {"QUAYMASTER_SIGNING_KEY": "WORKER_REGISTRY_SIGNING_KEY"},
    "scanner": {"QUAYMASTER_SIGNING_KEY": "SCANNER_SIGNING_KEY"},
}
"""Each variable of a program, and the line of .env that it comes from."""
IMAGE = "valkey/valkey:9-alpine"


def composed(folder: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """What Docker Compose makes of the file in an environment that has only these variables."""
    file = str(ROOT / "docker-compose.yml")
    return compose(folder, "-f", file, "config", "--format", "json", variables=variables)


def variables() -> dict[str, str]:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    made_up = {name: f"made-up-{name}" for name in re.findall(r"^(\w+)=", example, re.MULTILINE)}
    return made_up | {"REDIS_MEMORY_LIMIT": "192m"}


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


def test_the_socket_may_be_elsewhere_and_nothing_is_made_where_it_is_not(tmp_path: Path) -> None:
    """Rootless Docker has another for each user."""
    elsewhere = "/run/user/1000/docker.sock"
    for given, source in (({"DOCKER_SOCKET": elsewhere}, elsewhere), ({}, "/var/run/docker.sock")):
        done = composed(tmp_path, **{**variables(), "DOCKER_SOCKET": "", **given})
        mounted = json.loads(done.stdout)["services"]["worker-host"]["volumes"]
        (socket,) = (one for one in mounted if one["target"] == "/var/run/docker.sock")
        assert socket["source"] == source
        assert socket["bind"]["create_host_path"] is False


def test_every_program_that_speaks_to_slack_speaks_to_the_same(tmp_path: Path) -> None:
    given = {**variables(), "SLACK_API_URL": ""}
    usual = json.loads(composed(tmp_path, **given).stdout)["services"]
    other = json.loads(composed(tmp_path, **variables()).stdout)["services"]
    for name in ("bot", "worker-host", "worker-registry"):
        assert usual[name]["environment"]["SLACK_API_URL"] == "https://slack.com/api/"
        assert other[name]["environment"]["SLACK_API_URL"] == "made-up-SLACK_API_URL"
    assert "SLACK_API_URL" not in usual["scanner"]["environment"]


@pytest.mark.parametrize("file", ["quaymaster.yml", "quaymaster.keys.yml"])
def test_every_program_has_configuration_and_key_ring_read_only(
    services: dict[str, Any], file: str
) -> None:
    for name in USERS:
        (one,) = (
            volume
            for volume in services[name]["volumes"]
            if volume["target"] == f"/etc/quaymaster/{file}"
        )
        assert one["read_only"] is True
        assert one["bind"]["create_host_path"] is False  # who forgot it reads that


def test_each_program_has_its_own_key_and_no_other(services: dict[str, Any]) -> None:
    for name, given in KEYS.items():
        environment = services[name]["environment"]
        found = {key: value for key, value in environment.items() if key.endswith("_KEY")}
        assert found == {key: f"made-up-{line}" for key, line in given.items()}
    assert "_KEY" not in str(services["redis"])


def test_the_keys_that_are_added_to_the_example_are_those_that_count(tmp_path: Path) -> None:
    """`cat .env.keys >> .env`: the empty lines of the example stand before them."""
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    lines = (f"{name}={value}\n" for name, value in variables().items())
    (tmp_path / ".env").write_text(example + "".join(lines))
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    done = compose(tmp_path, "config", "--format", "json")
    bot = json.loads(done.stdout)["services"]["bot"]["environment"]
    assert bot["QUAYMASTER_SIGNING_KEY"] == "made-up-BOT_SIGNING_KEY"


def test_what_keys_new_writes_is_what_the_programs_get() -> None:
    """For the one host that the file is about."""
    configuration = Configuration.parse(
        "default_registry: r.example.com\nregistries: {r.example.com: {}}\nhosts: {build1: {}}\n"
    )
    made = {one.variable for one in programs_of(configuration, one_worker=False)}
    used = {line for given in KEYS.values() for line in given.values()}
    assert used - {"QUAYMASTER_FINGERPRINT_KEY"} == made


def test_each_program_is_a_user_of_redis_of_its_own_and_redis_is_not_published(
    services: dict[str, Any],
) -> None:
    for name, user in USERS.items():
        url = f"redis://{user}:made-up-{user.password_variable}@redis:6379/0"
        assert services[name]["environment"]["REDIS_URL"] == url
    assert "environment" not in services["redis"]
    assert set(services["redis"]["networks"]) == {"inner"}
    assert all("ports" not in one for one in services.values())


@pytest.mark.parametrize(
    "name",
    [
        *(user.password_variable for user in USERS.values()),
        *(key for given in KEYS.values() for key in given.values()),
        *("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"),
    ],
)
def test_nothing_starts_without_its_secrets(tmp_path: Path, name: str) -> None:
    given = variables()
    del given[name]
    done = composed(tmp_path, **given)
    assert done.returncode != 0
    assert name in done.stderr


@dataclass(frozen=True, slots=True)
class Deployment:
    """A copy of what Docker Compose needs, with an environment filled in, in a real engine."""

    folder: Path
    project: str
    docker_host: str
    engine: docker.DockerClient
    environment: Mapping[str, str]

    def compose(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Docker Compose in the folder, as somebody runs it there."""
        named = ("--project-name", self.project, *words)
        return compose(self.folder, *named, variables={"DOCKER_HOST": self.docker_host}, within=120)

    def up(self) -> "subprocess.CompletedProcess[str]":
        """Start Redis alone, and wait until its health check says that it is healthy."""
        return self.compose("up", "-d", "--no-build", "--pull", "never", "--wait", "redis")

    def container(self) -> Container:
        (found,) = self.engine.containers.list(
            all=True, filters={"label": f"com.docker.compose.project={self.project}"}
        )
        return found

    def client(self, user: RedisUser | None) -> "redis.Redis":
        """A client at the address on the inner network; a stranger when no user is given."""
        networks = self.container().attrs["NetworkSettings"]["Networks"]
        host = networks[f"{self.project}_inner"]["IPAddress"]
        login = f"{user}:{self.environment[user.password_variable]}@" if user else ""
        return redis.Redis.from_url(f"redis://{login}{host}:6379/0", retry=Retry(NoBackoff(), 0))


@pytest.fixture
def deployment(
    tmp_path: Path, docker_host: str, engine: docker.DockerClient, engine_session: EngineSession
) -> Iterator[Deployment]:
    """Afterwards it is gone, volumes included. The image has one name: one test at a time."""
    made_up = {name: secrets.token_hex(16) for name in variables()}
    chosen = {"REDIS_MAXMEMORY": "64mb", "REDIS_MEMORY_LIMIT": "192m", "DOCKER_GROUP_ID": "999"}
    environment = made_up | chosen
    for name in ("docker-compose.yml", "valkey.conf"):
        shutil.copy(ROOT / name, tmp_path)
    lines = (f"{name}={value}\n" for name, value in environment.items())
    (tmp_path / ".env").write_text("".join(lines))
    (tmp_path / "users.acl").write_text(acl_file(passwords_in(environment)))
    project = f"{engine_session.run.name}-{secrets.token_hex(3)}".lower()
    one = Deployment(tmp_path, project, docker_host, engine, environment)
    with engine_session.run.locked("compose"):
        load_images(engine, {IMAGE: valkey_image()})
        try:
            yield one
        finally:
            down = one.compose("down", "--volumes", "--timeout", "2")
            engine.images.remove(IMAGE)
            assert down.returncode == 0, down.stderr


def test_redis_comes_up_healthy_lets_no_stranger_in_and_shows_no_password(
    deployment: Deployment,
) -> None:
    done = deployment.up()
    assert done.returncode == 0, done.stderr
    container = deployment.container()
    assert container.attrs["State"]["Health"]["Status"] == "healthy"
    assert container.attrs["HostConfig"]["ReadonlyRootfs"] is True
    assert container.attrs["HostConfig"]["Memory"] == 192 << 20
    assert container.attrs["HostConfig"]["PidsLimit"] == 128
    assert not container.attrs["HostConfig"]["PortBindings"]
    with deployment.client(None) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    shown = f"{container.attrs} {container.top()} {container.logs()!r}"
    shown += (deployment.folder / "users.acl").read_text()
    for user in USERS.values():
        assert deployment.environment[user.password_variable] not in shown


def test_redis_has_a_user_for_each_program_and_no_other(deployment: Deployment) -> None:
    assert deployment.up().returncode == 0
    for user in USERS.values():
        with deployment.client(user) as client:
            assert client.ping()
            with pytest.raises(redis.exceptions.NoPermissionError):
                client.flushall()
    password = deployment.environment[RedisUser.BOT.password_variable]
    with (
        deployment.client(RedisUser.BOT) as bot,
        pytest.raises(redis.AuthenticationError),
    ):
        bot.execute_command("AUTH", password)


def test_redis_is_set_up_to_lose_nothing_within_its_memory(deployment: Deployment) -> None:
    assert deployment.up().returncode == 0
    with deployment.client(RedisUser.WORKER_REGISTRY) as client:
        settings = client.config_get("*")
    assert settings["appendonly"] == "yes"
    assert settings["appendfsync"] == "always"
    assert settings["save"] == ""
    assert settings["maxmemory-policy"] == "noeviction"
    assert settings["maxmemory"] == str(64 * 1024 * 1024)


def test_what_redis_acknowledged_survives_its_death_and_a_new_container(
    deployment: Deployment,
) -> None:
    assert deployment.up().returncode == 0
    with deployment.client(RedisUser.BOT) as bot:
        bot.set("quaymaster:delivery:made-up", 1042)
    deployment.container().kill()
    assert deployment.up().returncode == 0
    assert deployment.compose("rm", "--stop", "--force", "redis").returncode == 0
    assert deployment.up().returncode == 0
    with deployment.client(RedisUser.BOT) as bot:
        assert bot.get("quaymaster:delivery:made-up") == b"1042"


@pytest.mark.parametrize("name", ["users.acl", "valkey.conf"])
def test_redis_does_not_start_without_its_files(deployment: Deployment, name: str) -> None:
    file = deployment.folder / name
    file.unlink()
    done = deployment.up()
    assert done.returncode != 0
    assert name in done.stderr
    assert not file.exists()
