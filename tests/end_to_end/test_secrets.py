"""Secrets are found nowhere: not in Slack, in logs, in Redis, or in what `ps` shows (G7)."""

import base64
import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import docker
import pytest
import redis

from local_slack import LocalSlack, Workspace
from quaymaster.operations import State
from testing.engines.registries import Registry
from testing.engines.trivy import TrivyCaches
from testing.engines.valkey import ValkeyServer
from testing.images.catalogue import PLANTED_SECRET, LocalImages
from testing.system import System, descendants
from tests.end_to_end.cards import final_card
from tests.end_to_end.conftest import DATABASE_PASSWORD, Push
from tests.people import ALICE
from tests.workers.lying_registry import LyingRegistry, Reply, SentRequest, lying_registry

pytestmark = pytest.mark.engine

TOLD_PASSWORD = "s3cr$t/of the+lying registry"
"""Of a registry that tells it to everybody; written differently in URLs and in JSON."""


@pytest.fixture
def liar() -> Iterator[LyingRegistry]:
    """A registry whose every error repeats the login that it was given."""

    def answer(incoming: SentRequest) -> Reply:
        if incoming.path in ("/v2", "/v2/"):
            return Reply(200, b"{}")
        told = f"no: {' '.join(_spellings(TOLD_PASSWORD))} {incoming.headers.get('Authorization')}"
        errors = [{"code": "DENIED", "message": told, "detail": {"given": TOLD_PASSWORD}}]
        content = json.dumps({"errors": errors}).encode()
        return Reply(403, content, (("Content-Type", "application/json"),))

    with lying_registry(answer) as registry:
        yield registry


@dataclass(slots=True)
class Watch:
    """Looks again and again at the command lines of the product's processes."""

    system: System
    seen: set[str] = field(default_factory=set)
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Watch":
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    _thread: threading.Thread = field(default_factory=threading.Thread)

    def _look(self) -> None:
        while not self._over.wait(0.01):
            for program in tuple(self.system.programs):
                for pid in (program.pid, *descendants(program.pid)):
                    with contextlib.suppress(OSError):
                        self.seen.add(Path(f"/proc/{pid}/cmdline").read_bytes().decode("latin-1"))


async def test_secrets_are_found_nowhere(
    system: System,
    workspace: Workspace,
    slack: LocalSlack,
    engine: docker.DockerClient,
    registry: Registry,
    images: LocalImages,
    trivy_caches: TrivyCaches,
    liar: LyingRegistry,
    valkey_server: ValkeyServer,
    push: Push,
) -> None:
    _configure(system, liar)
    repository, staging = system.shop.repository, system.shop.staging
    push(images.web_v1, "1")
    push(images.hostile, "hostile")
    engine.images.get(images.web_v1).tag(f"{liar.host}/{repository}", "1")
    environment = {"LIAR_PASSWORD": TOLD_PASSWORD}
    system.start("bot", **environment)
    cache = {"TRIVY_CACHE_DIR": str(trivy_caches.a)}
    system.start("worker", "--grace", "10", **environment, **cache)
    await workspace.connected(within=60)
    with Watch(system) as watch:
        await _everything_is_asked(system, workspace, liar, repository, staging)
    assert any("trivy" in line for line in watch.seen)

    places = {
        "command lines": "\n".join(watch.seen),
        "logs": "\n".join(one.log.read_text() for one in system.programs),
        "Slack": await _all_of_slack(workspace),
    }
    with contextlib.closing(system.connection()) as connection:
        places["Redis"] = _dump(connection)
    for file in sorted(valkey_server.data.iterdir()):
        places[file.name] = file.read_bytes().decode("latin-1")
    secrets = {
        "registry": registry.password,
        "lying registry": TOLD_PASSWORD,
        "service": DATABASE_PASSWORD,
        "image": PLANTED_SECRET,
        "key of fingerprints": system.environment["QUAYMASTER_FINGERPRINT_KEY"],
        "key of the bot": system.keys.bot.as_text().rpartition(":")[2],
        "key of the worker": system.keys.worker.as_text().rpartition(":")[2],
        **{f"database {user}": one for user, one in valkey_server.passwords.items()},
        **{name: slack.environment()[name] for name in slack.environment() if name[-1] != "L"},
    }
    found = [
        f"{name} secret in {place}: …{_around(text, spelling)}…"
        for name, secret in secrets.items()
        for spelling in _spellings(secret)
        for place, text in places.items()
        if spelling in text
    ]
    assert not found, "\n".join(found)
    assert all(places.values())
    assert "DATABASE_PASSWORD=•••" in places["Slack"]
    assert f"{liar.host} says: no: ••• •••" in places["Slack"]
    assert PLANTED_SECRET.encode() in _image_configuration(engine, images.hostile)


def _configure(system: System, liar: LyingRegistry) -> None:
    system.is_forking = False  # what a process is started with can be seen from outside
    system.reconfigure(
        "\nhosts:\n",
        f'\n  {liar.host}: {{username: ci, password: "${{LIAR_PASSWORD}}"}}\nhosts:\n',
    )
    system.reconfigure(
        f"  {system.shop.production}:\n",
        f"""      teller:
        image: {system.shop.registry.host}/{system.shop.repository}
        command: [/bin/sh, -c, "env; echo $DATABASE_PASSWORD >&2; exit 3"]
        health: {{http: /healthz, port: 8000, within: 10s}}
        environment: {{DATABASE_PASSWORD: "${{DATABASE_PASSWORD}}"}}
  {system.shop.production}:
""",
    )


async def _everything_is_asked(
    system: System, workspace: Workspace, liar: LyingRegistry, repository: str, staging: str
) -> None:
    alice = workspace.person(ALICE)
    told = f"{liar.host}/{repository}"
    expected = {
        f"deploy {repository}:1 to {staging} --service web": State.SUCCEEDED,
        f"deploy {repository}:1 to {staging} --service teller": State.FAILED,
        f"rollback {staging}/web": State.FAILED,
        f"pull {repository}:1": State.SUCCEEDED,
        f"tag {repository}:1 as {repository}:2": State.SUCCEEDED,
        f"inspect {repository}:hostile": State.SUCCEEDED,
        f"history {repository}:hostile": State.SUCCEEDED,
        f"scan {repository}:hostile": State.SUCCEEDED,
        f"pull {repository}:hostile": State.SUCCEEDED,
        f"inspect {repository}:hostile on build1": State.SUCCEEDED,
        f"history {repository}:hostile on build1": State.SUCCEEDED,
        f"scan {repository}:hostile on build1": State.SUCCEEDED,
        f"tags {told}": State.FAILED,
        f"inspect {told}:1": State.FAILED,
        f"pull {told}:9": State.FAILED,
        f"push {told}:1": State.FAILED,
        f"tag {told}:9 as {told}:2": State.FAILED,
        f"scan {told}:9": State.FAILED,
    }
    for text, state in expected.items():
        number = await system.asked(alice, text)
        ended = system.ended(number, within=60)
        assert ended.state is state, (text, ended, system.logs())
        await final_card(workspace, number, within=60)


def _spellings(secret: str) -> list[str]:
    """The secret as it is, in URLs, in JSON, and as HTTP's basic authentication writes it."""
    login = base64.b64encode(f"ci:{secret}".encode()).decode()
    alone = base64.b64encode(secret.encode()).decode().rstrip("=")
    written = {secret, quote(secret), quote(secret, safe=""), json.dumps(secret)[1:-1]}
    return sorted(written | {login, alone})


async def _all_of_slack(workspace: Workspace) -> str:
    messages = await workspace.messages()
    texts = [json.dumps(one.as_json(), ensure_ascii=False) for one in messages]
    for user in ("U024BE7LH", "U0BOB"):
        texts += [json.dumps(one.as_json()) for one in await workspace.messages(user=user)]
    for file in (file for message in messages for file in message.files):
        texts.append((await workspace.file(file.id)).decode("latin-1"))
    return "\n".join(texts)


def _dump(connection: redis.Redis) -> str:
    """Every key with everything in it."""
    found: list[object] = []
    asking = cast("Any", connection)
    for key in asking.scan_iter("*"):
        kind = asking.type(key).decode()
        match kind:
            case "string":
                content = asking.get(key)
            case "hash":
                content = asking.hgetall(key)
            case "list":
                content = asking.lrange(key, 0, -1)
            case "set":
                content = asking.smembers(key)
            case "zset":
                content = asking.zrange(key, 0, -1)
            case "stream":
                content = asking.xrange(key)
            case other:
                raise AssertionError(f"{key} is a {other}")
        found.append((key, content))
    return "\n".join(map(repr, found))


def _around(text: str, spelling: str) -> str:
    at = text.index(spelling)
    return text[max(0, at - 150) : at + 80]


def _image_configuration(engine: docker.DockerClient, name: str) -> bytes:
    return json.dumps(engine.images.get(name).attrs).encode()
