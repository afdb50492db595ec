"""Marks on what did not stay: an image that was rolled back from, or did not stay healthy."""

from quaymaster.operations import Operation
from quaymaster.plans import Resolved
from quaymaster.store import releases
from quaymaster.store.transactions import Command
from quaymaster.target import ServiceRef
from workers.work.toolbox import Toolbox


def marks_on(
    left: Resolved | None,
    instead: Resolved | None,
    service: ServiceRef,
    operation: Operation,
    tools: Toolbox,
) -> tuple[Command, ...]:
    """The commands that mark what was left; none where the same image serves instead, with another
    configuration alone: it served well.

    All of its index is marked with it, under whatever name it is deployed, unless what serves
    instead is of that index too.
    """
    if left is None or (instead is not None and instead.image.digest == left.image.digest):
        return ()
    index = left.member.index if left.member else None
    return releases.mark_bad(
        service,
        left.image.digest,
        operation.id,
        tools.now(),
        tools.keys.private,
        index=None if instead is not None and instead.named == index else index,
    )
