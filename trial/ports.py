"""TCP ports on 127.0.0.1 for the parts of a trial."""

import random
import socket
from collections.abc import Iterable

from quaymaster.errors import Conflict
from trial.invocation import invocation

# Below Linux's default range of ephemeral ports (32768 to 60999, man 7 ip), so that no outgoing
# connection takes a port between two runs.
_PORTS = range(20_000, 32_000)


def free_ports(count: int) -> tuple[int, ...]:
    """This many different free ports. Raises Conflict if there are not enough."""
    ports: list[int] = []
    for port in random.sample(_PORTS, len(_PORTS)):
        if is_free(port):
            ports.append(port)
        if len(ports) == count:
            return tuple(ports)
    raise Conflict(
        "No TCP port between 20000 and 32000 is free on 127.0.0.1.",
        next_step="End a program that listens there, and try again.",
    )


def is_free(port: int) -> bool:
    """Whether a program could listen on this port of 127.0.0.1."""
    with socket.socket() as probe:
        # As servers do, so that connections of an earlier run that are only waiting do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def claim(ports: Iterable[tuple[str, int]], state: str) -> None:
    """Raise Conflict, naming the part, when a port of an earlier run is taken."""
    for part, port in ports:
        if not is_free(port):
            raise Conflict(
                f"Port {port} on 127.0.0.1 is in use, and {part} of {state} has it.",
                next_step=f"End the program there (`ss -ltnp 'sport = :{port}'` names it), "
                f"or start over with other ports: {invocation('--reset')}.",
            )
