"""How much memory bot and worker hold while nothing is to be done."""

from collections.abc import Iterable
from pathlib import Path

from bench.acknowledgement import our_bot
from bench.bed import Bed
from bench.programs import ready_worker
from bench.row import Row
from testing.engines.waiting import wait_until
from testing.system import descendants


def memory(bed: Bed) -> Iterable[Row]:
    """The proportional set size of each with all of its processes; no target."""
    with bed.system() as system, our_bot(bed, system):
        # Sending one card loads every module that sending needs.
        worker = ready_worker(system)
        bot = system.programs[0]
        system.ended(1)
        wait_until(lambda: not worker.horses(), within=20, what="its job to be over")
        yield Row("memory of an idle bot", _megabytes(bot.pid), "MB")
        yield Row("memory of an idle worker with its courier", _megabytes(worker.pid), "MB")


def _megabytes(pid: int) -> float:
    """What a process and its descendants hold, shared pages divided among those that share them
    (https://man7.org/linux/man-pages/man5/proc_pid_smaps.5.html).
    """
    return sum(_kilobytes(one) for one in (pid, *descendants(pid))) / 1000


def _kilobytes(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "Pss":
            return int(value.split()[0]) * 1.024
    raise RuntimeError(f"the kernel does not tell how much memory {pid} holds")
