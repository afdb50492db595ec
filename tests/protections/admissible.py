"""G3, G4 and G5: whether something may still happen is asked each time that it matters."""

from functools import partial

from tests.protections.protection import Protection

_row = partial(Protection, "G4")
_LOOK = "workers/jobs/deploy/verify.py"
_LOOK_TESTS = "tests/workers/jobs/deploy/test_verify.py"
_DISPATCH_TESTS = "tests/workers/test_dispatch.py"
_ADMISSIBLE = "quaymaster/admissible.py"
_ADMISSIBLE_TESTS = "tests/quaymaster/test_admissible.py"
_APPLY_TESTS = "tests/workers/jobs/deploy/test_apply.py"

ADMISSIBLE = (
    _row(
        "a digest that serves well is not marked for its configuration",
        "workers/jobs/deploy/marks.py",
        " or (instead is not None and instead.image.digest == left.image.digest)",
        "",
        (
            f"{_LOOK_TESTS}::test_what_fails_with_another_configuration_alone_does_not_mark_the_digest_that_serves",
        ),
    ),
    _row(
        "a mark hits an image also where it is named by its index",
        _ADMISSIBLE,
        "    return marks.get(resolved.image.digest) or marks.get(resolved.named)\n",
        "    return marks.get(resolved.image.digest)\n",
        (
            f"{_ADMISSIBLE_TESTS}::test_a_mark_counts_whether_the_image_is_named_itself_or_by_an_index",
        ),
    ),
    _row(
        "what serves instead is not marked with the index that both are of",
        "workers/jobs/deploy/marks.py",
        "index=None if instead is not None and instead.named == index else index",
        "index=index",
        (
            "tests/workers/jobs/deploy/test_marks.py::"
            "test_where_another_member_of_the_same_index_serves_instead_the_index_is_not_marked",
        ),
    ),
    _row(
        "a rollback passes over what was released by the name of an index that was left",
        "quaymaster/rolling_back.py",
        " or release.resolved.named in bad",
        "",
        (
            "tests/quaymaster/test_rolling_back.py::"
            "test_what_was_released_by_the_name_of_a_whole_index_that_was_left_is_passed_over",
        ),
    ),
    _row(
        "what only waited in line is planned when its turn comes",
        "workers/jobs/deploy/apply.py",
        "    if plan.facts.is_planned_again and plan.rule is None and by < operation.id:\n",
        "    if False:\n",
        (
            f"{_APPLY_TESTS}::TestOtherPlans::"
            "test_what_only_waited_in_line_is_planned_when_its_turn_comes",
        ),
    ),
    _row(
        "what was approved is not planned anew behind those who approved it",
        "workers/jobs/deploy/apply.py",
        "    if plan.facts.is_planned_again and plan.rule is None and by < operation.id:\n",
        "    if plan.facts.is_planned_again and by < operation.id:\n",
        (f"{_APPLY_TESTS}::test_a_plan_about_something_else_than_what_runs_is_superseded",),
    ),
    _row(
        "what a bake window takes back supersedes the plans that were made meanwhile",
        _LOOK,
        "        supersede_waiting(operation, self.plan, self.tools)\n        retire(",
        "        retire(",
        (f"{_APPLY_TESTS}::TestOtherPlans::test_what_the_end_of_a_bake_window_took_back_is_named",),
    ),
    Protection(
        "G3",
        "what a dead worker brought live is released whatever the configuration says by now",
        "workers/dispatch.py",
        "    if operation.stage is Stage.RECOVER:\n        return recover(work, tools)\n"
        "    if (instead",
        "    if (instead",
        (
            f"{_APPLY_TESTS}::test_what_a_dead_worker_brought_live_is_released_whatever_the_configuration_says_by_now",
        ),
    ),
    _row(
        "what does not stay healthy is marked where there is nothing to go back to",
        _LOOK,
        'version.")\n            return Finished(failed, State.FAILED, also=marks)\n',
        'version.")\n            return Finished(failed, State.FAILED)\n',
        (f"{_LOOK_TESTS}::test_what_fails_with_nothing_to_go_back_to_is_marked_all_the_same",),
    ),
    Protection(
        "G3",
        "a bake is looked at whatever the configuration says by now",
        "workers/dispatch.py",
        "    is_begun = operation.stage is Stage.VERIFY\n",
        "    is_begun = False\n",
        (f"{_LOOK_TESTS}::test_it_looks_whatever_the_configuration_says_by_now",),
    ),
    Protection(
        "G3",
        "what a dead worker left is looked at whatever the configuration says by now",
        "workers/dispatch.py",
        "    if operation.stage is Stage.RECOVER:\n        return recover(work, tools)\n"
        "    if (instead",
        "    if (instead",
        (
            f"{_DISPATCH_TESTS}::test_whoever_looks_after_what_was_begun_does_not_ask_for_the_revision",
        ),
    ),
    *(
        _row(
            f"it is asked about: {what}",
            _ADMISSIBLE,
            old,
            new,
            (f"{_ADMISSIBLE_TESTS}::test_each_of_them_alone_stops_a_deploy",),
        )
        for what, old, new in (
            ("who asked", "    if facts.requester in facts.people:\n", "    if False:\n"),
            (
                "who approved",
                "        yield _voters(configuration, facts, approval)\n",
                "        pass\n",
            ),
            ("late votes", "    if late:\n", "    if False:\n"),
            ("the age of the request", "    yield _age(configuration, facts)\n", ""),
            ("marks", "    yield _mark(configuration, facts)\n", ""),
            (
                "what the environment before rolled back",
                "    if any(one.mark is None for one in released):\n",
                "    if released:\n",
            ),
            ("windows and freezes", "    yield from _times(configuration, facts)\n", ""),
            (
                "the gate",
                "        yield _gate(configuration, facts, facts.verdict)\n",
                "        pass\n",
            ),
            ("volumes", "    yield _volumes(configuration, facts)\n", ""),
        )
    ),
    _row(
        "gate, window and freeze do not stop a rollback",
        _ADMISSIBLE,
        "            stops=refusal is not None and not facts.change.is_rescue,\n",
        "            stops=refusal is not None,\n",
        (
            f"{_ADMISSIBLE_TESTS}::test_gate_window_and_freeze_are_shown_of_a_rollback_and_do_not_stop_it",
        ),
    ),
    _row(
        "after is bound to the same service or repository",
        _ADMISSIBLE,
        " if name == service.service or one.image == image\n",
        "\n",
        (f"{_ADMISSIBLE_TESTS}::test_after_is_about_the_same_service_or_the_same_repository",),
    ),
    _row(
        "it is asked at apply",
        "workers/jobs/deploy/apply.py",
        "    refuse(answers_about_plan(operation, plan, tools))\n",
        "",
        (f"{_APPLY_TESTS}::TestMayItStillHappen",),
    ),
    _row(
        "it is asked again after a pull",
        "workers/targets/docker_host/held_image.py",
        "        work.confirm()\n",
        "",
        (
            f"{_APPLY_TESTS}::TestMayItStillHappen::"
            "test_nor_what_was_rolled_back_while_it_was_pulled",
        ),
    ),
    _row(
        "nothing is planned that something stops",
        "quaymaster/admitted.py",
        "        refuse(self.answers)\n",
        "",
        (
            f"{_APPLY_TESTS}::TestMayItStillHappen::test_a_rollback_is_planned_with_what_is_allowed_alone",
        ),
    ),
    _row(
        "no plan is handed on that nobody asked about",
        "quaymaster/admitted.py",
        "        if left_out:\n",
        "        if False:\n",
        ("tests/quaymaster/test_admitted.py::test_a_question_that_was_left_out_is_noticed",),
    ),
    _row(
        "it is asked at the last vote",
        "bot/conversation/votes.py",
        "            after = self._unless_refused(operation, after, counted, evidence)\n",
        "            pass\n",
        ("tests/bot/conversation/test_last_vote.py",),
    ),
    Protection(
        "G5",
        "a look-up counts for ten minutes when something is carried out",
        "quaymaster/standings.py",
        "        if -CLOCK_SKEW <= now - one.value.at < VALID_FOR\n",
        "",
        (
            f"{_APPLY_TESTS}::TestMayItStillHappen::"
            "test_it_goes_back_to_the_bot_where_nobody_looked_lately_who_asked",
        ),
    ),
    Protection(
        "G5",
        "only the bot says who somebody is",
        "quaymaster/store/formats.py",
        'STANDING = Codec("standing", TypeAdapter(LookedUp), _BOT)',
        'STANDING = Codec("standing", TypeAdapter(LookedUp), _BOT | _WORKER)',
        ("tests/quaymaster/test_standings.py",),
    ),
    Protection(
        "G3",
        "what comes back is answered",
        "bot/run.py",
        "        await self.services.returned.sweep()\n",
        "",
        ("tests/bot/conversation/test_returned.py",),
    ),
    _row(
        "what was opened for another operation opens no third one",
        "quaymaster/store/new_operations.py",
        " or origin.delivery.startswith(_OPENED_FOR)",
        "",
        (
            "tests/bot/conversation/test_returned.py::test_for_what_was_opened_so_no_other_one_is_opened",
        ),
    ),
    _row(
        "clocks that are apart send nothing to and fro",
        "bot/conversation/returned.py",
        "            elif _clocks_differ(operation, datetime.now(UTC)):\n",
        "            elif False:\n",
        (
            "tests/bot/conversation/test_returned.py::"
            "test_what_comes_back_though_everybody_was_looked_up_just_now_does_not_go_round_for_ever",
        ),
    ),
    _row(
        "nothing is opened for what was cancelled meanwhile",
        "bot/conversation/acceptance.py",
        "            accepting = records.accept_with(accepting, follows_from(operation.id))\n",
        "            pass\n",
        (
            "tests/bot/conversation/test_returned.py::test_nothing_is_opened_for_what_somebody_cancelled_meanwhile",
        ),
    ),
    _row(
        "a change supersedes the plans that wait",
        "workers/jobs/deploy/apply.py",
        "    supersede_waiting(operation, plan, tools)\n",
        "",
        (f"{_APPLY_TESTS}::TestOtherPlans",),
    ),
    _row(
        "another container of the same digest is another thing that runs",
        "workers/jobs/deploy/apply.py",
        "serving.turn != planned.turn",
        "False",
        (f"{_APPLY_TESTS}::TestOtherPlans",),
    ),
    _row(
        "what is in line behind a running change is planned later",
        "workers/run.py",
        '    return owner is not None and owner.partition(":")[0] != str(operation.id)\n',
        "    return False\n",
        (f"{_APPLY_TESTS}::TestOtherPlans",),
    ),
    Protection(
        "G6",
        "a log is not shown where a secret that may be in it is not known any more",
        _LOOK,
        "    return None if values.changed or values.incomparable else values.secrets\n",
        "    return values.secrets\n",
        (
            f"{_LOOK_TESTS}::test_a_secret_that_is_another_one_by_now_neither_fails_it_nor_shows_the_log",
        ),
    ),
)
