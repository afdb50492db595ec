"""The complete audit as one chain: the exported files, then Redis."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from quaymaster.audit.check import Verified, verify
from quaymaster.audit.files import AuditFile
from quaymaster.audit.links import broken, missing
from quaymaster.audit.store import AuditEnds, ends, stored_lines
from quaymaster.audit_entries import Anchor, hash_of
from quaymaster.errors import Conflict, Forged, UsageError
from quaymaster.key_ring import KeyRing
from quaymaster.store.transactions import Connection, ask


def verify_whole(
    connection: Connection,
    ring: KeyRing,
    paths: Sequence[Path] = (),
    head: str | None = None,
    *,
    since_anchor: bool = False,
) -> Verified:
    """Check files and Redis as one chain; with ``since_anchor``, only what was not exported.

    Raises Forged, also if a file is missing; UsageError if a file is not an export; Conflict if a
    part was exported meanwhile; WrittenByNewer and Unavailable.
    """
    if since_anchor and paths:
        raise UsageError("--since-anchor checks Redis alone: do not name files with it.")
    both_ends = ask(connection, ends())
    try:
        anchor = both_ends.start(ring)
        if since_anchor:
            after = (0, "") if anchor is None else (anchor.number, anchor.head)
            return verify(stored_lines(connection), ring, head, after=after)
        files = _in_order([AuditFile.opened(path) for path in paths])
        _check_nothing_lacks(files, anchor, both_ends)
        return verify(_lines(files, connection, anchor), ring, head)
    except Forged:
        if ask(connection, ends()).anchor != both_ends.anchor:
            raise Conflict(
                "A part of the audit was exported while it was checked.",
                next_step="Run it again, and name the new file.",
            ) from None
        raise


def _in_order(files: Sequence[AuditFile]) -> list[AuditFile]:
    """The files in order. Raises Forged for a gap, and UsageError if two files share entries."""
    ordered = sorted(files, key=lambda file: file.first)
    last = 0
    for file in ordered:
        if file.first > last + 1:
            raise missing(last + 1, file.first - 1)
        if file.first <= last:
            raise UsageError(f"{file.path} holds entries that another file also holds.")
        last = file.last
    return ordered


def _check_nothing_lacks(
    files: Sequence[AuditFile], anchor: Anchor | None, ends: AuditEnds
) -> None:
    last = files[-1].last if files else 0
    exported = 0 if anchor is None else anchor.number
    if last < exported:
        raise missing(last + 1, exported)
    if anchor is not None and not ends.first:
        raise broken(exported + 1, "what was not exported is gone from Redis")


def _lines(
    files: Sequence[AuditFile], connection: Connection, anchor: Anchor | None
) -> Iterator[str]:
    last, head = 0, ""
    for file in files:
        yield from file.lines()
        last, head = file.last, file.head
    count = last - (0 if anchor is None else anchor.number)
    # An interrupted export has written its file and not removed anything from Redis yet.
    for place, line in enumerate(stored_lines(connection, max(0, count - 1)), max(1, count)):
        if place > count:
            yield line
        elif hash_of(line) != head:
            raise broken(last, "Redis and the file hold different entries")
