"""Plans of one service, for tests that are about its change."""

from dataclasses import fields, replace
from typing import Any

from quaymaster.plans import Change, Plan

_OF_PLAN = frozenset(field.name for field in fields(Plan))


def the_change(plan: Plan | None) -> Change:
    """The change of a plan that has one."""
    assert plan is not None
    (change,) = plan.changes
    return change


def varied(plan: Plan, **changes: Any) -> Plan:
    """The plan with other fields: its own, or those of its one change."""
    own = {name: value for name, value in changes.items() if name in _OF_PLAN}
    others = {name: value for name, value in changes.items() if name not in _OF_PLAN}
    if others:
        own["changes"] = (replace(the_change(plan), **others),)
    return replace(plan, **own)
