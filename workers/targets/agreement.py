"""Whether the parts of a target agree about a service, and where they go when they do not. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from quaymaster.image_ref import PinnedImage
from quaymaster.target import ServiceRef
from workers.targets.observed import (
    Condition,
    MemberObserved,
    Observed,
    Remains,
    Version,
    VersionRole,
)

_LIVE = (VersionRole.SERVING, VersionRole.DETACHED, VersionRole.STOPPED)
_ORDER = (*_LIVE, VersionRole.STAGED, VersionRole.RETAINED)


@dataclass(frozen=True, slots=True)
class Goal:
    """What every part is to serve."""

    version: Version | None
    """None for nothing: a first release that did not reach every part."""


def joined(service: ServiceRef, parts: Sequence[MemberObserved]) -> Observed:
    """The service over all parts; a version is the same where its image and its turn are."""
    condition = _condition([part.observed for part in parts])
    troubles = (part.observed.unhealthy for part in parts)
    return Observed(
        service,
        condition,
        _versions(parts),
        _remains(condition, parts),
        next((trouble for trouble in troubles if trouble is not None), None),
        tuple(parts),
    )


def goal_of(parts: Sequence[MemberObserved]) -> Goal | None:
    """Where parts go that a change left apart; None where they agree, or where no part has what
    another serves.

    A new version has a higher turn than all before it, and what it replaced is retained only after
    every part serves the new one. So the lowest turn that is live anywhere is the old version, and
    every part still has it. Where that one never became live on a part that has it staged, nothing
    served before.
    """
    turns = {_turn(part.observed.serving) for part in parts}
    if len(turns) == 1 and None not in turns:
        return None
    live = [one for part in parts for one in part.observed.having(*_LIVE)]
    oldest = min(live, key=lambda one: one.turn, default=None)
    if oldest is None:
        return None
    staged = [one for part in parts for one in part.observed.having(VersionRole.STAGED)]
    if any(_key(one) == _key(oldest) and not one.has_been_live for one in staged):
        return Goal(None)
    return Goal(oldest)


def of_part(observed: Observed, version: Version) -> Version | None:
    """This part's own version that is the same; None where it has none."""
    return next((one for one in observed.versions if _key(one) == _key(version)), None)


def serves(observed: Observed, goal: Goal) -> bool:
    """Whether a part serves what it is to serve."""
    if goal.version is None:
        return not observed.having(*_LIVE)
    serving = observed.serving
    return serving is not None and _key(serving) == _key(goal.version)


def _condition(observed: Sequence[Observed]) -> Condition:
    conditions = {one.condition for one in observed}
    if len(conditions) > 1 or Condition.SPLIT in conditions:
        return Condition.SPLIT
    served = {_key(one.serving) for one in observed if one.serving is not None}
    return Condition.SPLIT if len(served) > 1 else conditions.pop()


def _remains(condition: Condition, parts: Sequence[MemberObserved]) -> Remains:
    served = {_turn(part.observed.serving) for part in parts} - {None}
    remains = {part.observed.remains for part in parts}
    # People stop containers; that two versions serve at once comes of a change.
    if Remains.HALF_WAY in remains or len(served) > 1:
        return Remains.HALF_WAY
    is_settled = remains == {Remains.NONE} and condition is not Condition.SPLIT
    return Remains.NONE if is_settled else Remains.DISTURBED


def _versions(parts: Sequence[MemberObserved]) -> tuple[Version, ...]:
    alike: dict[tuple[PinnedImage | None, int], list[Version]] = {}
    for part in parts:
        for version in part.observed.versions:
            alike.setdefault(_key(version), []).append(version)
    return tuple(_one_of(versions) for versions in alike.values())


def _one_of(versions: Sequence[Version]) -> Version:
    first = min(versions, key=lambda one: _ORDER.index(one.role))
    return replace(first, identity=_words(one.identity for one in versions))


def _words(identities: Iterable[str]) -> str:
    return " ".join(identities)


def _key(version: Version) -> tuple[PinnedImage | None, int]:
    return version.image, version.turn


def _turn(version: Version | None) -> int | None:
    return version.turn if version is not None else None
