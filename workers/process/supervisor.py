"""One process that keeps its children running: the workers, and the courier beside them.

Everything heavy is imported before the children are forked, so they share its memory.
"""

import contextlib
import ctypes
import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Self

import structlog

from quaymaster.configuration.reloading import SIGNAL, Reloading, TakesUp, let_signal_come
from quaymaster.signs_of_life import Sign, Signs
from workers.work.configurations import SharedConfiguration, taking_up

log = structlog.get_logger(__name__)

_PR_SET_PDEATHSIG = 1  # https://man7.org/linux/man-pages/man2/pr_set_pdeathsig.2const.html
_LONGEST_PAUSE_SECONDS = 10.0
_STEADY_SECONDS = 30.0
_TAKEN = (signal.SIGTERM, signal.SIGINT, SIGNAL)


@dataclass(frozen=True, slots=True)
class Child:
    """A program of its own: ``run`` gives signs of life, and returns after SIGTERM."""

    name: str
    run: Callable[[Sign], None]
    sign_seconds: float = 30.0
    """How long it counts as healthy after a sign."""
    ends_for_new_configuration: bool = False
    """Whether another process replaces it after a reload: a child without jobs has no moment at
    which it could take up another configuration.
    """


@dataclass(frozen=True, slots=True)
class ProcessReload:
    """How all processes of the program get a new configuration."""

    program: Reloading
    take_up: TakesUp

    @classmethod
    def of(
        cls,
        shared: SharedConfiguration,
        signs: Signs,
        queues: Sequence[str] = (),
        *,
        has_named_queues: bool = True,
    ) -> Self:
        """For processes that share a configuration, and serve these queues."""
        take_up = taking_up(shared, queues, has_named_queues=has_named_queues)
        return cls(Reloading(shared.now, signs), take_up)


@dataclass(slots=True)
class _Started:
    child: Child
    at: float
    pause: float = 0.5
    ends_by: float | None = None
    """When it must have ended, so that its successor has the new configuration; None: need not."""


class Supervisor:
    """Starts the children, starts those again that end by themselves, stops all on SIGTERM."""

    def __init__(
        self,
        children: Sequence[Child],
        grace_seconds: float,
        signs: Signs | None = None,
        reload: ProcessReload | None = None,
    ) -> None:
        self._children = children
        self._seconds_to_end = grace_seconds + 5
        self._signs = signs or Signs(None)
        self._reload = reload
        self._alive: dict[int, _Started] = {}
        self._is_stopping = False
        self._is_asked_to_reload = False

    def run(self) -> int:
        """Until SIGTERM or SIGINT; 0 when every child stopped in time, else 1."""
        signal.signal(signal.SIGTERM, self._ask_to_stop)
        signal.signal(signal.SIGINT, self._ask_to_stop)
        signal.signal(SIGNAL, self._ask_to_reload)
        let_signal_come()
        if self._reload is not None:
            self._reload.program.begin()
        gc.freeze()
        self._signs.expect(child.name for child in self._children)
        for child in self._children:
            self._start(_Started(child, time.monotonic()))
        while not self._is_stopping:
            self._reload_if_asked()
            self._kill_overdue_ones()
            self._start_ended_ones_again()
        return self._stop()

    def _reload_if_asked(self) -> None:
        """Workers have the new configuration from their next job on. The other children end, and
        their successors start with it.
        """
        if not self._is_asked_to_reload or self._reload is None:
            return
        self._is_asked_to_reload = False
        program = self._reload.program
        if not program.settle(program.read(), self._reload.take_up):
            return
        for pid, started in self._alive.items():
            if started.child.ends_for_new_configuration:
                started.ends_by = started.ends_by or time.monotonic() + self._seconds_to_end
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)

    def _kill_overdue_ones(self) -> None:
        """Otherwise they would keep the old configuration for good."""
        for pid, started in self._alive.items():
            if started.ends_by is not None and time.monotonic() >= started.ends_by:
                log.error("killed: it did not end in time", child=started.child.name, pid=pid)
                os.kill(pid, signal.SIGKILL)

    def _start(self, started: _Started) -> None:
        parent = os.getpid()
        # Blocked until the child has its own handlers: with these it would signal its siblings.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _TAKEN)
        try:
            pid = os.fork()
            if pid == 0:
                child = started.child
                _be(child, parent, self._signs.of(child.name, child.sign_seconds), before)
            started.at = time.monotonic()
            self._alive[pid] = started
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        log.info("started", child=started.child.name, pid=pid)

    def _start_ended_ones_again(self) -> None:
        ended = _wait_for_one(0.5)
        if ended is None:
            return
        pid, status = ended
        started = self._alive.pop(pid, None)
        if started is None or self._is_stopping:
            return
        if started.ends_by is not None:
            started.ends_by = None
            self._start(started)
            return
        if time.monotonic() - started.at > _STEADY_SECONDS:
            started.pause = 0.5
        log.warning("ended by itself", child=started.child.name, pid=pid, status=status)
        time.sleep(started.pause)
        started.pause = min(_LONGEST_PAUSE_SECONDS, started.pause * 2)
        if not self._is_stopping:
            self._start(started)

    def _stop(self) -> int:
        self._tell_all()
        deadline = time.monotonic() + self._seconds_to_end
        while self._alive and time.monotonic() < deadline:
            ended = _wait_for_one(0.2)
            if ended is not None:
                self._alive.pop(ended[0], None)
        for pid, started in self._alive.items():
            log.error("killed: it did not stop in time", child=started.child.name, pid=pid)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        return 1 if self._alive else 0

    def _ask_to_stop(self, _signal: int, _frame: FrameType | None) -> None:
        """At once: until they get the signal, workers would take new work."""
        self._is_stopping = True
        self._tell_all()

    def _ask_to_reload(self, number: int, frame: FrameType | None) -> None:
        if self._reload is None or self._reload.program.is_hung_up:
            self._ask_to_stop(number, frame)
        else:
            self._is_asked_to_reload = True

    def _tell_all(self) -> None:
        for pid in tuple(self._alive):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)


def die_with_parent(parent: int) -> None:
    """Have the kernel send SIGTERM when the parent is gone (Linux only; elsewhere nothing)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)


def _be(child: Child, parent: int, sign: Sign, mask: Iterable[int]) -> None:
    """The forked child: run it, and never return."""
    status = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(SIGNAL, signal.SIG_IGN)  # the parent reads the configuration for all
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        die_with_parent(parent)
        child.run(sign)
        status = 0
    except Exception:
        log.exception("child failed", child=child.name)
    finally:
        os._exit(status)


def _wait_for_one(seconds: float) -> tuple[int, int] | None:
    """A child that ended within so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            time.sleep(min(seconds, 0.1))
            return None
        if pid:
            return pid, os.waitstatus_to_exitcode(status)
        if time.monotonic() >= deadline:
            return None
        time.sleep(0.02)
