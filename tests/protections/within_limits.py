"""G8: within Slack's limits, one sender for the whole installation."""

from functools import partial

from tests.protections.protection import Protection

_row = partial(Protection, "G8")
_AGENDA = "tests/bot/courier/test_agenda.py"
_COURIER = "tests/bot/courier/test_courier.py"
_RATES = "tests/bot/slack/test_rates.py"
_FIFTY = f"{_RATES}::test_ended_operations_may_use_the_whole_minute"
_MINUTE = f"{_RATES}::test_a_call_counts_from_its_beginning_until_a_minute_after_its_answer"
_SENDER = "tests/bot/slack/test_sender.py"
_THROTTLE = "tests/bot/courier/test_throttle.py"
_VIEWS = "tests/bot/views"
_LONGEST = f"{_VIEWS}/test_parts.py::test_nothing_is_longer_than_slack_takes"
_TOGETHER = f"{_VIEWS}/test_card.py::test_no_combination_of_long_texts_is_too_long_together"

WITHIN_LIMITS = (
    _row(
        "at most fifty updates a minute",
        "bot/slack/rates.py",
        "UPDATES_A_MINUTE = 50\n",
        "UPDATES_A_MINUTE = 60\n",
        (_FIFTY,),
    ),
    _row(
        "a minute is a whole one",
        "bot/slack/rates.py",
        "WINDOW_SECONDS = 60.5\n",
        "WINDOW_SECONDS = 50.0\n",
        (_MINUTE,),
    ),
    _row(
        "calls that are under way count",
        "bot/slack/rates.py",
        "used = len(counted) + len(self.open_updates)",
        "used = len(counted)",
        (_MINUTE,),
    ),
    _row(
        "a call counts from its answer on",
        "bot/slack/rates.py",
        "updates=_recent(sorted((*self.updates, now)), now),",
        "updates=_recent(sorted((*self.updates, began)), now),",
        (_MINUTE,),
    ),
    _row(
        "progress leaves updates to those that end",
        "bot/slack/rates.py",
        '{"ended": 0, "changed": 4, "progress": 12}',
        '{"ended": 0, "changed": 4, "progress": 0}',
        (f"{_RATES}::test_progress_cannot_keep_an_end_waiting",),
    ),
    _row(
        "changes leave updates to those that end",
        "bot/slack/rates.py",
        "limit = UPDATES_A_MINUTE - RESERVES[urgency]",
        'limit = UPDATES_A_MINUTE - RESERVES[urgency] * (urgency == "progress")',
        (f"{_RATES}::test_a_change_leaves_some_updates_to_those_that_end",),
    ),
    _row(
        "progress does not use a minute up in its first seconds",
        "bot/slack/rates.py",
        'if urgency == "progress" and used >= UNHURRIED_UPDATES:',
        "if False:",
        (f"{_RATES}::test_a_minute_of_progress_is_not_used_up_in_its_first_seconds",),
    ),
    _row(
        "a channel gets one message a second",
        "bot/slack/rates.py",
        "self._post_ready(call.channel, now) if call.method == POST else now,",
        "now,",
        (f"{_RATES}::test_a_channel_gets_a_few_messages_at_once_and_then_one_a_second",),
    ),
    _row(
        "a method rests as long as Slack says",
        "bot/slack/rates.py",
        "return self._troubled(call, began, now, retry_after + extra)",
        "return self._troubled(call, began, now, extra)",
        (f"{_RATES}::test_a_method_rests_as_long_as_slack_says_and_the_others_go_on",),
    ),
    _row(
        "after a rest one call tries and the others wait",
        "bot/slack/rates.py",
        "        if self.open_calls.get(method, 0):\n",
        "        if False:\n",
        (f"{_RATES}::test_after_a_rest_one_call_tries_and_the_others_wait_for_it",),
    ),
    _row(
        "whoever is refused again waits longer",
        "bot/slack/rates.py",
        "        doublings = min(trouble.failures, 10) if trouble else 0\n",
        "        doublings = 0\n",
        (f"{_RATES}::test_a_minute_of_500_sees_few_calls_and_is_over_soon_after",),
    ),
    _row(
        "a new courier counts what another has called",
        "bot/courier/throttle.py",
        "        updates = await ask_async(self.connection, slack_calls.updates_began())\n",
        "        updates = ()\n",
        (f"{_THROTTLE}::test_the_next_courier_knows_what_this_one_has_used",),
    ),
    _row(
        "a new courier knows which methods rest",
        "bot/courier/throttle.py",
        "        pauses = await ask_async(self.connection, slack_calls.pauses())\n",
        "        pauses = {}\n",
        (f"{_THROTTLE}::test_the_next_courier_leaves_a_method_alone_that_was_told_to_rest",),
    ),
    _row(
        "every call asks the budget",
        "bot/courier/throttle.py",
        "        if ready_at > self.clock():\n",
        "        if False:\n",
        (f"{_THROTTLE}::test_the_next_courier_knows_what_this_one_has_used",),
    ),
    _row(
        "nothing posts around the throttle",
        "bot/courier/delivery.py",
        "        return POST, lambda sender: sender.post(channel, content, thread)\n",
        "        return POST, lambda _: self.throttle.sender.post(channel, content, thread)\n",
        ("tests/bot/courier/test_one_way_to_post.py",),
    ),
    _row(
        "the audit's daily message waits like every other one",
        "bot/courier/throttle.py",
        "        ready_at = left.ready_at(call, self.clock())\n",
        '        is_digest = str(call.subject).startswith("digest:")\n'
        "        ready_at = 0.0 if is_digest else left.ready_at(call, self.clock())\n",
        (
            "tests/bot/courier/test_audit_head.py"
            "::test_it_waits_while_posting_rests_like_every_other_message",
        ),
    ),
    _row(
        "only the courier that holds the lease calls",
        "bot/courier/throttle.py",
        "            guards=renewal.guards,\n",
        "            guards=(),\n",
        (f"{_THROTTLE}::test_a_courier_that_lost_the_lease_neither_notes_nor_calls",),
    ),
    _row(
        "no call outlasts the lease",
        "bot/courier/throttle.py",
        "            commands=(*renewal.commands, *commands),\n",
        "            commands=(*commands,),\n",
        (f"{_THROTTLE}::test_each_call_makes_the_lease_last_longer_than_itself",),
    ),
    _row(
        "Slack's word about how long to wait is read",
        "bot/slack/errors.py",
        "        return max(float(value), 0.0) if value is not None else _DEFAULT_RETRY_SECONDS\n",
        "        return _DEFAULT_RETRY_SECONDS\n",
        (f"{_SENDER}::test_429_is_told_with_the_time_to_wait",),
    ),
    _row(
        "the SDK does not try again by itself",
        "bot/slack/session.py",
        "session=session, retry_handlers=[]",
        "session=session",
        (f"{_SENDER}::test_a_lost_answer_is_not_made_up_for_by_a_second_call",),
    ),
    _row(
        "calls share connections",
        "bot/slack/session.py",
        "session=session, retry_handlers=[]",
        "retry_handlers=[]",
        (f"{_SENDER}::test_all_calls_share_few_connections",),
    ),
    _row(
        "those that ended go first",
        "quaymaster/store/cards.py",
        "score = ended_at.timestamp() if ended_at else NOT_ENDED",
        "score = NOT_ENDED",
        (
            "tests/quaymaster/store/test_records.py::"
            "test_an_ended_operation_is_drawn_before_those_that_run",
        ),
    ),
    _row(
        "a card that ends waits no longer",
        "bot/courier/agenda.py",
        "            if ended_at is not None and entry.ended_at is None:\n",
        "            if False:\n",
        (f"{_AGENDA}::test_a_card_that_waits_to_show_progress_is_due_at_once_when_it_ends",),
    ),
    _row(
        "cards keep their order through a rate limit",
        "bot/courier/agenda.py",
        'if any(wait.failed not in ("", RATE_LIMITED) for wait in waits):',
        "if any(wait.failed for wait in waits):",
        (f"{_AGENDA}::test_cards_keep_their_order_through_a_rate_limit",),
    ),
    _row(
        "nobody takes the room of a card that comes first",
        "bot/courier/throttle.py",
        "left = self.line.left_for(call, self.budget, self.clock())",
        "left = self.budget",
        (f"{_THROTTLE}::test_a_call_leaves_room_for_those_who_come_first",),
    ),
    _row(
        "a rest is not ended by a call that was under way when it began",
        "bot/slack/rates.py",
        "        if trouble and began < trouble.until:\n",
        "        if False:\n",
        (f"{_RATES}::test_a_call_that_was_under_way_when_a_rest_began_does_not_end_it",),
    ),
    _row(
        "what is shown already needs no call",
        "bot/courier/steps.py",
        "    if posting.shows == message.shows:\n        return Step.NOTHING\n",
        "",
        ("tests/bot/courier/test_steps.py::test_a_message_is_compared_with_what_is_noted",),
    ),
    _row(
        "a card shows the latest state and not every state",
        "bot/courier/delivery.py",
        "        if ready_at > self.clock():\n"
        "            raise NotYet(ready_at, message.urgency)\n",
        "",
        (f"{_COURIER}::TestACard::test_shows_the_newest_state_and_not_every_state",),
    ),
    _row(
        "progress is written twice a second at most",
        "workers/work/running.py",
        "        if not is_new_step and now - self._last_report < _REPORT_SECONDS:\n"
        "            return\n",
        "",
        ("tests/workers/work/test_running.py::test_progress_is_written_twice_a_second_at_most",),
    ),
    *(
        _row(f"{what} within Slack's limit", "bot/views/parts.py", old, new, (test,))
        for what, old, new, test in (
            ("a text is", "TEXT_LIMIT = 3_000", "TEXT_LIMIT = 30_000", _LONGEST),
            ("a headline is", "HEADER_LIMIT = 150", "HEADER_LIMIT = 1_500", _LONGEST),
            ("small print is", "_CONTEXT_LIMIT = 2_000", "_CONTEXT_LIMIT = 20_000", _LONGEST),
            ("a button is", "_BUTTON_LIMIT = 75", "_BUTTON_LIMIT = 750", _LONGEST),
            (
                "the title of a question is",
                "_CONFIRM_TITLE_LIMIT = 100",
                "_CONFIRM_TITLE_LIMIT = 1_000",
                _LONGEST,
            ),
            ("a question is", "_CONFIRM_TEXT_LIMIT = 300", "_CONFIRM_TEXT_LIMIT = 3_000", _LONGEST),
            ("running text is", "INLINE_LIMIT = 600", "INLINE_LIMIT = 60_000", _TOGETHER),
            ("a log is", "LOG_LINE_LIMIT = 160", "LOG_LINE_LIMIT = 16_000", _TOGETHER),
        )
    ),
    _row(
        "a message that an update would not take is cut",
        "bot/slack/sender.py",
        "_UPDATE_TEXT_LIMIT = 4_000 ",
        "_UPDATE_TEXT_LIMIT = 40_000 ",
        (f"{_SENDER}::test_text_is_cut_where_an_update_would_not_take_it",),
    ),
)
