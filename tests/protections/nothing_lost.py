"""G9: what was acknowledged survives a kill -9 of every process."""

from functools import partial

from tests.protections.protection import Protection

_row = partial(Protection, "G9")
_CHECKS = "tests/workers/checks/test_redis_checks.py"
_COMPOSED = (
    "tests/test_docs.py::test_redis_loses_nothing_has_its_users_in_a_file_and_is_not_published"
)
_RECORDS = "tests/quaymaster/store/test_records.py"
_EXPIRY = "tests/quaymaster/store/test_expiry.py"
_IDS = "tests/bot/conversation/test_ids.py::test_a_command"
_SERVER = "tests/testing/engines/test_valkey.py"

NOTHING_LOST = (
    _row(
        "the server of the tests keeps what it acknowledged",
        "testing/engines/valkey.py",
        "appendonly yes\n",
        "appendonly no\n",
        (f"{_RECORDS}::test_what_was_accepted_survives_a_kill_of_the_database",),
    ),
    _row(
        "the server of the tests writes to the disk before it answers",
        "testing/engines/valkey.py",
        "appendfsync always\n",
        "appendfsync everysec\n",
        (f"{_CHECKS}::test_a_server_as_the_compose_file_sets_it_up_is_ok",),
    ),
    *(
        _row(f"the composed Redis {what}", file, old, new, (_COMPOSED,))
        for what, file, old, new in (
            ("keeps a log", "valkey.conf", "appendonly yes\n", ""),
            ("writes before it answers", "valkey.conf", "fsync always", "fsync everysec"),
            ("throws nothing away", "valkey.conf", "policy noeviction", "policy allkeys-lru"),
            ("has a volume", "docker-compose.yml", "      - redis:/data\n", ""),
        )
    ),
    *(
        _row(
            f"the Redis of a trial {what}",
            "trial/programs.py",
            old,
            new,
            (
                "tests/trial/test_programs.py::test_the_database_of_a_trial_loses_nothing_and_asks_for_a_password",
            ),
        )
        for what, old, new in (
            ("keeps a log", "appendonly yes\n", ""),
            ("writes before it answers", "appendfsync always\n", "appendfsync everysec\n"),
            ("asks for a password", "requirepass {password}\n", ""),
        )
    ),
    _row(
        "a Redis that answers before it writes is found",
        "workers/checks/redis_checks.py",
        "    yield from _durability(connection)\n".replace("    yield", "            yield", 1),
        "",
        (f"{_CHECKS}::test_what_is_set_up_wrongly_is_told_and_how_to_set_it",),
    ),
    _row(
        "what belongs to a move is written with it",
        "quaymaster/store/records.py",
        "            *also,\n",
        "",
        (f"{_RECORDS}::test_what_belongs_to_a_move_is_written_with_it_or_not_at_all",),
    ),
    _row(
        "a release is written with the end of its operation",
        "workers/run.py",
        "    also = also_stored(after_it, step, tools.keys.private)\n",
        "    also: Sequence[Command] = ()\n",
        (
            "tests/workers/jobs/deploy/test_apply.py::test_a_deploy_leaves_its_release_with_its_result",
        ),
    ),
    _row(
        "a rollback that is handed back gives its turn back",
        "workers/targets/docker_host/host.py",
        "                self._give_turn_back(kept, kept.name, work, error)\n",
        "                pass\n",
        (
            "tests/end_to_end/test_stopping.py::"
            "test_a_rollback_that_waits_for_health_is_queued_again_and_done_by_the_next_worker",
        ),
    ),
    _row(
        "what has ended is dropped when its time is over",
        "quaymaster/store/records.py",
        "            *expiry.ended(after),\n",
        "",
        (f"{_EXPIRY}::test_what_only_reads_is_kept_for_the_time_of_listings",),
    ),
    _row(
        "what is open never expires",
        "quaymaster/store/expiry.py",
        "    if not operation.state.is_terminal:\n",
        "    if False:\n",
        (f"{_EXPIRY}::test_what_is_open_never_expires",),
    ),
    _row(
        "no record is overwritten by one under the same id",
        "quaymaster/store/records.py",
        'guards=(Absent(delivery_key), FieldEquals(keys.operation(operation.id), "version", "")),',
        "guards=(Absent(delivery_key),),",
        (f"{_IDS}_under_a_taken_id_becomes_a_new_operation_and_nothing_is_overwritten",),
    ),
    _row(
        "ids that went back are moved on",
        "bot/conversation/acceptance.py",
        "            self._may_have_gone_back = True\n"
        "            await self._move_ids_on(deadline)\n",
        "",
        (f"{_IDS}_under_a_taken_id_becomes_a_new_operation_and_nothing_is_overwritten",),
    ),
    _row(
        "of one person the latest lists are kept",
        "quaymaster/store/pages.py",
        "        *dropped,\n",
        "",
        (
            "tests/quaymaster/store/test_pages.py::test_of_one_person_the_twenty_latest_lists_are_kept",
        ),
    ),
    _row(
        "of very many readings the latest are kept",
        "quaymaster/store/expiry.py",
        "        min(latest_surplus, (now - READ_WITHIN).timestamp()),\n",
        "",
        (f"{_EXPIRY}::test_of_very_many_readings_the_latest_and_those_of_the_last_hour_are_kept",),
    ),
    _row(
        "an outcome is bounded before it is recorded",
        "workers/work/steps.py",
        "outcome=bounds.outcome(step.outcome)",
        "outcome=step.outcome",
        ("tests/workers/work/test_steps.py::test_an_end",),
    ),
    _row(
        "the pages of a list are of bounded size",
        "quaymaster/listings.py",
        "        if bytes_left < 0 and pages:\n",
        "        if False:\n",
        ("tests/quaymaster/test_listings.py::test_pages_together_are_of_bounded_size",),
    ),
    _row(
        "open operations are known",
        "quaymaster/store/operation_fields.py",
        "        (index, keys.OPEN, after.id),\n",
        "",
        (f"{_RECORDS}::test_an_ended_operation_is_drawn_before_those_that_run",),
    ),
)
