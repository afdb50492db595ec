"""Many commands at the same moment."""

from local_slack import Outcome
from tests.bot.conftest import ALICE, Running

PUSH = "push shop/web:1.4 from build1"
_BURSTS = 5


def answer(outcome: Outcome) -> str:
    """What came with the acknowledgement."""
    body = outcome.deliveries[0].body
    assert isinstance(body, dict)
    return str(body["text"])


async def assert_bursts_are_accepted(bot: Running, count: int = 50) -> int:
    """Every command of a burst is acknowledged in time, and what it was told is what is recorded.

    On a machine whose disk stalls, Redis may be late for some, who are told so; one of a few
    bursts has to be accepted as a whole. Returns how many were accepted in all.
    """
    accepted = 0
    for _ in range(_BURSTS):
        plan = bot.person(ALICE).plan.command("C0SHOP", PUSH)
        outcomes = await bot.workspace.act(*[plan] * count)
        assert all(outcome.acknowledged for outcome in outcomes)
        now = sum(": on it;" in answer(outcome) for outcome in outcomes)
        accepted += now
        assert len({operation.id for operation in bot.operations()}) >= accepted
        if now == count:
            return accepted
    raise AssertionError(f"none of {_BURSTS} bursts was accepted as a whole")
