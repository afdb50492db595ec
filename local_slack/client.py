"""The control API, from outside."""

from __future__ import annotations

from typing import Any

import httpx

from local_slack.outcome import NotPossible


class ControlClient:
    """A client of ``/_local``, the control API of a running local Slack."""

    def __init__(self, base_url: str, token: str) -> None:
        self._http = httpx.AsyncClient(
            base_url=f"{base_url}/_local/",
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(60.0),
            trust_env=False,
        )

    async def get(self, path: str, **query: Any) -> Any:
        """GET JSON; arguments that are None are left out."""
        return (await self._fetch(path, query)).json()

    async def download(self, path: str, **query: Any) -> bytes:
        """GET bytes."""
        return (await self._fetch(path, query)).content

    async def _fetch(self, path: str, query: dict[str, Any]) -> httpx.Response:
        parameters = {name: value for name, value in query.items() if value is not None}
        return _checked(await self._http.get(path, params=parameters))

    async def post(self, path: str, body: Any) -> Any:
        """POST JSON and read JSON."""
        return _checked(await self._http.post(path, json=body)).json()

    async def upload(self, path: str, content: bytes, **query: Any) -> Any:
        """POST bytes and read JSON."""
        return _checked(await self._http.post(path, params=query, content=content)).json()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def _checked(response: httpx.Response) -> httpx.Response:
    """Raise `NotPossible` for what a person cannot do, and httpx's own error for anything else."""
    if response.status_code == 409:
        raise NotPossible(str(response.json()["error"]))
    response.raise_for_status()
    return response
