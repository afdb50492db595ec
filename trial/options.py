"""The options of ``quaymaster try``."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class TrialOptions:
    """The options of the command."""

    state: Path = Path(".try")
    """Where everything is kept between runs."""
    docker: str | None = None
    """The Docker engine; by default DOCKER_HOST's, the usual one, or one of its own."""
    reset: bool = False
    """Delete what earlier runs kept, and start over."""
    remove: bool = False
    """Delete everything, and do not start."""
    browser: bool = True
    """Open the chat page in a browser."""
