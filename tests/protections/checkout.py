"""pytest over a checkout, in a process that begins with everything imported that is not ours.

Importing other people's packages is most of the time of a fast test, and there are hundreds of
rows: a server forks each process after importing them once.
"""

import multiprocessing
import os
import sys
import tempfile
from pathlib import Path

import pytest

_PRELOADED = (
    *(
        "aiohttp",
        "docker",
        "httpx",
        "prometheus_client",
        "pydantic",
        "pytest",
        "redis",
        "redis.asyncio",
    ),
    *("rich", "rq", "ruamel.yaml", "slack_bolt.async_app", "slack_sdk.models.blocks", "starlette"),
    *("structlog", "typer", "uvicorn"),
)
_PYTESTS_OWN = 100
"""Added to pytest's status on its way: a process that broke before pytest ends with 1, too."""
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(list(_PRELOADED))
# A plugin whose package is imported already: only its own assertions are said less well.
_OPTIONS = ("-q", "-x", "--no-header", "-W", "ignore::pytest.PytestAssertRewriteWarning")


def run(root: Path, tests: tuple[str, ...], seconds: float) -> tuple[int | None, str]:
    """Run tests of the checkout at ``root``: pytest's status and what it printed.

    The status is None when they took longer than ``seconds`` and were killed, or broke before
    pytest began.
    """
    with tempfile.NamedTemporaryFile(prefix="quaymaster-said-") as said:
        process = _CONTEXT.Process(target=_be_pytest, args=(str(root), tests, said.name))
        process.start()
        process.join(seconds)
        status = process.exitcode
        if status is None:
            process.kill()
            process.join()
        elif status >= _PYTESTS_OWN:
            status -= _PYTESTS_OWN
        else:
            status = None
        return status, Path(said.name).read_text(encoding="utf-8", errors="replace")


def _be_pytest(root: str, tests: tuple[str, ...], text: str) -> None:
    """Whatever was imported of this checkout is forgotten, and imported from the other one."""
    with Path(text).open("wb") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
        del sys.modules[name]
    os.chdir(root)
    os.environ["PYTHONPATH"] = root
    sys.path.insert(0, root)
    status = pytest.main([*_OPTIONS, *tests])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(_PYTESTS_OWN + status)
