"""G2 and G4: what ended, is too old or was voted for too late does not start."""

from tests.protections.protection import Protection

_FRESHNESS = "tests/workers/work/test_freshness.py"
_REFUSAL = f"{_FRESHNESS}::TestRefusal"
_TAIL = "tests/quaymaster/audit/test_tail.py"
_FILE = "workers/work/freshness.py"
_READING = "quaymaster/audit/tail.py"

FRESHNESS = (
    Protection(
        "G2",
        "a job asks before it starts",
        "workers/run.py",
        "        step = _refused(refused) if refused else dispatch.run_stage(work, tools)\n",
        "        step = dispatch.run_stage(work, tools)\n",
        (f"{_FRESHNESS}::test_what_ended_and_was_put_back_is_refused_on_its_card",),
    ),
    Protection(
        "G2",
        "what the audit says has ended does not start",
        _FILE,
        "    if facts.ended is not None:\n",
        "    if False:\n",
        (f"{_REFUSAL}::test_what_has_ended_does_not_start",),
    ),
    Protection(
        "G2",
        "an end that is not chained yet counts",
        _READING,
        "    for journalled in _in_journal(connection, operation_id):\n",
        "    for journalled in ():\n",
        (f"{_TAIL}::test_every_end_counts",),
    ),
    Protection(
        "G2",
        "an end counts that is signed by who may, and no other",
        _READING,
        "        read_event(event, ring, at)\n",
        "        pass\n",
        (f"{_TAIL}::test_an_end_that_nobody_signed_does_not_count",),
    ),
    Protection(
        "G2",
        "an end of a later version counts",
        _READING,
        "    except WrittenByNewer:\n        return _ENDS[claim.what]\n",
        "    except WrittenByNewer:\n        return None\n",
        (f"{_TAIL}::test_an_end_of_a_later_version_counts",),
    ),
    Protection(
        "G10",
        "no line of the audit is passed over unnoticed on the way back",
        _READING,
        "if there != number or hash_of(line) != wanted:",
        "if there != number:",
        (
            f"{_TAIL}::test_an_end_that_was_changed_is_noticed",
            f"{_TAIL}::test_an_old_entry_that_was_put_before_it_is_noticed",
        ),
    ),
    Protection(
        "G10",
        "the way back begins at an entry that a worker signed",
        _READING,
        "    vouches(ends.last, number, ring)\n",
        "",
        (f"{_TAIL}::test_an_end_of_the_audit_that_is_altered_is_noticed",),
    ),
    Protection(
        "G10",
        "what was exported after the request is not taken for what never was",
        _READING,
        "    if exported != (first - 1, previous) or is_emptied or is_too_new:\n",
        "    if False:\n",
        (f"{_TAIL}::test_where_a_part_was_exported_it_counts_when",),
    ),
    Protection(
        "G4",
        "a request is valid for a day",
        _FILE,
        "    if age > facts.valid_for:\n",
        "    if False:\n",
        (f"{_REFUSAL}::test_a_request_is_valid_for_as_long_as_is_configured",),
    ),
    Protection(
        "G4",
        "a request is not from the future",
        _FILE,
        "    if -age > CLOCK_SKEW:\n",
        "    if False:\n",
        (f"{_REFUSAL}::test_a_request_may_be_from_the_future_by_as_much_as_clocks_differ",),
    ),
    Protection(
        "G4",
        "a vote counts that was given in its time",
        _FILE,
        "    if not late:\n",
        "    if True:\n",
        (f"{_REFUSAL}::test_a_vote_counts_until_its_rule_expires_give_or_take_the_clocks",),
    ),
    Protection(
        "G3",
        "whoever looks after what was begun is never kept from it",
        _FILE,
        "    if operation.stage in (Stage.RECOVER, Stage.VERIFY):\n",
        "    if False:\n",
        (f"{_FRESHNESS}::test_whoever_looks_after_what_was_begun_is_never_kept_from_it",),
    ),
    Protection(
        "G4",
        "no approval takes longer than its request is valid",
        "quaymaster/configuration/schema_rules.py",
        "    if here.expires is not None and here.expires > valid_for:\n",
        "    if False:\n",
        ("tests/quaymaster/configuration/test_configuration.py::TestMistakes",),
    ),
    Protection(
        "G4",
        "what was asked for before the end of the audit was cut off does not start",
        "quaymaster/audit/tail.py",
        "        if link.entry.tells_of_a_cut:\n",
        "        if False:\n",
        (f"{_TAIL}::test_after_an_end_was_cut_off_nobody_can_tell",),
    ),
)
