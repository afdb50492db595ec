"""A push through the whole product, with live progress and a slow Slack, compared with a plain
push.
"""

import asyncio
import secrets
import statistics
import time
from collections.abc import Iterable
from contextlib import ExitStack

from bench.acknowledgement import our_bot
from bench.bed import Bed
from bench.commands import Commander
from bench.peers.plain_docker import PlainDocker
from bench.programs import ready_worker
from bench.row import Row
from local_slack import LocalSlack
from quaymaster.operations import State
from testing.engines.local_images import load_big_image, remove_images
from testing.engines.registries import Registry
from testing.system import Shop, System, configuration

_PAIRS = 3
_LAYERS, _LAYER_BYTES = 10, 21_000_000
_SLACK_SECONDS = 0.25


def pushing(bed: Bed) -> Iterable[Row]:
    """Command to recorded result, and ``docker push -q``, in turn; each into a registry that has
    none of the layers (an engine mounts what it pushed to the same registry before).
    """
    with ExitStack() as stack:
        registries = [stack.enter_context(bed.fresh_registry()) for _ in range(2 * _PAIRS)]
        engine = stack.enter_context(bed.engine())
        repository = f"bench/{secrets.token_hex(4)}"
        stack.callback(remove_images, engine, repository)
        names = [f"{one.host}/{repository}:1" for one in registries]
        load_big_image(engine, names[0], layers=_LAYERS, layer_bytes=_LAYER_BYTES)
        for name in names[1:]:
            engine.images.get(names[0]).tag(*name.rsplit(":", 1))
        folder = stack.enter_context(bed.folder())
        plain = PlainDocker.logged_in(engine, bed.docker_host, folder, *registries)
        system = stack.enter_context(bed.system(lambda shop: _knowing(registries, shop)))
        port = stack.enter_context(our_bot(bed, system))
        ready_worker(system)
        asyncio.run(_slow_down(system.slack))
        took: list[list[float]] = [[], []]
        for pair in range(_PAIRS):
            turns = [0, 1] if pair % 2 else [1, 0]
            for turn in turns:
                name = names[2 * pair + turn]
                took[turn].append(_ours(system, port, name) if turn == 0 else _bare(plain, name))
        updates = asyncio.run(_updates(system.slack))
        p50 = [statistics.median(one) for one in took]
        yield Row("push of 10 layers, 210 MB", p50[0] / p50[1], "x", f"{plain.name} push -q", 1.10)
        yield Row("updates of its card meanwhile", updates / _PAIRS, "", "", 1, "at least")


def _ours(system: System, port: int, name: str) -> float:
    """From the command to the result in the record."""
    commander = Commander(port, system.environment["SLACK_SIGNING_SECRET"])
    began = time.perf_counter()
    _, words = commander.send(f"push {name}")
    number = int(words.partition("#")[2].partition(" ")[0].rstrip(":"))
    ended = system.ended(number, within=300)
    took = time.perf_counter() - began
    commander.close()
    if ended.state is not State.SUCCEEDED:
        raise RuntimeError(f"{ended.outcome}\n{system.logs()}")
    return took


def _bare(plain: PlainDocker, name: str) -> float:
    began = time.perf_counter()
    plain.push(name)
    return time.perf_counter() - began


def _knowing(registries: list[Registry], shop: Shop) -> str:
    """The usual configuration with more registries; all have the same login."""
    known = f"registries:\n  {shop.registry.host}:"
    more = "".join(
        f'  {one.host}: {{username: {one.username}, password: "${{REGISTRY_PASSWORD}}"}}\n'
        for one in registries
    )
    return configuration(shop).replace(known, f"registries:\n{more}  {shop.registry.host}:")


async def _slow_down(slack: LocalSlack) -> None:
    async with slack.workspace() as workspace:
        await workspace.slow(_SLACK_SECONDS)


async def _updates(slack: LocalSlack) -> int:
    async with slack.workspace() as workspace:
        return len((await workspace.calls("chat.update")).accepted())
