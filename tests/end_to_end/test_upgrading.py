"""Programs of two versions side by side, as during an upgrade: operations finish or wait (G12)."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local_slack import Person, Workspace
from quaymaster.operations import State
from testing.engines.registries import Registry
from testing.engines.waiting import wait_until
from testing.images.catalogue import LocalImages
from testing.system import ROOT, System, page_at
from tests.end_to_end.cards import approval_request, approve, final_card
from tests.end_to_end.conftest import Push
from tests.people import BOB, CAROL

pytestmark = pytest.mark.engine

_PACKAGES = ("programs", "bot", "workers", "quaymaster", "local_slack", "trial")
_CHANGES = (
    (
        "quaymaster/operations.py",
        "    requested_at: datetime\n\n\n@dataclass",
        "    requested_at: datetime\n    reason: str\n\n\n@dataclass",
    ),
    (
        "quaymaster/store/new_operations.py",
        "        requested_at=now,\n",
        '        requested_at=now,\n        reason="because",\n',
    ),
    ("quaymaster/plans.py", "    turn: int\n", "    turn: int\n    colour: str\n"),
    (
        "quaymaster/store/formats.py",
        "TypeAdapter(Submission), _BOT, 2, {1: _with_kind_of_actor})",
        "TypeAdapter(Submission), _BOT, 3, "
        '{1: _with_kind_of_actor, 2: lambda data: {**data, "reason": ""}})',
    ),
    (
        "quaymaster/store/formats.py",
        'PLAN = Codec("plan", TypeAdapter(Plan), _WORKER, 2, {1: _with_changes})',
        'PLAN = Codec("plan", TypeAdapter(Plan), _WORKER, 3, {1: _with_changes, 2: lambda plan: '
        '{**plan, "changes": [{**one, "colour": ""} for one in plan["changes"]]}})',
    ),
    (
        "workers/jobs/deploy/plan.py",
        "        turn=next_turn(state, tools),\n",
        '        turn=next_turn(state, tools),\n        colour="blue",\n',
    ),
)
"""A second version: a field more in what a bot signs, and one in what a worker signs."""


@pytest.fixture
def next_version(tmp_path: Path) -> Path:
    """A checkout of that version."""
    root = tmp_path / "next"
    for package in _PACKAGES:
        shutil.copytree(ROOT / package, root / package)
    for file, old, new in _CHANGES:
        path = root / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, (file, old)
        path.write_text(text.replace(old, new), encoding="utf-8")
    return root


@contextmanager
def of(version: Path, system: System) -> Iterator[System]:
    """The system, starting programs of another version."""
    before, system.root = system.root, version
    try:
        yield system
    finally:
        system.root = before


def _log_says(system: System, words: str) -> Callable[[], bool]:
    return lambda: any(words in one.log.read_text(errors="replace") for one in system.programs)


async def test_what_a_newer_bot_accepts_waits_for_a_newer_worker(
    system: System,
    workspace: Workspace,
    registry: Registry,
    images: LocalImages,
    next_version: Path,
    push: Push,
    alice: Person,
) -> None:
    repository = system.shop.repository
    push(images.web_v1, "1")
    old_worker = system.worker()
    with of(next_version, system):
        system.start("bot")
    await workspace.connected(within=60)
    number = await system.asked(alice, f"tag {repository}:1 as {repository}:2")
    wait_until(
        _log_says(system, "left to a newer worker"),
        within=30,
        what="the older worker to put it back",
    )
    assert old_worker.is_running()
    with of(next_version, system):
        system.worker()
    wait_until(lambda: registry.tags(repository) == ["1", "2"], within=60, what="the tag")
    old_worker.stop()  # with it goes the courier, which leaves newer cards to a newer one
    card = await final_card(workspace, number, within=60)
    assert card.text.startswith("✅"), card.words


async def test_what_a_newer_worker_planned_waits_for_a_newer_bot(
    system: System,
    workspace: Workspace,
    images: LocalImages,
    next_version: Path,
    push: Push,
    alice: Person,
    bob: Person,
) -> None:
    """The request of the older version is read, and its plan approved through a newer bot."""
    repository, production = system.shop.repository, system.shop.production
    push(images.web_v1, "1")
    old_bot = system.start("bot")
    with of(next_version, system):
        system.worker()
    await workspace.connected(within=60)
    number = await system.asked(alice, f"deploy {repository}:1 to {production}")
    await approval_request(workspace, number)
    await approve(workspace, bob, number)
    await bob.sees("newer Quaymaster", channel="C0RELEASE")
    old_bot.stop()
    with of(next_version, system):
        system.start("bot")
    await workspace.connected(within=60)
    for voter in (BOB, CAROL):
        await approve(workspace, workspace.person(voter), number)
    card = await final_card(workspace, number, within=60)
    assert card.text.startswith("✅"), (card.words, system.logs())
    assert "web v1" in page_at(system.shop.port + 1)


async def test_an_upgrade_in_the_middle_of_an_approval_changes_nothing_about_it(
    system: System,
    workspace: Workspace,
    images: LocalImages,
    next_version: Path,
    push: Push,
    alice: Person,
    bob: Person,
    carol: Person,
) -> None:
    """A vote that was given through the older version counts in the newer one."""
    repository, production = system.shop.repository, system.shop.production
    push(images.web_v1, "1")
    bot, worker = system.start("bot"), system.worker()
    await workspace.connected(within=60)
    number = await system.asked(alice, f"deploy {repository}:1 to {production}")
    system.reaches(number, State.AWAITING_APPROVAL)
    await approve(workspace, bob, number)
    system.until(number, lambda one: len(one.votes) == 1)
    bot.stop()
    worker.stop()
    with of(next_version, system):
        await system.opens(workspace)
    await approve(workspace, carol, number)
    card = await final_card(workspace, number, within=60)
    assert card.text.startswith("✅"), (card.words, system.logs())
    assert "web v1" in page_at(system.shop.port + 1)
