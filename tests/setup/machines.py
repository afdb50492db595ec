"""Machines to look at: a root with what is installed there, and the programs of their system."""

import os
import pty
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.readme import ROOT

POLICY = "usr/sbin/policy-rc.d"
PREPARE = ROOT / ".ci" / "prepare"

OS_RELEASES = {
    "debian": "ID=debian\n",
    "ubuntu": "ID=ubuntu\nID_LIKE=debian\n",
    "fedora": "ID=fedora\n",
    "manjaro": "ID=manjaro\nID_LIKE=arch\n",
    "nixos": "ID=nixos\n",
}

# What is installed when apt-get is asked for it, as .ci/prepare looks for it.
_BRINGS = {
    "docker.io": ("usr/sbin/dockerd", "usr/bin/docker"),
    "docker-cli": ("usr/bin/docker",),
    "iptables": ("usr/sbin/iptables",),
    "iproute2": ("usr/bin/ip",),
    "docker-registry": ("usr/bin/docker-registry",),
    "busybox-static": ("usr/bin/busybox",),
    "ca-certificates": ("etc/ssl/certs/ca-certificates.crt",),
    "git": ("usr/bin/git",),
    "make": ("usr/bin/make",),
    "openssl": ("usr/bin/openssl",),
    "openssh-server": ("usr/sbin/sshd",),
    "openssh-client": ("usr/bin/ssh",),
    "gcc": ("usr/bin/gcc",),
    "libc6-dev": ("usr/include/stdio.h",),
    "debootstrap": ("usr/sbin/debootstrap",),
    "chromium": ("usr/bin/chromium",),
    "fonts-noto-color-emoji": ("usr/share/fonts/truetype/noto/NotoColorEmoji.ttf",),
    "python3": ("usr/bin/python3",),
    "python3-venv": ("usr/bin/venv-of-python3",),
}

# Knows the two questions that are asked of it: is it new enough with venv, does an engine answer.
_PYTHON = """\
#!/bin/sh
case "$*" in
*ensurepip*) [ -e "{root}/usr/bin/venv-of-python3" ] ;;
*trial.reachable*) {engine} ;;
*--version*) echo Python 3.9.2 ;;
esac
"""


@dataclass(slots=True)
class Machine:
    """One machine: `root` is what `.ci/prepare` looks at, `programs` what it can run."""

    folder: Path
    system: str = "debian"
    user: int = 0
    kernel: str = "Linux"
    engine: str = "exit 1"
    """What its Python says of Docker engines."""
    lacks: tuple[str, ...] = ("docker-cli",)
    """Packages that its sources do not have; Debian 12 has the client in docker.io."""
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for part in (self.root / "usr" / "sbin", self.root / "etc", self.programs):
            part.mkdir(parents=True)
        self._says("chroot", 'shift; exec "$@"')
        self._says("id", f"echo {self.user}")
        self._says("uname", f"echo {self.kernel}")
        self._says("apt-cache", f'case "{" ".join(self.lacks)}" in *$2*) exit 100 ;; esac')
        self._says("apt-get", self._apt_get())
        if self.system in OS_RELEASES:
            (self.root / "etc" / "os-release").write_text(OS_RELEASES[self.system])

    @property
    def root(self) -> Path:
        """Where its files are."""
        return self.folder / "root"

    @property
    def programs(self) -> Path:
        """Where the programs of its system are."""
        return self.folder / "programs"

    @property
    def asked(self) -> str:
        """What apt-get was asked for, a line each time."""
        log = self.folder / "apt-get.log"
        return log.read_text() if log.exists() else ""

    def has(self, *packages: str) -> "Machine":
        """They are installed."""
        for package in packages:
            self._put(package)
        return self

    def prepares(self, *words: str, answer: str | None = None) -> tuple[int, str]:
        """The status of `.ci/prepare` and what it wrote; with an answer there is a terminal."""
        ours, theirs = pty.openpty()
        try:
            if answer is not None:
                os.write(ours, f"{answer}\n".encode())
            done = subprocess.run(
                [str(PREPARE), *words],
                env=self._environment(),
                stdin=subprocess.DEVNULL if answer is None else theirs,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
                text=True,
                timeout=30,
            )
        finally:
            os.close(ours)
            os.close(theirs)
        return done.returncode, done.stdout

    def kill_when_it_installs(self) -> Path:
        """`.ci/prepare` is killed at every installation while the file that this returns exists."""
        file = self.folder / "killed"
        file.touch()
        return file

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": f"{self.programs}:/usr/bin:/bin",
            "ROOT": str(self.root),
            **self.environment,
        }

    def _put(self, package: str) -> None:
        for place in _BRINGS[package]:
            path = self.root / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_PYTHON.format(root=self.root, engine=self.engine))
            path.chmod(0o755)

    def _says(self, name: str, script: str) -> None:
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def _apt_get(self) -> str:
        """It does what it is asked to, while no service may start."""
        python = self.folder / "python3"
        python.write_text(_PYTHON.format(root=self.root, engine=self.engine))
        python.chmod(0o755)
        cases = "".join(
            f"{package}) for place in {' '.join(places)}; do\n"
            f"  mkdir -p $(dirname {self.root}/$place) && cp {python} {self.root}/$place\n"
            "done ;;\n"
            for package, places in _BRINGS.items()
            if package not in self.lacks
        )
        return (
            f'echo "$@" >>{self.folder}/apt-get.log\n'
            f"[ -x {self.root}/{POLICY} ] || exit 100\n"
            f"[ ! -e {self.folder}/killed ] || kill -KILL $PPID\n"
            f"for one; do case $one in\n{cases}esac; done"
        )
