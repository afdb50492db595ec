"""What the bot finds out at the last vote: may this still happen?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.conversation.identity import Directory, person_behind
from bot.database.database import Database
from quaymaster.actors import SlackUser
from quaymaster.admissible import (
    AdmissionFacts,
    Answer,
    Predecessor,
    admissible,
    involved,
    mark_on,
    predecessor,
    predecessors,
    verdict_now,
)
from quaymaster.approvals import Approval
from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import OutsideFailure
from quaymaster.findings import Verdict
from quaymaster.image_ref import Digest
from quaymaster.key_ring import KeyRing
from quaymaster.operations import Operation
from quaymaster.plans import Change, Plan, Resolved
from quaymaster.policy import Membership, Person
from quaymaster.queues import target_queue
from quaymaster.releases import BadDigest
from quaymaster.request_facts import ServiceChange
from quaymaster.signed import Signed
from quaymaster.signing_key import SigningKey
from quaymaster.standings import LookedUp, joined
from quaymaster.store import releases, reports
from quaymaster.store.operation_fields import standing_of
from quaymaster.target import ServiceRef

_RELEASES = 500


@dataclass(frozen=True, slots=True)
class ChangeEvidence:
    """What was found out about one change of a plan."""

    mark: BadDigest | None
    before: tuple[Predecessor, ...] | None
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found out at one moment."""

    people: Mapping[str, Person]
    at: datetime
    changes: tuple[tuple[Change, ChangeEvidence], ...]


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
            people[user] = Person(user, actor.team, membership=Membership.OUTSIDER)
    return people, at


def standings_of(
    operation: Operation, people: Mapping[str, Person], at: datetime, key: SigningKey
) -> tuple[Signed[LookedUp], ...]:
    """The standings of an operation with these, signed now."""
    new = (standing_of(operation.id, person, at, key) for person in people.values())
    return joined(operation.standings, new)


async def evidence_about(
    operation: Operation,
    plan: Plan,
    database: Database,
    directory: Directory,
    configuration: Configuration,
    ring: KeyRing,
) -> Evidence:
    """Everything that the question depends on. Raises OutsideFailure, Forged and Unavailable."""
    people, at = await people_involved(operation, directory)
    ledger = _Ledger(database, configuration, ring)
    changes = [(change, await ledger.about(plan, change)) for change in plan.changes]
    return Evidence(people, at, tuple(changes))


def answers_at_the_last_vote(
    configuration: Configuration,
    operation: Operation,
    plan: Plan,
    approval: Approval,
    evidence: Evidence,
) -> tuple[Answer, ...]:
    """May it still happen, with this vote? An answer that is the same for all services comes once.
    Pure.
    """
    now = datetime.now(UTC)
    answers: dict[Answer, None] = {}
    for change, about in evidence.changes:
        facts = AdmissionFacts(
            request=operation.request,
            change=ServiceChange(change.service_ref, plan.kind),
            requester=operation.requester,
            requested_at=operation.requested_at,
            resolved=change.resolved,
            now=now,
            volumes=change.workload.volumes,
            people=evidence.people,
            approval=approval,
            mark=about.mark,
            before=about.before,
            planned=change.examined.verdict,
            verdict=about.verdict,
        )
        answers |= dict.fromkeys(admissible(configuration, facts))
    return tuple(answers)


@dataclass(frozen=True, slots=True)
class _Ledger:
    """What workers and scanner have recorded."""

    database: Database
    configuration: Configuration
    ring: KeyRing

    async def about(self, plan: Plan, change: Change) -> ChangeEvidence:
        return ChangeEvidence(
            mark_on(change.resolved, await self.marks(change.service_ref)),
            await self.before(change),
            await self.verdict(plan, change),
        )

    async def marks(self, service: ServiceRef) -> Mapping[Digest, BadDigest]:
        queue = target_queue(self.configuration.target_of(service.environment))
        asking = releases.bad_digests(service, self.ring, queue)
        return await self.database.ask(asking)

    async def before(self, change: Change) -> tuple[Predecessor, ...] | None:
        place = self.configuration.environment(change.environment).after
        if place is None:
            return None
        names = predecessors(self.configuration, change.service_ref)
        return tuple(
            [await self._predecessor(ServiceRef(place, name), change.resolved) for name in names]
        )

    async def _predecessor(self, service: ServiceRef, resolved: Resolved) -> Predecessor:
        queue = target_queue(self.configuration.target_of(service.environment))
        releases_known = await self.database.ask(
            releases.latest(service, self.ring, queue, _RELEASES)
        )
        return predecessor(service.service, resolved, releases_known, await self.marks(service))

    async def verdict(self, plan: Plan, change: Change) -> Verdict | None:
        version = await self.database.ask(reports.latest_database(change.digest))
        report = None
        if version is not None:
            report = await self.database.ask(reports.kept(change.digest, version, self.ring))
        rule = self.configuration.gate_for(change.service_ref)
        return verdict_now(plan.kind, report, rule, datetime.now(UTC))
