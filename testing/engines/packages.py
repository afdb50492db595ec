"""Programs of another Debian release beside those that are installed: downloaded with an apt of
their own, unpacked and kept. Nothing of the system is changed.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from testing.debian_archive import NotDebian, sources
from testing.engines.run_directory import EngineError
from testing.kept_folder import kept_alone
from trial.installed import find_program

_RECIPE = "1"
"""Another number makes every package be unpacked again."""
_SECONDS = 300
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_CONFIGURATION = """\
Dir::Etc::SourceList "{folder}/sources.list";
Dir::Etc::SourceParts "{folder}/sources.list.d";
Dir::Etc::PreferencesParts "{folder}/preferences.d";
Dir::State "{folder}/state";
Dir::State::status "{folder}/state/status";
Dir::Cache "{folder}/cache";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
"""


def unpacked(suite: str, packages: Sequence[str]) -> Path:
    """The root that these packages of a release are unpacked in; made where it is not there.

    Raises EngineError when they cannot be had.
    """
    recipe = hashlib.sha256(" ".join((_RECIPE, suite, *packages)).encode()).hexdigest()[:12]
    with kept_alone(f"engines/{suite}-{recipe}") as root:
        if not root.exists():
            _make(root, suite, packages)
    return root


def _make(root: Path, suite: str, packages: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="unfinished-", dir=root.parent) as name:
        folder = Path(name)
        environment = {**os.environ, "APT_CONFIG": str(_apt_of_its_own(folder, suite))}
        apt = find_program("apt-get")
        _run([apt, "--quiet", "--quiet", "update"], folder, environment)
        _run([apt, "--quiet", "--quiet", "download", *packages], folder, environment)
        unfinished = folder / "root"
        for package in sorted(folder.glob("*.deb")):
            _run(["dpkg-deb", "--extract", str(package), str(unfinished)], folder, environment)
        shutil.move(unfinished, root)


def _apt_of_its_own(folder: Path, suite: str) -> Path:
    """Its configuration: the archive that this machine is set up for, with another release."""
    for part in (
        "sources.list.d",
        "preferences.d",
        "state/lists/partial",
        "cache/archives/partial",
    ):
        (folder / part).mkdir(parents=True)
    (folder / "state" / "status").touch()
    signed = f"[signed-by={_KEYRING}] " if _KEYRING.exists() else ""
    (folder / "sources.list").write_text(f"deb {signed}{_archive(suite)} {suite} main\n")
    configuration = folder / "apt.conf"
    configuration.write_text(_CONFIGURATION.format(folder=folder))
    return configuration


def _archive(suite: str) -> str:
    try:
        return sources(suite)[0].uri
    except NotDebian as error:
        raise EngineError(str(error)) from None


def _run(
    command: Sequence[str], folder: Path | None = None, environment: dict[str, str] | None = None
) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        raise EngineError(f"{' '.join(command[:4])}: {done.stderr.strip()[-500:]}")
    return done.stdout
