"""Which piece of work a request begins with, and who does it. Pure."""

from typing import assert_never

from quaymaster.configuration.configuration import Configuration
from quaymaster.operations import Stage
from quaymaster.queues import REGISTRY, host_queue, target_queue
from quaymaster.request_facts import AnyRequest, InRegistry, OnHost, OnTarget


def first_step(request: AnyRequest, configuration: Configuration) -> tuple[Stage, str]:
    """The stage and the queue that an operation starts in.

    What needs a Docker host goes to that host's queue, the rest where there is no Docker socket.
    An operation stays in its queue for good: the scanner is given orders. Raises ValueError for
    requests that the bot answers itself.
    """
    work = request.facts.work
    if work is None:
        raise ValueError(f"{request.verb} is answered by the bot and becomes no operation")
    match work.place:
        case OnHost(host):
            return work.stage, host_queue(host)
        case OnTarget(environment):
            return work.stage, target_queue(configuration.target_of(environment))
        case InRegistry():
            return work.stage, REGISTRY
        case _:
            assert_never(work.place)
