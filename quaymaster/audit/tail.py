"""Whether the audit says that an operation has ended: checked before each stage of work.

The audit is read from its end back to the time of the request. The signature of the newest entry
and the hashes vouch for every line on the way, so none can be changed or omitted.
"""

import re
from collections.abc import Iterator
from datetime import datetime

from quaymaster.audit.auditor import LONGEST_EVENT
from quaymaster.audit.links import Link, broken, claim_of, link_of, read_event, vouches
from quaymaster.audit.store import AuditEnds, ends, lines_between, text
from quaymaster.audit_entries import CUT_OFF, hash_of
from quaymaster.errors import Forged, WrittenByNewer
from quaymaster.key_ring import CLOCK_SKEW, KeyRing
from quaymaster.operations import State
from quaymaster.store import keys
from quaymaster.store.transactions import Connection, Query, ask

_ENDS = {state.value: state for state in State if state.is_terminal}
_FIRST_PAGE, _LARGEST_PAGE = 32, 512
_PREVIOUS = re.compile(r'[^\n]{1,300}\n\{"number":(\d{1,18}),"previous":"([0-9a-f]{64}|)"')
"""An entry in today's form. Only entries that name the operation are parsed in full."""
_AT = re.compile(r"\d+ [^ ]+ (\d{1,10}) ")

# How many of a hundred lines exist, and those lines that contain the given text.
_JOURNALLED = """
local lines = redis.call('LRANGE', KEYS[1], ARGV[1], ARGV[2])
local found = {#lines}
for _, line in ipairs(lines) do
  if #line <= tonumber(ARGV[4]) and string.find(line, ARGV[3], 1, true) then
    found[#found + 1] = line
  end
end
return found
"""
_JOURNAL_PAGE = 100


def ended_in_audit(
    connection: Connection, ring: KeyRing, operation_id: int, since: datetime, now: datetime
) -> State | None:
    """How an operation that was requested at this time has ended, if it has.

    Raises Forged if the audit does not hold back to that time, or if an auditor has recorded since
    then that its end was cut off: in both cases the answer is unknown.
    """
    for journalled in _in_journal(connection, operation_id):
        if (state := _end_in(journalled, operation_id, ring, now)) is not None:
            return state
    # Events chained meanwhile are in the audit, which is therefore read second.
    for link in _back_to(connection, ring, operation_id, since - CLOCK_SKEW):
        if link.entry.tells_of_a_cut:
            raise Forged(
                f"Entries of the audit were cut off when #{operation_id} may have been there, so "
                "it is not known whether it ended.",
                why="Something other than Quaymaster wrote to its database.",
                next_step="Tell your Quaymaster administrator, and ask for it again in a few "
                "minutes.",
            )
        if (state := _end_in(link.entry.event, operation_id, ring, link.at)) is not None:
            return state
    return None


def _in_journal(connection: Connection, operation_id: int) -> Iterator[str]:
    """Possible events of the operation, newest first. New arrivals may repeat some of them."""
    last, mark = -1, _mark(operation_id)
    while True:
        first = last - _JOURNAL_PAGE + 1
        command = ("EVAL", _JOURNALLED, 1, keys.JOURNAL, first, last, mark, LONGEST_EVENT)
        count, *texts = ask(connection, Query(command, tuple))
        yield from map(text, texts)
        if count < _JOURNAL_PAGE:
            return
        last = first - 1


def _end_in(event: str, operation_id: int, ring: KeyRing, at: datetime) -> State | None:
    """The end that an event records, if it is genuine and about this operation."""
    try:
        claim = claim_of(event)
        if claim.operation != operation_id or claim.what not in _ENDS:
            return None
        read_event(event, ring, at)
    except WrittenByNewer:
        return _ENDS[claim.what]
    except Forged:
        return None
    return _ENDS[claim.what]


def _back_to(
    connection: Connection, ring: KeyRing, operation_id: int, since: datetime
) -> Iterator[Link]:
    """The entries since this moment that name the operation or a cut, newest first."""
    both_ends = ask(connection, ends())
    if not both_ends.last:
        _check_the_rest(both_ends, ring, 1, "", since)
        return
    number, wanted = _tail(both_ends, ring)
    mark, earliest = _mark(operation_id), since.timestamp()
    last, size = -1, _FIRST_PAGE
    while page := ask(connection, lines_between(last - size + 1, last)):
        for line in reversed(page):
            there, previous, at = _outline(line, number, ring)
            if there > number:
                continue  # chained since the previous page was read
            if there != number or hash_of(line) != wanted:
                raise broken(number, "it was changed, or one before it was removed")
            if at < earliest:
                return
            if mark in line or CUT_OFF in line:
                yield link_of(line, number, ring)
            number, wanted = number - 1, previous
        last -= size
        size = min(size * 4, _LARGEST_PAGE)
    _check_the_rest(ask(connection, ends()), ring, number + 1, wanted, since)


def _tail(ends: AuditEnds, ring: KeyRing) -> tuple[int, str]:
    number, _, _ = _outline(ends.last, ends.length, ring)
    vouches(ends.last, number, ring)
    return number, hash_of(ends.last)


def _outline(line: str, number: int, ring: KeyRing) -> tuple[int, str, float]:
    """The entry's number, the hash of the entry before it, and when it was chained."""
    body, header = _PREVIOUS.match(line), _AT.match(line)
    if body and header:
        return int(body[1]), body[2], float(header[1])
    link = link_of(line, number, ring)
    return link.entry.number, link.entry.previous, link.at.timestamp()


def _check_the_rest(
    ends: AuditEnds, ring: KeyRing, first: int, previous: str, since: datetime
) -> None:
    """Raise Forged unless the chain begins at this number, or continues in an older file."""
    anchor = ends.start(ring)
    exported = (0, "") if anchor is None else (anchor.number, anchor.head)
    is_emptied = anchor is not None and not ends.first
    is_too_new = anchor is not None and anchor.before > since
    if exported != (first - 1, previous) or is_emptied or is_too_new:
        raise broken(first, "what was before it is not there")


def _mark(operation_id: int) -> str:
    """How an event writes its operation. Any other spelling would have another signature."""
    return f":{operation_id},"
