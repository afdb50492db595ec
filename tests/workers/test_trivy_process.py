"""Trivy as a program: what it says last is told, and no secret with it."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from quaymaster.errors import ScannerBroken
from workers.trivy_process import Failure, run

MINUTE = timedelta(minutes=1)


def failure(tmp_path: Path, said: str) -> Failure:
    """How a program ends that says this on its error output."""
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{said}\nEND\nexit 1\n")
    program.chmod(0o755)
    found = run([program], {"PATH": "/usr/bin:/bin"}, tmp_path, MINUTE, lambda: None, ["made-up-1"])
    assert found is not None
    return found


def test_a_failure_is_quoted_without_secrets(tmp_path: Path) -> None:
    said = failure(tmp_path, "2026-11-24T07:17:05Z\tFATAL\tlogin with made-up-1 failed").said
    assert said == "login with ••• failed"
    said = failure(tmp_path, "panic: Authorization: Bearer abc.def-ghi_jkl\n\nstack").said
    assert "abc.def" not in said


def test_a_program_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ScannerBroken, match="cannot be started"):
        run([tmp_path / "nothing"], {}, tmp_path, MINUTE, lambda: None, ())


def test_it_inherits_no_descriptor(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nls -l /proc/self/fd >&2\nexit 1\n")
    program.chmod(0o755)
    secret = tmp_path / "made-up-secret"
    with secret.open("w") as opened:
        os.set_inheritable(opened.fileno(), True)
        found = run([program], {"PATH": "/usr/bin:/bin"}, tmp_path, MINUTE, lambda: None, ())
    assert found is not None
    assert "log" in found.said
    assert secret.name not in found.said
