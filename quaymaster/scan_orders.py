"""What a worker orders of the scanner, and what the scanner answers.

The order stands in Redis beside a job of the scanner's queue; the answer, beside the next job of
the operation. In between nobody waits: the operation is “being scanned”.
"""

from dataclasses import dataclass

from quaymaster.findings import ScannerDatabase
from quaymaster.image_ref import Digest, PinnedImage

WAITING = "waiting for the scanner"
"""The step of an operation whose order no scanner has taken for a while."""


@dataclass(frozen=True, slots=True)
class ScanOrder:
    """An image of a registry that is to be scanned for an operation; signed by a worker."""

    id: str
    """The number of the operation and that of its attempt: never used again."""
    operation: int
    image: PinnedImage
    queue: str
    """Where the operation goes on."""
    job: str
    """The job that it goes on with."""
    config: Digest | None = None
    """The digest of the image's configuration: what the scanner has to have looked at."""


@dataclass(frozen=True, slots=True)
class ScanAnswer:
    """What came of an order; signed by the scanner. The report is kept by itself."""

    order: str
    database: ScannerDatabase | None
    """The one of the report; None where there is no report."""
    failure: str = ""
    """Why there is no report, in words."""
    reused: bool = False
    """The digest was scanned with this database before."""
    seconds: float = 0.0
