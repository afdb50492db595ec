"""G2: one delivery is one operation, one click has one effect."""

from functools import partial

from tests.protections.protection import Protection

_row = partial(Protection, "G2")
_APPROVALS = "tests/quaymaster/test_approvals.py"
_CANCELLING = "tests/bot/conversation/test_cancelling.py"
_EVERYTHING = "tests/bot/views/test_everything.py"
_OPERATIONS = "tests/quaymaster/test_operations.py"
_PAYLOADS = "tests/bot/listening/test_payloads.py"
_RECORDS = "tests/quaymaster/store/test_records.py"
_RUN = "tests/workers/test_run.py"
_RUNNING = "tests/workers/work/test_running.py"
_VOTES = "tests/bot/conversation/test_votes.py"

ONCE = (
    _row(
        "a delivery is recognised when it comes again",
        "quaymaster/store/records.py",
        'guards=(Absent(delivery_key), FieldEquals(keys.operation(operation.id), "version", "")),',
        'guards=(FieldEquals(keys.operation(operation.id), "version", ""),),',
        (f"{_RECORDS}::test_the_same_delivery_three_times_is_one_operation",),
    ),
    _row(
        "accepting never writes over an operation",
        "quaymaster/store/records.py",
        'guards=(Absent(delivery_key), FieldEquals(keys.operation(operation.id), "version", "")),',
        "guards=(Absent(delivery_key),),",
        (f"{_RECORDS}::test_an_operation_is_never_written_over_another",),
    ),
    _row(
        "a repeated acceptance that finds itself keeps its id",
        "bot/conversation/acceptance.py",
        "            case Duplicate(first) if first == operation.id:\n",
        "            case Duplicate(first) if first is None:\n",
        (
            "tests/bot/conversation/test_lost_replies.py::test_a_command_whose_reply_is_lost_is_accepted_once",
        ),
    ),
    _row(
        "a delivery is known by Slack's trigger",
        "bot/listening/payloads.py",
        'Origin(text(body, "channel_id"), text(body, "trigger_id"))',
        'Origin(text(body, "channel_id"), __import__("secrets").token_hex(8))',
        (f"{_PAYLOADS}::test_a_command_is_known_by_its_trigger",),
    ),
    _row(
        "a mention is known by Slack's event",
        "bot/listening/payloads.py",
        'text(body, "event_id"), thread)',
        '__import__("secrets").token_hex(8), thread)',
        (f"{_PAYLOADS}::test_the_words_of_a_mention_come_after_it",),
    ),
    _row(
        "accepting queues the job in the same round trip",
        "quaymaster/store/records.py",
        "            *(_enqueue(operation) if is_queued else ()),\n",
        "",
        (f"{_RECORDS}::test_accepting_queues_a_job_that_rq_reads_as_its_own",),
    ),
    _row(
        "a move to queued queues its job in the same round trip",
        "quaymaster/store/records.py",
        "            *(_enqueue(after) if after.state is State.QUEUED else ()),\n",
        "",
        (f"{_RECORDS}::test_a_move_to_queued_queues_its_job",),
    ),
    _row(
        "a move is a compare-and-set",
        "quaymaster/store/records.py",
        'FieldEquals(keys.operation(before.id), "version", str(before.version)),',
        "",
        (f"{_RECORDS}::test_of_two_moves_at_once_one_is_made",),
    ),
    _row(
        "a move needs the lease",
        "quaymaster/store/records.py",
        "        *([lease] if lease else []),\n",
        "",
        (f"{_RECORDS}::test_a_move_needs_the_lease_when_it_is_asked_for",),
    ),
    _row(
        "only legal moves are made",
        "quaymaster/operations.py",
        "if state not in ALLOWED_MOVES[self.state]:",
        "if state is None:",
        (f"{_OPERATIONS}::test_a_move_is_made_only_when_the_table_allows_it",),
    ),
    _row(
        "no id is given twice",
        "quaymaster/store/records.py",
        '(("INCRBY", keys.NEXT_ID, count),)',
        '(("SET", keys.NEXT_ID, count, "GET"), ("GET", keys.NEXT_ID))[1:]',
        (f"{_RECORDS}::test_ids_are_never_given_twice",),
    ),
    _row(
        "each job id is used once",
        "quaymaster/operations.py",
        "attempt=self.attempt + 1",
        "attempt=self.attempt",
        (f"{_OPERATIONS}::test_each_queued_attempt_has_a_job_id_of_its_own",),
    ),
    _row(
        "an old job does not run an operation that has another",
        "workers/run.py",
        "if operation.job_id != job_id or not _is_due(operation, tools):",
        "if not _is_due(operation, tools):",
        (f"{_RUN}::test_an_old_job_changes_nothing",),
    ),
    _row(
        "a job does not run an operation that runs or has ended",
        "workers/run.py",
        "if operation.job_id != job_id or not _is_due(operation, tools):",
        "if operation.job_id != job_id:",
        (f"{_RUN}::test_a_job_that_comes_again_changes_nothing",),
    ),
    _row(
        "an operation is run under its lease",
        "workers/run.py",
        '        log.info("another worker runs this", operation=operation.id)\n        return\n',
        '        log.info("another worker runs this", operation=operation.id)\n',
        (f"{_RUN}::test_what_another_worker_holds_is_left_to_it",),
    ),
    _row(
        "two operations do not change one service at once",
        "workers/work/running.py",
        '    is_our_own = operation == owner.partition(":")[0]\n',
        "    is_our_own = True\n",
        (f"{_RUNNING}::test_a_service_is_changed_by_one_operation_at_a_time",),
    ),
    _row(
        "whoever lost the right to a service changes nothing more",
        "workers/work/running.py",
        "if ask(self.connection, leases.owner_of(self.name)) != self.owner:",
        "if ask(self.connection, leases.owner_of(self.name)) is None:",
        (f"{_RUNNING}::test_whoever_lost_a_service_notices_before_the_next_change",),
    ),
    _row(
        "nothing is changed after a cancel that came in time",
        "quaymaster/store/records.py",
        'guards=(lease, FieldEquals(key, "cancel", "")),',
        "guards=(lease,),",
        (f"{_RUNNING}::test_a_cancel_that_came_in_time_stops_before_the_change",),
    ),
    _row(
        "nobody changes anything without the lease of the operation",
        "quaymaster/store/records.py",
        'guards=(lease, FieldEquals(key, "cancel", "")),',
        'guards=(FieldEquals(key, "cancel", ""),),',
        (f"{_RUNNING}::test_whoever_lost_the_operation_changes_nothing",),
    ),
    _row(
        "a cancel after the point of no return is refused",
        "quaymaster/store/records.py",
        '            FieldEquals(where, "past_return", ""),\n',
        "",
        (f"{_RECORDS}::test_what_has_begun_to_change_cannot_be_cancelled",),
    ),
    _row(
        "a client of a worker sends a command once",
        "quaymaster/store/connections.py",
        "        health_check_interval=15,\n        retry=Retry(NoBackoff(), 0),\n",
        "        health_check_interval=15,\n        retry=Retry(NoBackoff(), 3),\n",
        (
            "tests/quaymaster/store/test_connections.py::"
            "test_a_command_whose_answer_was_lost_is_not_sent_again",
        ),
    ),
    _row(
        "one vote per voter",
        "quaymaster/approvals.py",
        "if any(earlier.voter == vote.voter for earlier in self.votes):",
        "if False:",
        (f"{_APPROVALS}::test_a_second_vote_of_the_same_person_is_refused",),
    ),
    _row(
        "no vote counts after the decision",
        "quaymaster/approvals.py",
        "if self.rejected_by is not None or self.is_granted:",
        "if self.is_granted:",
        (f"{_APPROVALS}::test_rejecting_records_who_rejected_and_is_final",),
    ),
    _row(
        "a click is judged anew on the newest record when somebody was first",
        "bot/conversation/deciding.py",
        "            continue\n",
        "            raise\n",
        (f"{_VOTES}::test_two_people_at_the_same_moment_both_count_and_start_one_deploy",),
    ),
    _row(
        "a click that is delivered again is answered once",
        "bot/listening/router.py",
        "        if self._answered.has(delivery):\n",
        "        if False:\n",
        (f"{_VOTES}::test_the_same_click_delivered_again_is_answered_once",),
    ),
    _row(
        "a button carries a subject id, where it votes the hash of the plan, and nothing else",
        "bot/views/parts.py",
        "value=str(pointer),",
        'value=f"{pointer}:{action_id}",',
        (_EVERYTHING,),
    ),
    _row(
        "what a button carries besides is not read",
        "bot/views/buttons.py",
        "match = _POINTER.fullmatch(value)",
        "match = _POINTER.match(value)",
        (_PAYLOADS,),
    ),
    _row(
        "a button of a card that an earlier version posted still works",
        "bot/views/buttons.py",
        "        if earlier := _EARLIER_POINTER.fullmatch(value):\n",
        '        if earlier := _EARLIER_POINTER.fullmatch(""):\n',
        ("tests/bot/listening/test_payloads.py::test_the_buttons_of_an_earlier_version_are_read",),
    ),
    _row(
        "a page button names its page",
        "bot/conversation/paging.py",
        "records.turn_page(operation, page)",
        "records.turn_page(operation, operation.page + page)",
        (
            "tests/bot/conversation/test_paging.py::test_a_page_button_shows_its_page_however_often_it_is_clicked",
        ),
    ),
    _row(
        "a message is found also where clocks are minutes apart",
        "bot/courier/delivery.py",
        "_CLOCKS_APART_SECONDS = CLOCK_SKEW.total_seconds() + 30.0\n",
        "_CLOCKS_APART_SECONDS = 120.0\n",
        (
            "tests/bot/courier/test_courier.py::TestOnce::"
            "test_a_post_that_a_killed_courier_did_not_note_is_found[300]",
        ),
    ),
)
