"""Turns: each plan of a service has one, higher than that of every earlier plan and container.

An old record that is put back has an old turn, so it never runs again.
"""

from quaymaster.errors import Forged
from quaymaster.store import keys
from quaymaster.store.transactions import Absent, Equals, Guard, Query, Transaction
from quaymaster.target import ServiceRef

_MOST_PLANS = 1_000_000
"""How many plans there can be between two that started a container."""


def highest(service: ServiceRef) -> Query[int]:
    """The highest assigned turn; 0 if none is known. Raises Forged if it is not a number."""

    def read(reply: bytes | None) -> int:
        if reply is None:
            return 0
        number = int(reply) if reply.isdigit() and len(reply) < 16 else 0
        if str(number).encode() != reply or number == 0:
            raise _not_ours(service, "is not a number")
        return number

    return Query(("GET", keys.turn(service)), read)


def check_is_near(service: ServiceRef, highest_known: int, of_containers: int) -> None:
    """Raise Forged if a turn is higher than any realistic number of plans explains.

    The number in Redis is not signed. A container would keep an excessive turn for ever, and no
    later plan could go above it.
    """
    if highest_known > of_containers + _MOST_PLANS:
        raise _not_ours(service, "is far above that of every container")


def _not_ours(service: ServiceRef, how: str) -> Forged:
    return Forged(
        f"The turn of {service} in the database {how}.",
        why="Something other than Quaymaster wrote it.",
        next_step=f"Delete {keys.turn(service)} in Redis: the containers of "
        "the service say which turn came last.",
    )


def give(service: ServiceRef, highest_known: int, turn: int) -> Transaction[bool]:
    """Assign a turn, if ``known`` is still the highest; False if another plan was faster."""
    key = keys.turn(service)
    guard: Guard = Equals(key, str(highest_known)) if highest_known else Absent(key)
    return Transaction(
        guards=(guard,),
        commands=(("SET", key, turn),),
        done=lambda _: True,
        refused=lambda _: False,
    )
