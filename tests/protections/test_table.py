"""The table is about the code as it is: fast, so that a row that went stale shows at once."""

import ast
from pathlib import Path

import pytest

from tests.protections.protection import Protection
from tests.protections.table import PROTECTIONS

ROOT = Path(__file__).parents[2]
NAMES = [f"{one.guarantee} {one.what}" for one in PROTECTIONS]


@pytest.mark.parametrize("protection", PROTECTIONS, ids=NAMES)
def test_a_protection_is_where_the_table_says(protection: Protection) -> None:
    text = (ROOT / protection.file).read_text(encoding="utf-8")
    assert text.count(protection.old) == 1
    assert protection.old != protection.new
    if protection.file.endswith(".py"):
        compile(text.replace(protection.old, protection.new), protection.file, "exec")


@pytest.mark.parametrize("protection", PROTECTIONS, ids=NAMES)
def test_the_tests_of_a_protection_exist(protection: Protection) -> None:
    for test in protection.tests:
        file, *names = test.partition("[")[0].split("::")
        scope: list[ast.stmt] = ast.parse((ROOT / file).read_text(encoding="utf-8")).body
        for name in names:
            scope = next(
                one.body
                for one in scope
                if isinstance(one, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
                and one.name == name
            )


def test_every_guarantee_has_rows_and_no_two_have_one_name() -> None:
    assert {one.guarantee for one in PROTECTIONS} == {f"G{number}" for number in range(1, 12)}
    assert len(set(NAMES)) == len(NAMES)
