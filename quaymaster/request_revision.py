"""The revision that a request is made with, and whether the configuration still has it. Pure.

Only what changes an environment has one. What acts on a registry or a host names it in full, and
nothing about it was shown to anybody that the configuration could change: the program that does it
asks its own configuration whether that registry or host is there.
"""

from quaymaster.configuration import Configuration
from quaymaster.operations import Operation
from quaymaster.request_facts import AnyRequest

NONE = ""


def revision_for(request: AnyRequest, configuration: Configuration) -> str:
    """The revision of the environment that a request changes; ``NONE`` where it changes none.
    Raises UsageError for an environment that is not configured.
    """
    change = request.facts.service_change
    return configuration.revision_of(change.service.environment) if change else NONE


def is_current(operation: Operation, configuration: Configuration) -> bool:
    """Whether its environment is configured as the plan says, or as it was at the request where
    there is no plan yet. An earlier version recorded the revision of the whole file, which is no
    environment's: what it planned is not current.
    """
    change = operation.request.facts.service_change
    if change is None:
        return True
    return _revision_of(operation) == configuration.revisions.get(change.service.environment)


def _revision_of(operation: Operation) -> str:
    plan = operation.plan
    return plan.configuration_revision if plan else operation.configuration_revision
