"""Whether a worker's key may do the work that the worker is started for."""

from collections.abc import Sequence

from quaymaster.errors import ConfigurationError
from quaymaster.key_ring import ProgramRole, PublicKey
from quaymaster.queues import host_of
from quaymaster.settings import Settings
from quaymaster.spelling import listed


def expect_to_work(settings: Settings, queues: Sequence[str]) -> None:
    """Raises ConfigurationError, which says what to do, where a worker with these settings could
    not sign what it does in these queues.
    """
    refuse_others(settings.keys(ProgramRole.WORKER).entry, queues)
    if any(host_of(queue) for queue in queues):
        settings.fingerprint_key()


def refuse_others(key: PublicKey, queues: Sequence[str]) -> None:
    """Raises ConfigurationError where the key is not enrolled for all of these queues."""
    others = [queue for queue in queues if not key.may_work_in(queue)]
    if not others:
        return
    own = f"--queues {','.join(sorted(key.queues))}" if key.queues else "other queues"
    raise ConfigurationError(
        f"The key {key.id} is not enrolled for {listed(others)}: other programs would reject what "
        "this worker signs there.",
        next_step=f"Start it with {own}, or give it the key of a worker for those queues: "
        "`quaymaster keys new` makes one for each new host, and with --one-worker one "
        "for all queues.",
    )
