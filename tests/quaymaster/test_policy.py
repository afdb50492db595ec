from datetime import UTC, datetime

import pytest

from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import NotAllowed
from quaymaster.policy import (
    Membership,
    Person,
    allowed,
    may_cancel,
    may_reject,
    may_vote,
    refusal_of_window,
    request_allowed,
    roles_of,
)
from quaymaster.requests import (
    ApproveRequest,
    CancelRequest,
    DeployRequest,
    DriftRequest,
    HelpRequest,
    PullRequest,
    RollbackRequest,
    StatusRequest,
)
from quaymaster.rights import Right
from quaymaster.target import ServiceRef
from testing.configurations import SHOP, SHOP_TEXT, SMALL
from testing.samples import image

STAGING, PRODUCTION = ServiceRef("staging", "web"), ServiceRef("production", "web")
DEV = Person("U0DEV", "T0TEAM")
RITA = Person("U0RITA", "T0TEAM")
IN_GROUP = Person("U0GERD", "T0TEAM", frozenset({"S0RELEASE"}))
STRANGERS = [
    Person("U0RITA", "T0TEAM", frozenset({"S0RELEASE"}), standing)
    for standing in Membership
    if standing is not Membership.FULL_MEMBER
]


def refused(*arguments: object) -> str:
    with pytest.raises(NotAllowed) as raised:
        allowed(*arguments)  # type: ignore[arg-type]
    return str(raised.value)


class TestRights:
    @pytest.mark.parametrize("right", Right)
    @pytest.mark.parametrize("person", STRANGERS, ids=lambda person: person.membership)
    def test_only_full_members_may_do_anything_whatever_their_roles(
        self, person: Person, right: Right
    ) -> None:
        assert "full members" in refused(SHOP, person, right, STAGING)

    @pytest.mark.parametrize("person", STRANGERS, ids=lambda person: person.membership)
    def test_strangers_are_not_even_helped(self, person: Person) -> None:
        for request in (HelpRequest(), CancelRequest(1), ApproveRequest(1)):
            with pytest.raises(NotAllowed):
                request_allowed(SHOP, person, request)

    @pytest.mark.parametrize("right", sorted(set(Right) - {Right.READ}))
    def test_nothing_is_written_without_a_right(self, right: Right) -> None:
        text = refused(SMALL, DEV, right, PRODUCTION)
        assert f"Nobody can {right.deed(PRODUCTION)}." in text
        assert "under `permissions`" in text

    def test_everybody_may_read_until_reading_is_given_to_somebody(self) -> None:
        allowed(SMALL, DEV, Right.READ)
        narrow = Configuration.parse(
            SHOP_TEXT.replace("[read, tag", "[tag").replace('["*"]', '["*", read]')
        )
        allowed(narrow, RITA, Right.READ)
        text = refused(narrow, DEV, Right.READ)
        assert "Only release-managers can look at images, services and operations." in text

    def test_help_is_for_every_full_member(self) -> None:
        request_allowed(SMALL, DEV, HelpRequest())

    def test_a_right_is_given_where_it_is_bound_to(self) -> None:
        allowed(SHOP, DEV, Right.ROLLBACK, STAGING)
        text = refused(SHOP, DEV, Right.ROLLBACK, PRODUCTION)
        assert "Only release-managers can roll back production/web." in text

    def test_a_right_can_be_bound_to_one_service(self) -> None:
        narrow = Configuration.parse(SHOP_TEXT.replace("rollback:staging", "rollback:staging/web"))
        allowed(narrow, DEV, Right.ROLLBACK, STAGING)
        refused(narrow, DEV, Right.ROLLBACK, ServiceRef("staging", "worker"))

    def test_a_star_is_every_right_or_every_right_of_one_place(self) -> None:
        allowed(SHOP, RITA, Right.ROLLBACK, PRODUCTION)
        bound = Configuration.parse(
            SHOP_TEXT.replace('["*"]', '["*:production"]').replace("push, ", "")
        )
        allowed(bound, RITA, Right.ROLLBACK, PRODUCTION)
        refused(bound, RITA, Right.PUSH)

    def test_a_request_is_judged_by_its_environment_and_service(self) -> None:
        request_allowed(SHOP, DEV, RollbackRequest("staging", "web"))
        request_allowed(SHOP, DEV, DeployRequest(image(), "production", "web"))
        request_allowed(SHOP, DEV, PullRequest(image(), "build1"))
        request_allowed(SHOP, DEV, StatusRequest())
        with pytest.raises(NotAllowed):
            request_allowed(SHOP, DEV, RollbackRequest("production", "web"))

    def test_nobody_asks_for_what_the_product_does_by_itself(self) -> None:
        with pytest.raises(NotAllowed, match="by itself"):
            request_allowed(SHOP, RITA, DriftRequest("staging", "web"))


class TestRoles:
    def test_roles_come_by_id_by_group_and_for_everyone(self) -> None:
        assert roles_of(SHOP, DEV) == {"developers"}
        assert roles_of(SHOP, RITA) == {"developers", "release-managers"}
        assert roles_of(SHOP, IN_GROUP) == {"developers", "release-managers"}

    def test_a_stranger_has_no_role_at_all(self) -> None:
        assert not any(roles_of(SHOP, person) for person in STRANGERS)


class TestVotes:
    @pytest.mark.parametrize("person", [RITA, IN_GROUP])
    def test_who_is_in_a_role_that_approves_may_vote(self, person: Person) -> None:
        may_vote(SHOP, person, PRODUCTION)

    def test_nobody_else_may_and_learns_who_may(self) -> None:
        with pytest.raises(NotAllowed, match="Only release-managers can vote"):
            may_vote(SHOP, DEV, PRODUCTION)

    def test_every_right_is_not_a_vote(self) -> None:
        everything = Configuration.parse(SHOP_TEXT.replace("[read, tag", '["*", read, tag'))
        with pytest.raises(NotAllowed):
            may_vote(everything, DEV, PRODUCTION)

    @pytest.mark.parametrize("person", STRANGERS, ids=lambda person: person.membership)
    def test_a_stranger_may_neither_vote_nor_reject(self, person: Person) -> None:
        with pytest.raises(NotAllowed, match="full members"):
            may_vote(SHOP, person, PRODUCTION)
        with pytest.raises(NotAllowed, match="full members"):
            may_reject(SHOP, person, person.user_id, PRODUCTION)

    def test_the_requester_may_withdraw_and_others_need_a_vote(self) -> None:
        may_reject(SHOP, DEV, DEV.user_id, PRODUCTION)
        may_reject(SHOP, RITA, DEV.user_id, PRODUCTION)
        with pytest.raises(NotAllowed):
            may_reject(SHOP, Person("U0ELSE", "T0TEAM"), DEV.user_id, PRODUCTION)


class TestCancelling:
    def test_the_requester_may(self) -> None:
        may_cancel(SHOP, DEV, DEV.user_id)

    def test_who_has_the_right_may(self) -> None:
        may_cancel(SHOP, RITA, DEV.user_id)

    def test_nobody_else_may_and_learns_who_may(self) -> None:
        with pytest.raises(NotAllowed, match="who asked for it and release-managers can cancel"):
            may_cancel(SHOP, DEV, RITA.user_id)
        with pytest.raises(NotAllowed, match="Only the person who asked for it can cancel"):
            may_cancel(SMALL, DEV, RITA.user_id)

    @pytest.mark.parametrize("person", STRANGERS, ids=lambda person: person.membership)
    def test_a_stranger_may_not_even_their_own(self, person: Person) -> None:
        with pytest.raises(NotAllowed):
            may_cancel(SHOP, person, person.user_id)


class TestWindows:
    WINDOWS = Configuration.parse(
        SHOP_TEXT.replace(
            "  production:\n",
            "  production:\n"
            '    allowed: ["Mon-Thu 09:00-17:00 Europe/Berlin", "Fri 09:00-12:00 Europe/Berlin"]\n'
            '    freeze: ["2026-12-20/2027-01-03 Europe/Berlin"]\n',
        )
    )

    @pytest.mark.parametrize(
        ("now", "told"),
        [
            ("2026-11-23T08:00", None),
            ("2026-11-23T07:59", "production takes deploys Mon-Thu 09:00-17:00 Europe/Berlin or"),
            ("2026-11-27T10:59", None),
            ("2026-11-27T11:00", "Fri 09:00-12:00 Europe/Berlin only"),
            ("2026-07-06T07:00", None),  # the same clock on the wall in summer
            ("2026-12-21T10:00", "it takes deploys again on 2027-01-04"),
            ("2027-01-04T10:00", None),
        ],
    )
    def test_deploys_wait_for_a_window(self, now: str, told: str | None) -> None:
        moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
        refusal = refusal_of_window(self.WINDOWS, "production", moment)
        assert (refusal is None) is (told is None)
        assert told is None or told in str(refusal)

    def test_without_windows_there_is_always_one(self) -> None:
        assert refusal_of_window(SHOP, "staging", datetime(2026, 12, 24, 3, tzinfo=UTC)) is None
