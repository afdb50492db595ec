"""G1 and G2 of people: nobody silences anybody, and nothing starts that nobody meant."""

from functools import partial

from tests.protections.protection import Protection

_row = partial(Protection, "G1")
_ALLOWANCE = "tests/bot/conversation/test_allowance.py"
_ASKING = "tests/bot/conversation/test_clarifying.py"
_IDENTITY = "tests/bot/conversation/test_identity.py"
_PEOPLE = "tests/bot/conversation/test_people.py"
_REPAIR = "tests/bot/commands/test_repair.py"
_ROTA = "tests/workers/process/test_rota.py"
_SHARING = "tests/bot/conversation/test_sharing.py"
_SPELLING = "tests/quaymaster/test_spelling.py"
_TIDY = "tests/bot/commands/test_normalizing.py"
_URGENT = "tests/end_to_end/test_urgent.py"

PEOPLE = (
    _row(
        "the members of one group are not those of another that replaces it",
        "bot/conversation/identity.py",
        "        pairs = zip(expected, answers, strict=True)\n",
        "        pairs = zip(self._groups, answers, strict=True)\n",
        (
            f"{_IDENTITY}::test_who_is_in_one_group_is_not_taken_for_a_member_of_the_group_that_"
            "replaces_it",
        ),
    ),
    _row(
        "whoever asks whether it is ready takes nobody's place at the database",
        "bot/run.py",
        '        return await self._ready.answer("database", -math.inf, self._found_missing)\n',
        "        return await self._found_missing()\n",
        (
            "tests/bot/listening/test_http.py::test_whether_it_is_ready_is_asked_once_for_all_who_ask",
        ),
    ),
    _row(
        "what was left behind keeps nobody waiting",
        "bot/conversation/admission.py",
        "            self._background.start(self.admit(operation))\n",
        "            await self.admit(operation)\n",
        (
            "tests/bot/conversation/test_returned.py::test_it_does_not_wait_for_the_look_up_of_somebody_else",
        ),
    ),
    _row(
        "one person sends so much at once",
        "bot/conversation/allowance.py",
        "self._acts = bucket(per_min(_MORE_PER_MINUTE, BURST))",
        "self._acts = bucket(per_min(_MORE_PER_MINUTE, BURST * 1_000))",
        (
            f"{_PEOPLE}::test_what_one_person_sends_too_fast_is_refused_privately_and_nobody_elses_is",
        ),
    ),
    _row(
        "everybody has an allowance of their own",
        "bot/conversation/allowance.py",
        '    return f"{actor.team}/{actor.user}"\n',
        "    return actor.team\n",
        (f"{_ALLOWANCE}::test_nobodys_calls_use_up_anothers",),
    ),
    _row(
        "what is remembered of people is bounded",
        "bot/conversation/allowance.py",
        '{"MAX_SIZE": _REMEMBERED}',
        '{"MAX_SIZE": 1_000_000}',
        (f"{_ALLOWANCE}::test_what_is_remembered_is_bounded",),
    ),
    _row(
        "clicks count too",
        "bot/listening/router.py",
        "        if self._is_too_much(clicked.actor, clicked.delivery, clicked.reply_to):\n",
        "        if False:\n",
        (f"{_PEOPLE}::test_too_many_clicks_are_refused_once",),
    ),
    _row(
        "a refusal that costs a call is not said every time",
        "bot/listening/router.py",
        "            if self._services.allowances.may_be_told(actor):\n",
        "            if True:\n",
        (f"{_PEOPLE}::test_too_many_clicks_are_refused_once",),
    ),
    _row(
        "who may not vote is refused by what is known",
        "bot/conversation/deciding.py",
        "await directory.look_up_again(actor)",
        "await directory.look_up_anew(actor)",
        (
            f"{_PEOPLE}::test_who_may_not_decide_keeps_nobody_from_deciding[approve]",
            f"{_PEOPLE}::test_who_may_not_decide_keeps_nobody_from_deciding[cancel]",
        ),
    ),
    _row(
        "one person is not looked up again and again to be refused",
        "bot/conversation/deciding.py",
        "        if not allowances.may_be_looked_up_again(actor):\n",
        "        if False:\n",
        (f"{_PEOPLE}::test_who_may_not_decide_keeps_nobody_from_deciding[approve]",),
    ),
    _row(
        "a refusal of a decision rests on nothing old",
        "bot/conversation/deciding.py",
        "        if not allowances.may_be_looked_up_again(actor):\n",
        "        if True:\n",
        (f"{_PEOPLE}::test_a_refusal_rests_on_nothing_old[reject]",),
    ),
    _row(
        "who decides very often leaves Slack's answers to others",
        "bot/conversation/votes.py",
        "        self._allowances.take_decision(actor)\n",
        "",
        (f"{_PEOPLE}::test_who_decides_very_often_is_refused_and_others_are_not",),
    ),
    _row(
        "each question is asked by one at a time",
        "bot/conversation/sharing.py",
        "            if question is None or question.task.done():\n",
        "            if True:\n",
        (f"{_IDENTITY}::test_twenty_votes_at_once_ask_for_each_group_twice_at_most",),
    ),
    _row(
        "an answer that was asked for too early is nobody's",
        "bot/conversation/sharing.py",
        "            if question.at >= since:\n",
        "            if True:\n",
        (f"{_SHARING}::test_who_comes_meanwhile_and_wants_it_newer_shares_the_next",),
    ),
    _row(
        "known people do not wait for strangers",
        "bot/conversation/identity.py",
        "        if self._is_somebody(actor.user):\n",
        "        if False:\n",
        (
            f"{_IDENTITY}::"
            "test_members_of_a_group_and_who_is_named_do_not_wait_in_the_line_of_strangers",
        ),
    ),
    _row(
        "a command by mention begins its message",
        "bot/commands/normalizing.py",
        "    while match := _MENTION.match(text, at):\n",
        "    while match := _MENTION.search(text, at):\n",
        (f"{_TIDY}::test_a_message_for_the_bot_begins_with_its_mention",),
    ),
    _row(
        "what a message would change is asked back",
        "bot/listening/router.py",
        "            if is_for_others_too and changes_something(request):\n",
        "            if False:\n",
        (f"{_ASKING}::test_what_a_message_would_change_is_started_by_its_writers_click_once",),
    ),
    _row(
        "what was probably meant is asked back",
        "bot/listening/router.py",
        "                return self._suggestion(typed, error.problem)\n",
        "                line = repaired(typed.text, self._services.configuration, "
        "self._services.command)\n"
        "                request = parse(line or '', self._services.configuration, "
        "self._services.command)\n",
        (f"{_ASKING}::test_a_line_that_is_no_command_is_offered_as_it_was_meant",),
    ),
    _row(
        "nothing is offered that is merely alike",
        "quaymaster/spelling.py",
        "    if len(parts) != len(others) or _digits(one) != _digits(other):\n",
        "    if len(parts) != len(others):\n",
        (f"{_SPELLING}::test_only_what_was_probably_meant_is_offered",),
    ),
    _row(
        "whoever asks to be shown something is not offered to start it",
        "bot/commands/repair.py",
        "        yield from (one for one in _verbs(rest) if one[0].needs is Right.READ)\n",
        "        yield from _verbs(rest)\n",
        (f"{_REPAIR}::test_the_line_that_was_meant_is_found",),
    ),
    _row(
        "a word between a repository and its environment is no tag unless it looks like one",
        "bot/commands/repair.py",
        " or not _VERSION.fullmatch(tag.casefold())):",
        "):",
        (f"{_REPAIR}::test_the_line_that_was_meant_is_found",),
    ),
    _row(
        "nothing of a line that is offered is cut off",
        "bot/views/answers.py",
        "    if len(line) <= CODE_LIMIT:\n",
        "    if line:\n",
        ("tests/bot/views/test_answers.py::test_nothing_of_a_line_that_is_offered_is_cut_off",),
    ),
    _row(
        "only what is written to the bot alone needs no mention",
        "bot/listening/payloads.py",
        'if optional_text(inside(body, "event"), "channel_type") != "im":',
        "if False:",
        (
            "tests/bot/listening/test_payloads.py::"
            "test_what_nobody_writes_to_the_bot_alone_is_no_direct_message",
        ),
    ),
    _row(
        "what was asked back is its writer's to click",
        "bot/conversation/clarifying.py",
        "    if asked.actor != actor:\n",
        "    if False:\n",
        (f"{_ASKING}::test_a_button_counts_for_its_writer_and_in_time",),
    ),
    _row(
        "what was asked back expires",
        "bot/conversation/clarifying.py",
        "    if now >= asked.until:\n",
        "    if False:\n",
        (f"{_ASKING}::test_a_button_counts_for_its_writer_and_in_time",),
    ),
    _row(
        "a rollback waits behind no transfer",
        "quaymaster/lanes.py",
        "    return is_about_what_serves or _lane(operation) is Lane.URGENT\n",
        "    return is_about_what_serves\n",
        (f"{_URGENT}::test_a_rollback_passes_a_push_that_takes_the_hosts_worker",),
    ),
    _row(
        "one process keeps free for what is urgent",
        "workers/process/rota.py",
        'Post("worker for what is urgent", urgent)',
        'Post("worker for what is urgent", scans)',
        (f"{_URGENT}::test_a_rollback_passes_a_push_that_takes_the_hosts_worker",),
    ),
    _row(
        "every process takes urgent work first",
        "workers/process/rota.py",
        "    usual = (*urgent, *queues)\n",
        "    usual = (*queues, *urgent)\n",
        (f"{_ROTA}::test_urgent_work_of_every_host_comes_before_anything_else",),
    ),
    _row(
        "a scan on a host holds up no deploy",
        "quaymaster/lanes.py",
        "        return scans_queue(host)\n",
        "        return operation.queue\n",
        (f"{_URGENT}::test_a_deploy_passes_a_scan_that_takes_long[ on build1]",),
    ),
    _row(
        "a scan of a registry's image holds up no deploy",
        "workers/process/rota.py",
        '    return (*posts, Post("scanner for deploys", (SCAN_FOR_DEPLOYS,)))\n',
        "    return posts\n",
        (f"{_URGENT}::test_a_deploy_passes_a_scan_that_takes_long[]",),
    ),
    _row(
        "an urgent job in its queue is not taken for lost",
        "workers/work/facts.py",
        "    queue = queue_of_job(operation)\n",
        "    queue = operation.queue\n",
        ("tests/workers/test_reconciler.py::test_an_urgent_job_is_found_in_its_own_queue",),
    ),
    _row(
        "a deploy's order in the scanner's queue is not taken for lost",
        "workers/work/scan_watch.py",
        "        return whereabouts(self.job_id, scan_queue(self.operation.queue), lease)\n",
        '        return whereabouts(self.job_id, "scan", lease)\n',
        ("tests/workers/work/test_scan_watch.py::test_a_deploys_order_is_found_in_its_own_queue",),
    ),
)
