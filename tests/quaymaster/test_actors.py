"""An actor is a person, a schedule or the product, and none is taken for another."""

import json

from hypothesis import given
from hypothesis import strategies as st

from quaymaster.actors import PRODUCT, Actor, Schedule, SlackUser
from quaymaster.store.envelopes import Claimed, StorageKey
from quaymaster.store.formats import SUBMISSION
from testing import samples

_USERS = st.from_regex(r"[UW][A-Z0-9]{2,30}", fullmatch=True)


@given(_USERS, st.text())
def test_no_two_kinds_have_an_id_in_common(user: str, name: str) -> None:
    ids = [SlackUser("T0SHOP", user).id, Schedule(name).id, PRODUCT.id]
    assert len(set(ids)) == 3


def test_a_request_of_version_1_is_of_a_person_or_of_the_product() -> None:
    def actor(team: str, user: str) -> Actor:
        now = SUBMISSION.adapter.dump_python(samples.operation().submission.value, mode="json")
        body = json.dumps({**now, "actor": {"team": team, "user": user}})
        claimed = Claimed(1, "bot-1", samples.NOW, body)
        return SUBMISSION.lifted(claimed, StorageKey("request", ("1042",))).actor

    assert actor("T0SHOP", "U0BOB") == SlackUser("T0SHOP", "U0BOB")
    assert actor("", "quaymaster") == PRODUCT
    assert actor("T0SHOP", "quaymaster") == SlackUser("T0SHOP", "quaymaster")


def test_only_a_person_can_be_written_to() -> None:
    alice = SlackUser("T0SHOP", "U0ALICE")
    assert samples.operation(actor=alice).person == alice
    assert samples.operation(actor=Schedule("nightly")).person is None
    assert samples.operation(actor=PRODUCT).person is None
