"""G3: a target is wholly old or wholly new afterwards, whatever failed or died."""

from functools import partial

from tests.protections.protection import Protection

_row = partial(Protection, "G3")
_FLEET = "tests/workers/targets/test_fleet.py"
_HOST = "tests/workers/targets/docker_host/test_host.py"

TARGETS = (
    _row(
        "where one host cannot commit, those that have go back",
        "workers/targets/fleet.py",
        "                self._take_back(own.change.service_ref, before, work, error)\n",
        "",
        (f"{_FLEET}::TestMembers::test_where_one_cannot_commit_those_that_have_go_back",),
    ),
    _row(
        "what one host cannot stage is staged on none",
        "workers/targets/fleet.py",
        "                with cleaning_up_after(error):\n                    self._discard(staged, "
        "work)\n",
        "",
        (f"{_FLEET}::TestMembers::test_what_one_cannot_stage_is_staged_on_none",),
    ),
    _row(
        "hosts that a dead worker left apart come together",
        "workers/targets/fleet.py",
        "            self._bring_to(goal, parts, work)\n",
        "            pass\n",
        (f"{_FLEET}::TestFleet",),
    ),
    _row(
        "a first release that did not reach every host runs on none",
        "workers/targets/agreement.py",
        "        return Goal(None)\n",
        "        return None\n",
        (f"{_FLEET}::TestFleet",),
    ),
    _row(
        "what is being restored is not taken for a first release",
        "workers/targets/agreement.py",
        " and not one.has_been_live for one in staged",
        " for one in staged",
        (f"{_FLEET}::TestFleet",),
    ),
    _row(
        "a host that cannot be reached decides nothing",
        "workers/targets/fleet.py",
        "goal_of(parts) if len(reached) == len(parts) else None",
        "goal_of(parts)",
        (
            f"{_FLEET}::TestMembers"
            "::test_one_that_cannot_be_reached_is_unknown_and_the_service_split",
        ),
    ),
    _row(
        "a service that is not one version everywhere is not changed",
        "workers/targets/observed.py",
        "        if self.condition in (Condition.SPLIT, Condition.UNKNOWN):\n            raise",
        "        if False:\n            raise",
        (
            "tests/workers/jobs/deploy/test_plan.py::test_nothing_is_planned_about_a_service_that_is_split",
        ),
    ),
    _row(
        "what is cancelled before its switch leaves no container",
        "workers/targets/docker_host/host.py",
        "        with self._put_away_if_it_fails(staged.candidate, work):\n"
        "            work.commit_point()\n",
        "        work.commit_point()\n",
        (f"{_HOST}::test_what_is_cancelled_before_its_switch_leaves_no_container",),
    ),
)
