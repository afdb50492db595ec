"""The files by which Trivy recognises what is installed; the programs themselves are not there."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from trial.archive import Entry

DEBIAN = (
    # Trivy asks what system it is before it says that nothing is wrong with it.
    Entry("etc/os-release", b'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian 12"\n'),
    Entry("etc/debian_version", b"12.11\n"),
)


@dataclass(frozen=True, slots=True)
class Packages:
    """Packages by name: Debian's with their source and version, Node's and Python's with theirs."""

    debian: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    node: Mapping[str, str] = field(default_factory=dict)
    python: Mapping[str, str] = field(default_factory=dict)

    def entries(self) -> Iterable[Entry]:
        """What they leave behind in a file system."""
        yield Entry("var/lib/dpkg/status", self._dpkg_status().encode())
        for name, version in self.node.items():
            document = json.dumps({"name": name, "version": version}).encode()
            yield Entry(f"srv/node_modules/{name}/package.json", document)
        for name, version in self.python.items():
            metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
            path = f"srv/lib/python3.11/site-packages/{name}-{version}.dist-info/METADATA"
            yield Entry(path, metadata)

    def _dpkg_status(self) -> str:
        return "\n".join(
            f"Package: {name}\nStatus: install ok installed\nArchitecture: all\n"
            f"Source: {source}\nVersion: {version}\nDescription: a sample\n"
            for name, (source, version) in self.debian.items()
        )


VULNERABLE = Packages(
    debian={"libssl3": ("openssl", "3.0.11-1~deb12u1"), "libexpat1": ("expat", "2.5.0-1")},
    node={"lodash": "4.17.4", "minimist": "0.0.8"},
    python={"urllib3": "1.24.1", "PyYAML": "5.1"},
)
"""Old ones, with vulnerabilities that the sample database knows."""
