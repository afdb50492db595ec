"""A push through the whole product, with live progress and a slow Slack, beside the bare one."""

import asyncio
import base64
import json
import secrets
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from bench.acknowledgement import our_bot
from bench.bed import Bed
from bench.commands import Commander
from bench.programs import ready_worker
from bench.row import Row
from local_slack import LocalSlack
from quaymaster.operations import State
from tests.end_to_end.house import House, Shop, configuration
from tests.engines.local_images import load_big_image, remove_images
from tests.engines.registries import Registry

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
        login = _login_folder(stack.enter_context(bed.folder()), registries)
        house = stack.enter_context(bed.house(lambda shop: _knowing(registries, shop)))
        port = stack.enter_context(our_bot(bed, house))
        ready_worker(house)
        asyncio.run(_slow_down(house.slack))
        took: list[list[float]] = [[], []]
        for pair in range(_PAIRS):
            turns = [0, 1] if pair % 2 else [1, 0]
            for turn in turns:
                name = names[2 * pair + turn]
                took[turn].append(
                    _ours(house, port, name) if turn == 0 else _bare(bed, name, login)
                )
        shown = asyncio.run(_updates(house.slack))
        peer = "docker push -q" if shutil.which("docker") else "the SDK's push"
        p50 = [statistics.median(one) for one in took]
        yield Row("push of 10 layers, 210 MB", p50[0] / p50[1], "x", peer, 1.10)
        yield Row("updates of its card meanwhile", shown / _PAIRS, "", "", 1, "at least")


def _ours(house: House, port: int, name: str) -> float:
    """From the command to the result in the record."""
    commander = Commander(port, house.environment["SLACK_SIGNING_SECRET"])
    began = time.perf_counter()
    _, words = commander.send(f"push {name}")
    number = int(words.partition("#")[2].partition(" ")[0])
    ended = house.ended(number, within=300)
    took = time.perf_counter() - began
    commander.close()
    if ended.state is not State.SUCCEEDED:
        raise RuntimeError(f"{ended.outcome}\n{house.logs()}")
    return took


def _bare(bed: Bed, name: str, login: Path) -> float:
    program = shutil.which("docker")
    if program is None:
        return _by_sdk(bed, name, login)
    began = time.perf_counter()
    subprocess.run(
        [program, "--host", bed.docker_host, "--config", str(login), "push", "-q", name],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - began


def _by_sdk(bed: Bed, name: str, login: Path) -> float:
    host = name.partition("/")[0]
    auth = json.loads((login / "config.json").read_text())["auths"][host]["auth"]
    username, _, password = base64.b64decode(auth).decode().partition(":")
    with bed.engine() as engine:
        began = time.perf_counter()
        said = engine.images.push(name, auth_config={"username": username, "password": password})
        took = time.perf_counter() - began
    if '"error"' in said:
        raise RuntimeError(said[-300:])
    return took


def _knowing(registries: list[Registry], shop: Shop) -> str:
    """The usual configuration with more registries; all have the same login."""
    known = f"registries:\n  {shop.registry.host}:"
    more = "".join(
        f'  {one.host}: {{username: {one.username}, password: "${{REGISTRY_PASSWORD}}"}}\n'
        for one in registries
    )
    return configuration(shop).replace(known, f"registries:\n{more}  {shop.registry.host}:")


def _login_folder(folder: Path, registries: list[Registry]) -> Path:
    """What ``docker login`` would write."""
    auths = {
        one.host: {"auth": base64.b64encode(f"{one.username}:{one.password}".encode()).decode()}
        for one in registries
    }
    (folder / "config.json").write_text(json.dumps({"auths": auths}))
    return folder


async def _slow_down(slack: LocalSlack) -> None:
    async with slack.workspace() as workspace:
        await workspace.slow(_SLACK_SECONDS)


async def _updates(slack: LocalSlack) -> int:
    async with slack.workspace() as workspace:
        return len((await workspace.calls("chat.update")).accepted())
