"""Programs of two versions side by side, as during an upgrade: operations finish or wait (G12)."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local_slack import Person, Workspace
from quaymaster.operations import State
from tests.end_to_end.cards import approval_request, approve, final_card
from tests.end_to_end.conftest import Push
from tests.end_to_end.house import ROOT, House, page_at
from tests.engines.registries import Registry
from tests.engines.waiting import wait_until
from tests.images.catalogue import LocalImages
from tests.people import BOB, CAROL

pytestmark = pytest.mark.engine

_PACKAGES = ("bot", "workers", "quaymaster", "local_slack", "trial")
_CHANGES = (
    (
        "quaymaster/operations.py",
        "    requested_at: datetime\n\n\n@dataclass",
        "    requested_at: datetime\n    reason: str\n\n\n@dataclass",
    ),
    (
        "bot/acceptance.py",
        "            requested_at=now,\n",
        '            requested_at=now,\n            reason="because",\n',
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
        "workers/jobs/plan.py",
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
def of(version: Path, house: House) -> Iterator[House]:
    """The house, starting programs of another version."""
    before, house.root = house.root, version
    try:
        yield house
    finally:
        house.root = before


def _log_says(house: House, words: str) -> Callable[[], bool]:
    return lambda: any(words in one.log.read_text(errors="replace") for one in house.programs)


async def test_what_a_newer_bot_accepts_waits_for_a_newer_worker(
    house: House,
    workspace: Workspace,
    registry: Registry,
    images: LocalImages,
    next_version: Path,
    push: Push,
    alice: Person,
) -> None:
    repository = house.shop.repository
    push(images.web_v1, "1")
    old_worker = house.worker()
    with of(next_version, house):
        house.start("bot")
    await workspace.connected(within=60)
    number = await house.asked(alice, f"tag {repository}:1 as {repository}:2")
    wait_until(
        _log_says(house, "left to a newer worker"),
        within=30,
        what="the older worker to put it back",
    )
    assert old_worker.is_running()
    with of(next_version, house):
        house.worker()
    wait_until(lambda: registry.tags(repository) == ["1", "2"], within=60, what="the tag")
    old_worker.stop()  # with it goes the courier, which leaves newer cards to a newer one
    card = await final_card(workspace, number, within=60)
    assert card.text.startswith("✅"), card.words


async def test_what_a_newer_worker_planned_waits_for_a_newer_bot(
    house: House,
    workspace: Workspace,
    images: LocalImages,
    next_version: Path,
    push: Push,
    alice: Person,
    bob: Person,
) -> None:
    """The request of the older version is read, and its plan approved through a newer bot."""
    repository, production = house.shop.repository, house.shop.production
    push(images.web_v1, "1")
    old_bot = house.start("bot")
    with of(next_version, house):
        house.worker()
    await workspace.connected(within=60)
    number = await house.asked(alice, f"deploy {repository}:1 to {production}")
    await approval_request(workspace, number)
    await approve(workspace, bob, number)
    await bob.sees("newer Quaymaster", channel="C0RELEASE")
    old_bot.stop()
    with of(next_version, house):
        house.start("bot")
    await workspace.connected(within=60)
    for voter in (BOB, CAROL):
        await approve(workspace, workspace.person(voter), number)
    card = await final_card(workspace, number, within=60)
    assert card.text.startswith("✅"), (card.words, house.logs())
    assert "web v1" in page_at(house.shop.port + 1)


async def test_an_upgrade_in_the_middle_of_an_approval_changes_nothing_about_it(
    house: House,
    workspace: Workspace,
    images: LocalImages,
    next_version: Path,
    push: Push,
    alice: Person,
    bob: Person,
    carol: Person,
) -> None:
    """A vote that was given through the older version counts in the newer one."""
    repository, production = house.shop.repository, house.shop.production
    push(images.web_v1, "1")
    bot, worker = house.start("bot"), house.worker()
    await workspace.connected(within=60)
    number = await house.asked(alice, f"deploy {repository}:1 to {production}")
    house.reaches(number, State.AWAITING_APPROVAL)
    await approve(workspace, bob, number)
    house.until(number, lambda one: len(one.votes) == 1)
    bot.stop()
    worker.stop()
    with of(next_version, house):
        await house.opens(workspace)
    await approve(workspace, carol, number)
    card = await final_card(workspace, number, within=60)
    assert card.text.startswith("✅"), (card.words, house.logs())
    assert "web v1" in page_at(house.shop.port + 1)
