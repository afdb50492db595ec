"""Who wants something done: a person in Slack, a schedule, or the product itself."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field


@dataclass(frozen=True, slots=True)
class SlackUser:
    """A person, as Slack's signed payload names them."""

    team: str
    user: str
    kind: Literal["slack user"] = "slack user"

    @property
    def id(self) -> str:
        """The user id."""
        return self.user


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule of the configuration, whose time has come."""

    name: str
    kind: Literal["schedule"] = "schedule"

    @property
    def id(self) -> str:
        """Never the id of a person: those have no colon."""
        return f"schedule:{self.name}"


@dataclass(frozen=True, slots=True)
class Product:
    """What Quaymaster does on its own account, such as reporting drift."""

    kind: Literal["product"] = "product"

    @property
    def id(self) -> str:
        """Never the id of a person: those are in upper case."""
        return "quaymaster"


PRODUCT = Product()

Actor = Annotated[SlackUser | Schedule | Product, Field(discriminator="kind")]
"""Each has one ``id``, by which records and the audit name it."""
