"""What an operation ended with, in lines and blocks; ``outcomes`` says which belong to what."""

from collections.abc import Sequence
from typing import assert_never

from slack_sdk.models.blocks import Block

from bot.views.amounts import counted, digest_word, duration, of_index, severities, short, size
from bot.views.card_context import CardContext
from bot.views.findings import finding_rows
from bot.views.parts import (
    Bold,
    Code,
    Inline,
    Line,
    When,
    bullets,
    clipped,
    clipped_middle,
    dotted,
    log,
    more,
    paragraph,
    prose,
)
from quaymaster.errors import Problem
from quaymaster.findings import Blocked, Clean, Unknown
from quaymaster.image_ref import PinnedImage
from quaymaster.outcomes import Deployed, Pulled, Pushed, Scanned, Tagged

FINDINGS_SHOWN = 6
NOTES_SHOWN = 6
NOTE_LIMIT = 200


def in_a_row(lines: Sequence[Line], separator: str = " · ") -> Line:
    """Lines as one."""
    row: list[Inline] = []
    for line in lines:
        row += [separator, *line] if row and line else line
    return tuple(row)


def problem_blocks(problem: Problem, runs_now: str = "") -> tuple[Block, ...]:
    """What happened, what serves now, why, what to do next; then the end of the log."""
    summary = paragraph(*problem_lines(problem, runs_now))
    return (summary, log(problem.log_tail)) if problem.log_tail else (summary,)


def problem_lines(problem: Problem, runs_now: str = "") -> tuple[Line, ...]:
    """The same without the log."""
    reference: Line = ("Reference ", Code(problem.reference)) if problem.reference else ()
    return (
        tuple(Bold(one) if isinstance(one, str) else one for one in prose(problem.what, 500)),
        prose(runs_now, 400),
        prose(problem.why),
        _next(problem.next_step),
        reference,
    )


def end_lines(why: str, next_step: str) -> tuple[Line, ...]:
    """Why it ended, and what to do next."""
    return (prose(why), _next(next_step))


def _next(next_step: str) -> Line:
    return ("👉 ", *prose(next_step, 600)) if next_step.strip() else ()


def place(where: str) -> str:
    """Where an image is."""
    return "In the registry" if where == "registry" else f"On host {clipped(where, 55)}"


def pulled_lines(pulled: Pulled) -> tuple[Line, ...]:
    """An image that is on the host."""
    took = "" if pulled.already_there else _speed(pulled.size, pulled.seconds)
    return (("Digest ", Code(short(pulled.digest))), (dotted(size(pulled.size), took),))


def pushed_lines(pushed: Pushed) -> tuple[Line, ...]:
    """An image that is in the registry."""
    layers = counted(pushed.layers, "layer")
    if pushed.layers_already_there:
        layers += f", {pushed.layers_already_there:,} already there"
    return (
        ("Digest ", Code(short(pushed.digest))),
        (dotted(size(pushed.size), layers),),
        (duration(pushed.seconds),),
    )


def tagged_lines(tagged: Tagged) -> tuple[Line, ...]:
    """An image that has one more name."""
    word = digest_word(is_image_id=tagged.where != "registry")
    before: Line = ()
    if tagged.replaced is not None and tagged.replaced == tagged.digest:
        before = ("It already pointed to this image",)
    elif tagged.replaced is not None:
        before = ("⚠️ The tag pointed to ", Code(tagged.replaced.short), " before")
    return (
        (f"{word} ", Code(short(tagged.digest))) if tagged.digest is not None else (),
        before,
        (dotted(place(tagged.where), duration(tagged.seconds)),),
    )


def _speed(count: int, seconds: float) -> str:
    if seconds < 0.5 or count <= 0:
        return duration(seconds)
    return dotted(duration(seconds), f"{size(count / seconds)}/s")


def scanned_summary(scanned: Scanned) -> Line:
    """How many findings there are; where there is none, why not."""
    if counts := severities(scanned.counts):
        return (counts,)
    verdict = scanned.verdict
    return prose(verdict.why) if isinstance(verdict, Unknown) else ("No findings",)


def scanned_blocks(scanned: Scanned) -> tuple[Block, ...]:
    """What a scan found."""
    how = "cached result" if scanned.reused else duration(scanned.seconds)
    counts = severities(scanned.counts)
    lines: list[Line] = [(counts,)] if counts else []
    match scanned.verdict:
        case Unknown(why, next_step):
            lines = [prose(why), *lines, _next(next_step)]
        case Clean():
            lines.append(("No finding blocks a deploy" if counts else "No findings",))
        case Blocked():
            pass
        case _:
            assert_never(scanned.verdict)
    word = digest_word(is_image_id=scanned.where != "registry")
    about = dotted(of_index(scanned.member), how)
    lines.append((f"{word} ", Code(scanned.digest.short), f" · {about}"))
    if scanned.database is not None:
        lines.append(("Database of ", When(scanned.database.updated_at)))
    blocks: list[Block] = [paragraph(*lines)]
    if scanned.worst:
        rows = finding_rows(scanned.worst, scanned.total, FINDINGS_SHOWN)
        if scanned.total > FINDINGS_SHOWN:
            rows[-1] = (*rows[-1], ", full list in the thread")
        blocks.append(bullets(rows))
    return tuple(blocks)


def deployed_summary(deployed: Deployed) -> Line:
    """How long it took, and for how long nobody was answered."""
    return in_a_row(_deployed_lines(deployed))


def deployed_blocks(deployed: Deployed, context: CardContext) -> tuple[Block, ...]:
    """What runs now, what ran before, and how to go back."""
    before: Line = ("Before: nothing running",)
    if deployed.replaced is not None:
        before = ("Before: ", *image_line(deployed.replaced, context))
    now: Line = ("Now: ", *image_line(deployed.image, context))
    lines = (now, before, *_deployed_lines(deployed), *notes(deployed.notes))
    return (paragraph(*lines, _undo(deployed, context)),)


def _undo(deployed: Deployed, context: CardContext) -> Line:
    """How to get the one before back; of a rollback, which release is back."""
    plan = context.operation.plan
    change = plan.change_of(deployed.service_ref) if plan is not None else None
    if change is None:
        return ()
    if change.restores is not None:
        return (f"Restored release #{change.restores}",)
    if change.undo is None:
        return ("No rollback possible: no earlier good release",)
    service = clipped(str(deployed.service_ref), 100)
    return ("Undo: ", Code(f"{context.command} rollback {service}"))


def _deployed_lines(deployed: Deployed) -> tuple[Line, ...]:
    seconds = duration(deployed.seconds)
    if deployed.replaced is None:
        return ((f"Took {seconds}",),)
    gap = deployed.gap_seconds
    for_how_long = "an unknown time" if gap is None else duration(gap)
    return ((dotted(f"Unreachable for {for_how_long}", f"took {seconds}"),),)


def image_line(image: PinnedImage, context: CardContext) -> Line:
    """An image by the name people know and the digest that is meant."""
    name = Code(clipped_middle(context.image(image), 90))
    if image.tag is None:
        return (name,)
    return (name, " ", Code(image.digest.short))


def notes(texts: Sequence[str]) -> tuple[Line, ...]:
    """What a person should know besides."""
    lines = tuple(("⚠️ ", *prose(note, NOTE_LIMIT)) for note in texts[:NOTES_SHOWN])
    hidden = len(texts) - len(lines)
    return (*lines, (more(hidden),)) if hidden > 0 else lines
