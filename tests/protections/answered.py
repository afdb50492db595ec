"""G1: every command and click is answered in time, whatever hangs."""

from functools import partial

from tests.protections.protection import Protection

_row = partial(Protection, "G1")
_ACCEPTANCE = "tests/bot/test_acceptance.py"
_APP = "tests/bot/test_app.py"
_DATABASE = "tests/bot/test_database.py"
_HOME = "tests/bot/test_home.py"
_VOTES = "tests/bot/test_votes.py"

ANSWERED = (
    _row(
        "Bolt answers as soon as a listener has acknowledged",
        "bot/app.py",
        "process_before_response=True",
        "process_before_response=False",
        (f"{_APP}::test_an_acknowledgement_does_not_wait_for_bolt_to_look",),
    ),
    _row(
        "Bolt asks nobody who the bot is before a listener runs",
        "bot/app.py",
        "        authorize=_authorize(client, directory),\n",
        "",
        (f"{_ACCEPTANCE}::test_nothing_slow_is_asked_before_the_acknowledgement",),
    ),
    _row(
        "a person is looked up after the acknowledgement",
        "bot/front.py",
        "        asked = Asked(request, typed.actor, typed.origin)\n"
        "        person = self._is.directory.known(typed.actor)\n",
        "        asked = Asked(request, typed.actor, typed.origin)\n"
        "        person = await self._is.directory.look_up(typed.actor)\n",
        (f"{_ACCEPTANCE}::test_nothing_slow_is_asked_before_the_acknowledgement",),
    ),
    _row(
        "a click is acted upon after its acknowledgement",
        "bot/front.py",
        'self._afterwards(clicked.delivery, clicked.reply_to, "taking a click", work)',
        'await self._answer(clicked.reply_to, "taking a click", work)',
        (f"{_VOTES}::test_a_click_is_acknowledged_before_anything_slow_is_asked",),
    ),
    _row(
        "the Home tab is drawn after the acknowledgement",
        "bot/front.py",
        "self._is.background.start(self._is.home_tab.show(opened.actor))",
        "await self._is.home_tab.show(opened.actor)",
        (f"{_HOME}::TestOpened::test_it_is_acknowledged_before_anything_slow_is_asked",),
    ),
    _row(
        "a vote on the Home tab is answered there",
        "bot/front.py",
        "                await self._is.home_tab.show(actor, answer)\n",
        "                pass\n",
        (f"{_HOME}::TestClicked::test_votes_count_and_the_tab_says_what_came_of_them",),
    ),
    _row(
        "the edge's client of Redis tries once",
        "bot/database.py",
        "            retry=Retry(NoBackoff(), 0),\n",
        '            retry=Retry(__import__("redis").backoff.ConstantBackoff(0.2), 3),\n',
        (
            f"{_DATABASE}::"
            "test_a_server_that_is_down_is_noticed_at_once_and_used_again_when_it_is_back",
        ),
    ),
    _row(
        "after a time-out nobody else waits for Redis",
        "bot/database.py",
        "        began = self._breaker.begin()\n",
        "        began = time.monotonic()\n",
        (f"{_DATABASE}::test_what_a_frozen_server_was_sent_does_not_happen_when_it_thaws",),
    ),
    _row(
        "of those who wait for Redis to be back one looks",
        "bot/database.py",
        "            self._closed_again_at = now + _PAUSE_SECONDS\n        return now\n",
        "        return now\n",
        (f"{_DATABASE}::test_after_a_time_out_it_is_open_for_a_second_and_then_one_may_look",),
    ),
    _row(
        "whoever waits for a turn too long is answered",
        "bot/database.py",
        "asyncio.timeout(_TURN_SECONDS), self._slots",
        "self._slots",
        (f"{_DATABASE}::test_while_redis_is_merely_busy_nobody_waits_longer_than_slack_does",),
    ),
    _row(
        "what a frozen Redis was sent does not happen later",
        "bot/database.py",
        "guards=(*transaction.guards, limit)",
        "guards=transaction.guards",
        (f"{_DATABASE}::test_what_a_frozen_server_was_sent_does_not_happen_when_it_thaws",),
    ),
    _row(
        "what was accepted although the person was told that it was not is taken back",
        "bot/acceptance.py",
        "            self._doubtful.append(operation.id)\n",
        "",
        (f"{_ACCEPTANCE}::test_an_acceptance_of_which_only_the_answer_was_lost_is_taken_back",),
    ),
    _row(
        "a Redis that takes no writes is answered in words",
        "bot/database.py",
        "            raise _translated(error) from error\n",
        "            raise\n",
        (f"{_DATABASE}::test_a_server_that_takes_no_writes_is_said_to",),
    ),
    _row(
        "an error that nobody foresaw is answered",
        "bot/front.py",
        "        return self._unforeseen(error, doing)\n\n    async def _requested",
        "        raise error\n\n    async def _requested",
        (
            "tests/bot/test_http.py::"
            "test_a_payload_that_lacks_what_slack_always_sends_is_answered_with_a_reference",
        ),
    ),
    _row(
        "what goes wrong after the acknowledgement is told",
        "bot/front.py",
        "            self._count_refusal(error)\n"
        "            answer = trouble_answer(error.trouble)\n",
        "            return\n",
        (f"{_VOTES}::test_without_redis_a_vote_is_answered_too",),
    ),
)
