"""What the bot finds out at the last vote: may this still happen?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.database import Database
from bot.identity import Directory, person_behind
from quaymaster.actors import SlackUser
from quaymaster.admissible import (
    Answer,
    Facts,
    Predecessor,
    admissible,
    involved,
    mark_on,
    predecessor,
    predecessors,
    verdict_now,
)
from quaymaster.approvals import Approval
from quaymaster.configuration import Configuration
from quaymaster.errors import OutsideFailure
from quaymaster.findings import Verdict
from quaymaster.image_ref import Digest
from quaymaster.key_ring import KeyRing
from quaymaster.operations import Operation
from quaymaster.plans import DeployPlan, Resolved
from quaymaster.policy import Person, Standing
from quaymaster.queues import host_queue
from quaymaster.releases import BadDigest
from quaymaster.requests import DeployRequest, RollbackRequest
from quaymaster.signed import Signed
from quaymaster.signing_key import SigningKey
from quaymaster.standings import LookedUp, joined
from quaymaster.store import releases, reports
from quaymaster.store.operation_fields import standing_of

_RELEASES = 500


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found out at one moment."""

    people: Mapping[str, Person]
    at: datetime
    mark: BadDigest | None
    before: tuple[Predecessor, ...] | None
    verdict: Verdict | None


async def people_involved(
    operation: Operation, directory: Directory
) -> tuple[dict[str, Person], datetime]:
    """Requester and approvers, looked up anew, and since when. Raises OutsideFailure while Slack
    does not say; whom it does not know is nobody's member. Raises NotAllowed where no person asked.
    """
    at, since = datetime.now(UTC), directory.moment()
    people: dict[str, Person] = {}
    requester = person_behind(operation)
    for user in involved(requester.id, operation.approval):
        actor = SlackUser(requester.team, user)
        try:
            people[user] = await directory.look_up_anew(actor, since)
        except OutsideFailure as error:
            if error.trying_again_can_help:
                raise
            people[user] = Person(user, actor.team, standing=Standing.OUTSIDER)
    return people, at


def standings_of(
    operation: Operation, people: Mapping[str, Person], at: datetime, key: SigningKey
) -> tuple[Signed[LookedUp], ...]:
    """The standings of an operation with these, signed now."""
    new = (standing_of(operation.id, person, at, key) for person in people.values())
    return joined(operation.standings, new)


async def evidence_about(
    operation: Operation,
    plan: DeployPlan,
    database: Database,
    directory: Directory,
    configuration: Configuration,
    ring: KeyRing,
) -> Evidence:
    """Everything that the question depends on. Raises OutsideFailure, Forged and Unavailable."""
    people, at = await people_involved(operation, directory)
    ledger = _Ledger(database, configuration, ring)
    return Evidence(
        people,
        at,
        mark_on(plan.resolved, await ledger.marks(plan.environment, plan.service)),
        await ledger.before(plan),
        await ledger.verdict(plan),
    )


def answers_at_the_last_vote(
    configuration: Configuration,
    operation: Operation,
    plan: DeployPlan,
    approval: Approval,
    found: Evidence,
) -> tuple[Answer, ...]:
    """May it still happen, with this vote? Pure."""
    request = operation.request
    assert isinstance(request, DeployRequest | RollbackRequest)
    facts = Facts(
        request=request,
        requester=operation.requester,
        requested_at=operation.requested_at,
        resolved=plan.resolved,
        now=datetime.now(UTC),
        volumes=plan.configuration.volumes,
        people=found.people,
        approval=approval,
        mark=found.mark,
        before=found.before,
        planned=plan.examined.verdict,
        verdict=found.verdict,
    )
    return admissible(configuration, facts)


@dataclass(frozen=True, slots=True)
class _Ledger:
    """What workers and scanner have recorded."""

    database: Database
    configuration: Configuration
    ring: KeyRing

    async def marks(self, environment: str, service: str) -> Mapping[Digest, BadDigest]:
        queue = host_queue(self.configuration.host_of(environment))
        asking = releases.bad_digests(environment, service, self.ring, queue)
        return await self.database.ask(asking)

    async def before(self, plan: DeployPlan) -> tuple[Predecessor, ...] | None:
        place = self.configuration.environment(plan.environment).after
        if place is None:
            return None
        names = predecessors(self.configuration, plan.environment, plan.service)
        return tuple([await self._predecessor(place, name, plan.resolved) for name in names])

    async def _predecessor(self, place: str, name: str, resolved: Resolved) -> Predecessor:
        queue = host_queue(self.configuration.host_of(place))
        known = await self.database.ask(releases.latest(place, name, self.ring, queue, _RELEASES))
        return predecessor(name, resolved, known, await self.marks(place, name))

    async def verdict(self, plan: DeployPlan) -> Verdict | None:
        version = await self.database.ask(reports.latest_database(plan.digest))
        report = None
        if version is not None:
            report = await self.database.ask(reports.kept(plan.digest, version, self.ring))
        rule = self.configuration.gate_for(plan.environment, plan.service)
        return verdict_now(plan.kind, report, rule, datetime.now(UTC))
