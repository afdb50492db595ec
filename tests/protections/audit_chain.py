"""G10: what was chained stays as it was, in Redis and in files."""

from functools import partial

from tests.protections.protection import Protection

_row = partial(Protection, "G10")
_AUDIT = "tests/quaymaster/audit/test_auditor.py"
_CHAINING = "tests/quaymaster/audit/test_chaining.py"
_EXPORT = "tests/quaymaster/audit/test_export.py"
_KILLED = f"{_EXPORT}::test_killed_at_any_moment_the_same_command_completes_it"
_WITH_WHOM = "TestRevokedKeys"

AUDIT_CHAIN = (
    _row(
        "an entry names the hash of the one before",
        "quaymaster/audit/check.py",
        " or (links and link.entry.previous != previous):",
        ":",
        (f"{_AUDIT}::test_an_entry_of_another_audit_is_noticed",),
    ),
    _row(
        "an entry has the number that follows",
        "quaymaster/audit/check.py",
        "link.entry.number != number or (links and",
        "(links and",
        (f"{_AUDIT}::test_a_number_that_is_passed_over_is_noticed",),
    ),
    _row(
        "chunks that were checked apart have to follow each other",
        "quaymaster/audit/check.py",
        "        if checked.previous != self.hash:\n",
        "        if False:\n",
        (f"{_AUDIT}::test_pieces_of_two_audits_do_not_make_one",),
    ),
    _row(
        "the newest entry is signed by a worker",
        "quaymaster/audit/check.py",
        "        vouches(joined.last, joined.number, ring)\n",
        "        pass\n",
        (
            f"{_AUDIT}::test_a_changed_newest_entry_is_named",
            f"{_AUDIT}::test_an_entry_that_no_worker_signed_is_noticed",
        ),
    ),
    _row(
        "the head that was written down has to be there",
        "quaymaster/audit/check.py",
        "    if not joined.has_head:\n",
        "    if False:\n",
        (f"{_AUDIT}::test_cutting_the_end_off_is_noticed_with_a_head_that_was_written_down",),
    ),
    _row(
        "the audit says how many of its entries are no events",
        "quaymaster/audit/check.py",
        "            self.refused += 1\n",
        "",
        (f"{_AUDIT}::test_an_event_that_comes_again_stands_in_the_audit_as_refused",),
    ),
    _row(
        "an event that was let in twice counts once",
        "quaymaster/audit_entries.py",
        "if event.version < version or (event.version == version and event.what in kinds):",
        "if False:",
        (
            f"{_AUDIT}::test_an_event_that_was_let_in_twice_does_not_count_and_the_chain_holds",
            f"{_CHAINING}::test_an_event_that_is_pushed_again_is_refused_and_the_audit_holds",
        ),
    ),
    _row(
        "a version without an event is told",
        "quaymaster/audit_entries.py",
        "        self.missing += max(0, event.version - version - 1)\n",
        "",
        (f"{_AUDIT}::test_a_version_without_an_event_is_told",),
    ),
    _row(
        "a revoked key adds nothing, whatever time it gives",
        "quaymaster/audit/links.py",
        "max(chained_at, claim.at) > key.revoked_at",
        "claim.at > key.revoked_at",
        (f"{_AUDIT}::{_WITH_WHOM}",),
    ),
    _row(
        "what a revoked key calls of a later version holds nothing up",
        "quaymaster/audit/links.py",
        "    except WrittenByNewer:\n        _check_key(envelope, ring, chained_at)\n",
        "    except WrittenByNewer:\n",
        (f"{_AUDIT}::{_WITH_WHOM}::test_a_later_version_with_it_holds_nothing_up",),
    ),
    _row(
        "a newer program's event waits for a newer auditor",
        "quaymaster/audit/auditor.py",
        "        except WrittenByNewer:\n            break\n",
        "",
        (f"{_CHAINING}::test_what_a_newer_program_wrote_waits_for_a_newer_auditor",),
    ),
    _row(
        "junk in the journal is cut where it lies",
        "quaymaster/audit/auditor.py",
        "  if #text > tonumber(ARGV[3]) then\n",
        "  if false then\n",
        (f"{_CHAINING}::test_junk_in_the_journal_is_refused_and_holds_nothing_up",),
    ),
    _row(
        "nothing is built on an end that no worker signed",
        "quaymaster/audit/auditor.py",
        "    vouches(ends.last, number, ring)\n",
        "",
        (f"{_CHAINING}::test_nothing_is_built_on_an_end_that_no_worker_wrote",),
    ),
    _row(
        "whoever knew an end that was cut off writes it down",
        "quaymaster/audit/auditor.py",
        "        notes = self._cut_off(found, anchor)\n",
        "        notes = ()\n",
        (f"{_CHAINING}::test_an_end_that_is_cut_off_is_written_down_by_whoever_knew_it",),
    ),
    _row(
        "of two that chain at once one does",
        "quaymaster/audit/auditor.py",
        "        guards=(LastEquals(keys.AUDIT, ends.last),),\n",
        "        guards=(),\n",
        (f"{_CHAINING}::test_two_that_chain_at_once_chain_each_event_once",),
    ),
    _row(
        "what is chained leaves the journal in the same moment",
        "quaymaster/audit/auditor.py",
        '            ("LTRIM", keys.JOURNAL, taken, -1),\n',
        "",
        (f"{_CHAINING}::test_each_event_is_chained_once_and_in_order",),
    ),
    _row(
        "what was exported is refused when it comes again",
        "quaymaster/audit/auditor.py",
        "            _check_is_new(event, since)\n",
        "",
        (f"{_EXPORT}::test_what_was_exported_is_refused_when_it_comes_again",),
    ),
    _row(
        "the anchor fits what is left",
        "quaymaster/audit/store.py",
        'if (entry.number, entry.previous) != (after + 1, "" if found is None else found.head):',
        "if False:",
        (
            f"{_CHAINING}::test_nothing_is_chained_where_the_anchor_was_taken_away",
            f"{_EXPORT}::test_an_older_anchor_that_was_put_back_is_noticed",
        ),
    ),
    _row(
        "a file that is missing is noticed",
        "quaymaster/audit/whole.py",
        "    if last < exported:\n",
        "    if False:\n",
        (f"{_EXPORT}::test_a_chain_of_files_is_checked_in_any_order",),
    ),
    _row(
        "everything that is left taken away is noticed",
        "quaymaster/audit/whole.py",
        "    if anchor is not None and not ends.first:\n",
        "    if False:\n",
        (f"{_EXPORT}::test_everything_that_is_left_taken_away_is_noticed",),
    ),
    _row(
        "an export checks the chain first",
        "quaymaster/audit/export.py",
        "    verify(lines, own.ring, after=start)\n",
        "    list(lines)\n",
        (f"{_EXPORT}::test_a_chain_that_does_not_hold_stays_where_it_is",),
    ),
    _row(
        "an export never takes the place of another file",
        "quaymaster/audit/export.py",
        "    elif AuditFile.opened(path) != file:\n",
        "    elif False:\n",
        (f"{_EXPORT}::test_an_export_of_something_else_is_not_overwritten",),
    ),
    _row(
        "a file appears when it is complete",
        "quaymaster/audit/files.py",
        'file.path.with_name(f".{file.path.name}.partial")',
        "file.path",
        (_KILLED,),
    ),
    _row(
        "a file that was cut off is no export",
        "quaymaster/audit/files.py",
        "        if count != self.last - self.first + 1:\n",
        "        if False:\n",
        (f"{_EXPORT}::test_a_file_without_its_last_entry_is_noticed",),
    ),
    _row(
        "an export that was killed after its file is completed",
        "quaymaster/audit/export.py",
        "    if not path.exists():\n        write(",
        "    if True:\n        write(",
        (_KILLED,),
    ),
    _row(
        "what is taken out of Redis and the anchor are one change",
        "quaymaster/audit/export.py",
        '            ("SET", keys.AUDIT_ANCHOR, anchor),\n',
        "",
        (f"{_EXPORT}::test_what_is_older_moves_into_the_file_and_the_chain_holds",),
    ),
    _row(
        "what a request may still be judged by stays in Redis",
        "quaymaster/audit/export.py",
        "    if before > datetime.now(UTC) - keep:\n",
        "    if False:\n",
        (f"{_EXPORT}::test_what_may_still_be_asked_for_stays",),
    ),
    _row(
        "an export that was killed is completed also when there are newer entries by then",
        "quaymaster/audit/export.py",
        "min(both_ends.length - 1, _written_before(path, start, before))",
        "both_ends.length - 1",
        (
            f"{_EXPORT}::test_an_export_that_was_killed_is_completed_also_when_the_newest_entry_"
            "is_another_by_then",
        ),
    ),
)
