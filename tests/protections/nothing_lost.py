"""G9: what was acknowledged survives a kill -9 of every process."""

from functools import partial

from tests.protections.protection import Protection

_row = partial(Protection, "G9")
_CHECKS = "tests/workers/test_redis_checks.py"
_COMPOSED = (
    "tests/test_docs.py::test_redis_loses_nothing_has_its_users_in_a_file_and_is_not_published"
)
_RECORDS = "tests/quaymaster/store/test_records.py"
_SERVER = "tests/engines/test_valkey.py"

NOTHING_LOST = (
    _row(
        "the server of the tests keeps what it acknowledged",
        "tests/engines/valkey.py",
        "appendonly yes\n",
        "appendonly no\n",
        (f"{_RECORDS}::test_what_was_accepted_survives_a_kill_of_the_database",),
    ),
    _row(
        "the server of the tests writes to the disk before it answers",
        "tests/engines/valkey.py",
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
            "trial/parts.py",
            old,
            new,
            (
                "tests/trial/test_parts.py::test_the_database_of_a_trial_loses_nothing_and_asks_for_a_password",
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
        "workers/redis_checks.py",
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
        "    also = step.also if isinstance(step, Finished) else ()\n",
        "    also = ()\n",
        ("tests/workers/jobs/test_apply.py::test_a_deploy_leaves_its_release_with_its_result",),
    ),
    _row(
        "open operations are known",
        "quaymaster/store/operation_fields.py",
        "        (index, keys.OPEN, after.id),\n",
        "",
        (f"{_RECORDS}::test_an_ended_operation_is_drawn_before_those_that_run",),
    ),
)
