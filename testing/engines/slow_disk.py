"""A real Valkey server on a disk that can be made slow: every fsync takes so much longer."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from testing.engines.run_directory import EngineError, RunDirectory
from testing.engines.valkey import ValkeyServer
from trial.installed import find_program

# man 8 ld.so, LD_PRELOAD. Valkey calls fdatasync for its append-only file on Linux, and fsync for
# directories (src/config.h, valkey_fsync). The file holds microseconds; it is read at each call.
_SOURCE = """\
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void wait_as_told(void) {
    const char *path = getenv("SLOW_DISK");
    FILE *file = path ? fopen(path, "r") : NULL;
    unsigned microseconds = 0;
    if (!file) return;
    if (fscanf(file, "%u", &microseconds) != 1) microseconds = 0;
    fclose(file);
    if (!microseconds) return;
    usleep(microseconds);
    file = fopen(getenv("SLOW_DISK_WAITS"), "a");
    if (file) { fputc('.', file); fclose(file); }
}

int fdatasync(int descriptor) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    wait_as_told();
    return real(descriptor);
}

int fsync(int descriptor) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    wait_as_told();
    return real(descriptor);
}
"""


class SlowDiskServer(ValkeyServer):
    """A server whose disk is as fast as the machine's until a test slows it down."""

    def __init__(self, run: RunDirectory, name: str) -> None:
        super().__init__(run, name)
        self._library = _library(run)
        self._told = self.directory / "slow-disk"
        self._waits = self.directory / "slow-disk-waits"

    def slow_down(self, fsync_seconds: float) -> None:
        """From now on every fsync takes so much longer; 0 makes the disk fast again."""
        fresh = self._told.with_suffix(".fresh")
        fresh.write_text(str(int(fsync_seconds * 1e6)))
        fresh.replace(self._told)

    @property
    def waits(self) -> int:
        """How often the server has waited for the slow disk so far."""
        return self._waits.stat().st_size if self._waits.exists() else 0

    def _environment(self) -> Mapping[str, str]:
        return {**os.environ, "LD_PRELOAD": str(self._library), **self._files()}

    def _files(self) -> Mapping[str, str]:
        return {"SLOW_DISK": str(self._told), "SLOW_DISK_WAITS": str(self._waits)}


def _library(run: RunDirectory) -> Path:
    """The library that makes fsync slow, compiled once for each run."""
    library = run.path / "slow_disk.so"
    with run.locked("slow-disk"):
        if not library.exists():
            source = library.with_suffix(".c")
            source.write_text(_SOURCE)
            command = [find_program("gcc"), "-shared", "-fPIC", "-o", str(library), str(source)]
            done = subprocess.run([*command, "-ldl"], capture_output=True, text=True, check=False)
            if done.returncode:
                raise EngineError(f"the library for a slow disk was not compiled:\n{done.stderr}")
    return library
