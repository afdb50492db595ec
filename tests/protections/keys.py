"""G4 to G6 and G9: who signs with which key, what follows a stolen one, and which format fits."""

from functools import partial

from tests.protections.protection import Protection

_signed = partial(Protection, "G4")
_right = partial(Protection, "G5")
_secret = partial(Protection, "G6")
_lost = partial(Protection, "G9")
_COMMANDS = "tests/programs/test_key_commands.py"
_COMPOSED = "tests/test_deployment.py"
_DATABASE = "tests/bot/database/test_expected_database.py"
_FORMAT = "tests/quaymaster/store/test_format_key.py"
_REVOCATION = "tests/quaymaster/store/test_revocation.py"
_STARTING = "tests/end_to_end/test_starting.py"

_STOLEN = (
    _signed(
        "what was signed after a key was revoked is not signed anew",
        "quaymaster/store/revocation.py",
        "revoked_at=None, ends_at=min(ends))",
        "revoked_at=None)",
        (f"{_REVOCATION}::test_what_was_signed_after_the_revocation_is_listed_and_refused",),
    ),
    _signed(
        "what is signed anew was genuine before",
        "quaymaster/store/revocation.py",
        "            return sign(read().value)\n",
        "            return sign(RELEASE.adapter.validate_json(text.partition(chr(10))[2]))"
        "  # type: ignore[arg-type]\n",
        (f"{_REVOCATION}::test_what_was_altered_is_listed_and_refused",),
    ),
    _signed(
        "an open operation that rests on a stolen key ends",
        "quaymaster/store/revocation.py",
        "            work.end_operations()\n",
        "            pass\n",
        (
            f"{_REVOCATION}::test_an_approval_whose_plan_rests_on_it_is_superseded_with_its_sentence",
        ),
    ),
    _signed(
        "a plan that a stolen key signed is not kept",
        "quaymaster/store/revocation.py",
        "    return part if part is not None and part.key != revoked.id else None\n",
        "    return part\n",
        (
            f"{_REVOCATION}::test_an_approval_whose_plan_rests_on_it_is_superseded_with_its_sentence",
        ),
    ),
    _signed(
        "reports of a stolen scanner are deleted",
        "quaymaster/store/revocation.py",
        "                    self.connection.delete(name)\n",
        "",
        (f"{_REVOCATION}::test_reports_of_a_stolen_scanner_are_deleted_and_those_of_others_kept",),
    ),
    _lost(
        "releases that a stolen key signed are signed anew",
        "quaymaster/store/revocation.py",
        "            work.sign_releases_anew()\n",
        "",
        (f"{_REVOCATION}::test_releases_and_marks_count_again_when_they_are_signed_anew",),
    ),
    _lost(
        "marks that a stolen key signed are signed anew",
        "quaymaster/store/revocation.py",
        "            work.sign_marks_anew()\n",
        "",
        (f"{_REVOCATION}::test_releases_and_marks_count_again_when_they_are_signed_anew",),
    ),
)

_MADE = (
    _signed(
        "the key before has an end after a rotation",
        "quaymaster/key_making.py",
        "ends_at=(self.now + lasts).replace(microsecond=0)",
        "ends_at=old.ends_at",
        (
            f"{_COMMANDS}::test_rotation_makes_the_next_key_and_writes_down_the_end_of_the_one_before",
        ),
    ),
    _signed(
        "only an id is revoked",
        "quaymaster/key_making.py",
        "        if key_id not in self.ring.keys:\n",
        "        if False:\n",
        (f"{_COMMANDS}::test_only_an_id_is_revoked",),
    ),
    _lost(
        "a key that is there stays",
        "quaymaster/key_making.py",
        "            if current(ring, program, self.now) is not None:\n",
        "            if False:\n",
        (f"{_COMMANDS}::test_made_again_nothing_changes",),
    ),
    _lost(
        "the key of fingerprints that is there stays",
        "quaymaster/key_making.py",
        "        return not hosts and FINGERPRINT_KEY.name not in",
        "        return FINGERPRINT_KEY.name not in",
        (f"{_COMMANDS}::test_where_the_private_keys_were_moved_away_only_new_ones_are_written",),
    ),
    _secret(
        "private keys are written for their owner alone",
        "quaymaster/key_files.py",
        "os.open(self.path, flags, 0o600)",
        "os.open(self.path, flags, 0o644)",
        (f"{_COMMANDS}::test_private_keys_are_for_their_owner_alone_and_are_not_printed",),
    ),
    _secret(
        "no private key goes into a file that others may read",
        "quaymaster/key_files.py",
        "        if stat.S_IMODE(status.st_mode) & 0o077:\n",
        "        if False:\n",
        (f"{_COMMANDS}::test_a_file_that_others_may_read_gets_no_private_key",),
    ),
    _secret(
        "private keys do not follow a link",
        "quaymaster/key_files.py",
        "os.O_APPEND | os.O_NOFOLLOW",
        "os.O_APPEND",
        (f"{_COMMANDS}::test_a_link_in_the_place_of_the_file_is_not_followed",),
    ),
    _secret(
        "a private key is told from other text",
        "quaymaster/redaction/secret_shapes.py",
        '    re.compile(r"\\bed25519-private:[a-z0-9.-]{1,64}:([A-Za-z0-9+/=]++)"),\n',
        "",
        ("tests/quaymaster/redaction/test_secret_shapes.py",),
    ),
    _secret(
        "only the worker of the host has the key of fingerprints",
        "docker-compose.yml",
        "x-environment: &environment\n",
        "x-environment: &environment\n"
        "  QUAYMASTER_FINGERPRINT_KEY: ${QUAYMASTER_FINGERPRINT_KEY}\n",
        (f"{_COMPOSED}::test_each_program_has_its_own_key_and_no_other",),
    ),
)

_STARTED = (
    _right(
        "a worker starts only where its key is enrolled",
        "quaymaster/enrolment.py",
        "    if not others:\n",
        "    if True:\n",
        (f"{_STARTING}::test_a_worker_starts_for_the_queues_of_its_key_alone",),
    ),
    _right(
        "a worker looks whether its key is enrolled",
        "programs/worker.py",
        "        expect_to_work(settings, names)\n",
        "",
        (f"{_STARTING}::test_a_worker_starts_for_the_queues_of_its_key_alone",),
    ),
    _lost(
        "a worker does not touch a database of another format",
        "programs/worker.py",
        "        expect_to_work(settings, names)\n        expect_our_format(url)\n",
        "        expect_to_work(settings, names)\n",
        (f"{_STARTING}::test_a_database_of_a_newer_program_is_left_alone",),
    ),
    _lost(
        "a bot does not touch a database that was not looked into",
        "bot/database/database.py",
        "            if not self._is_expected:\n                raise unavailable()\n",
        "",
        (f"{_DATABASE}::test_what_does_not_fit_stays_untouched",),
    ),
    _lost(
        "a bot ends when the database turns out not to fit",
        "bot/run.py",
        "            except ConfigurationError:\n"
        "                stop.set()\n                raise\n",
        "",
        (f"{_STARTING}::test_a_bot_that_reaches_the_database_later_ends_when_it_does_not_fit",),
    ),
    _lost(
        "a database of before there was a format is not taken for an empty one",
        "quaymaster/store/format_key.py",
        "guards=(Absent(keys.FORMAT), Absent(keys.NEXT_ID)),",
        "guards=(Absent(keys.FORMAT),),",
        (f"{_FORMAT}::test_what_an_older_program_wrote_is_refused_and_left_alone",),
    ),
    _lost(
        "a newer format is told from an older one",
        "quaymaster/store/format_key.py",
        "int(version) > FORMAT",
        "int(version) > FORMAT + 1",
        (f"{_FORMAT}::test_what_a_newer_program_wrote_is_said_to_be_so",),
    ),
    _lost(
        "emptying deletes what is ours alone",
        "quaymaster/store/emptying.py",
        'PATTERNS = (f"{keys.PREFIX}*", "rq:*")',
        'PATTERNS = ("*",)',
        (f"{_FORMAT}::test_emptying_deletes_what_is_ours_and_nothing_else",),
    ),
    _lost(
        "emptying wants to be told that it is meant",
        "programs/database_commands.py",
        "    if not yes:\n",
        "    if False:\n",
        (f"{_STARTING}::test_emptying_wants_to_be_told_that_it_is_meant",),
    ),
)

KEYS = (*_STOLEN, *_MADE, *_STARTED)
