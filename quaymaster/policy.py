"""Who may do what, where and when. Pure: the caller looks the person up, each time anew.

Nobody but full members of this workspace may do anything. Writing needs a right; reading needs
one as soon as the configuration gives ``read`` to any role.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import NotAllowed
from quaymaster.request_facts import AnyRequest, Eligibility
from quaymaster.rights import Right
from quaymaster.spelling import listed
from quaymaster.target import ServiceRef


class Membership(StrEnum):
    """What a person is to the workspace that the app is installed in."""

    FULL_MEMBER = "full_member"
    GUEST = "guest"
    BOT = "bot"
    DEACTIVATED = "deactivated"
    OUTSIDER = "outsider"
    """From another workspace, in a shared channel."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts, as Slack's signed payload and Slack's look-ups say."""

    user_id: str
    team_id: str
    groups: frozenset[str] = frozenset()
    """The ids of the user groups (S…) that they are in."""
    membership: Membership = Membership.FULL_MEMBER


_WHY_NOT = {
    Membership.GUEST: "You are a guest of this workspace.",
    Membership.BOT: "Programs cannot use Quaymaster through Slack.",
    Membership.DEACTIVATED: "Your account is deactivated.",
    Membership.OUTSIDER: "You belong to another workspace.",
}


def request_allowed(configuration: Configuration, person: Person, request: AnyRequest) -> None:
    """Raise NotAllowed unless the person may ask for this.

    For ``cancel``, ``approve`` and ``reject`` only the standing is checked here: the rest depends
    on the operation, see ``may_cancel``, ``may_vote`` and ``may_reject``.
    """
    facts = request.facts
    match facts.right:
        case Eligibility.MEMBER:
            _check_membership(person)
        case Eligibility.PRODUCT:
            raise NotAllowed("Nobody can ask for this: Quaymaster does it by itself.")
        case Right():
            allowed(configuration, person, facts.right, facts.about)
        case _:
            assert_never(facts.right)


def allowed(
    configuration: Configuration,
    person: Person,
    right: Right,
    service: ServiceRef | None = None,
) -> None:
    """Raise NotAllowed unless a role of the person has the right, there."""
    _check_membership(person)
    if not _has_right(configuration, person, right, service):
        raise _no_right(configuration, right, service)


def may_cancel(
    configuration: Configuration,
    person: Person,
    requester: str,
    service: ServiceRef | None = None,
) -> None:
    """Raise NotAllowed unless the person asked for the operation or has the right to cancel."""
    _check_membership(person)
    if person.user_id == requester:
        return
    if not _has_right(configuration, person, Right.CANCEL, service):
        raise _no_right(configuration, Right.CANCEL, service, besides="the person who asked for it")


def may_vote(configuration: Configuration, person: Person, service: ServiceRef) -> None:
    """Raise NotAllowed unless a role of the person is in ``approval.from`` of the service."""
    _check_membership(person)
    voters = configuration.approval_for(service).from_roles
    if not roles_of(configuration, person).intersection(voters):
        who = f"Only {listed(voters)}" if voters else "Nobody"
        raise NotAllowed(
            f"{who} can vote on a deploy of {service}.",
            next_step="Ask one of them." if voters else "",
        )


def may_reject(
    configuration: Configuration, person: Person, requester: str, service: ServiceRef
) -> None:
    """Raise NotAllowed unless the person may vote or withdraws their own request."""
    _check_membership(person)
    if person.user_id != requester:
        may_vote(configuration, person, service)


def roles_of(configuration: Configuration, person: Person) -> frozenset[str]:
    """The names of the roles that a person has. Nobody but a full member has any."""
    if person.membership is not Membership.FULL_MEMBER:
        return frozenset()
    return frozenset(
        name
        for name, role in configuration.roles.items()
        if role.everyone or person.user_id in role.people or role.groups & person.groups
    )


def refusal_of_window(configuration: Configuration, environment: str, now: datetime) -> str | None:
    """Why an environment takes no deploy now, in one sentence; None while it does.

    ``now`` must carry a time zone. Rolling back is not a deploy: it is never refused for this.
    """
    return refusal_of_freeze(configuration, environment, now) or refusal_of_windows(
        configuration, environment, now
    )


def refusal_of_freeze(configuration: Configuration, environment: str, now: datetime) -> str | None:
    """The sentence about a freeze of these days, where there is one."""
    for freeze in configuration.environment(environment).freeze:
        if freeze.holds(now):
            return f"{environment} is frozen ({freeze}); it takes deploys again on {freeze.ends}."
    return None


def refusal_of_windows(configuration: Configuration, environment: str, now: datetime) -> str | None:
    """The sentence about its windows, where there are some and none is open."""
    entry = configuration.environment(environment)
    if entry.allowed and not any(window.holds(now) for window in entry.allowed):
        windows = listed((str(window) for window in entry.allowed), "or")
        return f"{environment} takes deploys {windows} only."
    return None


def _check_membership(person: Person) -> None:
    if person.membership is not Membership.FULL_MEMBER:
        raise NotAllowed(
            "Quaymaster works for full members of this workspace only.",
            why=_WHY_NOT[person.membership],
            next_step="Ask a full member to do it.",
        )


def _has_right(
    configuration: Configuration, person: Person, right: Right, service: ServiceRef | None
) -> bool:
    if right is Right.READ and not _is_reading_given(configuration):
        return True
    held = roles_of(configuration, person)
    return any(role in held for role in _holders(configuration, right, service))


def _is_reading_given(configuration: Configuration) -> bool:
    return any(
        permission.right is Right.READ
        for permissions in configuration.permissions.values()
        for permission in permissions
    )


def _holders(
    configuration: Configuration, right: Right, service: ServiceRef | None
) -> Iterable[str]:
    """The roles that have a right there."""
    place = service.place if service else (None, None)
    return (
        role
        for role, permissions in configuration.permissions.items()
        if any(permission.covers(right, *place) for permission in permissions)
    )


def _no_right(
    configuration: Configuration, right: Right, service: ServiceRef | None, besides: str = ""
) -> NotAllowed:
    """Names the roles with the right. ``besides`` is a person who needs no right."""
    deed = right.deed(service)
    holders = tuple(_holders(configuration, right, service))
    if holders or besides:
        who = listed([*([besides] if besides else []), *holders])
        return NotAllowed(
            f"Only {who} can {deed}.", next_step="Ask one of them." if holders else "Ask them."
        )
    return NotAllowed(
        f"Nobody can {deed}.",
        why=f"No role has the right “{right}”{' there' if service else ''}.",
        next_step="Your Quaymaster administrator can grant it under `permissions` in the "
        "configuration.",
    )
