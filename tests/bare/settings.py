"""What a machine is set up with, to be reached by who works in it: archives, pip, certificates."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from testing.debian_archive import sources
from trial.installed import find_program

_CERTIFICATES = Path("usr/local/share/ca-certificates")
_PIP_OPTIONS = frozenset(
    {"cert", "client-cert", "constraint", "default-timeout", "extra-index-url", "find-links"}
    | {"index-url", "no-index", "proxy", "timeout", "trusted-host"}
)
_INDEXES = frozenset({"index-url", "extra-index-url"})
_VARIABLES = frozenset(
    {"http_proxy", "https_proxy", "no_proxy", "all_proxy", "ssl_cert_file", "ssl_cert_dir"}
    | {"requests_ca_bundle", "curl_ca_bundle", "git_ssl_cainfo"}
)


def set_up(root: Path, codename: str) -> tuple[Path, ...]:
    """Write this machine's settings into another root; the paths of ours that they lead to."""
    apt = root / "etc" / "apt"
    lines = "".join(f"{one}\n" for one in sources(codename))
    (apt / "sources.list").write_text(lines)
    (apt / "apt.conf.d" / "99-of-the-machine").write_text(_apt_configuration())
    for certificate in (Path("/") / _CERTIFICATES).glob("**/*.crt"):
        copy = root / certificate.relative_to("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(certificate.read_bytes())
    for name in ("etc/resolv.conf", "etc/hosts"):
        if (Path("/") / name).exists():
            (root / name).unlink(missing_ok=True)
            (root / name).write_bytes((Path("/") / name).read_bytes())
    pip = dict(_pip_options())
    (root / "etc" / "pip.conf").write_text(
        "[global]\n"
        + "".join(f"{name} = {' '.join(value.split())}\n" for name, value in pip.items())
    )
    return tuple(_paths_in(pip))


def variables(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Those by which programs find the network's proxies and authorities."""
    return {name: value for name, value in environment.items() if name.lower() in _VARIABLES}


def _apt_configuration() -> str:
    """How archives are reached, without what is to be fetched from them."""
    command = [find_program("apt-config"), "dump"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    wanted = re.compile(r"Acquire::(?:https?|ftp|Check-|Retries|ForceIP)")
    return "".join(f"{line}\n" for line in output.splitlines() if wanted.match(line))


def _pip_options() -> Iterator[tuple[str, str]]:
    """What pip is told by files and by the environment."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    output = subprocess.run(
        command, check=True, capture_output=True, text=True, env=dict(os.environ)
    ).stdout
    for line in output.splitlines():
        name, _, value = line.partition("=")
        option = name.rpartition(".")[2]
        if option in _PIP_OPTIONS:
            yield option, ast.literal_eval(value)  # as Python shows a string


def _paths_in(options: Mapping[str, str]) -> Iterator[Path]:
    """What lies on this machine: wheels, an index, a file of constraints."""
    for option, value in options.items():
        for word in value.split() if option != "cert" else ():
            path = Path(urlsplit(word).path if word.startswith("file://") else word)
            if path.is_absolute() and path.exists():
                # The pages of an index lead to files beside it.
                yield path.parent if option in _INDEXES else path
