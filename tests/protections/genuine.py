"""G2 to G5, as far as they rest on who signed what: what is forged, what is of the past, and what a
newer Quaymaster wrote.
"""

from tests.protections.protection import Protection as _Row

_CANCELS = (
    "tests/quaymaster/store/test_operation_fields.py"
    "::test_nobody_asked_to_cancel_unless_the_bot_signed_that"
)
_APPLY = "tests/workers/jobs/deploy/test_apply.py"
_COURIER = "tests/bot/courier/test_courier_forged.py"
_FORGED = "tests/workers/work/test_forged.py"
_LABELS = "tests/workers/targets/docker_host/test_labels.py"
_LEDGER = "tests/workers/jobs/deploy/test_ledger.py"
_NEWER_CARD = f"{_COURIER}::TestWrittenByANewerQuaymaster"
_NEWER_JOB = "tests/workers/test_run.py::TestWrittenByANewerQuaymaster"
_STEPS = "tests/bot/courier/test_steps.py"
_VOTES = "tests/bot/conversation/test_votes.py"

GENUINE = (
    _Row(
        "G2",
        "a vote is about the plan that was shown",
        "bot/conversation/votes.py",
        "    plan = ballot.plan or approval.plan_hash\n",
        "    plan = approval.plan_hash\n",
        (f"{_VOTES}::TestAButton::test_of_a_plan_that_never_was_does_not_vote",),
    ),
    _Row(
        "G2",
        "an approval without the hash of what was shown does not count",
        "bot/conversation/votes.py",
        "        if plan is None and choice is Choice.APPROVE:\n",
        "        if False:\n",
        (f"{_VOTES}::TestTyped::test_approve_shows_the_plan_to_who_typed_it_and_does_not_vote",),
    ),
    _Row(
        "G3",
        "who was shown another plan gets a card that is drawn again",
        "bot/conversation/votes.py",
        "            await self._draw_again(operation_id)\n",
        "",
        (f"{_VOTES}::TestAButton::test_of_another_plan_does_not_vote_and_the_card_is_drawn_again",),
    ),
    _Row(
        "G3",
        "a message is drawn again whatever is noted that it shows",
        "quaymaster/store/cards.py",
        '_written(replace(posting, shows=""))',
        "_written(posting)",
        (f"{_COURIER}::test_a_message_is_drawn_again_whatever_is_noted_that_it_shows",),
    ),
    _Row(
        "G5",
        "who may not vote is shown no plan",
        "bot/conversation/votes.py",
        "        approval = self._votable(operation, _Ballot(person, choice, now(), plan))\n",
        "        approval = _open_approval(operation)\n",
        (f"{_VOTES}::TestTyped::test_approve_shows_no_plan_to_who_may_not_vote",),
    ),
    _Row(
        "G5",
        "whose vote would not count is told so and gets no buttons",
        "bot/conversation/votes.py",
        "        approval.check(_vote(operation, ballot, approval))\n",
        "",
        (f"{_VOTES}::test_the_requester_may_withdraw_but_not_approve",),
    ),
    _Row(
        "G3",
        "a forged record is a warning where it is shown",
        "bot/courier/courier.py",
        "        waits = await self.delivery.warn(subject)\n",
        "        waits: Sequence[NotYet] = ()\n",
        (f"{_COURIER}::test_a_forged_record_is_a_warning_without_buttons_wherever_it_is_shown",),
    ),
    _Row(
        "G3",
        "a forged record keeps no card on the list",
        "bot/courier/courier.py",
        "            await self._caught_up(subject, cards.caught_up(subject, forged.revision))\n",
        "            self.agenda.failed(subject, self.courier.clock())\n",
        (f"{_COURIER}::test_nothing_is_posted_where_nothing_was",),
    ),
    _Row(
        "G3",
        "a warning is posted nowhere",
        "bot/courier/steps.py",
        "        if posting is not None and posting.is_there:\n            message",
        "        if posting is not None:\n            message",
        (f"{_STEPS}::test_there_is_no_warning_where_nothing_is_shown",),
    ),
    _Row(
        "G3",
        "a copy without its plan says how the operation ended",
        "bot/courier/delivery.py",
        "        messages = (*drawing.messages, *steps.left_over(drawing, noted))\n",
        "        messages = (*drawing.messages,)\n",
        (f"{_COURIER}::test_the_copy_is_true_too_where_it_was_ended_before_anybody_was_warned",),
    ),
    _Row(
        "G3",
        "a warning that waits for the budget does not make the courier loop",
        "bot/courier/agenda.py",
        "        entry.was_drawn_ended = entry.ended_at is not None\n",
        "",
        (
            "tests/bot/courier/test_agenda.py::"
            "test_a_warning_that_waits_for_the_budget_is_not_tried_again_at_once",
        ),
    ),
    _Row(
        "G3",
        "cards that only a newer courier can draw hold up no others",
        "bot/courier/courier.py",
        "        at_once = _STALE_AT_ONCE + len(self._left) + self._unreadable\n",
        "        at_once = _STALE_AT_ONCE + self._unreadable\n",
        (f"{_NEWER_CARD}::test_however_many_there_are_the_others_are_drawn",),
    ),
    _Row(
        "G3",
        "kinds of subjects that only a newer courier knows hold up no others",
        "bot/courier/courier.py",
        "        self._unreadable = behind.unreadable\n",
        "",
        (f"{_NEWER_CARD}::test_of_a_kind_that_is_not_known_here_they_hold_up_no_others",),
    ),
    _Row(
        "G3",
        "a card that only a newer courier can draw is looked at ever more seldom",
        "bot/courier/courier.py",
        "        self._left.add(subject)\n"
        "        self.agenda.failed(subject, self.courier.clock())\n",
        "        self._left.add(subject)\n",
        (f"{_NEWER_CARD}::test_it_is_looked_at_ever_more_seldom",),
    ),
    _Row(
        "G3",
        "an operation whose record is forged ends",
        "workers/reconciler.py",
        "                end_forged(self.connection, operation_id, one.problem, self.keys)\n",
        "                continue\n",
        (f"{_FORGED}::test_an_operation_whose_record_was_altered_ends_with_the_reason",),
    ),
    _Row(
        "G3",
        "what is no operation is taken off the open ones",
        "workers/work/forged.py",
        "        perform(connection, records.abandon(operation_id))\n",
        "",
        (f"{_FORGED}::test_what_was_asked_for_is_forged_so_it_is_taken_off_the_open_ones",),
    ),
    _Row(
        "G3",
        "a version that is none keeps nothing open",
        "quaymaster/store/operation_fields.py",
        'if re.fullmatch(rb"0|[1-9][0-9]{0,14}", version) is None:',
        "if not version.isdigit():",
        (f"{_FORGED}::test_a_version_that_is_none_does_not_keep_it_open",),
    ),
    _Row(
        "G4",
        "what a newer Quaymaster wrote is not ended as forged",
        "workers/reconciler.py",
        "        except WrittenByNewer:\n"
        "            return None\n"
        "        except Forged as error:\n",
        "        except (WrittenByNewer, Forged) as error:\n"
        "            error = Forged(str(error))\n",
        (f"{_FORGED}::test_what_a_newer_quaymaster_wrote_is_left_alone",),
    ),
    _Row(
        "G3",
        "a job that only a newer worker can do stays in its queue",
        "workers/run.py",
        "    return Retry(max=sys.maxsize)\n",
        "    return None\n",
        (f"{_NEWER_JOB}::test_the_job_stays_for_a_newer_worker",),
    ),
    _Row(
        "G3",
        "a job that only a newer worker can do does not keep an old one busy",
        "workers/run.py",
        "    time.sleep(PUT_BACK_AFTER_SECONDS)\n",
        "",
        (f"{_NEWER_JOB}::test_the_job_stays_for_a_newer_worker",),
    ),
    *(
        _Row("G4", what, "workers/jobs/deploy/apply.py", "change.turn <= newest.turn", new, (test,))
        for what, new, test in (
            (
                "a plan of the past is not carried out",
                "False",
                f"{_APPLY}::TestTurns::test_a_plan_whose_turn_is_past_is_superseded",
            ),
            (
                "a plan is carried out once",
                "change.turn < newest.turn",
                f"{_APPLY}::TestTurns::test_a_plan_whose_turn_is_past_is_superseded",
            ),
        )
    ),
    *(
        _Row(
            "G4",
            what,
            "workers/jobs/deploy/ledger.py",
            "max(highest, observed.highest_turn) + 1",
            new,
            (test,),
        )
        for what, new, test in (
            (
                "a turn is above those of all containers",
                "highest + 1",
                f"{_LEDGER}::TestTurns::test_where_redis_was_emptied_it_is_above_every_container",
            ),
            (
                "a turn is above all that were given",
                "observed.highest_turn + 1",
                f"{_LEDGER}::TestTurns::test_redis_with_a_higher_one_than_every_container_counts",
            ),
        )
    ),
    _Row(
        "G4",
        "the result of a plan is the container of its turn",
        "workers/jobs/deploy/apply.py",
        "    return serving.turn == change.turn\n",
        "    return serving.image == change.image\n",
        (f"{_APPLY}::TestTurns::test_only_the_container_of_its_turn_is_the_result_of_a_plan",),
    ),
    _Row(
        "G4",
        "a container that a rollback starts again carries the turn of the rollback",
        "workers/targets/docker_host/host.py",
        "        container = renamed(self.engine, kept, name, work)\n",
        "        container = kept\n",
        (
            f"{_APPLY}::TestARollback::"
            "test_starts_the_kept_container_again_under_a_name_with_its_turn",
        ),
    ),
    _Row(
        "G4",
        "the name of a container says its turn",
        "workers/targets/docker_host/labels.py",
        "            _turn_in(name, ServiceRef(environment, service)) or turn,\n",
        "            turn,\n",
        (f"{_LABELS}::test_the_name_carries_the_turn_of_one_that_was_started_again",),
    ),
    _Row(
        "G4",
        "the labels of a newer Quaymaster are not guessed at",
        "workers/targets/docker_host/labels.py",
        '        if _number(labels.get(f"{LABEL}format", "")) > FORMAT:\n',
        "        if False:\n",
        (f"{_LABELS}::test_a_newer_format_is_not_guessed_at",),
    ),
    _Row(
        "G4",
        "secrets that cannot be compared end a plan as superseded",
        "workers/jobs/deploy/apply.py",
        "if values.changed or values.incomparable:",
        "if values.changed:",
        (
            f"{_APPLY}::test_secrets_that_cannot_be_compared_supersede_a_plan"
            "_and_are_not_said_to_have_changed",
        ),
    ),
    _Row(
        "G4",
        "a rollback starts no container again whose secrets may be others",
        "workers/targets/docker_host/host.py",
        "not (values.changed or values.incomparable)",
        "not values.changed",
        (f"{_APPLY}::TestARollback::test_makes_a_new_container_where_its_secrets_may_be_others",),
    ),
    _Row(
        "G4",
        "votes are signed by the bot alone",
        "quaymaster/store/formats.py",
        'VOTE = Codec("vote", TypeAdapter(Vote), _BOT)',
        'VOTE = Codec("vote", TypeAdapter(Vote), _BOT | _WORKER)',
        (
            "tests/workers/jobs/deploy/test_approved.py::"
            "test_a_record_that_was_forged_in_redis_is_not_carried_out",
        ),
    ),
    _Row(
        "G4",
        "a turn that only somebody else wrote is given to no container",
        "workers/jobs/deploy/ledger.py",
        "        turns.check_is_near(service, highest, observed.highest_turn)\n",
        "",
        (
            f"{_LEDGER}::TestTurns::"
            "test_one_that_no_plans_can_have_led_to_is_not_given_to_a_container",
        ),
    ),
    _Row(
        "G4",
        "who asked to cancel is what the bot signed",
        "quaymaster/store/operation_fields.py",
        "    return CANCELLATION.read(text, _place_of_cancel(operation), ring).value.by\n",
        "    return text.decode(errors='replace')\n",
        (_CANCELS,),
    ),
    _Row(
        "G4",
        "a cancellation is of the request that it was signed for",
        "quaymaster/store/operation_fields.py",
        "    return (str(operation.id), operation.submission.digest)\n",
        "    return (str(operation.id), '')\n",
        (_CANCELS,),
    ),
    _Row(
        "G4",
        "cancellations are signed by the bot alone",
        "quaymaster/store/formats.py",
        'CANCELLATION = Codec("cancellation", TypeAdapter(Cancellation), _BOT)',
        'CANCELLATION = Codec("cancellation", TypeAdapter(Cancellation), _BOT | _WORKER)',
        (_CANCELS,),
    ),
)
