"""A courier as a process of its own, to be killed:
`python -m tests.bot.courier.courier_process`.
"""

import asyncio
import os

from bot.courier.courier import run_courier
from bot.slack.sender import Sender
from bot.views.findings import findings_table
from testing.configurations import SHOP
from testing.keys import RING
from tests.bot.courier.couriers import draw_plainly


async def main() -> None:
    """Be a courier until killed."""
    environ = os.environ
    async with Sender.opened(environ["SLACK_BOT_TOKEN"], environ["SLACK_API_URL"]) as sender:
        await run_courier(
            environ["REDIS_URL"],
            sender,
            draw=draw_plainly,
            draw_findings=findings_table,
            ring=RING,
            configuration=SHOP,
            stop=asyncio.Event(),
        )


if __name__ == "__main__":
    asyncio.run(main())
