"""Every protection. A row for each thing that a guarantee rests on."""

from tests.protections.protection import Protection

_RECORDS = "tests/quaymaster/store/test_records.py"
_APPROVED = "tests/workers/test_approved.py"

PROTECTIONS = (
    Protection(
        "G2",
        "a delivery is recognised when it comes again",
        "quaymaster/store/records.py",
        "guards=(Absent(known),),",
        "guards=(),",
        (f"{_RECORDS}::test_the_same_delivery_three_times_is_one_operation",),
    ),
    Protection(
        "G2",
        "a move is a compare-and-set",
        "quaymaster/store/records.py",
        'FieldEquals(keys.operation(before.id), "version", str(before.version)),',
        "",
        (f"{_RECORDS}::test_of_two_moves_at_once_one_is_made",),
    ),
    Protection(
        "G3",
        "a lost job is queued again",
        "workers/reconciler.py",
        "return operation.queued(operation.stage, operation.queue, facts.now)",
        "return None",
        ("tests/workers/test_reconciler.py",),
    ),
    Protection(
        "G4",
        "the plan that is carried out carries its seal",
        "workers/approved.py",
        "    plan.check_seal(sealer, operation.id)\n",
        "",
        (_APPROVED,),
    ),
    Protection(
        "G4",
        "the votes are about this plan",
        "workers/approved.py",
        "if approval is None or approval.plan_hash != plan.hash():",
        "if approval is None:",
        (_APPROVED,),
    ),
    Protection(
        "G4",
        "the seals of votes are checked at execution",
        "workers/approved.py",
        "    approval.check_seals(sealer, operation.id)\n",
        "",
        (_APPROVED,),
    ),
    Protection(
        "G5",
        "the requester's own vote does not count",
        "workers/approved.py",
        "and (policy.own_request_counts or vote.voter != operation.actor.user)",
        "",
        (_APPROVED,),
    ),
    Protection(
        "G10",
        "an event without a seal is refused by the audit",
        "quaymaster/audit.py",
        "        Event.from_json(event).check(sealer)\n",
        "        Event.from_json(event)\n",
        ("tests/quaymaster/test_audit.py",),
    ),
)
