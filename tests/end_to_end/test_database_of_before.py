"""A database of the format of before, beside a container that serves: refused, emptied, gone on."""

import contextlib
import json
from datetime import UTC, datetime
from typing import Any, cast

import docker
import pytest
import redis
from docker.models.containers import Container

from local_slack import Person, Workspace
from quaymaster.operations import State
from testing.images.catalogue import LocalImages
from testing.planned import the_change
from testing.system import System, page_at
from tests.end_to_end.conftest import Push

pytestmark = pytest.mark.engine

NUMBER = 17
"""Of the operation that made the container, when numbers were all that told containers apart."""
_LABELS = ("role", "environment", "service", "image", "configuration", "health")


def aged(engine: docker.DockerClient, serving: Container, environment: str) -> Container:
    """The container made anew under the name and with the labels of before there were turns."""
    found = serving.attrs
    labels = {f"quaymaster.{name}": serving.labels[f"quaymaster.{name}"] for name in _LABELS}
    labels |= {"quaymaster.operation": str(NUMBER), "quaymaster.release": str(NUMBER)}
    [network] = found["NetworkSettings"]["Networks"]
    api: Any = engine.api
    serving.remove(force=True, v=True)
    host = api.create_host_config(
        network_mode=network,
        port_bindings={
            port: [(one["HostIp"], int(one["HostPort"])) for one in bindings]
            for port, bindings in found["HostConfig"]["PortBindings"].items()
        },
        init=True,
        restart_policy=found["HostConfig"]["RestartPolicy"],
    )
    made = api.create_container(
        found["Config"]["Image"],
        name=f"quaymaster-{environment}-web-{NUMBER}",
        environment=found["Config"]["Env"],
        labels=labels,
        ports=[tuple(port.split("/")) for port in found["HostConfig"]["PortBindings"]],
        host_config=host,
        networking_config=api.create_networking_config(
            {network: api.create_endpoint_config(aliases=["web"])}
        ),
    )
    api.start(made["Id"])
    return engine.containers.get(made["Id"])


def written_before(database: redis.Redis, environment: str, image: str) -> None:
    """What a bot and a worker of before left: plain JSON, sealed with one key for everybody."""
    at = datetime.now(UTC).isoformat()
    record = {
        "id": NUMBER,
        "request": {"verb": "deploy", "image": image, "environment": environment},
        "state": "succeeded",
        "version": 5,
        "requested_at": at,
        "seal": "0" * 64,
    }
    fields = {"record": json.dumps(record), "version": "5", "state": "succeeded", "revision": "6"}
    database.hset(f"quaymaster:operation:{NUMBER}", mapping=cast("Any", fields))
    database.set("quaymaster:next-id", 33)
    database.zadd("quaymaster:operations:recent", {str(NUMBER): 1})
    release = {"id": NUMBER, "environment": environment, "service": "web", "seal": "0" * 64}
    database.rpush(f"quaymaster:releases:{environment}/web", json.dumps(release))
    database.rpush("quaymaster:audit", json.dumps({"number": 1, "previous": "", "hash": "0" * 64}))
    database.sadd("rq:queues", "rq:queue:registry")


def running(engine: docker.DockerClient, environment: str) -> list[str | None]:
    label = {"label": [f"quaymaster.environment={environment}", "quaymaster.role=service"]}
    return [one.name for one in engine.containers.list(filters=label)]


async def test_it_is_refused_and_after_it_was_emptied_a_deploy_takes_over_what_runs(
    system: System,
    workspace: Workspace,
    engine: docker.DockerClient,
    repository: str,
    images: LocalImages,
    push: Push,
    alice: Person,
) -> None:
    staging = system.shop.staging
    push(images.web_v1, "1")
    push(images.web_v2, "2")
    await system.opens(workspace)
    first = await system.asked(alice, f"deploy {repository}:1 to {staging}")
    assert system.ended(first).state is State.SUCCEEDED, system.logs()
    for program in system.programs:
        program.stop()
    [serving] = engine.containers.list(filters={"label": f"quaymaster.environment={staging}"})
    old = aged(engine, serving, staging)
    with contextlib.closing(system.connection()) as database:
        database.flushall()
        written_before(database, staging, f"{repository}:1")
    for program in (system.start("bot"), system.worker(), system.start("audit", "verify")):
        assert program.process.wait(60) == 2, program.tail()
        assert "`quaymaster database empty`" in program.tail()
    emptied = system.start("database", "empty", "--yes", REDIS_URL=system.valkey.url)
    assert emptied.process.wait(60) == 0, emptied.tail()
    assert "Deleted 6 keys." in emptied.tail()
    assert running(engine, staging) == [old.name]
    assert "web v1" in page_at(system.shop.port)
    await system.opens(workspace)
    second = await system.asked(alice, f"deploy {repository}:2 to {staging}")
    done = system.ended(second, within=60)
    assert done.state is State.SUCCEEDED, (done.outcome, system.logs())
    turn = the_change(done.plan).turn
    assert turn > NUMBER
    assert "web v2" in page_at(system.shop.port)
    assert running(engine, staging) == [f"quaymaster-{staging}-web-{second}.{turn}"]
    status = await alice.command("C0SHOP", "status")
    assert status.error is None
