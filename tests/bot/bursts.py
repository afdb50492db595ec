"""Many commands at the same moment."""

from local_slack import Outcome
from tests.bot.conftest import Running
from tests.people import ALICE

PUSH = "push shop/web:1.4 from build1"


def answer(outcome: Outcome) -> str:
    """What came with the acknowledgement."""
    body = outcome.deliveries[0].body
    assert isinstance(body, dict)
    return str(body["text"])


async def assert_a_burst_is_accepted(bot: Running, count: int = 50) -> None:
    """Every command of a burst is acknowledged in time, accepted and recorded."""
    before = len(bot.operations())
    plan = bot.person(ALICE).plan.command("C0SHOP", PUSH)
    outcomes = await bot.workspace.act(*[plan] * count)
    assert all(outcome.acknowledged for outcome in outcomes)
    assert [answer(one) for one in outcomes if "Started #" not in answer(one)] == []
    assert len({operation.id for operation in bot.operations()}) == before + count
