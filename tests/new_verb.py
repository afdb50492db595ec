"""A verb that the product does not have: it states its facts, and nothing else knows it."""

from dataclasses import dataclass
from typing import ClassVar

from quaymaster.plan_kinds import PlanKind
from quaymaster.request_facts import (
    Eligibility,
    FirstJob,
    Headline,
    Lane,
    Name,
    OnTarget,
    RequestFacts,
    ServiceChange,
)
from quaymaster.rights import Right
from quaymaster.stages import Stage
from quaymaster.target import ServiceRef


@dataclass(frozen=True, slots=True)
class Scale:
    """It changes a service."""

    environment: str
    service: str
    kind: PlanKind = PlanKind.DEPLOY
    verb: str = "scale"
    right: ClassVar[Right | Eligibility] = Right.DEPLOY

    @property
    def headline(self) -> Headline:
        """What was asked for."""
        return ("Scale ", Name(self.environment), "/", Name(self.service))

    @property
    def facts(self) -> RequestFacts:
        """What the request states about itself."""
        service = ServiceRef(self.environment, self.service)
        work = FirstJob(Stage.PLAN, OnTarget(self.environment), Lane.USUAL, is_repeatable=False)
        change = ServiceChange(service, self.kind)
        return RequestFacts(self.right, about=service, changes=change, work=work)


SCALE = Scale("production", "web")
