"""G4 and G5: what is stored counts only as it was signed, where it was put, by who may."""

from functools import partial

from tests.protections.protection import Protection

_row = partial(Protection, "G4")
_right = partial(Protection, "G5")
_STORE = "tests/quaymaster/store"
_CODECS = f"{_STORE}/test_codecs.py"
_ENVELOPES = f"{_STORE}/test_envelopes.py"
_FIELDS = f"{_STORE}/test_operation_fields.py"
_FINGERPRINTS = "tests/quaymaster/test_fingerprints.py"
_KEYS = "tests/quaymaster/test_signing_key.py"
_MOVERS = "tests/quaymaster/test_movers.py"
_RELEASES = f"{_STORE}/test_releases.py"
_REPORTS = f"{_STORE}/test_reports.py"
_RING = "tests/quaymaster/test_key_ring.py"
_TURNS = f"{_STORE}/test_turns.py"

_MESSAGE = '("quaymaster", place.kind, str(version), key_id, str(at), *place.parts, body)'
_ELSEWHERE = f"{_ENVELOPES}::test_a_copy_in_another_place_is_refused"
_PARTS = f"{_ENVELOPES}::test_each_part_of_it_is_signed"

_ENVELOPE = (
    _row(
        "what is stored has to carry its signature",
        "quaymaster/store/envelopes.py",
        "    if not holds(key, signature, _message(place, version, key_id, at, body)):\n",
        "    if False:\n",
        (_PARTS,),
    ),
    *(
        _row(
            f"a signature covers {what}",
            "quaymaster/store/envelopes.py",
            _MESSAGE,
            _MESSAGE.replace(part, ""),
            (test,),
        )
        for what, part, test in (
            ("what kind of thing it is", "place.kind, ", _ELSEWHERE),
            ("where it is", "*place.parts, ", _ELSEWHERE),
            ("its version", "str(version), ", _PARTS),
            ("its time", "str(at), ", _PARTS),
            ("its content", ", body", _PARTS),
            (
                "the name of its key",
                "key_id, ",
                f"{_ENVELOPES}::test_a_signature_is_of_the_key_that_it_names",
            ),
        )
    ),
    _row(
        "no two places read the same",
        "quaymaster/store/envelopes.py",
        'b"".join(len(part).to_bytes(8, "big") + part for part in encoded)',
        'b"".join(encoded)',
        (_ELSEWHERE,),
    ),
    _row(
        "one content has one text",
        "quaymaster/store/envelopes.py",
        "    if header != _header(numbers[0], key_id, numbers[1], signature):\n",
        "    if False:\n",
        (f"{_ENVELOPES}::test_one_content_has_one_text",),
    ),
    _row(
        "what was found genuine is so for one key",
        "quaymaster/store/envelopes.py",
        'b"".join((key.public, signature, message))',
        'b"".join((signature, message))',
        (f"{_ENVELOPES}::test_what_holds_for_one_ring_does_not_for_another",),
    ),
    _right(
        "the signature of another role does not count",
        "quaymaster/store/envelopes.py",
        "    if key.role not in roles:\n",
        "    if False:\n",
        (f"{_ENVELOPES}::test_the_signature_of_another_role_does_not_count",),
    ),
    _right(
        "a key that has ended signs nothing new",
        "quaymaster/store/envelopes.py",
        "if key.ends_at is not None and moment > key.ends_at + CLOCK_SKEW:",
        "if False:",
        (f"{_ENVELOPES}::test_what_was_signed_after_a_key_ended_does_not_count",),
    ),
    _right(
        "a key that has ended is believed what it signed before",
        "quaymaster/store/envelopes.py",
        "if key.ends_at is not None and moment > key.ends_at + CLOCK_SKEW:",
        "if key.ends_at is not None:",
        (f"{_ENVELOPES}::test_what_was_signed_before_a_key_ended_verifies_for_ever",),
    ),
    _right(
        "nothing of a revoked key counts outside of the audit",
        "quaymaster/store/envelopes.py",
        "not (in_audit and moment <= key.revoked_at)",
        "moment > key.revoked_at",
        (
            f"{_ENVELOPES}::test_what_a_revoked_key_signed_counts_in_the_audit_alone_and_from_before",
        ),
    ),
    _right(
        "nothing that a revoked key signed later counts in the audit",
        "quaymaster/store/envelopes.py",
        "not (in_audit and moment <= key.revoked_at)",
        "not in_audit",
        (
            f"{_ENVELOPES}::test_what_a_revoked_key_signed_counts_in_the_audit_alone_and_from_before",
        ),
    ),
    _row(
        "what a newer program wrote is not called forged",
        "quaymaster/store/envelopes.py",
        "        raise WrittenByNewer(place.kind)\n",
        '        raise _refused(place, "it is of another version")\n',
        (f"{_CODECS}::test_a_newer_text_is_left_to_a_newer_program",),
    ),
    _row(
        "a forgery does not pass for something newer",
        "quaymaster/store/envelopes.py",
        "    version, key_id, at, signature, body = _parsed(text, place)\n",
        "    version, key_id, at, signature, body = _parsed(text, place)\n"
        "    if version > newest:\n"
        "        raise WrittenByNewer(place.kind)\n",
        (f"{_ENVELOPES}::test_a_forgery_does_not_pass_for_something_newer",),
    ),
    _row(
        "an older text is lifted",
        "quaymaster/store/codecs.py",
        "                data = self.upgrades[version](data)\n",
        "                data = {**data}\n",
        (f"{_CODECS}::test_an_older_text_is_lifted_over_each_version_and_keeps_its_digest",),
    ),
    _row(
        "a type does not change without a new version",
        "quaymaster/releases.py",
        "    turn: int\n",
        "    turn: float\n",
        ("tests/stored/test_golden.py::test_a_type_does_not_change_without_a_new_version",),
    ),
)

_KEY_RING = (
    _right(
        "a worker signs in the queues of its key alone",
        "quaymaster/key_ring.py",
        "return self.role is ProgramRole.WORKER and queue in self.queues",
        "return self.role is ProgramRole.WORKER",
        (f"{_RING}::test_a_worker_may_work_in_its_own_queues_and_nobody_else_in_any",),
    ),
    _right(
        "only a worker works",
        "quaymaster/key_ring.py",
        "return self.role is ProgramRole.WORKER and queue in self.queues",
        "return queue in self.queues",
        (f"{_RING}::test_a_worker_may_work_in_its_own_queues_and_nobody_else_in_any",),
    ),
    _right(
        "a program does not start with the key of another role",
        "quaymaster/signing_key.py",
        "        if value.role is not role:\n",
        "        if False:\n",
        (f"{_KEYS}::test_a_program_takes_the_key_of_its_role_and_no_other",),
    ),
    _right(
        "a program does not start with a key that only is called like one of the ring",
        "quaymaster/signing_key.py",
        "        if value.public != private.public(role).public:\n",
        "        if False:\n",
        (f"{_KEYS}::test_a_key_that_another_one_is_called_like_is_refused",),
    ),
    _right(
        "a program does not start with a key that has ended",
        "quaymaster/signing_key.py",
        "        if value.has_ended(datetime.now(UTC)):\n",
        "        if False:\n",
        (f"{_KEYS}::test_a_key_that_has_ended_or_was_revoked_signs_nothing",),
    ),
    Protection(
        "G6",
        "no private key is in the key ring",
        "quaymaster/key_ring.py",
        "        if PRIVATE_PREFIX in text:\n",
        "        if False:\n",
        (f"{_RING}::test_no_private_key_belongs_in_it_and_it_is_not_repeated",),
    ),
    *(
        _right(
            f"{what} counts with the signature of {who} alone",
            "quaymaster/store/formats.py",
            f'Codec("{kind}", TypeAdapter({type_}), {roles}',
            f'Codec("{kind}", TypeAdapter({type_}), _BOT | _WORKER | _SCANNER',
            (test,),
        )
        for what, who, kind, type_, roles, test in (
            (
                "a request",
                "the bot",
                "request",
                "Submission",
                "_BOT",
                f"{_FIELDS}::test_requests_are_signed_by_the_bot_alone",
            ),
            (
                "a vote",
                "the bot",
                "vote",
                "Vote",
                "_BOT",
                f"{_FIELDS}::test_votes_are_signed_by_the_bot_alone",
            ),
            (
                "a plan",
                "a worker",
                "plan",
                "Plan",
                "_WORKER",
                f"{_FIELDS}::test_the_bot_makes_no_plan",
            ),
            (
                "a release",
                "a worker",
                "release",
                "Release",
                "_WORKER",
                f"{_RELEASES}::test_only_a_worker_records_a_release",
            ),
            (
                "a scan report",
                "a scanner",
                "scan report",
                "ScanReport",
                "_SCANNER",
                f"{_REPORTS}::test_the_bot_writes_no_report",
            ),
        )
    ),
)

_OPERATION = (
    _row(
        "a part of an operation is the one that its record names",
        "quaymaster/store/operation_fields.py",
        "    if part.digest != digest:\n",
        "    if False:\n",
        (f"{_FIELDS}::test_an_older_plan_of_the_same_operation_is_refused",),
    ),
    _row(
        "no part of an operation can be left out",
        "quaymaster/store/operation_fields.py",
        "    if text is None:\n        raise _does_not_belong(place[0], codec.kind)\n",
        "    if text is None:\n        return None\n",
        (f"{_FIELDS}::test_no_part_can_be_left_out",),
    ),
    _row(
        "votes are those that the record names",
        "quaymaster/store/operation_fields.py",
        "    if tuple(vote.digest for vote in votes) != digests:\n",
        "    if False:\n",
        (f"{_FIELDS}::test_votes_count_as_often_and_in_the_order_that_the_record_names",),
    ),
    _row(
        "nobody is counted twice",
        "quaymaster/store/operation_fields.py",
        "    if len({vote.value.voter for vote in votes}) != len(votes):\n",
        "    if False:\n",
        (f"{_FIELDS}::test_nobody_is_counted_twice",),
    ),
    _row(
        "a record names the id that it stands under",
        "quaymaster/store/operation_fields.py",
        "    if signed.value.id != operation_id or version != ",
        "    if version != ",
        (f"{_FIELDS}::test_a_record_names_the_id_that_it_stands_under",),
    ),
    _row(
        "a plan is about what was asked for",
        "quaymaster/store/operation_fields.py",
        "    _check_the_plan_belongs(operation)\n",
        "",
        (f"{_FIELDS}::test_a_plan_is_about_what_was_asked_for",),
    ),
    _row(
        "a plan is for the host that it is queued for",
        "quaymaster/store/operation_fields.py",
        "    if plan is not None and target_queue(plan.target) != operation.queue:\n",
        "    if False:\n",
        (f"{_FIELDS}::test_a_plan_is_for_the_host_that_it_is_queued_for",),
    ),
    _right(
        "the parts of a worker that is not enrolled do not count",
        "quaymaster/store/operation_fields.py",
        "        if part is not None and not ring.key(part.key).may_work_in(operation.queue):\n",
        "        if False:\n",
        (f"{_FIELDS}::test_the_parts_of_a_worker_that_is_not_enrolled_do_not_count",),
    ),
    _right(
        "who signed a move may have made it",
        "quaymaster/store/operation_fields.py",
        "    if not may_have_moved(ring.key(signed.key), operation):\n",
        "    if False:\n",
        (f"{_FIELDS}::test_a_worker_that_is_not_enrolled_moves_no_operation",),
    ),
)

_MOVES = tuple(
    _right(what, "quaymaster/movers.py", old, new, (f"{_MOVERS}::{test}",))
    for what, old, new, test in (
        (
            "a scanner moves nothing",
            "        case ProgramRole.SCANNER:\n            return False\n",
            "        case ProgramRole.SCANNER:\n            return True\n",
            "test_a_scanner_moves_nothing",
        ),
        (
            "the bot ends nothing that has begun",
            "            return operation.started_at is None or _is_judged_by_the_bot(operation)\n",
            "            return True\n",
            "test_the_bot_ends_nothing_that_a_worker_has_started",
        ),
        (
            "the bot queues again only what was approved",
            "            return operation.attempt == 1 or _is_to_be_applied(operation)\n",
            "            return True\n",
            "test_the_bot_queues_again_only_what_was_approved_and_only_to_apply_it",
        ),
        (
            "what waits for people was brought there by a worker",
            "            return bool(operation.votes)\n",
            "            return True\n",
            "test_only_the_bot_counts_votes",
        ),
        (
            "a worker counts no votes",
            "    if operation.state is State.AWAITING_APPROVAL and operation.votes:\n",
            "    if False:\n",
            "test_only_the_bot_counts_votes",
        ),
        (
            "a worker accepts and rejects nothing",
            "    if operation.state in (State.ACCEPTED, State.REJECTED):\n",
            "    if False:\n",
            "test_a_worker_moves_what_is_in_its_queues_and_looks_after_the_rest",
        ),
        (
            "a worker moves what is in its queues",
            "return operation.state in _WHOEVER_LOOKS_AFTER_IT or key.may_work_in(operation.queue)",
            "return True",
            "test_a_worker_moves_what_is_in_its_queues_and_looks_after_the_rest",
        ),
        (
            "no worker takes the work of another host into its own queue",
            "if not _is_where_it_was_asked(operation):",
            "if False:",
            "test_no_worker_takes_what_was_asked_of_another_host_into_its_own_queue",
        ),
    )
)

_LEDGER = (
    _row(
        "a genuine release counts only where it was made",
        "quaymaster/store/releases.py",
        "if release.service_ref != service:",
        "if False:",
        (f"{_RELEASES}::test_a_release_is_of_the_service_that_it_stands_under",),
    ),
    _right(
        "a release of a worker of another host does not count",
        "quaymaster/store/releases.py",
        "            if not ring.key(signed.key).may_work_in(queue):\n",
        "            if False:\n",
        (f"{_RELEASES}::test_releases_of_a_worker_that_is_not_enrolled_for_the_host_are_left_out",),
    ),
    _right(
        "a mark of a worker of another host does not count",
        "quaymaster/store/releases.py",
        "            if ring.key(signed.key).may_work_in(queue):\n",
        "            if True:\n",
        (f"{_RELEASES}::test_marks_of_a_worker_that_is_not_enrolled_for_the_host_are_left_out",),
    ),
    _row(
        "a release is signed for its service",
        "quaymaster/store/releases.py",
        "RELEASE.signed(release, release.service_ref.place, key).text",
        "RELEASE.signed(release, (), key).text",
        (f"{_RELEASES}::test_releases_are_listed_newest_first",),
    ),
    _row(
        "a mark is about the digest that it stands for",
        "quaymaster/store/releases.py",
        "            if (*mark.service_ref.place, str(mark.digest)) != place:\n",
        "            if False:\n",
        (f"{_RELEASES}::test_a_mark_is_about_the_digest_that_it_stands_for",),
    ),
    _row(
        "a turn is given once",
        "quaymaster/store/turns.py",
        "        guards=(guard,),\n",
        "        guards=(),\n",
        (f"{_TURNS}::test_who_comes_second_is_told_and_gets_none",),
    ),
    _row(
        "what is no turn is refused",
        "quaymaster/store/turns.py",
        "        if str(number).encode() != reply or number == 0:\n",
        "        if False:\n",
        (f"{_TURNS}::test_what_is_no_turn_is_refused_with_what_to_do",),
    ),
    _row(
        "a fingerprint of another key is not compared",
        "quaymaster/fingerprints.py",
        'if made is None or made.partition(":")[0] != self._id:',
        "if made is None:",
        (f"{_FINGERPRINTS}::test_after_a_new_key_nobody_can_tell_and_nothing_reads_changed",),
    ),
    _row(
        "a fingerprint is compared with that of today's value",
        "quaymaster/fingerprints.py",
        "hmac.compare_digest(made, self.of(*parts))",
        "bool(made)",
        (f"{_FINGERPRINTS}::test_no_two_lists_of_parts_have_the_same_fingerprint",),
    ),
)

SIGNATURES = (*_ENVELOPE, *_KEY_RING, *_OPERATION, *_MOVES, *_LEDGER)
