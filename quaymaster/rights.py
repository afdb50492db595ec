"""What a person can be permitted to do, and which right each verb needs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Self

from quaymaster.errors import UsageError
from quaymaster.image_ref import shown
from quaymaster.spelling import did_you_mean, listed
from quaymaster.target import ServiceRef


class Right(StrEnum):
    """The words that stand under ``permissions``. ``deploy`` means: may ask for one."""

    READ = "read"
    PULL = "pull"
    TAG = "tag"
    PUSH = "push"
    SCAN = "scan"
    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    CANCEL = "cancel"

    def deed(self, service: ServiceRef | None) -> str:
        """What it allows, after the word “can”: “roll back production/web”."""
        return _DEEDS[self].format(service or "a service")


_DEEDS: Mapping[Right, str] = {
    Right.READ: "look at images, services and operations",
    Right.PULL: "pull images",
    Right.TAG: "tag images",
    Right.PUSH: "push images",
    Right.SCAN: "scan images",
    Right.DEPLOY: "deploy to {}",
    Right.ROLLBACK: "roll back {}",
    Right.CANCEL: "cancel this operation",
}


SCOPED = frozenset({Right.DEPLOY, Right.ROLLBACK, Right.CANCEL})
"""The rights that can be given for one environment or service: what changes one."""

_LATER = frozenset(
    {
        "build",
        "promote",
        "layers",
        "diff",
        "scale",
        "run",
        "plan",
        "why",
        "lock",
        "unlock",
        "freeze",
        "exception",
        "logs",
        "audit",
        "break-glass",
    }
)

_MEMBER = re.compile(r"[UWS][A-Z0-9]{2,30}")

_PERMISSION = re.compile(
    r"(?P<right>\*|[a-z-]+)(?::(?P<environment>[a-z0-9][a-z0-9_.-]*)"
    r"(?:/(?P<service>[a-z0-9][a-z0-9_.-]*))?)?"
)


@dataclass(frozen=True, slots=True)
class Permission:
    """``right``, ``right:environment`` or ``right:environment/service``; ``*`` is every right."""

    right: Right | Literal["*"]
    environment: str | None = None
    service: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read one entry of ``permissions``. Raises UsageError."""
        match = _PERMISSION.fullmatch(text)
        if not match:
            raise UsageError(
                f"{shown(text)} is not a permission.",
                next_step="Write it like deploy, rollback:staging or deploy:production/web.",
            )
        word, environment = match["right"], match["environment"]
        right = _right(word)
        if environment and right != "*" and right not in SCOPED:
            raise UsageError(
                f"“{word}” is not bound to an environment.",
                next_step=f"Write {word} alone; {listed(sorted(SCOPED))} can be bound.",
            )
        return cls(right, environment, match["service"])

    def covers(self, right: Right, environment: str | None, service: str | None) -> bool:
        """Whether this permits the right, there."""
        if self.right not in ("*", right):
            return False
        if self.environment is None:
            return True
        if right not in SCOPED or self.environment != environment:
            return False
        return self.service is None or self.service == service


@dataclass(frozen=True, slots=True)
class Role:
    """Who has a role: people by user id, members of Slack user groups, or every full member."""

    people: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    everyone: bool = False

    @classmethod
    def parse(cls, words: tuple[str, ...]) -> Self:
        """Read Slack ids, or the one word ``everyone``. Raises UsageError."""
        if words == ("everyone",):
            return cls(everyone=True)
        for word in words:
            if not _MEMBER.fullmatch(word):
                raise UsageError(
                    f"{shown(word)} is not the id of a person (U… or W…) or user group (S…).",
                    why="A name can be changed by its owner; an id cannot.",
                    next_step="Slack shows it under “Copy member ID”.",
                )
        groups = frozenset(word for word in words if word.startswith("S"))
        return cls(frozenset(words) - groups, groups)


def _right(word: str) -> Right | Literal["*"]:
    if word == "*":
        return "*"
    if word in _LATER:
        raise UsageError(f"“{word}” is not supported yet, so nobody can be permitted to do it.")
    if word not in set(Right):
        raise UsageError(
            f"{shown(word)} is not a right.",
            why=f"The rights are {listed(Right)}, and * for all of them.",
            next_step=did_you_mean(word, Right),
        )
    return Right(word)
