"""A client that asks the page's addresses as the page itself would."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from local_slack import LocalSlack


@pytest.fixture
async def page(slack: LocalSlack) -> AsyncIterator[httpx.AsyncClient]:
    """Addresses are relative to the page; the Origin is the page's own."""
    headers = {"origin": slack.base_url}
    async with httpx.AsyncClient(base_url=slack.page_url, headers=headers) as client:
        yield client
