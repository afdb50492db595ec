"""G10: an audit that can be checked."""

from functools import partial

from tests.protections.protection import Protection

_row = partial(Protection, "G10")
_AUDIT = "tests/quaymaster/test_audit.py"
_CHAINING = "tests/quaymaster/test_chaining.py"
_HEAD = "tests/bot/test_audit_head.py"
_RECORDS = "tests/quaymaster/store/test_records.py"

AUDIT = (
    _row(
        "the head that was written down has to be there",
        "quaymaster/audit.py",
        "    if not seen_head:\n",
        "    if False:\n",
        (f"{_AUDIT}::test_cutting_the_end_off_is_noticed_with_a_head_that_was_written_down",),
    ),
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
        '            ("HSETNX", where, "cancel", user),\n            journalled(event, key),\n',
        '            ("HSETNX", where, "cancel", user),\n',
        (f"{_RECORDS}::test_every_change_leaves_its_event_in_the_journal",),
    ),
    _row(
        "a refusal before an operation is recorded is written into the journal",
        "bot/acceptance.py",
        "            await self._database.perform(_journalled(event, self._keys.private))\n",
        "            return\n",
        ("tests/bot/test_acceptance.py::test_a_refusal_by_policy_is_private_and_in_the_audit",),
    ),
    _row(
        "of two that chain at once one does",
        "quaymaster/audit.py",
        "        guards=(LastEquals(keys.AUDIT, last_line),),\n",
        "        guards=(),\n",
        (f"{_CHAINING}::test_two_that_chain_at_once_chain_each_event_once",),
    ),
    _row(
        "what is chained leaves the journal in the same moment",
        "quaymaster/audit.py",
        '            ("LTRIM", keys.JOURNAL, len(lines), -1),\n',
        "",
        (f"{_CHAINING}::test_each_event_is_chained_once_and_in_order",),
    ),
    _row(
        "the newest hash is posted",
        "bot/audit_head.py",
        "        sent = await sender.post(channel, Content(_words(head, today), (), _MARK))\n",
        '        sent = Sent(channel, "1.1")\n',
        (f"{_HEAD}::test_the_newest_hash_is_posted_once_a_day",),
    ),
    _row(
        "the newest hash is posted once a day",
        "bot/audit_head.py",
        "        await perform_async(connection, _note_posted(today))\n",
        "",
        (f"{_HEAD}::test_the_newest_hash_is_posted_once_a_day",),
    ),
)
