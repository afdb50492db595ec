"""The worker died with an operation: look at what it left behind, settle it, say the truth."""

from quaymaster.errors import NotFound, QuaymasterError
from quaymaster.operations import Operation, State
from quaymaster.outcomes import Interrupted
from quaymaster.progress import Progress
from quaymaster.requests import PullRequest, PushRequest
from workers.docker.images import inspect
from workers.jobs.deploy.settled import settle_service
from workers.outside.best_effort import best_effort
from workers.work.running import RunningOperation
from workers.work.steps import Finished, Step
from workers.work.toolbox import Toolbox


def recover(work: RunningOperation, tools: Toolbox) -> Step:
    """End the operation with what is found. Nothing is done again that could be done twice."""
    work.report(Progress("checking what was left behind"))
    operation = work.operation
    request = operation.request
    if request.facts.service_change is not None:
        return settle_service(work, tools)
    match request:
        case PushRequest():
            words = _after_a_push(request, tools)
            return _interrupted(operation, words, "Push it again if that is not the right image.")
        case PullRequest():
            words = _after_a_pull(request, tools)
            return _interrupted(operation, words, "Pull it again if that is not the right image.")
        case _:
            return _interrupted(operation, "", "Ask for it again.")


def _interrupted(operation: Operation, words: str, next_step: str) -> Finished:
    what = f"{operation.interruption} while it ran. {words}".strip()
    return Finished(Interrupted(what, next_step), State.UNKNOWN)


def _after_a_push(request: PushRequest, tools: Toolbox) -> str:
    image = request.image
    name = tools.familiar(image)
    try:
        there = tools.registry(image.repository.registry).resolve(image).digest
    except NotFound:
        return f"The registry has no {name}: nothing of it is visible there."
    except QuaymasterError as error:
        return f"It is not known whether {name} arrived: {error.problem.what}"
    local = best_effort(
        lambda: inspect(tools.engine(request.host), image).digest_in(image.repository), None
    )
    if local == there:
        return f"The push was complete: the registry has {name} with the digest {there.short}."
    return f"The registry has {name} with the digest {there.short}; it may be of an earlier push."


def _after_a_pull(request: PullRequest, tools: Toolbox) -> str:
    image = request.image
    name = tools.familiar(image)
    try:
        present = inspect(tools.engine(request.host), image)
    except NotFound:
        return f"{request.host} has no {name}."
    except QuaymasterError as error:
        return f"It is not known whether {name} arrived: {error.problem.what}"
    digest = present.digest_in(image.repository)
    return f"{request.host} has {name}" + (f" with the digest {digest.short}." if digest else ".")
