"""G3, G4 and G5: whether something may still happen is asked each time that it matters."""

from functools import partial

from tests.protections.protection import Protection

_row = partial(Protection, "G4")
_LOOK = "workers/jobs/look.py"
_LOOK_TESTS = "tests/workers/jobs/test_look.py"
_DISPATCH_TESTS = "tests/workers/test_dispatch.py"

ADMISSIBLE = (
    _row(
        "a digest that serves well is not marked for its configuration",
        _LOOK,
        "    if plan.digest == before:\n",
        "    if False:\n",
        (
            f"{_LOOK_TESTS}::test_what_fails_with_another_configuration_alone_does_not_mark_the_digest_that_serves",
        ),
    ),
    _row(
        "what does not stay healthy is marked where there is nothing to go back to",
        _LOOK,
        "        return Finished(failed, State.FAILED, also=marks)\n",
        "        return Finished(failed, State.FAILED)\n",
        (f"{_LOOK_TESTS}::test_what_fails_with_nothing_to_go_back_to_is_marked_all_the_same",),
    ),
    Protection(
        "G3",
        "a bake is looked at whatever the configuration says by now",
        "workers/dispatch.py",
        "    is_begun = operation.stage is Stage.LOOK\n",
        "    is_begun = False\n",
        (f"{_LOOK_TESTS}::test_it_looks_whatever_the_configuration_says_by_now",),
    ),
    Protection(
        "G3",
        "what a dead worker left is looked at whatever the configuration says by now",
        "workers/dispatch.py",
        "    if operation.stage is Stage.RECOVER:\n        return recover(running, tools)\n"
        "    is_begun",
        "    is_begun",
        (
            f"{_DISPATCH_TESTS}::test_whoever_looks_after_what_was_begun_does_not_ask_for_the_revision",
        ),
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
