"""Which service is meant: the same name stands in several environments."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServiceRef:
    """One service of one environment; written ``production/web``."""

    environment: str
    service: str

    def __str__(self) -> str:
        return f"{self.environment}/{self.service}"
