"""The cards of operations, found in the local Slack by what they carry."""

from local_slack import Message, Outcome, Person, Workspace

_ENDED = ("✅", "🔴", "❓", "⛔", "🚫", "⌛", "⚪", "🔁")
"""How the notification of an operation that has ended begins (bot/views/status.py)."""
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
        return is_card_of(message, operation) and message.text.startswith(_ENDED)

    return await workspace.until(has_ended, within=within)


async def approval_request(
    workspace: Workspace, operation: int, channel: str = "C0RELEASE"
) -> Message:
    """The message in a channel that asks for votes, as soon as it is there."""

    def asks_for_votes(message: Message) -> bool:
        payload = (message.metadata or {}).get("event_payload", {})
        is_about_it = message.channel == channel and payload.get("operation") == operation
        return is_about_it and "approve" in message.buttons

    return await workspace.until(asks_for_votes, within=30)


async def approve(workspace: Workspace, voter: Person, operation: int) -> Outcome:
    """Press Approve on the request in the approvers' channel."""
    return await voter.click(await approval_request(workspace, operation), "approve")
