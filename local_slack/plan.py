"""An action that is not executed yet."""

from __future__ import annotations

from dataclasses import dataclass

from local_slack.message import Json


@dataclass(frozen=True, slots=True)
class Planned:
    """An action of one person, to begin together with others: `Workspace.act`."""

    act: str
    arguments: Json
