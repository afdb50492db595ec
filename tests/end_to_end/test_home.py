"""The Home tab of the running product: what is live, and what waits for who looks at it."""

from typing import Any

import pytest

from local_slack import Person, Workspace
from local_slack.blocks import texts
from quaymaster.operations import State
from testing.engines.waiting import until
from testing.images.catalogue import LocalImages
from testing.system import System
from tests.end_to_end.conftest import Push
from tests.people import BOB, CAROL

pytestmark = pytest.mark.engine


async def test_it_shows_a_release_and_takes_the_votes_on_a_deploy(
    system: System, workspace: Workspace, images: LocalImages, push: Push, alice: Person
) -> None:
    repository, staging, production = (
        system.shop.repository,
        system.shop.staging,
        system.shop.production,
    )
    push(images.web_v1, "1")
    await system.opens(workspace)
    released = await system.asked(alice, f"deploy {repository}:1 to {staging}")
    assert system.ended(released).state is State.SUCCEEDED, system.logs()
    waiting = await system.asked(alice, f"deploy {repository}:1 to {production}")
    system.reaches(waiting, State.AWAITING_APPROVAL)

    await alice.open_home()
    own = await _shown(alice, "Nothing is waiting for you")
    assert f"#{released}" in own
    assert f"to {production}/web" in own
    for user, answer in ((BOB, "needs 1 more approval"), (CAROL, "is starting")):
        person = workspace.person(user)
        await person.open_home()
        assert f"#{waiting}" in await _shown(person, "Waiting for your vote: 1")
        await person.click_in_view((await _view(person))["id"], "approve")
        await _shown(person, answer)
    assert system.ended(waiting).state is State.SUCCEEDED, system.logs()

    await alice.open_home()
    await _shown(alice, f"#{waiting} · ")


async def _view(person: Person) -> dict[str, Any]:
    return next(iter(await person.views()), {})


async def _shown(person: Person, text: str) -> str:
    """What somebody reads on their Home tab, as soon as this is in it."""
    words = ""

    async def is_there() -> bool:
        nonlocal words
        words = "\n".join(texts((await _view(person)).get("blocks", [])))
        return text in words

    try:
        await until(is_there)
    except TimeoutError:
        raise AssertionError(f"{text!r} is not in {words}") from None
    return words
