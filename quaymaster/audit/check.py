"""``quaymaster audit verify``: every link and every event of the chain, on all processors.

Chunks of lines are checked independently. The links between chunks, and repeated events, are
checked in order.
"""

import multiprocessing
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, islice

from quaymaster.audit.links import Link, broken, link_of, read_event, vouches
from quaymaster.audit.store import PAGE
from quaymaster.audit_entries import Claim, CountsNoMore, History, hash_of
from quaymaster.errors import Forged, QuaymasterError
from quaymaster.key_ring import KeyRing

Lines = Sequence[str | bytes]
Told = tuple[int, int, str] | str
"""The operation, version and kind of an event, in the form that is fastest to send between
processes; or why it was refused.
"""

_AT_ONCE_PER_PROCESSOR = 8
_SMALL = 2_000
"""Checking this many entries takes less time than starting other processes."""
_MOST_TOLD = 10


@dataclass(frozen=True, slots=True)
class Verified:
    """The result for a chain that holds."""

    entries: int
    head: str
    """The newest hash; empty for an empty audit."""
    refused: int = 0
    """Entries that are not events: forged, repeated, or signed with a revoked key."""
    missing: int = 0
    """How many versions of operations lack an event although a later version has one."""
    reasons: tuple[str, ...] = ()
    """Why the first refused entries were refused."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A chunk of the chain whose links and signatures hold."""

    previous: str
    """The hash that its first entry names."""
    last: str
    """Its last line."""
    events: tuple[Told, ...]
    """One for each entry."""
    has_head: bool


@dataclass(slots=True)
class _Joined:
    """The chain, as far as it has been checked."""

    number: int
    hash: str
    has_head: bool
    last: str = ""
    refused: int = 0
    reasons: list[str] = field(default_factory=list)
    history: History = field(default_factory=History)

    def take(self, checked: Checked) -> None:
        """Join the next chunk. Raises Forged if it does not follow."""
        if checked.previous != self.hash:
            raise _out_of_place(self.number + 1)
        for event in checked.events:
            self.number += 1
            self._note(event)
        self.last, self.hash = checked.last, hash_of(checked.last)
        self.has_head = self.has_head or checked.has_head

    def _note(self, event: Told) -> None:
        why = event if isinstance(event, str) else ""
        if not isinstance(event, str):
            try:
                self.history.add(Claim(*event))
            except CountsNoMore as error:
                why = error.problem.what
        if why:
            self.refused += 1
            if len(self.reasons) < _MOST_TOLD:
                self.reasons.append(f"Entry {self.number}: {why}")


def verify(
    lines: Iterable[str | bytes],
    ring: KeyRing,
    head: str | None = None,
    *,
    after: tuple[int, str] = (0, ""),
) -> Verified:
    """Check every link and every event of the chain that follows this number and hash.

    ``head`` is a hash that was recorded earlier; it must still be in the chain. Raises Forged with
    the first entry that does not hold, and WrittenByNewer.
    """
    start, entries = after[0], iter(lines)
    joined = _Joined(*after, has_head=head is None or head == after[1])
    first = list(islice(entries, _SMALL))
    processors = len(os.sched_getaffinity(0))
    if len(first) < _SMALL or processors == 1:
        result = _in_order(chain(first, entries), start + 1, ring, head)
    else:
        result = _at_once(chain(first, entries), start + 1, ring, head, processors)
    for checked in result:
        joined.take(checked)
    if joined.last:
        vouches(joined.last, joined.number, ring)
    if not joined.has_head:
        raise broken(joined.number, f"the head {head} is no longer in it")
    return Verified(
        joined.number - start,
        joined.hash,
        joined.refused,
        joined.history.missing,
        tuple(joined.reasons),
    )


def check(lines: Lines, first: int, ring: KeyRing, head: str | None) -> Checked:
    """Check consecutive entries, starting with this number."""
    links: list[Link] = []
    previous, has_head = "", False
    for number, line in enumerate(lines, first):
        link = link_of(line, number, ring)
        if link.entry.number != number or (links and link.entry.previous != previous):
            raise _out_of_place(number)
        previous = link.hash
        has_head = has_head or previous == head
        links.append(link)
    events = tuple(_judged(link, ring) for link in links)
    return Checked(links[0].entry.previous, links[-1].text, events, has_head)


def _judged(link: Link, ring: KeyRing) -> Told:
    """The event of an entry, or why it was or would be refused. Raises Forged, WrittenByNewer."""
    if link.entry.refused:
        return link.entry.refused
    try:
        event = read_event(link.entry.event, ring, link.at)
    except CountsNoMore as error:
        return error.problem.what
    except Forged as error:
        raise broken(link.entry.number, error.problem.what) from error
    return (event.operation, event.version, event.what)


def _chunks(lines: Iterator[str | bytes], first: int) -> Iterator[tuple[Lines, int]]:
    while chunk := list(islice(lines, PAGE)):
        yield chunk, first
        first += len(chunk)


def _in_order(
    lines: Iterator[str | bytes], first: int, ring: KeyRing, head: str | None
) -> Iterator[Checked]:
    for chunk, number in _chunks(lines, first):
        yield check(chunk, number, ring, head)


def _at_once(
    lines: Iterator[str | bytes], first: int, ring: KeyRing, head: str | None, processors: int
) -> Iterator[Checked]:
    """The same in other processes, some chunks ahead of the joined ones. This process helps, so
    that no time is lost while they start.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", __name__])
    tasks: deque[_Task] = deque()
    with ProcessPoolExecutor(processors, context) as pool:
        try:
            for chunk, number in _chunks(lines, first):
                arguments = (chunk, number, ring, head)
                tasks.append(_Task(arguments, pool.submit(check, *arguments)))
                if len(tasks) >= processors * _AT_ONCE_PER_PROCESSOR:
                    yield _next(tasks)
            while tasks:
                yield _next(tasks)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


@dataclass(slots=True)
class _Task:
    """A chunk that another process may check."""

    given: tuple[Lines, int, KeyRing, str | None]
    future: Future[Checked]
    checked: Checked | None = None
    is_ours: bool = False

    def help(self) -> bool:
        """Check it here, if no other process has begun to."""
        if self.is_ours or not self.future.cancel():
            return False
        self.is_ours = True
        # An error is raised later, when this chunk is due.
        with suppress(QuaymasterError):
            self.checked = check(*self.given)
        return True

    def result(self) -> Checked:
        """The result. An error loses its text between processes, so it is raised here."""
        if self.checked is None and not self.is_ours:
            with suppress(QuaymasterError):
                return self.future.result()
        return self.checked or check(*self.given)


def _next(tasks: deque[_Task]) -> Checked:
    """The result of the first task; while waiting for it, help with the last ones."""
    first = tasks[0]
    while not first.is_ours and not first.future.done():
        if not any(task.help() for task in reversed(tasks)):
            break
    return tasks.popleft().result()


def _out_of_place(number: int) -> Forged:
    return broken(number, "it was changed, or one before it was removed")
