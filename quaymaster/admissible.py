"""May this still happen? One question, asked when planning, at the last vote and at apply. Pure.

Facts in, answers out: whoever asks has looked at what it knows, and leaves out what it cannot know.
A rollback is stopped by rights, marks and volumes; gate, windows and freezes are shown alone
(docs/decisions/0003). Restoring after a failure asks nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from quaymaster import policy
from quaymaster.approvals import Approval, Choice
from quaymaster.configuration.configuration import Configuration
from quaymaster.configuration.schema_values import is_engine_path, is_inside
from quaymaster.errors import NotAdmissible, NotAllowed
from quaymaster.findings import Blocked, Clean, ScanReport, Unknown, Verdict
from quaymaster.gate import GateRule, stops, verdict_of, worse
from quaymaster.image_ref import Digest
from quaymaster.key_ring import CLOCK_SKEW
from quaymaster.plan_kinds import PlanKind
from quaymaster.plans import Resolved
from quaymaster.policy import Membership, Person
from quaymaster.quantities import duration_in_words
from quaymaster.releases import BadDigest, Release
from quaymaster.request_facts import AnyRequest, ServiceChange
from quaymaster.services import Volume
from quaymaster.spelling import listed
from quaymaster.target import ServiceRef


class Question(StrEnum):
    """What is asked, by name."""

    REQUESTER = "requester"
    VOTERS = "voters"
    AGE = "age"
    EXPIRY = "expiry"
    MARK = "mark"
    AFTER = "after"
    FREEZE = "freeze"
    WINDOW = "window"
    GATE = "gate"
    VOLUMES = "volumes"


@dataclass(frozen=True, slots=True)
class Answer:
    """One question's answer, as a sentence."""

    question: Question
    words: str
    is_against: bool = False
    stops: bool = False
    """Against it, and enough to keep it from happening."""
    why: str = ""
    next_step: str = ""

    @property
    def may_pass(self) -> bool:
        """Whether waiting helps: a window opens, a freeze ends."""
        return self.question in (Question.FREEZE, Question.WINDOW)


@dataclass(frozen=True, slots=True)
class Predecessor:
    """A service of the environment before that counts for ``after``, and this digest there."""

    service: str
    is_released: bool
    mark: BadDigest | None = None


@dataclass(frozen=True, slots=True)
class AdmissionFacts:
    """What is known when the question is asked."""

    request: AnyRequest
    change: ServiceChange
    """The request's, or that of one service of its plan."""
    requester: str
    requested_at: datetime
    resolved: Resolved
    """What would run."""
    now: datetime
    volumes: tuple[Volume, ...] = ()
    people: Mapping[str, Person] = field(default_factory=dict)
    """Requester and voters as they were looked up lately; who is missing is not asked about."""
    approval: Approval | None = None
    """None where nobody has to agree, or nobody was asked yet."""
    mark: BadDigest | None = None
    """That on the digest, for this service."""
    before: tuple[Predecessor, ...] | None = None
    """None where no environment comes before."""
    planned: Verdict | None = None
    """What people were shown; None while it is planned."""
    verdict: Verdict | None = None
    """By the newest report; None where it was not asked, or there is none."""


def mark_on(resolved: Resolved, marks: Mapping[Digest, BadDigest]) -> BadDigest | None:
    """The mark on an image, whether it is named itself or by an index; None where there is none."""
    return marks.get(resolved.image.digest) or marks.get(resolved.named)


def predecessor(
    service: str,
    resolved: Resolved,
    history: Iterable[Release],
    marks: Mapping[Digest, BadDigest],
) -> Predecessor:
    """What a service of the environment before knows of an image: the same one, or another member
    of the same index, since hosts may be of several platforms.
    """
    had = (one.resolved for one in history)
    is_released = any(
        one.image.digest == resolved.image.digest or one.named == resolved.named for one in had
    )
    return Predecessor(service, is_released, mark_on(resolved, marks))


def verdict_now(
    kind: PlanKind, report: ScanReport | None, rule: GateRule, now: datetime
) -> Verdict | None:
    """What the gate says by the newest report. A report that is gone, as after the scanner's key
    was revoked, proves nothing any more; a rescue is not scanned.
    """
    if report is None and kind.facts.is_rescue:
        return None
    return verdict_of(report, rule, now)


def predecessors(configuration: Configuration, service: ServiceRef) -> tuple[str, ...]:
    """The services of the environment before that have the same name or the same repository."""
    before = configuration.environment(service.environment).after
    if before is None:
        return ()
    image = configuration.service(service).image
    entries = configuration.environment(before).services
    return tuple(
        name for name, one in entries.items() if name == service.service or one.image == image
    )


def admissible(configuration: Configuration, facts: AdmissionFacts) -> tuple[Answer, ...]:
    """Every answer, whether for or against it."""
    return tuple(_answers(configuration, facts))


def refuse(answers: Iterable[Answer]) -> None:
    """Raise NotAdmissible with all that stops it."""
    against = [answer for answer in answers if answer.stops]
    if not against:
        return
    first, *others = against
    words = (first.why, *(f"{one.words} {one.why}".strip() for one in others))
    raise NotAdmissible(
        first.words,
        why=" ".join(word for word in words if word),
        next_step=first.next_step,
    )


def shown(answers: Iterable[Answer]) -> tuple[str, ...]:
    """What speaks against it and does not stop it, as notes on its card."""
    return tuple(
        f"{answer.words} This does not stop it."
        for answer in answers
        if answer.is_against and not answer.stops
    )


def involved(requester: str, approval: Approval | None) -> tuple[str, ...]:
    """Whose standing counts: the requester's, and that of whoever approved."""
    approvers = approval.approvers if approval is not None else ()
    return tuple(dict.fromkeys((requester, *approvers)))


def _answers(configuration: Configuration, facts: AdmissionFacts) -> Iterator[Answer]:
    if facts.requester in facts.people:
        yield _requester(configuration, facts)
    if facts.approval is not None:
        yield from _approval(configuration, facts, facts.approval)
    yield _age(configuration, facts)
    yield _mark(configuration, facts)
    if facts.before is not None and not facts.change.is_rescue:
        yield _after(configuration, facts, facts.before)
    yield from _times(configuration, facts)
    if facts.verdict is not None:
        yield _gate(configuration, facts, facts.verdict)
    yield _volumes(configuration, facts)


def _requester(configuration: Configuration, facts: AdmissionFacts) -> Answer:
    person, request = facts.people[facts.requester], facts.request
    try:
        policy.request_allowed(configuration, person, request)
    except NotAllowed:
        return Answer(
            Question.REQUESTER,
            f"The requester ({person.user_id}) may no longer ask for this.",
            is_against=True,
            stops=True,
            why=_not_here(person)
            or f"They have no right to {request.verb} {facts.change.service} now.",
            next_step="Ask somebody with that right to request it.",
        )
    return Answer(Question.REQUESTER, "The requester has the right to this.")


def _approval(
    configuration: Configuration, facts: AdmissionFacts, approval: Approval
) -> Iterator[Answer]:
    if not facts.change.is_rescue:
        yield _voters(configuration, facts, approval)
    late = [v.voter for v in approval.votes if v.at > approval.rule.expires_at + CLOCK_SKEW]
    if late:
        yield Answer(
            Question.EXPIRY,
            "A vote came after its approval had expired.",
            is_against=True,
            stops=True,
            next_step="Ask for it again.",
        )
    else:
        yield Answer(Question.EXPIRY, "The votes were given in time.")


def _voters(configuration: Configuration, facts: AdmissionFacts, approval: Approval) -> Answer:
    """An approval counts while its voter may vote; a rejection was final when it was given."""
    needed = configuration.approval_for(facts.change.service).needed
    approvers = [vote.voter for vote in approval.votes if vote.choice is Choice.APPROVE]
    lost = [
        person
        for person in map(facts.people.get, approvers)
        if person is not None and not _may_vote(configuration, person, facts)
    ]
    left = len(approvers) - len(lost)
    if not lost or left >= needed:
        return Answer(Question.VOTERS, "The approvers have the right to vote.")
    gone = (f"{one.user_id} may no longer vote. {_not_here(one)}".strip() for one in lost)
    return Answer(
        Question.VOTERS,
        f"Only {left} of {needed} approvals still count.",
        is_against=True,
        stops=True,
        why=" ".join(gone),
        next_step="Ask for it again, and get it approved.",
    )


def _may_vote(configuration: Configuration, person: Person, facts: AdmissionFacts) -> bool:
    try:
        policy.may_vote(configuration, person, facts.change.service)
    except NotAllowed:
        return False
    return True


def _not_here(person: Person) -> str:
    if person.membership is Membership.FULL_MEMBER:
        return ""
    return f"They are not a full member of this workspace ({person.membership.replace('_', ' ')})."


def _age(configuration: Configuration, facts: AdmissionFacts) -> Answer:
    limit = configuration.requests_valid_for
    if facts.now - facts.requested_at > limit:
        return Answer(
            Question.AGE,
            f"It was requested more than {duration_in_words(limit)} ago.",
            is_against=True,
            stops=True,
            why="A request expires after that time (`defaults.requests_valid_for`).",
            next_step="Ask for it again.",
        )
    return Answer(Question.AGE, "The request is still valid.")


def _mark(configuration: Configuration, facts: AdmissionFacts) -> Answer:
    place, mark = facts.change.service, facts.mark
    if mark is None:
        return Answer(Question.MARK, f"Nobody rolled back from it in {place}.")
    return Answer(
        Question.MARK,
        f"{_name(configuration, facts)} was rolled back from {place}.",
        is_against=True,
        stops=True,
        why=f"#{mark.operation} did that, so the same digest {mark.digest.short} is not deployed "
        "there again.",
        next_step="Deploy another build of it.",
    )


def _after(
    configuration: Configuration, facts: AdmissionFacts, before: tuple[Predecessor, ...]
) -> Answer:
    environment = facts.change.service.environment
    place = configuration.environment(environment).after or ""
    name, digest = _name(configuration, facts), facts.resolved.named.short
    released = [one for one in before if one.is_released]
    if any(one.mark is None for one in released):
        return Answer(Question.AFTER, f"It was released in {place}.")
    if released and (mark := released[0].mark):
        return Answer(
            Question.AFTER,
            f"{name} ({digest}) was rolled back from {place}/{mark.service}.",
            is_against=True,
            stops=True,
            why=f"#{mark.operation} did that, and {environment} accepts only what {place} kept.",
            next_step="Deploy another build of it.",
        )
    services = listed([f"{place}/{one.service}" for one in before], "or") if before else place
    return Answer(
        Question.AFTER,
        f"{name} ({digest}) was never released in {place}.",
        is_against=True,
        stops=True,
        why=f"{environment} accepts only what ran in {services}.",
        next_step=f"Deploy it there first: `/image deploy {name} to {place}`.",
    )


def _times(configuration: Configuration, facts: AdmissionFacts) -> Iterator[Answer]:
    """Of a rollback they are shown and do not stop it."""
    environment = facts.change.service.environment
    questions = (
        (Question.FREEZE, policy.refusal_of_freeze, "is not frozen"),
        (Question.WINDOW, policy.refusal_of_windows, "takes deploys now"),
    )
    for question, refusal_of, fine in questions:
        refusal = refusal_of(configuration, environment, facts.now)
        yield Answer(
            question,
            refusal or f"{environment} {fine}.",
            is_against=refusal is not None,
            stops=refusal is not None and not facts.change.is_rescue,
            next_step="Rolling back is possible at any time." if refusal else "",
        )


def _gate(configuration: Configuration, facts: AdmissionFacts, verdict: Verdict) -> Answer:
    environment = facts.change.service.environment
    rule = configuration.gate_for(facts.change.service)
    is_against = stops(verdict, rule)
    name, image = _name(configuration, facts), facts.resolved.image
    if not is_against or (facts.planned is not None and not worse(facts.planned, verdict)):
        return Answer(Question.GATE, f"The scan gate of {environment} lets it through.")
    if facts.planned is not None:
        return Answer(
            Question.GATE,
            f"Since its plan was made, the scan of {name} has got worse.",
            is_against=True,
            stops=not facts.change.is_rescue,
            why=f"{_why(verdict)} Nothing was changed.".strip(),
            next_step=f"`/image scan {image.by_digest}` shows what.",
        )
    return Answer(
        Question.GATE,
        f"The scan gate of {environment} does not let {name} through.",
        is_against=True,
        stops=not facts.change.is_rescue,
        why=_why(verdict),
        next_step=_what_helps(verdict),
    )


def _why(verdict: Verdict) -> str:
    match verdict:
        case Clean():
            return ""
        case Unknown():
            return f"What it contains is unknown: {verdict.why}"
        case Blocked(total=total):
            worst = verdict.by[0]
            fix = f"fixed in {worst.fixed}" if worst.fixed else worst.no_fix
            return (
                f"{total:,} findings are too severe; the worst is {worst.vulnerability} "
                f"({worst.severity}) in {worst.package} {worst.installed}, {fix}."
            )


def _what_helps(verdict: Verdict) -> str:
    if isinstance(verdict, Unknown) and verdict.next_step:
        return verdict.next_step
    if isinstance(verdict, Blocked):
        return (
            "Update those packages, rebuild and deploy the new image; `/image scan` lists them all."
        )
    return (
        "Your Quaymaster administrator can run `quaymaster check` to see what is wrong with the "
        "scanner."
    )


def _volumes(configuration: Configuration, facts: AdmissionFacts) -> Answer:
    """By today's rules: what was allowed when a release was made may be forbidden since."""
    host = configuration.target_of(facts.change.service.environment).name
    allowed = configuration.host(host).allow_paths
    forbidden = [
        volume.source
        for volume in facts.volumes
        if volume.source.startswith("/")
        and (
            is_engine_path(volume.source)
            or not any(is_inside(volume.source, path) for path in allowed)
        )
    ]
    if not forbidden:
        return Answer(Question.VOLUMES, "What it mounts is allowed.")
    return Answer(
        Question.VOLUMES,
        f"{listed(forbidden)} may not be mounted on {host}.",
        is_against=True,
        stops=True,
        why=f"It is not within the `allow_paths` of {host} ({listed(allowed)}).",
        next_step="Your Quaymaster administrator can allow it there; otherwise deploy the service "
        "without it.",
    )


def _name(configuration: Configuration, facts: AdmissionFacts) -> str:
    return facts.resolved.image.familiar(configuration.default_registry)
