"""G10: an audit that can be checked."""

from functools import partial

from tests.protections.protection import Protection

_row = partial(Protection, "G10")
_HEAD = "tests/bot/courier/test_audit_head.py"
_RECORDS = "tests/quaymaster/store/test_records.py"

AUDIT = (
    _row(
        "a move is written into the journal with it",
        "quaymaster/store/records.py",
        "            *operation_fields.written(before, after, key),\n"
        "            journalled(event, key),\n",
        "            *operation_fields.written(before, after, key),\n",
        (f"{_RECORDS}::test_every_change_leaves_its_event_in_the_journal",),
    ),
    _row(
        "what is accepted is written into the journal with it",
        "quaymaster/store/records.py",
        '            ("ZREMRANGEBYRANK", keys.RECENT, 0, -_RECENT_LIMIT),\n'
        "            journalled(event, key),\n",
        '            ("ZREMRANGEBYRANK", keys.RECENT, 0, -_RECENT_LIMIT),\n',
        (f"{_RECORDS}::test_every_change_leaves_its_event_in_the_journal",),
    ),
    _row(
        "who asked to cancel is written into the journal with it",
        "quaymaster/store/records.py",
        '            ("HSETNX", where, "cancel", cancellation),\n'
        "            journalled(event, key),\n",
        '            ("HSETNX", where, "cancel", cancellation),\n',
        (f"{_RECORDS}::test_every_change_leaves_its_event_in_the_journal",),
    ),
    _row(
        "a refusal before an operation is recorded is written into the journal",
        "bot/conversation/acceptance.py",
        "            await self._database.perform(_journalled(event, self._keys.private))\n",
        "            return\n",
        (
            "tests/bot/conversation/test_acceptance.py::test_a_refusal_by_policy_is_private_and_in_the_audit",
        ),
    ),
    _row(
        "the newest hash is posted",
        "bot/courier/audit_head.py",
        "        commands=cards.became_stale(subject, at),\n",
        "        commands=(),\n",
        (f"{_HEAD}::test_the_newest_hash_is_posted_once_a_day",),
    ),
    _row(
        "the newest hash is posted once a day",
        "bot/courier/audit_head.py",
        "noted if is_there else forgotten",
        "forgotten",
        (f"{_HEAD}::test_the_newest_hash_is_posted_once_a_day",),
    ),
    _row(
        "the hash that people have read is never edited",
        "bot/courier/audit_head.py",
        ", is_final=True)",
        ")",
        (f"{_HEAD}::test_a_hash_that_people_have_read_is_never_edited",),
    ),
)
