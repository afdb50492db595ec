"""Trivy as a program: what it says last is told, and no secret with it."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from quaymaster.errors import DiskFull, NotFound, OutsideFailure, ScannerBroken
from workers.scanner.trivy_process import Failure, error_of, run

MINUTE = timedelta(minutes=1)


def failure(tmp_path: Path, text: str) -> Failure:
    """How a program ends that says this on its error output."""
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{text}\nEND\nexit 1\n")
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


REMOTE = "remote error: GET https://r/v2/shop/{path}/manifests/1.4: "


@pytest.mark.parametrize(
    ("status", "said", "kind", "what"),
    [
        (1, REMOTE + "MANIFEST_UNKNOWN: manifest unknown; map[Tag:1.4-401]", NotFound, "not exist"),
        (1, REMOTE + "UNAUTHORIZED: authentication required", ScannerBroken, "does not let"),
        (1, REMOTE + "unexpected status code 403 Forbidden", ScannerBroken, "does not let"),
        (1, REMOTE + "TOOMANYREQUESTS: pull rate limit", ScannerBroken, "gets too many requests"),
        (
            1,
            REMOTE + "DENIED: Your authorization token has expired.",
            ScannerBroken,
            "has expired",
        ),
        (1, REMOTE + "unexpected status code 502 Bad Gateway", ScannerBroken, "not fetch"),
        (1, "docker error: no such image: {path}", NotFound, "does not exist"),
        (1, "write /tmp/denied: no space left on device", DiskFull, "no space left"),
        (1, "walk /srv/{path}: broken", ScannerBroken, "The scanner failed."),
        (1, "docker error: {path} is not an image", ScannerBroken, "The scanner failed."),
        (2, "panic: page 3 already freed", ScannerBroken, "is damaged"),
        (-9, "", ScannerBroken, "was killed"),
    ],
)
@pytest.mark.parametrize(
    "path", ["web", "unauthorized-page", "denied", "panic:-/no-such-image", "on-the-first-run"]
)
def test_a_failure_means_what_was_said_and_not_what_somebody_is_called(
    status: int, said: str, kind: type[OutsideFailure], what: str, path: str
) -> None:
    found = error_of(Failure(status, said.format(path=path)), f"r/shop/{path}:1.4")
    assert type(found) is kind, found
    assert what in found.problem.what
    assert found.problem.next_step


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
