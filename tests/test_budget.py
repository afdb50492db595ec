"""Every folder of tests has a budget, and a run says what each took of it."""

from pathlib import Path

from tests.budget import CONTRIBUTING, budgets, spent, told

_TESTS = Path(__file__).parent


def test_every_folder_with_tests_has_a_budget_and_no_other() -> None:
    folders = {
        f"tests/{'' if path.parent == _TESTS else path.relative_to(_TESTS).parts[0]}"
        for path in _TESTS.rglob("test_*.py")
    }
    assert set(budgets(CONTRIBUTING.read_text())) == folders


def test_what_tests_took_is_summed_by_folder_and_said_beside_the_budget() -> None:
    seconds = spent(
        [
            ("tests/workers/test_a.py::test_b[x/y]", 4.0),
            ("tests/workers/store/test_c.py::test_d", 3.0),
            ("tests/bot/test_e.py::test_f", 30.0),
            ("tests/test_g.py::test_h", 6.0),
            ("tests/page/test_i.py::test_j", 1.0),
        ]
    )
    assert told(seconds, {"tests/workers": 10, "tests/bot": 29}) == [
        "    30 s of 29 tests/bot (over)",
        "     7 s of 10 tests/workers",
        "     6 s without a budget tests/ (over)",
    ]
