"""The cards of operations, found in the local Slack by what they carry."""

from local_slack import Message, Workspace

_ENDED = ("✅", "🔴", "❓", "⛔", "🚫", "⌛", "⚪", "🔁")
"""The marks of operations that have ended (bot/views/state.py)."""
NOTICED_SECONDS = 20.0
"""How long a truthful final card may take once Redis, a worker and Slack are there (G3)."""


async def cards_of(workspace: Workspace, operation: int) -> tuple[Message, ...]:
    """Every message that is the card of an operation: there should be one."""
    return tuple(one for one in await workspace.messages() if is_card_of(one, operation))


def is_card_of(message: Message, operation: int) -> bool:
    """Whether a message is the card of an operation, by its metadata."""
    payload = (message.metadata or {}).get("event_payload", {})
    return (payload.get("operation"), payload.get("slot")) == (operation, "card")


async def final_card(
    workspace: Workspace, operation: int, within: float = NOTICED_SECONDS
) -> Message:
    """The card as soon as it says that the operation has ended."""

    def has_ended(message: Message) -> bool:
        is_card = is_card_of(message, operation)
        return is_card and any(mark in message.words for mark in _ENDED)

    return await workspace.until(has_ended, within=within)
