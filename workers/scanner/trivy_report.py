"""Trivy's JSON report, read at the edge: findings are kept, all the rest is not.

The report repeats the image's environment in clear (``Metadata.ImageConfig``), so it is never
stored, logged or handed on. Format: https://trivy.dev/docs/latest/configuration/reporting/#json
"""

import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from quaymaster.errors import QuaymasterError, ScannerBroken
from quaymaster.findings import Finding, FixStatus, Gap, Severity, worst_first
from quaymaster.image_ref import Digest
from quaymaster.redaction.redaction import redact
from workers.outside.foreign_json import reason_of

_LONGEST = 300
"""No id, package, version or title is longer in earnest; what a database sends is not trusted."""
_SIGNS = ("://", "=")
_SCHEMA = 2
_LONGEST_SYSTEM = 60
_NAMELESS = "none"
_NUMBERED = frozenset({"alpine", "debian", "ubuntu"})
_RELEASE = re.compile(r"[0-9]+(?:\.[0-9]+)*")


# As Foreign reads null; but that makes Python's objects of the whole document first, and a report
# is large.
_Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]
_Flag = Annotated[bool, BeforeValidator(lambda value: False if value is None else value)]


class TrivyVulnerability(BaseModel):
    """https://github.com/aquasecurity/trivy/blob/main/pkg/types/vulnerability.go"""

    vulnerability_id: str = Field(alias="VulnerabilityID")
    package: str = Field(alias="PkgName")
    path: _Text = Field(default="", alias="PkgPath")
    installed: _Text = Field(default="", alias="InstalledVersion")
    fixed: _Text = Field(default="", alias="FixedVersion")
    severity: _Text = Field(default="", alias="Severity")
    title: _Text = Field(default="", alias="Title")
    status: _Text = Field(default="", alias="Status")

    def finding(self, target: str) -> Finding:
        """The finding; ``target`` is the file that holds the package where it has no path."""
        return Finding(
            vulnerability=self.vulnerability_id[:_LONGEST],
            package=_shown(self.package),
            installed=_shown(self.installed),
            fixed=_shown(self.fixed) or None,
            severity=_severity(self.severity),
            title=_shown(" ".join(self.title.split())),
            path=_shown(self.path or target),
            status=_status(self.status),
        )


def _shown(text: str) -> str:
    """A lock file has addresses in the place of versions, with a token in them. There are thousands
    of findings, so only what can hold one is looked at.
    """
    can_hold = any(sign in text for sign in _SIGNS)
    return redact(text, limit=_LONGEST) if can_hold else text[:_LONGEST]


class TrivyPackage(BaseModel):
    """Only its presence matters."""


class TrivyResult(BaseModel):
    """The findings in one file, or in all packages of the operating system."""

    target: _Text = Field(default="", alias="Target")
    kind: _Text = Field(default="", alias="Class")
    packages: list[TrivyPackage | None] | None = Field(default=None, alias="Packages")
    vulnerabilities: list[TrivyVulnerability | None] | None = Field(
        default=None, alias="Vulnerabilities"
    )


class TrivySystem(BaseModel):
    """https://github.com/aquasecurity/trivy/blob/main/pkg/fanal/types/artifact.go (OS)"""

    family: _Text = Field(default="", alias="Family")
    name: _Text = Field(default="", alias="Name")
    is_past_its_end: _Flag = Field(default=False, alias="EOSL")

    @property
    def words(self) -> str:
        """As people call it, short enough for a sentence."""
        return " ".join(f"{self.family} {self.name}".split())[:_LONGEST_SYSTEM]

    @property
    def is_a_release(self) -> bool:
        """Debian's testing and sid are named “forky/sid”, and what is made from them is called as
        it likes; the database of vulnerabilities knows these distributions by number alone.
        """
        numbered = self.family in _NUMBERED
        return not numbered or self.name == "edge" or _RELEASE.fullmatch(self.name) is not None


class TrivyMetadata(BaseModel):
    """What was scanned."""

    image_id: _Text = Field(default="", alias="ImageID")
    system: TrivySystem | None = Field(default=None, alias="OS")
    layers: list[str | None] | None = Field(default=None, alias="DiffIDs")


class TrivyReport(BaseModel):
    """The parts of a report that are needed."""

    schema_version: int = Field(alias="SchemaVersion")
    artifact_name: str = Field(alias="ArtifactName")
    artifact_type: str = Field(alias="ArtifactType")
    metadata: TrivyMetadata = Field(alias="Metadata")
    results: list[TrivyResult | None] | None = Field(default=None, alias="Results")

    @classmethod
    def read(cls, content: bytes, artifact_name: str) -> "TrivyReport":
        """Read a report about ``artifact_name``. Raises ScannerBroken when it is something else."""
        if not content.strip():
            raise _unusable("It is empty.")
        try:
            report = cls.model_validate_json(content)
        except ValidationError as error:
            raise _unusable(reason_of(error)) from None
        if report.schema_version != _SCHEMA:
            raise _unusable(f"It has schema {report.schema_version} instead of {_SCHEMA}.")
        if report.artifact_type != "container_image" or report.artifact_name != artifact_name:
            raise _unusable("It is about something else.")
        if not any(report.metadata.layers or ()):
            # Seen with 0.76: a configuration without diff_ids gives an empty report, not an error.
            raise _unusable("The scanner examined no layer of the image.")
        return report

    @property
    def image_id(self) -> Digest:
        """The digest of the image's configuration, as Docker names images."""
        try:
            return Digest(self.metadata.image_id)
        except QuaymasterError:
            raise _unusable("It does not say which image it is about.") from None

    @property
    def system(self) -> str:
        """The distribution, in words; empty if there is none."""
        system = self.metadata.system
        return system.words if system is not None and system.family != _NAMELESS else ""

    def gap(self) -> Gap | None:
        """What was not examined, if anything. Seen with Trivy 0.76: of a distribution that it does
        not support it has no result; of one whose package database is missing an empty one; where
        it sees packages and no distribution, the family is called “none”.
        """
        system = self.metadata.system
        if system is None or not system.family:
            return Gap.NO_DISTRIBUTION
        if system.family == _NAMELESS:
            return Gap.NAMELESS
        if system.is_past_its_end:
            return Gap.END_OF_LIFE
        of_system = [one for one in self._results() if one.kind == "os-pkgs"]
        if not of_system:
            return Gap.NOT_SUPPORTED
        if not system.is_a_release:
            return Gap.NOT_RELEASED
        return None if any(any(one.packages or ()) for one in of_system) else Gap.NO_PACKAGES

    def _results(self) -> tuple[TrivyResult, ...]:
        return tuple(one for one in self.results or () if one is not None)

    def findings(self) -> tuple[Finding, ...]:
        """Every vulnerability, worst first, none twice."""
        findings = (
            vulnerability.finding(result.target if result.kind == "lang-pkgs" else "")
            for result in self._results()
            for vulnerability in result.vulnerabilities or ()
            if vulnerability is not None
        )
        return worst_first(tuple(dict.fromkeys(findings)))


def _status(word: str) -> FixStatus:
    try:
        return FixStatus(word)
    except ValueError:
        return FixStatus.UNKNOWN


def _severity(word: str) -> Severity:
    try:
        return Severity(word.lower())
    except ValueError:
        return Severity.UNKNOWN


def _unusable(why: str) -> ScannerBroken:
    return ScannerBroken(
        "The scanner's report cannot be used.",
        why=why,
        next_step="Check that the installed Trivy is a version that Quaymaster supports.",
    )
