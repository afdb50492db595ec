"""A shell in another root, at a terminal at which one types."""

import contextlib
import os
import pty
import re
import select
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from trial.installed import find_program
from trial.processes import kill_and_wait

PROMPT = "bare# "

# Processes and mounts of its own, so that both are gone when the shell is. A program in a
# container changes its root (man 2 pivot_root), which wants the present one to be a mount point.
_ENTER = """\
root=$1; shift
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
for path; do
    if [ -d "$path" ]; then mkdir -p "$root$path"; else
        mkdir -p "$(dirname "$root$path")"; touch "$root$path"
    fi
    mount --bind -o ro "$path" "$root$path"
done
cd "$root"
exec chroot . /bin/bash --noprofile --norc --noediting -i
"""


class Terminal:
    """What one sees and types; what is seen is also printed."""

    def __init__(self, ours: int) -> None:
        self._ours = ours
        self._seen = ""
        self._read_to = 0

    def type(self, line: str) -> None:
        """Type a line."""
        os.write(self._ours, f"{line}\n".encode())

    def press_ctrl_c(self) -> None:
        """As a person does who has seen enough."""
        os.write(self._ours, b"\x03")

    def sees(self, pattern: str, within: float) -> re.Match[str]:
        """Wait until this is written, behind what was seen before.

        Raises AssertionError when the command has ended before that, or takes too long.
        """
        deadline = time.monotonic() + within
        wanted = re.compile(f"(?P<wanted>{pattern})|{PROMPT}")
        while (match := wanted.search(self._seen, self._read_to)) is None:
            left = deadline - time.monotonic()
            if left <= 0 or not self._read(left):
                raise AssertionError(f"{pattern!r} was not seen within {within:g} s")
        self._read_to = match.end()
        if match["wanted"] is None:
            raise AssertionError(f"{pattern!r} was not seen until the prompt came back")
        return match

    def ends(self, within: float) -> int:
        """Wait for the prompt; the status of what was typed last."""
        self.sees(PROMPT, within)
        self.type("echo [$?]")
        status = int(self.sees(r"\n\[(?P<status>[0-9]+)\]", 10)["status"])
        self.sees(PROMPT, 10)
        return status

    def says(self, line: str, within: float = 60) -> str:
        """Type a line; what it writes."""
        self.type(line)
        start = self._read_to
        self.sees(rf"\n{PROMPT}", within)
        written = self._seen[start : self._read_to].split("\n", 1)[1]
        return written.removesuffix(PROMPT).strip()

    def _read(self, within: float) -> bool:
        if not select.select([self._ours], [], [], within)[0]:
            return False
        try:
            written = os.read(self._ours, 65536)
        except OSError:  # the shell has ended
            return False
        text = written.decode(errors="replace").replace("\r", "")
        sys.stdout.write(text)
        sys.stdout.flush()
        self._seen += text
        return bool(written)


@contextmanager
def entered(
    root: Path, shared: Sequence[Path], environment: Mapping[str, str]
) -> Iterator[Terminal]:
    """A terminal in this root, with a few of our paths to read; afterwards nothing of it runs."""
    unshare = find_program("unshare")
    flags = ("--mount", "--pid", "--ipc", "--fork", "--kill-child", "--propagation", "private")
    command = [unshare, *flags, "sh", "-eu", "-c", _ENTER, "sh", str(root), *map(str, shared)]
    pid, ours = pty.fork()
    if pid == 0:
        os.execve(unshare, command, {**environment, "PS1": PROMPT})  # noqa: S606
    try:
        terminal = Terminal(ours)
        terminal.sees(PROMPT, 30)
        yield terminal
    finally:
        inside = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for one in (pid, *map(int, inside)):
            kill_and_wait(one)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)
        os.close(ours)
