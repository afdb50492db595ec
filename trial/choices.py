"""What a trial chooses once and keeps: its name, its ports, its passwords and its token."""

import json
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from quaymaster.errors import ConfigurationError
from trial.invocation import invocation
from trial.ports import free_ports

CHOICES = "choices.json"
"""The file in the state directory that keeps them."""

USERNAME = "trial"
"""Who logs in to the sample registry."""


@dataclass(frozen=True, slots=True)
class Choices:
    """The same on every start, so that configuration and records stay true."""

    name: str
    """Distinguishes this trial's containers, images and networks from all others."""
    valkey_port: int
    slack_port: int
    registry_port: int
    staging_port: int
    production_port: int
    valkey_password: str = field(repr=False)
    registry_password: str = field(repr=False)
    page_token: str = field(repr=False)
    """Part of the address of the chat page; the same, so that an open page finds it again."""

    @classmethod
    def made(cls) -> Self:
        """New ones."""
        valkey, slack, registry, staging, production = free_ports(5)
        return cls(
            name=secrets.token_hex(4),
            valkey_port=valkey,
            slack_port=slack,
            registry_port=registry,
            staging_port=staging,
            production_port=production,
            valkey_password=secrets.token_urlsafe(24),
            registry_password=secrets.token_urlsafe(24),
            page_token=secrets.token_urlsafe(32),
        )

    @property
    def registry(self) -> str:
        """The registry's part of a reference. Docker uses plain HTTP on loopback."""
        return f"localhost:{self.registry_port}"

    @property
    def redis_url(self) -> str:
        """The database, with its password."""
        return f"redis://:{self.valkey_password}@127.0.0.1:{self.valkey_port}/0"

    def ports(self) -> tuple[tuple[str, int], ...]:
        """Every port and what it is for, as the subject of a sentence."""
        return (
            ("the database", self.valkey_port),
            ("the local Slack", self.slack_port),
            ("the registry", self.registry_port),
            ("staging/web", self.staging_port),
            ("production/web", self.production_port),
        )


def kept_choices(path: Path) -> Choices:
    """Read the choices of an earlier run, or make and write them (mode 0600).

    Raises ConfigurationError for a file that does not hold them.
    """
    try:
        return Choices(**json.loads(path.read_text()))
    except FileNotFoundError:
        choices = Choices.made()
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(choices), indent=2) + "\n")
        return choices
    except (ValueError, TypeError) as error:
        raise ConfigurationError(
            f"{path} does not hold what `quaymaster try` wrote there.",
            next_step=f"Start over with {invocation('--reset')}.",
        ) from error
