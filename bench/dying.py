"""How soon everything is true again after a worker was killed together with its job."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import docker

from bench.acknowledgement import our_bot
from bench.bed import Bed
from bench.commands import Commander
from bench.programs import ready_worker
from bench.row import Row
from bot.views.card import operation_messages
from quaymaster.configuration.configuration import Configuration
from quaymaster.operations import Operation, Stage, State
from quaymaster.store import keys, records
from testing.engines.local_images import load_big_image, push_image, remove_images
from testing.engines.waiting import wait_until
from testing.system import Program, Shop, System, configuration, descendants

_WITHIN_SECONDS = 20.0
_GIVE_UP_SECONDS = 120.0


def dying(bed: Bed) -> Iterable[Row]:
    """kill -9 of worker, work horse and, if it is there, courier, in the middle of a push and of
    a deploy, while another worker waits for jobs.
    """
    with bed.system(_patient) as system, bed.engine() as engine, our_bot(bed, system) as port:
        try:
            workers = [ready_worker(system), ready_worker(system)]
            took = _push(system, engine, port, workers)
            yield Row("worker killed in a push, all true again", took, "s", "", _WITHIN_SECONDS)
            workers = [*(one for one in workers if one.is_running()), ready_worker(system)]
            took = _deploy(bed, system, engine, port, workers)
            yield Row("worker killed in a deploy, all true again", took, "s", "", _WITHIN_SECONDS)
        finally:
            system.close()
            system.shop.clean(engine)
            remove_images(engine, system.shop.repository)


def _patient(shop: Shop) -> str:
    """The usual configuration, with time to be killed in while health is waited for."""
    return configuration(shop).replace("within: 10s", "within: 60s")


def _push(
    system: System, engine: docker.DockerClient, port: int, workers: Sequence[Program]
) -> float:
    name = f"{system.shop.registry.host}/{system.shop.repository}:big"
    load_big_image(engine, name, layers=10, layer_bytes=20_000_000)
    number = _typed(system, port, f"push {name}")
    system.until(number, lambda one: one.progress is not None and one.progress.done_bytes > 0)
    return _killed(system, number, workers, [records.lease_name(number)])


def _deploy(
    bed: Bed,
    system: System,
    engine: docker.DockerClient,
    port: int,
    workers: Sequence[Program],
) -> float:
    shop, images = system.shop, bed.engines.docker().images
    for tag, image in (("1", images.web_v1), ("2", images.web_v3_broken)):
        push_image(engine, shop.registry, image, shop.repository, tag)
    first = _typed(system, port, f"deploy {shop.repository}:1 to {shop.staging}")
    if system.ended(first, within=120).state is not State.SUCCEEDED:
        raise RuntimeError(system.logs())
    number = _typed(system, port, f"deploy {shop.repository}:2 to {shop.staging}")
    system.until(number, _waits_for_health, within=60)
    service = f"service:{shop.staging}/web"
    return _killed(system, number, workers, [records.lease_name(number), service])


def _waits_for_health(operation: Operation) -> bool:
    progress = operation.progress
    return operation.stage is Stage.APPLY and progress is not None and "health" in progress.step


def _typed(system: System, port: int, text: str) -> int:
    """The number of the operation that a command became."""
    with closing(Commander(port, system.environment["SLACK_SIGNING_SECRET"])) as commander:
        _, words = commander.send(text)
    return int(words.partition("#")[2].partition(" ")[0].rstrip(":"))


def _killed(
    system: System, number: int, workers: Sequence[Program], leases: Sequence[str]
) -> float:
    """Kill the working process, then wait until the record has ended, the card says what the record
    says, and the leases are free.
    """
    victim = max(workers, key=lambda one: len(descendants(one.pid)))
    victim.kill()
    began = time.monotonic()
    with closing(system.connection()) as connection:
        ended = system.ended(number, within=_GIVE_UP_SECONDS)
        wait_until(
            lambda: not any(connection.exists(keys.lease(one)) for one in leases),
            within=_GIVE_UP_SECONDS,
            what="the leases to be free",
        )
        asyncio.run(_card_is_true(system, ended))
    return time.monotonic() - began


async def _card_is_true(system: System, ended: Operation) -> None:
    configured = Configuration.load(Path(system.environment["QUAYMASTER_CONFIG"]))
    card = operation_messages(ended, configured, datetime.now(UTC))[0]
    async with system.slack.workspace() as workspace:
        await workspace.until(
            lambda message: message.text == card.text,
            channel=card.channel,
            within=_GIVE_UP_SECONDS,
        )
