"""Turns: each plan of a service has one, higher than those of all plans and containers before it.

A record that somebody puts back carries an old turn, and so never runs again.
"""

from quaymaster.store import keys
from quaymaster.store.transactions import Absent, Equals, Guard, Query, Transaction


def highest(environment: str, service: str) -> Query[int]:
    """The highest turn that was given; 0 where none is known."""
    return Query(("GET", keys.turn(environment, service)), lambda reply: _number(reply or b""))


def give(environment: str, service: str, known: int, turn: int) -> Transaction[bool]:
    """Give a turn, if ``known`` still is the highest; False when another plan was faster."""
    key = keys.turn(environment, service)
    guard: Guard = Equals(key, str(known)) if known else Absent(key)
    return Transaction(
        guards=(guard,),
        commands=(("SET", key, turn),),
        done=lambda _: True,
        refused=lambda _: False,
    )


def _number(text: bytes) -> int:
    return int(text) if text.isdigit() and len(text) < 16 else 0
