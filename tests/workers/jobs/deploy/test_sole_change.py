"""A plan of several services is not carried out by half."""

from dataclasses import replace

import pytest

from quaymaster.errors import Conflict
from testing.planned import the_change
from testing.samples import plan
from workers.jobs.deploy.sole_change import sole_change


def test_the_change_of_a_plan_of_one_service() -> None:
    assert sole_change(plan(turn=9)) == the_change(plan(turn=9))


def test_a_plan_of_several_services_is_refused_with_their_names() -> None:
    web = the_change(plan())
    stack = replace(plan(), changes=(web, replace(web, service="order")))
    with pytest.raises(Conflict, match=r"several services: production/web and production/order"):
        sole_change(stack)
