"""The end of a job whose answer is a list: its first page is the outcome, the others go beside."""

from quaymaster.listings import pages_of
from quaymaster.outcomes import Listed
from quaymaster.store import pages
from quaymaster.store.transactions import ask
from workers.work.running import RunningOperation
from workers.work.steps import Finished
from workers.work.toolbox import Toolbox


def paged(whole: Listed, work: RunningOperation, tools: Toolbox) -> Finished:
    """The list as it is kept. Raises Unavailable."""
    operation = work.operation
    made = pages_of(whole)
    older = ask(tools.connection, pages.older_than_allowed(operation.actor))
    kept = pages.keep(
        operation, made, older, tools.keys.private, tools.configuration.retention, tools.now()
    )
    return Finished(made[0], also=kept)
