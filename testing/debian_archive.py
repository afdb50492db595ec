"""Where this machine has Debian's packages from, for what is made of those of any release."""

import subprocess
from dataclasses import dataclass

from trial.installed import find_program


class NotDebian(Exception):
    """This machine's packages come from elsewhere."""


@dataclass(frozen=True, slots=True)
class Source:
    """A part of an archive: `apt-get indextargets` names it."""

    uri: str
    release: str
    component: str

    def of(self, codename: str) -> "Source":
        """The same part of another Debian: `bookworm-updates` becomes `trixie-updates`."""
        _, dash, part = self.release.partition("-")
        return Source(self.uri, f"{codename}{dash}{part}", self.component)

    def __str__(self) -> str:
        return f"deb {self.uri} {self.release} {self.component}"


def sources(codename: str) -> tuple[Source, ...]:
    """Where this machine has its packages from, as it would be for another Debian.

    Raises NotDebian where they come from elsewhere.
    """
    wanted = "$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)"
    command = [find_program("apt-get"), "indextargets", "--format", wanted, "Created-By: Packages"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = [line.split() for line in output.splitlines()]
    found = [Source(*row[:3]) for row in rows if row[3:] == ["Debian"] and row[2] == "main"]
    if not found:
        raise NotDebian("the package sources of this machine are not Debian's, or never updated")
    return tuple(dict.fromkeys(one.of(codename) for one in found))
