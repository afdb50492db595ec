"""What a container may do besides what any process may: capabilities(7). Pure.

https://docs.docker.com/engine/containers/run/#runtime-privilege-and-linux-capabilities
"""

from collections.abc import Iterable

from quaymaster.errors import UsageError
from quaymaster.image_ref import shown
from quaymaster.spelling import listed

ALL = "ALL"
BY_DOCKER = (
    *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD"),
    *("NET_BIND_SERVICE", "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
)
"""What Docker gives a container that says nothing."""
LEFT_OUT = frozenset({"AUDIT_WRITE", "MKNOD", "NET_RAW", "SETFCAP"})
"""What hardly any service needs, and an attacker in it likes: it has to be asked for."""


def parse_capability(text: str) -> str:
    """``NET_RAW``, also as ``CAP_NET_RAW``. Raises UsageError for what Docker would not give by
    default: with some of those a container rules the host.
    """
    name = text.upper().removeprefix("CAP_")
    if name not in BY_DOCKER:
        raise UsageError(
            f"{shown(text)} is not among the capabilities that a service can have.",
            why=f"Docker gives these by default: {listed(BY_DOCKER)}.",
        )
    return name


def parse_dropped(text: str) -> str:
    """The same, or ``ALL``. Raises UsageError."""
    return ALL if text.upper() == ALL else parse_capability(text)


def capabilities(add: Iterable[str], drop: Iterable[str]) -> tuple[str, ...]:
    """What a service has: the usual less what is dropped, and what is added whatever is dropped."""
    dropped, added = set(drop), set(add)
    usual = set() if ALL in dropped else set(BY_DOCKER) - LEFT_OUT - dropped
    return tuple(sorted(usual | added))
