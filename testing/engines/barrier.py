"""A way to an engine that a test closes at a moment of its choice: faults by calls, not by luck."""

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path

_CHUNK = 65_536

Dial = Callable[[], socket.socket]


class Moment(Enum):
    """When a call is held."""

    BEFORE = auto()
    """It is not passed on: what it asks for does not happen."""
    AFTER = auto()
    """The call is passed on and executed; the caller gets no answer."""


@dataclass(slots=True)
class Hold:
    """One call that is held; only the first that fits."""

    fits: Callable[[bytes, int], bool]
    """By the bytes that a caller sent just now, and how many all callers have sent."""
    moment: Moment
    _reached: threading.Event = field(default_factory=threading.Event)
    _over: threading.Event = field(default_factory=threading.Event)
    _is_dropped: bool = False

    def wait_until_reached(self, within: float = 30) -> None:
        """Return when a call is held; raises TimeoutError after ``within`` seconds."""
        if not self._reached.wait(within):
            raise TimeoutError(f"no call was held within {within} s")

    @property
    def is_reached(self) -> bool:
        """Whether a call is (or was) held."""
        return self._reached.is_set()

    def release(self) -> None:
        """Let everything pass."""
        self._over.set()

    def drop(self) -> None:
        """Cut the connection of what is held, as the death of the caller does; the rest passes."""
        self._is_dropped = True
        self._over.set()


@dataclass(slots=True)
class Barrier:
    """Passes bytes between callers and an engine, as long as nothing is to be held."""

    address: str
    _listener: socket.socket
    _dial: Dial
    _hold: Hold | None = None
    _sent: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _open: set[socket.socket] = field(default_factory=set)

    def hold_call(self, pattern: str, moment: Moment = Moment.BEFORE) -> Hold:
        """Hold the first HTTP request whose “METHOD /path” the pattern finds something in."""
        wanted = re.compile(pattern)

        def fits(chunk: bytes, _: int) -> bool:
            line = chunk.partition(b"\r\n")[0].decode(errors="replace")
            return line.endswith(("HTTP/1.1", "HTTP/1.0")) and bool(wanted.search(line))

        return self._held(Hold(fits, moment))

    def hold_after_bytes(self, count: int) -> Hold:
        """Hold everything as soon as callers have sent so many more bytes."""
        limit = self._sent + count
        return self._held(Hold(lambda _, sent: sent >= limit, Moment.BEFORE))

    def _held(self, hold: Hold) -> Hold:
        self._hold = hold
        return hold

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            self._start(self._connect, caller)

    def _start(self, run: Callable[..., None], *arguments: object) -> None:
        threading.Thread(target=run, args=arguments, daemon=True, name="barrier").start()

    def _connect(self, caller: socket.socket) -> None:
        try:
            engine = self._dial()
        except OSError:
            caller.close()
            return
        with self._lock:
            self._open |= {caller, engine}
        answers = threading.Event()
        answers.set()
        self._start(self._pass_back, engine, caller, answers)
        self._pass_on(caller, engine, answers)

    def _pass_on(
        self, caller: socket.socket, engine: socket.socket, answers: threading.Event
    ) -> None:
        with contextlib.suppress(OSError):
            while chunk := caller.recv(_CHUNK):
                hold = self._hold_of(chunk)
                if hold is None or hold.moment is Moment.AFTER:
                    if hold is not None:
                        answers.clear()
                        self._start(self._answer_when_over, hold, caller, engine, answers)
                    engine.sendall(chunk)
                if hold is None:
                    continue
                hold._reached.set()
                if hold.moment is Moment.BEFORE:
                    hold._over.wait()
                    if hold._is_dropped:
                        break
                    engine.sendall(chunk)
        self._close(caller, engine)
        answers.set()

    def _answer_when_over(
        self, hold: Hold, caller: socket.socket, engine: socket.socket, answers: threading.Event
    ) -> None:
        hold._over.wait()
        if hold._is_dropped:
            self._close(caller, engine)
        answers.set()

    def _pass_back(
        self, engine: socket.socket, caller: socket.socket, answers: threading.Event
    ) -> None:
        with contextlib.suppress(OSError):
            while chunk := engine.recv(_CHUNK):
                answers.wait()
                caller.sendall(chunk)
        self._close(caller, engine)

    def _hold_of(self, chunk: bytes) -> Hold | None:
        with self._lock:
            self._sent += len(chunk)
            hold = self._hold
            if hold is None or not hold.fits(chunk, self._sent):
                return None
            if hold._over.is_set() or (hold.is_reached and hold.moment is Moment.AFTER):
                return None
            return hold

    def _close(self, *sockets: socket.socket) -> None:
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        with self._lock:
            self._open -= set(sockets)

    def close(self) -> None:
        """Cut every connection and take no more."""
        if self._hold is not None:
            self._hold.drop()
        self._close(self._listener, *tuple(self._open))


@contextmanager
def barrier_to_port(port: int) -> Iterator[Barrier]:
    """A barrier on a port of its own to a port of this machine; at ``localhost:PORT``."""
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"localhost:{listener.getsockname()[1]}"
    barrier = Barrier(address, listener, lambda: socket.create_connection(("127.0.0.1", port)))
    with _running(barrier):
        yield barrier


@contextmanager
def barrier_to_socket(path: Path, target: str) -> Iterator[Barrier]:
    """A barrier at a Unix socket to another one; addresses are like those of DOCKER_HOST."""

    def dial() -> socket.socket:
        engine = socket.socket(socket.AF_UNIX)
        engine.connect(target.removeprefix("unix://"))
        return engine

    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    with _running(Barrier(f"unix://{path}", listener, dial)) as barrier:
        yield barrier


@contextmanager
def _running(barrier: Barrier) -> Iterator[Barrier]:
    barrier._start(barrier._serve)
    try:
        yield barrier
    finally:
        barrier.close()
