"""What is logged: JSON lines on standard error, without any secret that is known."""

import json
import subprocess
import sys

PROGRAM = """
import logging, structlog
from quaymaster import logs

logs.configure(["made-up-secret", ""])
log = structlog.get_logger("one")
log.info("said made-up-secret", detail="made-up-secret", number=7)
log.info("deeper", deep={"made-up-secret": ["made-up-secret", 7]}, error=OSError("made-up-secret"))
try:
    raise ValueError("made-up-secret in an error")
except ValueError:
    log.exception("failed")
    logging.getLogger("of.a.library").error("a library says %s", "made-up-secret")
log.debug("not shown")
"""


def test_no_known_secret_is_logged() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == ""
    assert "made-up-secret" not in done.stderr
    said, deeper, failed, library = (json.loads(line) for line in done.stderr.splitlines())
    assert (said["event"], said["detail"], said["number"]) == ("said •••", "•••", 7)
    assert (deeper["deep"], deeper["error"]) == ({"•••": ["•••", 7]}, "•••")
    assert "ValueError: ••• in an error" in failed["exception"]
    assert library["event"] == "a library says •••"
