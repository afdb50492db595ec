"""A Slack that refuses, breaks or forgets to answer: every final card is right in the end (G8)."""

from functools import partial

import pytest

from bot.courier.courier import AT_ONCE
from local_slack import Fault, FaultKind, Person, Workspace
from quaymaster.operations import Operation, State
from testing.system import System
from tests.end_to_end.cards import cards_of, final_card, is_card_of

pytestmark = pytest.mark.engine

FAULT_SECONDS = 20.0
RETRY_AFTER = 4
ENDS_SECONDS = 60.0
"""A worker has to start for it, which takes a busy machine a while."""
CATCH_UP_SECONDS = 30.0
"""Ten cards in one channel: Slack takes one message a second, and three at once."""
MOST_TRIES = 12
"""Of one method while it does not work; a storm would be hundreds."""
UPDATES_A_MINUTE = 50


@pytest.mark.parametrize(
    ("kind", "error"),
    [(FaultKind.RATE_LIMITED, "ratelimited"), (FaultKind.SERVER_ERROR, "http_500")],
)
async def test_ten_operations_while_slack_refuses_end_in_ten_right_cards_without_a_storm(
    system: System,
    workspace: Workspace,
    repository: str,
    kind: FaultKind,
    error: str,
    alice: Person,
) -> None:
    bot = system.start("bot")
    system.worker("registry")
    await workspace.connected(within=60)
    waiting = [await system.asked(alice, "images on build1") for _ in range(5)]
    for number in waiting:
        await workspace.until(partial(is_card_of, operation=number), within=30)

    methods = ("chat.update", "chat.postMessage")
    faults = [
        Fault(kind, method, seconds=FAULT_SECONDS, retry_after=RETRY_AFTER) for method in methods
    ]
    await workspace.fault(*faults)
    asked = [await system.asked(alice, f"tags {repository}") for _ in range(5)]
    bot.kill()
    system.worker()
    ended = {number: system.ended(number, within=ENDS_SECONDS) for number in (*waiting, *asked)}
    system.start("bot")

    for number in waiting + asked:
        card = await final_card(workspace, number, within=FAULT_SECONDS + CATCH_UP_SECONDS)
        assert card.text.startswith(_mark_of(ended[number].state)), card.text
        assert await cards_of(workspace, number) == (card,)
    log = await workspace.calls(*methods)
    for method in methods:
        assert 0 < len(log.of(method).refused(error)) <= MOST_TRIES, method
    assert log.of("chat.update").accepted().busiest_minute() <= UPDATES_A_MINUTE
    if kind is FaultKind.RATE_LIMITED:
        await _are_shown_in_the_order_of_their_ends(workspace, asked, ended)


async def _are_shown_in_the_order_of_their_ends(
    workspace: Workspace, numbers: list[int], ended: dict[int, Operation]
) -> None:
    """As far as those that are worked on at the same time may overtake one another."""
    posted = {number: (await cards_of(workspace, number))[0].ts for number in numbers}
    by_end = sorted(numbers, key=lambda number: ended[number].changed_at)
    by_post = sorted(numbers, key=lambda number: posted[number])
    for number in numbers:
        assert abs(by_end.index(number) - by_post.index(number)) < AT_ONCE


def _mark_of(state: State) -> str:
    return "✅" if state is State.SUCCEEDED else "🔴"


@pytest.mark.parametrize("meanwhile", ["nothing else happens", "worker and bot are killed"])
async def test_a_post_whose_answer_was_lost_is_one_card(
    system: System, workspace: Workspace, meanwhile: str, alice: Person
) -> None:
    bot, worker = system.start("bot"), system.worker()
    await workspace.connected(within=60)
    await workspace.fault(Fault(FaultKind.LOST_ANSWER, "chat.postMessage", calls=2))
    numbers = [await system.asked(alice, "images on build1") for _ in range(2)]
    for number in numbers:
        await workspace.until(partial(is_card_of, operation=number), within=30)
    if meanwhile != "nothing else happens":
        worker.kill()
        bot.kill()
        system.worker()
        system.start("bot")
    for number in numbers:
        await final_card(workspace, number, within=40)
    for number in numbers:
        assert len(await cards_of(workspace, number)) == 1
    assert len((await workspace.calls("chat.postMessage")).refused("lost")) == 2
