"""The revision that a request is made with, and whether it is still current. Pure.

Only a request that changes an environment has one. A request that acts on a registry or a host
names it in full, and nobody approved anything that the configuration could change: the program that
does the work checks whether its own configuration has that registry or host.
"""

from quaymaster.configuration.configuration import Configuration
from quaymaster.operations import Operation
from quaymaster.request_facts import AnyRequest

NONE = ""


def revision_for(request: AnyRequest, configuration: Configuration) -> str:
    """The revision of the environment that a request changes; ``NONE`` if it changes none.
    Raises UsageError if that environment is not configured.
    """
    change = request.facts.service_change
    return configuration.revision_of(change.service.environment) if change else NONE


def is_current(operation: Operation, configuration: Configuration) -> bool:
    """Whether the environment is still configured as the plan says or, without a plan, as it was
    at the request. An earlier version recorded a revision of the whole file, which never equals
    that of an environment: its plans are not current.
    """
    change = operation.request.facts.service_change
    if change is None:
        return True
    return _revision_of(operation) == configuration.revisions.get(change.service.environment)


def _revision_of(operation: Operation) -> str:
    plan = operation.plan
    return plan.revision if plan else operation.configuration_revision
