"""The thinnest line: what is posted is on the page, and what is typed arrives."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from local_slack import Workspace
from tests.page.conftest import Open

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="session")]


async def test_what_one_writes_the_other_reads_as_text(
    open_window: Open, workspace: Workspace
) -> None:
    alice, carol = await open_window("alice"), await open_window("carol")
    await alice.type("<img src=x onerror=alert(1)> <b>hello</b>")
    await expect(carol.messages).to_have_count(1)
    await expect(carol.messages).to_contain_text("<img src=x onerror=alert(1)> <b>hello</b>")
