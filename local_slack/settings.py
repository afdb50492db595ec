"""How strict and how fast the local Slack is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Settings:
    """What a test may vary; the defaults are Slack's own.

    ``speed`` shortens what Slack measures in minutes (see `Clock`). ``ack_within`` and
    ``trigger_life`` are seconds. ``text_only_update_keeps_blocks``: see
    `local_slack.webapi.chat.update`.

    ``page_token`` opens the chat page; a new one where it is empty. ``commands`` is what the page
    completes commands from: what `quaymaster commands` prints.
    """

    rate_limits: bool = True
    speed: float = 1.0
    ack_within: float = 3.0
    trigger_life: float = 3.0
    text_only_update_keeps_blocks: bool = True
    page_token: str = field(default="", repr=False)
    commands: Mapping[str, Any] = field(default_factory=dict)
