"""Scan orders and their answers in Redis, each with its jobs."""

from typing import Literal

from quaymaster.errors import Forged
from quaymaster.key_ring import KeyRing
from quaymaster.operations import Operation
from quaymaster.queues import scan_queue
from quaymaster.scan_orders import ScanAnswer, ScanOrder
from quaymaster.signed import Signed
from quaymaster.signing_key import SigningKey
from quaymaster.store import jobs, keys
from quaymaster.store.formats import SCAN_ANSWER, SCAN_ORDER
from quaymaster.store.transactions import (
    Command,
    Equals,
    FieldEquals,
    Guard,
    Query,
    Transaction,
)

GivenUp = Literal["died", "slow", ""]

_KEPT_SECONDS = 24 * 3600
_WITHDRAWN_SECONDS = 3600
_WITHDRAWN = "withdrawn"
OF_ANOTHER_TYPE = b"of another type"
"""Stands for a value that is not a string, and therefore not an order."""


def order_of(operation: Operation) -> ScanOrder:
    """The scan order of an operation that is being scanned."""
    resolved, order_id = operation.resolved, operation.scan_order
    if resolved is None or order_id is None:
        raise ValueError("what is scanned is resolved first")
    place = (operation.queue, operation.job_id)
    config = resolved.member.config if resolved.member else None
    return ScanOrder(order_id, operation.id, resolved.image, *place, config)


def placed(order: ScanOrder, key: SigningKey) -> tuple[Command, ...]:
    """The commands that sign an order and queue it for the scanner."""
    text = SCAN_ORDER.signed(order, (order.id,), key).text
    return (
        ("SET", keys.scan_order(order.id), text, "EX", _KEPT_SECONDS),
        *_enqueued(order, 0),
    )


def job_id(order_id: str, tries: int) -> str:
    """The id of the scanner's job for an order, after this many lost jobs."""
    return f"scan-{order_id}-{tries}"


def load(order_id: str, ring: KeyRing) -> Query[Signed[ScanOrder] | None]:
    """An order; None if it does not exist (any more). Raises Forged and WrittenByNewer."""

    def read(reply: bytes | None) -> Signed[ScanOrder] | None:
        if reply is None or reply == _WITHDRAWN.encode():
            return None
        order = SCAN_ORDER.read(reply, (order_id,), ring)
        if not ring.key(order.key).may_work_in(order.value.queue):
            raise Forged(
                f"The order of scan {order_id} is ignored: the key {order.key} is not "
                f"enrolled for {order.value.queue}.",
                next_step="Tell your Quaymaster administrator.",
            )
        return order

    return Query(("GET", keys.scan_order(order_id)), read, otherwise=lambda: read(OF_ANOTHER_TYPE))


def is_standing(order: Signed[ScanOrder]) -> Query[bool]:
    """Whether the order is still in force, not withdrawn."""
    return Query(
        ("GET", keys.scan_order(order.value.id)), lambda reply: reply == order.text.encode()
    )


def withdrawn(operation: Operation) -> tuple[Command, ...]:
    """The commands that end the scanner's work for an operation that continues or has ended."""
    if operation.scan_order is None:
        return ()
    return (("SET", keys.scan_order(operation.scan_order), _WITHDRAWN, "EX", _WITHDRAWN_SECONDS),)


def answer(answer: ScanAnswer, order: Signed[ScanOrder], key: SigningKey) -> Transaction[bool]:
    """Store a signed answer and let the operation continue; False if nothing waits for it."""
    value = order.value
    text = SCAN_ANSWER.signed(answer, (value.id,), key).text
    return Transaction(
        guards=(_stands(order),),
        commands=(
            ("SET", keys.scan_answer(value.id), text, "EX", _KEPT_SECONDS),
            *jobs.enqueued(value.job, value.operation, value.queue),
        ),
        done=lambda _: True,
        refused=lambda _: False,
    )


def answered(order_id: str, ring: KeyRing) -> Query[ScanAnswer | None]:
    """The scanner's answer, if there is one. Raises Forged and WrittenByNewer."""
    return Query(
        ("GET", keys.scan_answer(order_id)),
        lambda reply: SCAN_ANSWER.read(reply, (order_id,), ring).value if reply else None,
    )


def is_answered(order_id: str) -> Query[bool]:
    """Whether an answer is stored; its signature is checked when it is read."""
    return Query(("EXISTS", keys.scan_answer(order_id)), bool)


def tries(order_id: str) -> Query[int]:
    """How many of the scanner's jobs for an order were lost."""
    return Query(("HGET", keys.scan_tries(order_id), "lost"), _number, otherwise=lambda: 0)


def again(order: Signed[ScanOrder], lost: int) -> Transaction[bool]:
    """Queue an order for the scanner again, because its job was lost, as ``lost`` were before."""
    where = keys.scan_tries(order.value.id)
    guard: Guard = FieldEquals(where, "lost", str(lost) if lost else "")
    return Transaction(
        guards=(_stands(order), guard),
        commands=(
            ("HSET", where, "lost", lost + 1),
            ("EXPIRE", where, _KEPT_SECONDS),
            *_enqueued(order.value, lost + 1),
        ),
        done=lambda _: True,
        refused=lambda _: False,
    )


def given_up(order_id: str, why: GivenUp) -> tuple[Command, ...]:
    """The commands that record why the operation no longer waits for the scanner."""
    where = keys.scan_tries(order_id)
    return (("HSET", where, "given_up", why), ("EXPIRE", where, _KEPT_SECONDS))


def why_given_up(order_id: str) -> Query[GivenUp]:
    """Why the operation no longer waited for the scanner; empty if that is unknown."""

    def read(reply: bytes | None) -> GivenUp:
        match reply:
            case b"died":
                return "died"
            case b"slow":
                return "slow"
            case _:
                return ""

    return Query(("HGET", keys.scan_tries(order_id), "given_up"), read)


def lease_name(order_id: str) -> str:
    """The lease that the scanner holds while it works on an order."""
    return f"scan-order:{order_id}"


def _enqueued(order: ScanOrder, lost: int) -> tuple[Command, ...]:
    queue = scan_queue(order.queue)
    return jobs.scan_enqueued(job_id(order.id, lost), order.id, queue)


def _stands(order: Signed[ScanOrder]) -> Equals:
    return Equals(keys.scan_order(order.value.id), order.text)


def _number(reply: bytes | None) -> int:
    return int(reply) if reply and reply.isdigit() and len(reply) < 10 else 0
