"""Leases are renewed for as long as the work lasts, by a process beside the workers.

A thread of the work horse would be starved: a long computation in C holds the interpreter's lock,
and a living worker would count as dead. So a work horse hands its leases to the keeper, a process
that does nothing else, together with one end of a socket. The kernel closes the other end when the
work horse is gone, however it ended, and the keeper lets the leases run out.

Without a keeper, or when it is gone, a thread of the work horse renews them.
"""

import contextlib
import json
import os
import signal
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import structlog

from quaymaster.errors import Unavailable
from quaymaster.signs_of_life import Sign
from quaymaster.store import leases
from quaymaster.store.transactions import Connection, perform

log = structlog.get_logger(__name__)

RENEW_SECONDS = 1.5
_ANSWER_SECONDS = 1.0
"""How long a work horse waits for the keeper to have taken its leases."""
_LET_GO_SECONDS = 3.0
_LOOK_SECONDS = 0.2
_LONGEST_MESSAGE = 16_384
_TAKEN = b"+"

Lease = tuple[str, str, int]
"""Its name, its owner, and for how many milliseconds it is renewed."""


@dataclass(frozen=True, slots=True)
class LeaseSet:
    """Leases that are held together, and by which process."""

    leases: tuple[Lease, ...]
    takes_again: bool
    pid: int

    def renew(self, connection: Connection) -> None:
        """Renew each. Whatever Redis answers, the next time tries again."""
        for name, owner, milliseconds in self.leases:
            try:
                is_held = perform(connection, leases.renew(name, owner, milliseconds))
                if self.takes_again and not is_held:
                    perform(connection, leases.take(name, owner, milliseconds))
            except Unavailable as error:
                log.warning("lease not renewed", lease=name, why=error.problem.why)
            except Exception:
                log.exception("lease not renewed", lease=name)

    @property
    def is_paused(self) -> bool:
        """Whether its process is paused: it then counts as dead, although it may continue later."""
        with contextlib.suppress(OSError):  # gone, or not Linux: the link shows what has ended
            state = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
            return state in ("T", "t")  # https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
        return False

    def encode(self) -> bytes:
        """As it is handed over."""
        return json.dumps([self.leases, self.takes_again, self.pid]).encode()

    @classmethod
    def decode(cls, message: bytes) -> "LeaseSet":
        """As it was handed over."""
        leases, takes_again, pid = json.loads(message)
        return cls(tuple((str(n), str(o), int(ms)) for n, o, ms in leases), bool(takes_again), pid)


class LeaseKeeper:
    """The keeper and the way to it: made before the processes on both sides are forked."""

    def __init__(self) -> None:
        self._inbox, self._outbox = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._inbox.settimeout(_LOOK_SECONDS)
        self._outbox.settimeout(_ANSWER_SECONDS)
        self._is_asked_to_stop = False

    def hand_over(self, held: LeaseSet) -> socket.socket | None:
        """The link that keeps them renewed while its other side, in the keeper, is open; None if no
        keeper accepts them.
        """
        mine, its = socket.socketpair()
        with its:
            try:
                socket.send_fds(self._outbox, [held.encode()], [its.fileno()])
            except OSError as error:
                log.warning("the keeper of leases takes none", why=str(error))
                mine.close()
                return None
        return mine

    def run(self, connection: Connection, sign: Sign | None = None) -> None:
        """Run the keeper: after SIGTERM, until no process holds a lease."""
        sign = sign or Sign(None, 0)
        signal.signal(signal.SIGTERM, self._ask_to_stop)
        threads: list[threading.Thread] = []
        while not self._is_asked_to_stop or threads:
            threads = [one for one in threads if one.is_alive()]
            sign.give()
            try:
                message, links, _, _ = socket.recv_fds(self._inbox, _LONGEST_MESSAGE, 1)
            except TimeoutError:
                continue
            link = socket.socket(fileno=links[0])
            arguments = (connection, LeaseSet.decode(message), link)
            thread = threading.Thread(target=_keep, args=arguments, daemon=True, name="leases")
            thread.start()
            threads.append(thread)

    def close(self) -> None:
        """Where it is not used any more."""
        self._inbox.close()
        self._outbox.close()

    def _ask_to_stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._is_asked_to_stop = True


def _keep(connection: Connection, held: LeaseSet, link: socket.socket) -> None:
    """Until the other side of the link is closed: they let go, or are dead."""
    with link, contextlib.suppress(OSError):
        link.settimeout(RENEW_SECONDS)
        link.sendall(_TAKEN)
        while True:
            try:
                if not link.recv(1):
                    return
            except TimeoutError:
                if not held.is_paused:
                    held.renew(connection)


_keeper: LeaseKeeper | None = None


def kept_by(keeper: LeaseKeeper | None) -> None:
    """Have this keeper renew the leases of this process and of those that it forks."""
    global _keeper
    _keeper = keeper


@contextmanager
def kept_alive(
    connection: Connection, leases: Sequence[Lease], *, takes_again: bool = False
) -> Iterator[None]:
    """Renew leases for as long as the block runs, whatever the block computes meanwhile.

    When the process is killed or paused nothing renews them any more: that is how it is noticed.
    With ``takes_again`` a lease that ran out while Redis was away is taken again if it is still
    free.
    """
    held = LeaseSet(tuple(leases), takes_again, os.getpid())
    link = _keeper.hand_over(held) if _keeper is not None else None
    done = threading.Event()
    thread = threading.Thread(
        target=_stand_by, args=(connection, held, link, done), name="leases", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        done.set()
        if link is not None:
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_WR)
        thread.join(timeout=_LET_GO_SECONDS)


def _stand_by(
    connection: Connection, held: LeaseSet, link: socket.socket | None, done: threading.Event
) -> None:
    """Renew them here whenever the keeper does not."""
    if link is not None:
        with link:
            is_over = _is_over(link, done)
        if is_over:
            return
        log.warning("the keeper of leases is gone; a thread renews them")
    while not done.wait(RENEW_SECONDS):
        held.renew(connection)


def _is_over(link: socket.socket, done: threading.Event) -> bool:
    """Wait until the keeper has let the leases go; False when it never took them, or died."""
    try:
        link.settimeout(_ANSWER_SECONDS)
        if link.recv(1) == _TAKEN:
            link.settimeout(None)
            link.recv(1)
    except OSError:
        return done.is_set()
    return done.is_set()
