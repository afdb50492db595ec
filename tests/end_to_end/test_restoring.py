"""An older copy of the database is put back: what runs is known, and nothing is confused."""

import contextlib
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import docker
import pytest
import redis

from local_slack import Person, Workspace
from quaymaster.operations import State
from quaymaster.store import keys
from testing.engines.valkey import ValkeyServer
from testing.engines.waiting import wait_until
from testing.images.catalogue import LocalImages
from testing.planned import the_change
from testing.system import ROOT, System, page_at
from tests.end_to_end.cards import cards_of, final_card, is_card_of
from tests.end_to_end.conftest import Push

pytestmark = pytest.mark.engine


async def test_after_an_older_state_was_restored_deploys_go_on_and_what_is_missing_is_noticed(
    system: System,
    workspace: Workspace,
    engine: docker.DockerClient,
    images: LocalImages,
    tmp_path: Path,
    push: Push,
    alice: Person,
) -> None:
    repository, staging, port = system.shop.repository, system.shop.staging, system.shop.port
    for tag, image in (("1", images.web_v1), ("2", images.web_v2), ("4", images.web_v4_slow_start)):
        push(image, tag)
    programs = [system.start("bot"), system.worker()]
    await workspace.connected(within=60)

    async def done(text: str) -> int:
        number = await system.asked(alice, text)
        assert system.ended(number, within=60).state is State.SUCCEEDED, system.logs()
        await final_card(workspace, number)
        return number

    first = await done(f"deploy {repository}:1 to {staging}")
    second = await done(f"deploy {repository}:2 to {staging}")
    copy = tmp_path / "copy"
    _copy(system.valkey, copy)

    lost = await done(f"deploy {repository}:4 to {staging}")
    card_of_lost = await final_card(workspace, lost)
    await done(f"rollback {staging}/web")
    assert "web v2" in page_at(port)
    head = _head(system)
    turns = [int(one.name.rpartition(".")[2]) for one in _containers(engine, staging)]

    for program in programs:
        program.stop()
    system.valkey.stop()
    _restore(system.valkey, copy)
    system.valkey.start()
    with contextlib.closing(system.connection()) as connection:
        # The bot keeps some ids in stock. Here it takes those again that were used since.
        connection.set(keys.NEXT_ID, second)
    await system.opens(workspace)

    await alice.command("C0SHOP", "status")
    told = await alice.sees(f"#{second}", channel="C0SHOP")
    assert staging in told.words
    again = await done(f"deploy {repository}:1 to {staging}")
    assert again == lost
    await workspace.until(lambda one: is_card_of(one, again) and one.ts != card_of_lost.ts)
    assert card_of_lost in await cards_of(workspace, lost), "the old card stays as it was"
    assert "web v1" in page_at(port)
    turn = the_change(system.ended(again).plan).turn
    assert turn > max(turns)
    names = [one.name for one in _containers(engine, staging) if one.status == "running"]
    assert names == [f"quaymaster-{staging}-web-{again}.{turn}"]

    back = await done(f"rollback {staging}/web")
    assert "web v2" in page_at(port)
    assert first < second < again < back
    assert _verified(system).returncode == 0
    missed = _verified(system, "--head", head)
    assert missed.returncode != 0
    assert head in missed.stderr


def _copy(server: ValkeyServer, to: Path) -> None:
    """As https://valkey.io/topics/persistence/ says, “Backing up AOF persistence”: no rewrite of
    the file may begin or go on meanwhile.
    """
    with contextlib.closing(server.client()) as client:
        name = "auto-aof-rewrite-percentage"
        usual = str(client.config_get(name)[name])
        client.config_set(name, 0)
        try:
            wait_until(lambda: not _is_rewriting(client), within=20, what="the rewrite")
            shutil.copytree(server.data, to)
        finally:
            client.config_set(name, usual)


def _is_rewriting(client: "redis.Redis") -> bool:
    return bool(client.info("persistence")["aof_rewrite_in_progress"])


def _restore(server: ValkeyServer, copy: Path) -> None:
    """In the place of what was there, while the server does not run."""
    shutil.rmtree(server.data)
    shutil.copytree(copy, server.data)


def _containers(engine: docker.DockerClient, environment: str) -> list[Any]:
    label = f"quaymaster.environment={environment}"
    return list(engine.containers.list(all=True, filters={"label": label}))


def _verified(system: System, *more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "programs.cli", "audit", "verify", *more],
        env=system.environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def _head(system: System) -> str:
    """The head, once everything that has ended is in the audit."""
    with contextlib.closing(system.connection()) as connection:
        wait_until(lambda: not connection.llen(keys.JOURNAL), within=20, what="the audit")
    verified = _verified(system)
    match = re.search(r"head ([0-9a-f]{64})", verified.stdout)
    assert match, verified.stdout + verified.stderr
    return match[1]
