"""What an image is: the important lines on the card, everything in a file where that is longer."""

from collections.abc import Sequence
from datetime import datetime

from slack_sdk.models.blocks import Block

from bot.views.amounts import counted, digest_word, size
from bot.views.parts import Bold, Code, Line, When, bullets, cleaned, clipped, more, paragraph
from quaymaster.outcomes import Inspected

ROWS_SHOWN = 10
_NAME_LIMIT = 50
_VALUE_LIMIT = 90
_FACT_LIMIT = 200


def inspected_blocks(inspected: Inspected) -> tuple[Block, ...]:
    """The card's part."""
    facts = paragraph(
        *(((f"{_word(inspected)} ", Code(str(inspected.digest))),) if inspected.digest else ()),
        (
            f"{size(inspected.size)} · {counted(inspected.layers, 'layer')}",
            *_built(inspected.created),
        ),
        _fact("Platform", ", ".join(inspected.platforms)),
        _fact("User", inspected.parameters.user or "root (none is set)"),
        _fact("Entrypoint", " ".join(inspected.parameters.entrypoint), as_code=True),
        _fact("Command", " ".join(inspected.parameters.command), as_code=True),
        _fact("Ports", ", ".join(inspected.parameters.ports)),
        _fact("Health check", inspected.parameters.health_check, as_code=True),
    )
    variables = tuple(variable.partition("=")[::2] for variable in inspected.parameters.environment)
    return (facts, *_table("Variables", variables), *_table("Labels", inspected.parameters.labels))


def inspected_summary(inspected: Inspected) -> Line:
    """One line."""
    digest = f"{inspected.digest.short} · " if inspected.digest else ""
    return (f"{digest}{size(inspected.size)} · {counted(inspected.layers, 'layer')}",)


def is_cut(inspected: Inspected) -> bool:
    """Whether the card shows less than all of it."""
    facts = (
        ", ".join(inspected.platforms),
        ", ".join(inspected.parameters.ports),
        inspected.parameters.user,
        inspected.parameters.health_check,
        " ".join(inspected.parameters.entrypoint),
        " ".join(inspected.parameters.command),
    )
    variables = (variable.partition("=")[::2] for variable in inspected.parameters.environment)
    return (
        inspected.left_out > 0
        or any(len(cleaned(fact)) > _FACT_LIMIT for fact in facts)
        or len(inspected.parameters.environment) > ROWS_SHOWN
        or len(inspected.parameters.labels) > ROWS_SHOWN
        or any(
            len(cleaned(name)) > _NAME_LIMIT or len(cleaned(value)) > _VALUE_LIMIT
            for name, value in (*variables, *inspected.parameters.labels)
        )
    )


def everything(inspected: Inspected) -> str:
    """All of it as text, for a file."""
    created = f"{inspected.created:%Y-%m-%d %H:%M %Z}" if inspected.created else "unknown"
    facts = (
        ("Image", str(inspected.image)),
        ("Where", inspected.where),
        (_word(inspected), str(inspected.digest or "unknown")),
        ("Size", f"{inspected.size} bytes"),
        ("Created", created),
        ("Platforms", ", ".join(inspected.platforms)),
        ("User", inspected.parameters.user),
        ("Entrypoint", " ".join(inspected.parameters.entrypoint)),
        ("Command", " ".join(inspected.parameters.command)),
        ("Ports", ", ".join(inspected.parameters.ports)),
        ("Health check", inspected.parameters.health_check),
        ("Layers", str(inspected.layers)),
    )
    lines = [f"{name + ':':<14}{cleaned(value)}" for name, value in facts]
    lines += ["", "Variables:", *(f"  {cleaned(one)}" for one in inspected.parameters.environment)]
    lines += ["", "Labels:"]
    lines += [f"  {cleaned(name)}={cleaned(value)}" for name, value in inspected.parameters.labels]
    if inspected.left_out:
        one = counted(inspected.left_out, "entry", "entries")
        lines += ["", f"{one} more, too many or too long to list."]
    return "\n".join([*lines, ""])


def _built(created: datetime | None) -> Line:
    return (" · built ", When(created, day_only=True)) if created is not None else ()


def _fact(name: str, value: str, *, as_code: bool = False) -> Line:
    if not value:
        return ()
    text = clipped(value, _FACT_LIMIT)
    return (f"{name} ", Code(text) if as_code else text)


def _table(title: str, pairs: Sequence[Sequence[str]]) -> tuple[Block, ...]:
    if not pairs:
        return ()
    rows: list[Line] = [
        (Code(clipped(name, _NAME_LIMIT)), f" {clipped(value, _VALUE_LIMIT)}")
        for name, value in pairs[:ROWS_SHOWN]
    ]
    if len(pairs) > ROWS_SHOWN:
        rows.append((more(len(pairs) - ROWS_SHOWN),))
    return (bullets(rows, title=(Bold(title),)),)


def _word(inspected: Inspected) -> str:
    return digest_word(is_image_id=inspected.is_image_id)
