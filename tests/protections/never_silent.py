"""G3: every operation ends on its card and in the record, whoever dies."""

from functools import partial

from tests.protections.protection import Protection

_row = partial(Protection, "G3")
_CARD = "tests/bot/courier/test_courier.py::TestACard"
_COURIER = "tests/bot/courier/test_courier.py::TestTrouble"
_END_TO_END = "tests/end_to_end"
_PAGING = "tests/bot/conversation/test_paging.py"
_ROOM = "tests/bot/conversation/test_capacity.py"
_PUSH = f"{_END_TO_END}/test_dying_in_a_push.py"
_STOPPING = f"{_END_TO_END}/test_stopping.py"
_HANDS_BACK = "test_a_worker_that_is_asked_to_stop_hands_a_push_back_and_another_finishes_it"
_KEEPER = "tests/workers/work/test_lease_keeper.py"
_LOOK = "tests/workers/process/test_service_look.py"
_FAILING = (
    "tests/workers/targets/docker_host/test_late_calls.py::"
    "test_whichever_call_fails_one_version_serves"
)
_LEASES = "tests/quaymaster/store/test_leases.py"
_RECONCILER = "tests/workers/test_reconciler.py"
_RECORDS = "tests/quaymaster/store/test_records.py"
_RUN = "tests/workers/test_run.py"
_RUNNING = "tests/workers/work/test_running.py"
_SETTLE = "tests/workers/targets/docker_host/test_settle.py"
_SLOW = "tests/workers/test_slow_redis.py"
_SIGNS = "tests/quaymaster/test_signs_of_life.py"
_STEPS = "tests/bot/courier/test_steps.py"
_SUPERVISOR = "tests/workers/process/test_supervisor.py"

NEVER_SILENT = (
    _row(
        "a bot that is not connected to Slack is not well",
        "bot/run.py",
        "if not await self._is_connected():",
        "if False:",
        (
            "tests/bot/test_signs_of_life.py"
            "::test_a_bot_is_well_while_it_is_connected_to_slack_and_reaches_redis",
        ),
    ),
    _row(
        "a sign of life runs out",
        "quaymaster/signs_of_life.py",
        "is_good = 0 <= age <= float(lasts)",
        "is_good = 0 <= age",
        (f"{_SIGNS}::test_a_sign_that_is_old_says_nothing",),
    ),
    _row(
        "a sign of life does not outlive its machine",
        "quaymaster/signs_of_life.py",
        "is_good = 0 <= age <= float(lasts)",
        "is_good = age <= float(lasts)",
        (f"{_SIGNS}::test_a_sign_from_before_the_machine_was_started_says_nothing",),
    ),
    _row(
        "what fails beside the scanner is not called well",
        "programs/scanner.py",
        "        if running.done():\n            await running\n",
        "",
        ("tests/programs/test_scanner.py",),
    ),
    _row(
        "a worker that is asked to stop while Redis is away stops",
        "workers/process/serve.py",
        "if worker is not None and worker.was_asked_to_stop:",
        "if False:",
        (
            "tests/workers/process/test_serve.py::test_a_worker_that_lost_redis_stops_when_it_is_asked",
        ),
    ),
    _row(
        "a worker that says nothing is not well",
        "workers/process/supervisor.py",
        "        self._signs.expect(child.name for child in self._children)\n",
        "",
        (f"{_SUPERVISOR}::test_every_child_is_expected_to_give_signs_of_life",),
    ),
    _row(
        "an operation that is dropped is off the courier's list",
        "quaymaster/store/expiry.py",
        "            no_longer_stale(*subjects),\n",
        "",
        (
            "tests/quaymaster/store/test_expiry.py"
            "::test_a_card_that_is_behind_when_its_operation_goes_is_off_the_couriers_list",
        ),
    ),
    _row(
        "a Redis that is nearly full takes no new work",
        "bot/conversation/acceptance.py",
        "        self.capacity.check()\n",
        "",
        (f"{_ROOM}::test_new_work_is_refused_at_nine_tenths_and_taken_again_when_there_is_room",),
    ),
    _row(
        "an end is written whenever there is room again",
        "workers/run.py",
        "            if isinstance(error, NoRoom):\n",
        "            if False:\n",
        ("tests/workers/test_full.py::test_an_end_is_tried_again_for_as_long_as_there_is_no_room",),
    ),
    _row(
        "a page that is not kept any more is said",
        "bot/conversation/paging.py",
        "        await self._check_kept(operation_id, page)\n",
        "",
        (
            f"{_PAGING}::test_a_list_that_is_no_longer_kept_says_so_to_who_clicks_and_leaves_the_card",
        ),
    ),
    _row(
        "a page shows its own rows",
        "bot/courier/pictures.py",
        "        return replace(operation, outcome=page)\n",
        "        return operation\n",
        (f"{_PAGING}::TestOnTheCard::test_each_page_shows_its_own_rows",),
    ),
    _row(
        "a lost job is queued again",
        "workers/reconciler.py",
        "return operation.queued(operation.stage, operation.queue, facts.now)",
        "return None",
        (f"{_RECONCILER}::test_a_job_that_got_lost_between_queue_and_worker_is_queued_again",),
    ),
    _row(
        "a job that left its queue a moment ago is not taken for lost",
        "workers/reconciler.py",
        "if not facts.whereabouts.is_missing or facts.missing_for < _lost_after(facts):",
        "if not facts.whereabouts.is_missing:",
        (
            f"{_RECONCILER}::"
            "test_a_job_that_waited_for_long_and_left_its_queue_a_moment_ago_is_left_alone",
            f"{_SLOW}::test_no_job_of_a_burst_is_queued_again",
        ),
    ),
    _row(
        "a job that a living worker took is not taken for lost",
        "workers/work/facts.py",
        "    return Whereabouts(is_leased, is_in_queue, taken)\n",
        "    return Whereabouts(is_leased, is_in_queue, False)\n",
        (f"{_RECONCILER}::test_what_a_worker_notes_about_a_job_is_found_while_the_worker_lives",),
    ),
    _row(
        "what a dead worker noted about a job expires",
        "workers/process/worker.py",
        "        return SIGN_OF_LIFE_SECONDS\n",
        "        return super().get_heartbeat_ttl(job, working_time)\n",
        (f"{_RECONCILER}::test_what_a_worker_notes_about_a_job_is_found_while_the_worker_lives",),
    ),
    _row(
        "a worker that lives and never begins is not waited for",
        "workers/reconciler.py",
        "return STUCK_JOB_AFTER if facts.whereabouts.is_taken else LOST_JOB_AFTER",
        "return timedelta.max if facts.whereabouts.is_taken else LOST_JOB_AFTER",
        (f"{_RECONCILER}::test_a_job_that_its_worker_never_begins_is_queued_again",),
    ),
    _row(
        "the time that Redis was away does not make a job lost",
        "workers/reconciler.py",
        "            self._missing.forget()\n",
        "            pass\n",
        (f"{_RECONCILER}::test_the_time_that_redis_was_away_does_not_count",),
    ),
    _row(
        "a dead worker is noticed",
        "workers/reconciler.py",
        "return None if facts.whereabouts.is_leased else _of_a_dead(operation, facts.now)",
        "return None",
        (f"{_RECONCILER}::test_a_push_whose_worker_died_is_looked_at_and_not_repeated",),
    ),
    _row(
        "a living worker is left alone",
        "workers/reconciler.py",
        "return None if facts.whereabouts.is_leased else _of_a_dead(operation, facts.now)",
        "return _of_a_dead(operation, facts.now)",
        (f"{_RECONCILER}::test_a_running_operation_with_a_living_worker_is_left_alone",),
    ),
    _row(
        "a changing call is not repeated after a death",
        "workers/reconciler.py",
        "return operation.stage if is_repeatable or is_harmless else Stage.RECOVER",
        "return operation.stage",
        (f"{_RECONCILER}::test_a_deploy_that_was_being_carried_out_is_recovered_on_its_host",),
    ),
    _row(
        "what kills its worker again and again is given up",
        "workers/reconciler.py",
        "if crashes >= MOST_CRASHES:",
        "if False:",
        (f"{_RECONCILER}::test_what_kills_its_worker_again_and_again_is_given_up",),
    ),
    _row(
        "a job that never starts ends",
        "workers/reconciler.py",
        "if operation.attempt >= MOST_ATTEMPTS:",
        "if False:",
        (f"{_RECONCILER}::test_a_job_that_never_starts_ends_with_words",),
    ),
    _row(
        "a recovery that no worker takes ends",
        "workers/reconciler.py",
        "if operation.stage is Stage.RECOVER and is_late and not is_worked_at:",
        "if False:",
        (f"{_RECONCILER}::test_a_recovery_that_no_worker_takes_ends_truthfully",),
    ),
    _row(
        "an approval that nobody gave expires",
        "workers/reconciler.py",
        "return operation.moved(State.EXPIRED, facts.now, outcome=_expired(operation))",
        "return None",
        (f"{_RECONCILER}::test_an_approval_that_nobody_gave_expires",),
    ),
    _row(
        "the look after the bake window comes",
        "workers/reconciler.py",
        "return operation.queued(Stage.VERIFY, operation.queue, facts.now)",
        "return None",
        (f"{_RECONCILER}::test_the_look_after_the_bake_window_is_queued_when_it_is_due",),
    ),
    _row(
        "a record that cannot be read does not hold up the reconciler",
        "workers/reconciler.py",
        "            return error\n",
        "            raise\n",
        (f"{_RECONCILER}::test_a_record_that_cannot_be_read_does_not_hold_up_the_others",),
    ),
    _row(
        "a lease runs out when nobody renews it",
        "quaymaster/store/leases.py",
        'commands=(("SET", keys.lease(name), owner, "PX", milliseconds),),\n'
        "        done=lambda _: True,\n"
        "        refused=lambda _: False,\n"
        "    )\n\n\ndef take_over",
        'commands=(("SET", keys.lease(name), owner),),\n'
        "        done=lambda _: True,\n"
        "        refused=lambda _: False,\n"
        "    )\n\n\ndef take_over",
        (f"{_LEASES}::test_a_lease_runs_out_unless_its_owner_renews_it",),
    ),
    _row(
        "a living worker renews its leases",
        "workers/work/lease_keeper.py",
        "    while not done.wait(RENEW_SECONDS):\n",
        "    while False:\n",
        (f"{_KEEPER}::test_a_lease_lasts_as_long_as_the_work",),
    ),
    _row(
        "no computation keeps leases from being renewed",
        "workers/work/lease_keeper.py",
        "    link = _keeper.hand_over(held) if _keeper is not None else None\n",
        "    link = None\n",
        (f"{_KEEPER}::test_a_computation_that_lets_no_thread_run_loses_no_lease",),
    ),
    _row(
        "leases outlive their keeper",
        "workers/work/lease_keeper.py",
        "        if is_over:\n",
        "        if link:\n",
        (f"{_KEEPER}::test_leases_last_when_their_keeper_is_killed",),
    ),
    _row(
        "a paused work horse counts as dead",
        "workers/work/lease_keeper.py",
        "                if not held.is_paused:\n",
        "                if True:\n",
        (f"{_KEEPER}::test_the_leases_of_a_paused_process_run_out",),
    ),
    _row(
        "no answer of Redis ends the renewing of leases",
        "workers/work/lease_keeper.py",
        "            except Exception:\n",
        "            except ZeroDivisionError:\n",
        (f"{_KEEPER}::test_leases_are_renewed_whatever_redis_answered",),
    ),
    _row(
        "a Redis that is busy, or takes rights away, is a Redis that cannot do it now",
        "quaymaster/store/transactions.py",
        "    if isinstance(error, NoPermissionError) or _NOT_ALLOWED.search(str(error)):\n",
        "    if False:\n",
        ("tests/quaymaster/store/test_transactions.py",),
    ),
    _row(
        "an operation whose lease was lost in a change is looked after",
        "workers/run.py",
        "    except (Unavailable, LeaseLost):\n",
        "    except Unavailable:\n",
        (f"{_RUN}::test_an_operation_whose_lease_was_lost_in_a_change_is_looked_after",),
    ),
    _row(
        "whoever lost a service leaves a mark of the call that may come late",
        "workers/work/running.py",
        "perform(connection, service_leases.note_late(service, owner, _now()))\n",
        "pass\n",
        (f"{_RUNNING}::test_whoever_lost_a_service_leaves_a_mark_of_a_late_call",),
    ),
    _row(
        "what a late call left behind is settled",
        "workers/process/housekeeping.py",
        "        look.look(datetime.now(UTC))\n",
        "        pass\n",
        (
            f"{_END_TO_END}/test_dying_in_a_deploy.py"
            "::test_a_worker_that_was_paused_before_a_call_leaves_a_service_that_answers",
        ),
    ),
    _row(
        "what a dead operation left half-way is settled",
        "workers/process/service_look.py",
        "    return bool(marks) and observed.remains is Remains.HALF_WAY\n",
        "    return False\n",
        (f"{_LOOK}::test_what_a_dead_operation_left_half_way_is_settled",),
    ),
    _row(
        "a container that a late call stopped serves again",
        "workers/process/service_look.py",
        "            if any(mark.is_over for mark in marks.values()) or "
        "is_ours_to_settle(observed, marks):\n",
        "            if is_ours_to_settle(observed, marks):\n",
        (f"{_LOOK}::test_a_container_that_a_late_call_stopped_serves_again",),
    ),
    _row(
        "what a person did is not undone",
        "workers/targets/docker_host/as_observed.py",
        "    is_half_way = bool(state.with_role(ContainerRole.CANDIDATE, "
        "ContainerRole.DETACHED))\n",
        "    is_half_way = True\n",
        (f"{_LOOK}::test_a_container_that_a_person_stopped_is_told_and_stays_stopped",),
    ),
    _row(
        "only what an operation of ours had is settled",
        "workers/process/service_look.py",
        "    return bool(marks) and observed.remains is Remains.HALF_WAY",
        "    return observed.remains is Remains.HALF_WAY",
        (f"{_LOOK}::test_a_container_that_a_person_took_off_its_network_is_told_and_stays_off",),
    ),
    _row(
        "what serves again gets back a network that was pruned",
        "workers/targets/docker_host/moves.py",
        "    ensure_networks(engine, old.environment, work)\n",
        "",
        (f"{_LOOK}::test_it_serves_again_also_where_its_network_was_pruned_meanwhile",),
    ),
    _row(
        "a service that cannot be settled is told",
        "workers/process/service_look.py",
        "return self._compare(ref, target, observed, now, error.problem.what)\n",
        "raise\n",
        (f"{_LOOK}::test_a_service_that_cannot_be_settled_is_told_and_does_not_hide_the_others",),
    ),
    _row(
        "what is told has so many words and no more",
        "workers/process/service_look.py",
        "        what = what[:_LONGEST_WORDS]\n",
        "",
        (f"{_LOOK}::test_what_has_more_words_than_a_card_is_told_once_too",),
    ),
    _row(
        "what an operation left half-way when the engine failed is settled",
        "workers/work/running.py",
        "            right.is_unfinished = True\n",
        "",
        (f"{_FAILING}[create-after]",),
    ),
    _row(
        "an old container that could not be stopped at once is stopped by a look",
        "workers/jobs/deploy/apply.py",
        "        work.right.is_unfinished = True\n",
        "",
        (f"{_FAILING}[kill-before]",),
    ),
    _row(
        "a version that serves although the engine failed once is released",
        "workers/jobs/deploy/apply.py",
        "        if not _is_finished_all_the_same(target, change, work, error):\n",
        "        if True:\n",
        (f"{_FAILING}[release-before]",),
    ),
    _row(
        "a lease that is lost after the switch is not passed over",
        "workers/jobs/deploy/apply.py",
        "    except LeaseLost:\n        raise\n    except QuaymasterError",
        "    except QuaymasterError",
        (
            "tests/workers/jobs/deploy/test_apply.py"
            "::test_a_lease_that_is_lost_after_the_switch_is_not_passed_over",
        ),
    ),
    _row(
        "an operation waits for a look that settles its service",
        "workers/work/running.py",
        "        if operation or time.monotonic() > until:\n",
        "        if True:\n",
        (f"{_RUNNING}::test_an_operation_waits_for_a_look_that_settles_its_service",),
    ),
    _row(
        "a rollback needs no network that somebody pruned",
        "workers/targets/docker_host/switch.py",
        "    ensure_networks(engine, kept.environment, work)\n",
        "",
        (
            "tests/workers/jobs/deploy/test_apply.py"
            "::TestARollback::test_needs_no_network_that_somebody_pruned",
        ),
    ),
    _row(
        "a mark stands for a day and no longer",
        "quaymaster/store/service_leases.py",
        "since.isdigit() and float(since) > oldest:\n",
        "since.isdigit():\n",
        (f"{_LOOK}::test_a_mark_stands_for_a_day_however_often_others_leave_theirs",),
    ),
    _row(
        "a service that an operation has is left alone",
        "workers/process/service_look.py",
        "            if self._is_being_changed(where):\n",
        "            if False:\n",
        (f"{_LOOK}::test_nothing_is_touched_or_told_while_an_operation_has_the_service",),
    ),
    _row(
        "what a look found is told",
        "bot/run.py",
        "        await self._drift.tell()\n",
        "",
        (
            f"{_END_TO_END}/test_drift.py"
            "::test_a_container_that_somebody_stops_and_starts_is_told_and_left_alone",
        ),
    ),
    _row(
        "what a look found is told once",
        "quaymaster/store/new_operations.py",
        'f"drift-{observation.digest}"',
        'f"drift-{observation.digest}-{id(observation)}"',
        (
            "tests/bot/conversation/test_drift.py::test_an_observation_is_told_once_by_however_many_bots",
        ),
    ),
    _row(
        "a lease that ran out while Redis was away is taken again",
        "workers/run.py",
        "            takes_again=True,\n",
        "",
        (f"{_PUSH}::test_a_push_outlives_the_database[is stopped for long]",),
    ),
    _row(
        "after Redis was away the living get a moment",
        "workers/reconciler.py",
        "if one.state is not State.RUNNING or trusts_leases",
        "if True",
        (
            f"{_RECONCILER}::"
            "test_after_redis_was_away_the_living_get_a_moment_to_renew_their_leases",
        ),
    ),
    _row(
        "a work horse is told that its worker shuts down",
        "workers/process/worker.py",
        "            os.kill(horse, shutdown.SIGNAL)\n",
        "            pass\n",
        (f"{_STOPPING}::{_HANDS_BACK}",),
    ),
    _row(
        "what is handed back is queued again",
        "workers/run.py",
        "    except HandedBack:\n        _hand_back(work, tools)\n        return\n",
        "    except HandedBack:\n        return\n",
        (f"{_STOPPING}::{_HANDS_BACK}",),
    ),
    _row(
        "a push that is stopped half-way is looked at in the registry",
        "workers/jobs/deploy/recover.py",
        "            words = _after_a_push(request, tools)\n",
        '            words = ""\n',
        (f"{_PUSH}::test_a_push_whose_work_horse_is_killed_ends_in_a_truthful_card",),
    ),
    _row(
        "an unforeseen error ends the operation with words",
        "workers/run.py",
        'step = Finished(Failed(unforeseen(error, "worker", operation=before.id)), State.FAILED)',
        "raise",
        (f"{_RUN}::test_an_error_that_nobody_foresaw_ends_it_without_its_text",),
    ),
    _row(
        "a foreseen error ends the operation with words",
        "workers/run.py",
        "        step = failed(error)\n",
        "        raise\n",
        (f"{_RUN}::test_what_goes_wrong_ends_it_with_words",),
    ),
    _row(
        "a cancel before the start ends it",
        "workers/run.py",
        "    if before.cancel_asked_by and before.plan is None:\n",
        "    if False:\n",
        (f"{_RUN}::test_what_was_cancelled_before_it_ran_ends_without_running",),
    ),
    _row(
        "a child that ends by itself is started again",
        "workers/process/supervisor.py",
        "        if not self._is_stopping:\n            self._start(started)\n",
        "",
        (f"{_SUPERVISOR}::test_a_child_that_ends_by_itself_is_started_again",),
    ),
    _row(
        "children end with their supervisor",
        "workers/process/supervisor.py",
        "        die_with_parent(parent)\n",
        "",
        (f"{_SUPERVISOR}::test_children_of_a_killed_supervisor_end",),
    ),
    _row(
        "after a crash a service is brought to a point",
        "workers/targets/docker_host/settle.py",
        "    if serving is None:\n        serving = _back_to_old(engine, state, work)\n",
        "    if serving is None:\n        return state\n",
        (f"{_SETTLE}::test_a_release_that_was_stopped_serves_again",),
    ),
    _row(
        "a switch to what does not answer is taken back",
        "workers/targets/docker_host/settle.py",
        "and not _answers(engine, serving):",
        "and engine is None:",
        (f"{_SETTLE}::test_a_new_container_that_does_not_answer_gives_the_port_back",),
    ),
    _row(
        "what was half made is removed",
        "workers/targets/docker_host/settle.py",
        "            case ContainerRole.CANDIDATE:\n                withdraw(engine, container, "
        "work)\n",
        "            case ContainerRole.CANDIDATE:\n                continue\n",
        (f"{_SETTLE}::test_a_sick_release_is_not_stopped_for_what_lies_beside_it",),
    ),
    _row(
        "what a bot accepted and did not queue is found",
        "bot/conversation/admission.py",
        "                left.append(operation)\n",
        "                continue\n",
        ("tests/bot/conversation/test_admission.py::test_what_a_dead_bot_left_behind_is_admitted",),
    ),
    _row(
        "a record that cannot be read does not hold up admission",
        "bot/conversation/deciding.py",
        '        log.warning("record cannot be read", operation=operation_id)\n'
        "        return None\n",
        "        raise\n",
        (
            "tests/bot/conversation/test_admission.py::"
            "test_a_record_that_cannot_be_read_does_not_hold_up_the_others",
        ),
    ),
    _row(
        "every move puts the card among those that are behind",
        "quaymaster/store/records.py",
        "            *stale(after.id, _ended_at(after)),\n",
        "",
        (f"{_RECORDS}::test_an_ended_operation_is_drawn_before_those_that_run",),
    ),
    _row(
        "a card is shown only when it shows the newest revision",
        "quaymaster/store/cards.py",
        'guards=(FieldEquals(where, "revision", str(revision)),),',
        "guards=(),",
        (f"{_RECORDS}::test_a_card_that_fell_behind_again_stays_on_the_list",),
    ),
    _row(
        "a card that an earlier version put on the list is drawn",
        "quaymaster/store/cards.py",
        "    if is_id(member):  # an earlier version listed it\n",
        "    if False:\n",
        (f"{_CARD}::test_that_an_earlier_version_listed_is_drawn",),
    ),
    _row(
        "a card that an earlier version put on the list is taken off it",
        "quaymaster/store/cards.py",
        'return ("ZREM", keys.CARDS_BEHIND, *map(str, subjects), *numbers)',
        'return ("ZREM", keys.CARDS_BEHIND, *map(str, subjects))',
        (f"{_CARD}::test_that_an_earlier_version_listed_is_drawn",),
    ),
    _row(
        "the courier looks before it posts again",
        "bot/courier/steps.py",
        "        return Step.SEARCH\n",
        "        return Step.POST\n",
        (f"{_STEPS}::test_a_message_is_compared_with_what_is_noted",),
    ),
    _row(
        "a message is found again by what it carries",
        "bot/slack/sender.py",
        'if _mapping(message.get("metadata")) != key.as_metadata():',
        'if _mapping(message.get("metadata")):',
        (
            "tests/bot/slack/test_sender.py::test_a_message_is_found_again_by_its_operation_and_slot",
        ),
    ),
    _row(
        "what is about to be posted is noted before",
        "bot/courier/throttle.py",
        "            await self._note((*also, *self._remembered(call, began)))\n"
        "            result = await action(self.sender)\n",
        "            result = await action(self.sender)\n"
        "            await self._note((*also, *self._remembered(call, began)))\n",
        (
            "tests/bot/courier/test_throttle.py::test_what_is_about_to_happen_is_noted_before_it_happens",
        ),
    ),
    _row(
        "where the bot cannot post a card goes to the person who asked",
        "bot/courier/steps.py",
        "return (own, *others, *to_requester(drawing.requester))",
        "return (own, *others)",
        (f"{_STEPS}::test_a_card_goes_to_its_channel_then_the_services_then_the_person",),
    ),
    _row(
        "a card that cannot be drawn still says how it ended",
        "bot/courier/pictures.py",
        "            return (undrawable(operation, reference),), True\n",
        "            return (), True\n",
        (f"{_COURIER}::test_a_record_that_cannot_be_drawn_does_not_stop_the_others",),
    ),
    _row(
        "the courier goes on when Redis comes back",
        "bot/courier/courier.py",
        '                    _log.warning("the courier cannot use Redis", error=str(error))\n',
        "                    return\n",
        (f"{_COURIER}::test_redis_may_go_away_and_come_back",),
    ),
    _row(
        "what Slack did not serve is tried again",
        "bot/courier/courier.py",
        "                    self._wait(subject, delivered.waits)\n"
        "                elif picture.has_failed:\n",
        "                    await self._caught_up(\n"
        "                        subject, picture.caught_up(delivered.postings)\n"
        "                    )\n"
        "                elif picture.has_failed:\n",
        (f"{_COURIER}::test_slack_may_go_away_and_come_back",),
    ),
    _row(
        "what must happen once a day goes on after an error",
        "workers/process/housekeeping.py",
        '            log.exception("unexpected error beside the workers")\n',
        "            raise\n",
        (
            "tests/workers/process/test_housekeeping.py::"
            "test_an_error_that_nobody_foresaw_does_not_end_the_work_beside",
        ),
    ),
    _row(
        "what is no id in a list holds up nobody",
        "quaymaster/store/ids.py",
        "    return tuple(int(one) for one in reply if is_id(one))\n",
        "    return tuple(int(one) for one in reply)\n",
        ("tests/quaymaster/store/test_ids.py::test_every_list_is_read_all_the_same",),
    ),
    _row(
        "what is no id among what has ended does not stop the sweep",
        "quaymaster/store/expiry.py",
        "        _drop_strays(connection, where, batch)\n",
        "        if not operations:\n            break\n",
        ("tests/quaymaster/store/test_ids.py::test_what_is_over_is_dropped_all_the_same",),
    ),
    _row(
        "a revision that is no number keeps no move from being stored whole",
        "quaymaster/store/transactions.py",
        "local reply = redis.pcall(unpack(command))",
        "local reply = redis.call(unpack(command))",
        ("tests/quaymaster/store/test_ids.py::test_what_is_no_revision_is_counted_anew",),
    ),
    _row(
        "a next number that nobody wrote is not taken",
        "quaymaster/store/transactions.py",
        " or reply > 999999999999999 then",
        " then",
        (
            "tests/bot/conversation/test_ids.py::test_a_number_that_nobody_wrote_keeps_no_command_from_becoming"
            "_the_next_operation[1000000000000000]",
        ),
    ),
    _row(
        "a bot whose numbers went back goes above those that it knows",
        "bot/conversation/acceptance.py",
        "                self._may_have_gone_back = True\n",
        "",
        (
            "tests/bot/conversation/test_ids.py::test_a_number_that_nobody_wrote_keeps_no_command_from_becoming"
            "_the_next_operation[twelve]",
        ),
    ),
    _row(
        "a bot begins above every number that is known",
        "bot/conversation/acceptance.py",
        "            skipped = max(0, max(others) - at_present)\n",
        "            skipped = 0\n",
        ("tests/bot/conversation/test_ids.py::test_a_bot_begins_above_every_id_that_is_known",),
    ),
    _row(
        "what is of another type holds up no other operation",
        "quaymaster/store/transactions.py",
        'if self.otherwise is not None and str(reply).startswith("WRONGTYPE"):',
        "if False:",
        ("tests/workers/work/test_forged.py::test_what_is_of_another_type_holds_up_no_others",),
    ),
    _row(
        "what was cancelled while it ran goes on to nothing else",
        "quaymaster/store/records.py",
        "    return before.state is State.RUNNING and not after.state.is_terminal and is_stop",
        "    return after.state in (State.SCANNING, State.AWAITING_APPROVAL) and is_stop",
        (f"{_RUN}::test_what_is_cancelled_while_it_runs_goes_on_to_nothing_else",),
    ),
    _row(
        "what is handed back may have been cancelled",
        "workers/run.py",
        "    except CancelAsked:\n"
        '        why = Cancelled("It was cancelled while it ran.")\n'
        "        _save_step(work, _stopped(why, operation, tools), tools)\n",
        "    finally:\n        pass\n",
        (f"{_RUN}::test_what_is_cancelled_while_it_runs_goes_on_to_nothing_else",),
    ),
    _row(
        "what was to stop is not begun again by another worker",
        "workers/reconciler.py",
        "    if operation.cancel_asked_by is not None and stage not in",
        "    if False and stage not in",
        (
            "tests/workers/test_reconciler.py::"
            "test_what_was_to_stop_when_its_worker_died_is_not_begun_again",
        ),
    ),
    _row(
        "what waits can be cancelled, whoever asked while it ran",
        "bot/conversation/cancelling.py",
        "    if operation.state is State.RUNNING and operation.cancel_asked_by is not None:\n",
        "    if operation.cancel_asked_by is not None:\n",
        (
            "tests/bot/conversation/test_cancelling.py::test_who_asked_while_it_ran_may_ask_again_when_it_waits",
        ),
    ),
    _row(
        "a recovery is waited for as long as it was seen to wait",
        "workers/reconciler.py",
        "    is_late = facts.unworked_for > RECOVERY_PATIENCE\n",
        "    is_late = facts.now - operation.changed_at > RECOVERY_PATIENCE\n",
        (
            "tests/workers/test_reconciler.py::"
            "test_a_recovery_is_waited_for_by_what_was_seen_and_by_no_other_clock",
        ),
    ),
    _row(
        "what comes back after a rollback that died is what served before it",
        "workers/targets/docker_host/settle.py",
        "sorted(state.with_role(ContainerRole.STOPPED), key=lambda one: one.turn)",
        "state.with_role(ContainerRole.STOPPED)",
        (
            f"{_SETTLE}::test_a_rollback_that_died_with_a_kept_container_that_crashes_goes_back_"
            "to_what_served",
        ),
    ),
    _row(
        "what broke off while it went back from a bake window goes back",
        "workers/jobs/deploy/verify.py",
        "        if _was_going_back(change, observed):\n",
        "        if False:\n",
        (
            "tests/workers/jobs/deploy/test_looking_back.py::test_what_broke_off_while_it_went_back_goes_back[4]",
        ),
    ),
)
