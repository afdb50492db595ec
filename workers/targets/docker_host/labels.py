"""The labels of a service's container: a stored type, which outlives the program that wrote it.

A container's *turn* is the number of the plan that it serves for. Labels cannot be changed, so one
that a rollback starts again is renamed to carry its new turn; its name is what counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from quaymaster.errors import WrittenByNewer
from quaymaster.image_ref import PinnedImage
from quaymaster.services import HealthCheck
from quaymaster.target import OfService, ServiceRef
from workers.docker.names import as_engines_name

LABEL = "quaymaster."
"""What all labels of the product begin with."""
FORMAT = 1
"""Of the labels. Containers without it were made before there was one, by #operation alone."""

_HEALTH: TypeAdapter[HealthCheck] = TypeAdapter(HealthCheck)


@dataclass(frozen=True, slots=True)
class Labels(OfService):
    """What a container was made as."""

    environment: str
    service: str
    operation: int
    """The operation that made it."""
    turn: int
    image: PinnedImage | None
    """None where the label holds no reference with a digest."""
    configuration: str
    """The fingerprint of the configuration that it was made with."""
    health: HealthCheck

    def written(self) -> dict[str, str]:
        """As the engine keeps them."""
        values = {
            "format": str(FORMAT),
            "role": "service",
            "environment": self.environment,
            "service": self.service,
            "operation": str(self.operation),
            "turn": str(self.turn),
            "image": str(self.image or ""),
            "configuration": self.configuration,
            "health": _HEALTH.dump_json(self.health).decode(),
        }
        return {LABEL + name: value for name, value in values.items()}

    @classmethod
    def read(cls, labels: Mapping[str, str], name: str) -> "Labels":
        """Those of a container of this name. Raises WrittenByNewer for a later format."""
        if _number(labels.get(f"{LABEL}format", "")) > FORMAT:
            raise WrittenByNewer(f"container ({name})")
        environment = labels.get(f"{LABEL}environment", "")
        service = labels.get(f"{LABEL}service", "")
        operation = _number(labels.get(f"{LABEL}operation", ""))
        # Format 0 had no turns: there the operation's number says which came later.
        turn = _number(labels.get(f"{LABEL}turn", "")) or operation
        image = as_engines_name(labels.get(f"{LABEL}image", ""))
        return cls(
            environment,
            service,
            operation,
            _turn_in(name, ServiceRef(environment, service)) or turn,
            image.if_pinned if image is not None else None,
            labels.get(f"{LABEL}configuration", ""),
            _health(labels.get(f"{LABEL}health", "")),
        )


def container_name(service: ServiceRef, operation: int, turn: int) -> str:
    """The name of the container that serves for the plan of an operation.

    The number of the operation keeps services apart whose names read the same when joined.
    """
    return f"{_named_after(service)}{operation}.{turn}"


def _turn_in(name: str, service: ServiceRef) -> int:
    prefix = _named_after(service)
    return _number(name.removeprefix(prefix).partition(".")[2]) if name.startswith(prefix) else 0


def _named_after(service: ServiceRef) -> str:
    return f"quaymaster-{service.environment}-{service.service}-"


def _health(text: str) -> HealthCheck:
    try:
        return _HEALTH.validate_json(text)
    except ValidationError:
        return HealthCheck()


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0
