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
        "an entry is chained to the one before",
        "quaymaster/audit.py",
        'before = previous.hash if previous else ""',
        'before = ""',
        (f"{_AUDIT}::test_an_entry_that_was_put_in_another_place_is_noticed",),
    ),
    _row(
        "an entry is sealed with its number",
        "quaymaster/audit.py",
        "(previous.number if previous else 0) + 1",
        "0",
        (f"{_AUDIT}::test_a_chain_that_nobody_touched_holds",),
    ),
    _row(
        "an entry is sealed with its event",
        "quaymaster/audit.py",
        "before, str(number), event, str(is_refused))",
        "before, str(number), str(is_refused))",
        (f"{_AUDIT}::test_an_event_that_was_exchanged_for_another_real_one_is_noticed",),
    ),
    _row(
        "an entry is sealed with whether its event was refused",
        "quaymaster/audit.py",
        "before, str(number), event, str(is_refused))",
        "before, str(number), event)",
        (f"{_AUDIT}::test_the_hash_covers_whether_an_event_was_refused",),
    ),
    _row(
        "every entry is compared with what it should be",
        "quaymaster/audit.py",
        "        if entry != expected:\n",
        "        if entry is None:\n",
        (f"{_AUDIT}::test_a_removed_entry_is_noticed",),
    ),
    _row(
        "the head that was written down has to be there",
        "quaymaster/audit.py",
        "    if not seen_head:\n",
        "    if False:\n",
        (f"{_AUDIT}::test_cutting_the_end_off_is_noticed_with_a_head_that_was_written_down",),
    ),
    _row(
        "an event without a seal is refused by the audit",
        "quaymaster/audit.py",
        "        Event.from_json(event).check(sealer)\n",
        "        Event.from_json(event)\n",
        (f"{_AUDIT}::test_an_event_without_a_valid_seal_stands_in_the_audit_as_refused",),
    ),
    *(
        _row(
            f"the seal of an event covers {what}",
            "quaymaster/journal.py",
            line,
            "",
            (f"{_AUDIT}::test_an_event_that_was_altered_is_refused",),
        )
        for what, line in (
            ("the operation", "            str(self.operation),\n"),
            ("its version", "            str(self.version),\n"),
            ("who", "            self.actor,\n            self.at.isoformat(),\n"),
            ("the detail", "            self.at.isoformat(),\n            self.detail,\n"),
        )
    ),
    _row(
        "the seal of an event covers what happened",
        "quaymaster/journal.py",
        "            str(self.version),\n            self.what,\n",
        "            str(self.version),\n",
        (f"{_AUDIT}::test_an_event_that_was_altered_is_refused",),
    ),
    _row(
        "a move is written into the journal with it",
        "quaymaster/store/records.py",
        '            *_written(after),\n            ("RPUSH", keys.JOURNAL, event.as_json()),\n',
        "            *_written(after),\n",
        (f"{_RECORDS}::test_every_change_leaves_its_event_in_the_journal",),
    ),
    _row(
        "what is accepted is written into the journal with it",
        "quaymaster/store/records.py",
        '            ("ZREMRANGEBYRANK", keys.RECENT, 0, -_RECENT_LIMIT),\n'
        '            ("RPUSH", keys.JOURNAL, event.as_json()),\n',
        '            ("ZREMRANGEBYRANK", keys.RECENT, 0, -_RECENT_LIMIT),\n',
        (f"{_RECORDS}::test_every_change_leaves_its_event_in_the_journal",),
    ),
    _row(
        "who asked to cancel is written into the journal with it",
        "quaymaster/store/records.py",
        '            ("HSETNX", key, "cancel", user),\n'
        '            ("RPUSH", keys.JOURNAL, event.as_json()),\n',
        '            ("HSETNX", key, "cancel", user),\n',
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
        '            ("LTRIM", keys.JOURNAL, len(entries), -1),\n',
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
