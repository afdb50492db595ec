"""G1: every command and click is answered in time, whatever hangs."""

from functools import partial

from tests.protections.protection import Protection

_row = partial(Protection, "G1")
_ACCEPTANCE = "tests/bot/conversation/test_acceptance.py"
_APP = "tests/bot/listening/test_app.py"
_DATABASE = "tests/bot/database/test_database.py"
_HOME = "tests/bot/conversation/test_home.py"
_LOST_REPLIES = "tests/bot/conversation/test_lost_replies.py"
_SLOW = "tests/bot/test_slow_redis.py"
_VOTES = "tests/bot/conversation/test_votes.py"

ANSWERED = (
    _row(
        "Bolt answers as soon as a listener has acknowledged",
        "bot/listening/app.py",
        "process_before_response=True",
        "process_before_response=False",
        (f"{_APP}::test_an_acknowledgement_does_not_wait_for_bolt_to_look",),
    ),
    _row(
        "what is no delivery does not reach Bolt",
        "bot/listening/http.py",
        "            expect_a_delivery(delivery.body)\n",
        "",
        ("tests/bot/listening/test_not_slacks.py::test_it_is_refused_with_one_line",),
    ),
    _row(
        "what bears the marks of several deliveries does not reach Bolt",
        "bot/listening/payloads.py",
        "    if any(mark in body and mark not in marks for mark in _MARKS):\n",
        "    if False:\n",
        ("tests/bot/listening/test_not_slacks.py::test_one_delivery_is_of_one_kind",),
    ),
    _row(
        "a delivery that lacks what Slack always sends is no fault of the bot",
        "bot/listening/app.py",
        "        except NotAsSlackSends as error:\n",
        "        except AssertionError as error:\n",
        (
            "tests/bot/listening/test_not_slacks.py::test_whatever_stands_in_a_field_is_taken_or_refused",
        ),
    ),
    _row(
        "Bolt asks nobody who the bot is before a listener runs",
        "bot/listening/app.py",
        "        authorize=_authorize(client, directory),\n",
        "",
        (f"{_ACCEPTANCE}::test_nothing_slow_is_asked_before_the_acknowledgement",),
    ),
    _row(
        "a person is looked up after the acknowledgement",
        "bot/listening/router.py",
        "        person = self._services.directory.known(actor)\n",
        "        person = await self._services.directory.look_up(actor)\n",
        (f"{_ACCEPTANCE}::test_nothing_slow_is_asked_before_the_acknowledgement",),
    ),
    _row(
        "a click is acted upon after its acknowledgement",
        "bot/listening/router.py",
        'self._afterwards(clicked.delivery, clicked.reply_to, "taking a click", work)',
        'await self._answer(clicked.reply_to, "taking a click", work)',
        (f"{_VOTES}::test_a_click_is_acknowledged_before_anything_slow_is_asked",),
    ),
    _row(
        "the Home tab is drawn after the acknowledgement",
        "bot/listening/router.py",
        "self._services.background.start(self._services.home_tab.show(opened.actor))",
        "await self._services.home_tab.show(opened.actor)",
        (f"{_HOME}::TestOpened::test_it_is_acknowledged_before_anything_slow_is_asked",),
    ),
    _row(
        "a vote on the Home tab is answered there",
        "bot/listening/router.py",
        "                await self._services.home_tab.show(actor, answer)\n",
        "                pass\n",
        (f"{_HOME}::TestClicked::test_votes_count_and_the_tab_says_what_came_of_them",),
    ),
    _row(
        "the edge's client of Redis tries once",
        "bot/database/database.py",
        "            retry=Retry(NoBackoff(), 0),\n",
        '            retry=Retry(__import__("redis").backoff.ConstantBackoff(0.2), 3),\n',
        (
            f"{_DATABASE}::"
            "test_a_server_that_is_down_is_noticed_at_once_and_used_again_when_it_is_back",
        ),
    ),
    _row(
        "after a time-out nobody else waits for Redis",
        "bot/database/database.py",
        "        began = self._breaker.begin()\n",
        "        began = time.monotonic()\n",
        (f"{_DATABASE}::test_what_a_frozen_server_was_sent_does_not_happen_when_it_thaws",),
    ),
    _row(
        "of those who wait for Redis to be back one looks",
        "bot/database/database.py",
        "            self._closed_again_at = now + _PAUSE_SECONDS\n        return now\n",
        "        return now\n",
        (f"{_DATABASE}::test_after_a_time_out_it_is_open_for_a_second_and_then_one_may_look",),
    ),
    _row(
        "whoever waits for a turn too long is answered",
        "bot/database/database.py",
        "                async with asyncio.timeout(deadline.left()):\n"
        "                    await self._slots.acquire()\n",
        "                await self._slots.acquire()\n",
        (f"{_DATABASE}::test_whoever_has_waited_already_does_not_wait_longer_for_a_turn",),
    ),
    _row(
        "whoever is answered is answered in time",
        "bot/database/database.py",
        "        async with asyncio.timeout(deadline.left()):\n            return await act()\n",
        "        return await act()\n",
        (f"{_DATABASE}::test_while_redis_is_merely_busy_nobody_waits_longer_than_slack_does",),
    ),
    _row(
        "as many are asked at the same time as a burst has",
        "bot/database/database.py",
        "        self._slots = asyncio.Semaphore(AT_ONCE)\n",
        "        self._slots = asyncio.Semaphore(8)\n",
        (f"{_SLOW}::test_fifty_commands_at_once_are_all_accepted",),
    ),
    _row(
        "the connections of a burst are open before",
        "bot/run.py",
        "        await self._database.warm_up()\n",
        "",
        (f"{_SLOW}::test_fifty_commands_at_once_are_all_accepted",),
    ),
    _row(
        "Redis knows the script before it is needed",
        "bot/database/database.py",
        "        await self.ask(taught())\n",
        "",
        (f"{_DATABASE}::test_the_connections_of_a_burst_are_opened_before_and_once",),
    ),
    _row(
        "the ids of a burst are there before",
        "bot/conversation/acceptance.py",
        "        reservation = records.reserve(_IN_STOCK - len(self._ids))\n",
        "        reservation = records.reserve(8)\n",
        (f"{_SLOW}::test_fifty_commands_at_once_are_all_accepted",),
    ),
    _row(
        "a command without a reply is asked again",
        "bot/database/database.py",
        "return await self._within_time(lambda: self._performed(transaction, by), by, tries=2)",
        "return await self._within_time(lambda: self._performed(transaction, by), by, tries=1)",
        (
            f"{_LOST_REPLIES}::test_a_command_whose_reply_is_lost_is_accepted_once",
            f"{_LOST_REPLIES}::test_a_command_whose_connection_breaks_is_accepted_once",
        ),
    ),
    _row(
        "a late attempt is waited for beside the next one",
        "bot/database/attempts.py",
        "            self._started().add_done_callback(end_the_wait)\n",
        "            waiting.reschedule(0)\n",
        (f"{_DATABASE}::test_a_late_reply_to_the_first_attempt_counts",),
    ),
    _row(
        "what cannot recognise itself is asked once",
        "bot/database/database.py",
        "return await self._within_time(lambda: self._performed(transaction, by), by, tries=1)",
        "return await self._within_time(lambda: self._performed(transaction, by), by, tries=2)",
        (f"{_DATABASE}::test_a_change_is_not_asked_for_twice",),
    ),
    _row(
        "what asks Redis several times is answered afterwards when that takes long",
        "bot/listening/router.py",
        "asyncio.wait({showing}, timeout=_SHOWN_SECONDS)",
        "asyncio.wait({showing})",
        (
            f"{_LOST_REPLIES}::"
            "test_what_asks_redis_several_times_is_answered_after_the_acknowledgement",
        ),
    ),
    _row(
        "the server's clock is known whatever the way there takes",
        "bot/database/server_clock.py",
        "        return int(moment * 1e6) + self.least\n",
        "        return int(moment * 1e6) + (self.least + self.most) // 2\n",
        ("tests/bot/database/test_server_clock.py::test_a_moment_is_never_taken_for_a_later_one",),
    ),
    _row(
        "what a frozen Redis was sent does not happen later",
        "bot/database/database.py",
        "guards=(*transaction.guards, limit)",
        "guards=transaction.guards",
        (f"{_DATABASE}::test_what_a_frozen_server_was_sent_does_not_happen_when_it_thaws",),
    ),
    _row(
        "what was accepted although the person was told that it was not is taken back",
        "bot/conversation/acceptance.py",
        "            self._doubtful.append(operation)\n",
        "",
        (f"{_LOST_REPLIES}::test_an_acceptance_of_which_every_answer_was_lost_is_taken_back",),
    ),
    _row(
        "what runs although the person was told that it was not accepted is asked to stop",
        "bot/conversation/acceptance.py",
        "        if operation.state is State.RUNNING:\n",
        "        if False:\n",
        (f"{_LOST_REPLIES}::test_an_unanswered_acceptance_that_runs_by_now_is_asked_to_stop",),
    ),
    _row(
        "a Redis that takes no writes is answered in words",
        "quaymaster/store/transactions.py",
        "    if not (isinstance(error, _PASSING_TYPES) or _PASSING.search(str(error))):\n",
        "    if True:\n",
        (f"{_DATABASE}::test_a_server_that_takes_no_writes_is_said_to",),
    ),
    _row(
        "an error that nobody foresaw is answered",
        "bot/listening/router.py",
        "        return self._unforeseen(error, doing)\n\n    def _is_too_much",
        "        raise error\n\n    def _is_too_much",
        (f"{_APP}::test_an_error_that_nobody_foresaw_is_answered_with_a_reference",),
    ),
    _row(
        "what goes wrong after the acknowledgement is told",
        "bot/listening/router.py",
        "            self._count_refusal(error)\n"
        "            answer = problem_answer(error.problem)\n",
        "            return\n",
        (f"{_VOTES}::test_without_redis_a_vote_is_answered_too",),
    ),
)
