"""Findings that a channel has not been told of yet."""

from bot.views.amounts import counted
from bot.views.card_context import CardContext
from bot.views.findings import finding_rows
from bot.views.messages import Message
from bot.views.parts import (
    Code,
    Line,
    bullets,
    clipped_middle,
    headline,
    message_text,
    paragraph,
    small_print,
)
from quaymaster.outcomes import Alert, Scanned

_SHOWN = 10


def alert_messages(scanned: Scanned, context: CardContext) -> tuple[Message, ...]:
    """One for each channel."""
    return tuple(_alert(alert, scanned, context) for alert in scanned.alerts)


def _alert(alert: Alert, scanned: Scanned, context: CardContext) -> Message:
    total = max(alert.total, len(alert.findings))
    repository = clipped_middle(context.repository(scanned.image.repository), 70)
    title = f"🚨 {counted(total, 'new finding')} in {repository}"
    rows = finding_rows(alert.findings, total, _SHOWN)
    names = ", ".join(finding.vulnerability for finding in alert.findings[:3])
    found_in: Line = ("Found in ", Code(clipped_middle(context.image(scanned.image), 90)))
    return Message(
        slot=f"alert:{alert.channel}",
        subject=context.operation.subject,
        channel=alert.channel,
        text=message_text((f"{title}: ", names) if names else (title,)),
        blocks=(
            headline(title),
            paragraph((*found_in, " ", Code(scanned.digest.short))),
            *((bullets(rows),) if rows else ()),
            small_print(
                (f"#{context.operation.id} · You won't be alerted again while this stays open",)
            ),
        ),
        urgency="ended",
    )
