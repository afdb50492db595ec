"""Commands that look: a person types, a card answers."""

import pytest

from local_slack import Workspace
from tests.end_to_end.house import House
from tests.engines.local_images import push_image
from tests.engines.registries import Registry
from tests.images.catalogue import LocalImages

pytestmark = pytest.mark.engine

ALICE = "U024BE7LH"


async def test_tags_are_listed_on_a_card(
    house: House,
    workspace: Workspace,
    engine: object,
    registry: Registry,
    repository: str,
    images: LocalImages,
) -> None:
    push_image(engine, registry, images.web_v1, repository, "1.4")  # type: ignore[arg-type]
    house.start("bot")
    house.worker()
    await workspace.connected()
    alice = workspace.person(ALICE)
    outcome = await alice.command("C0SHOP", f"tags {repository}")
    assert outcome.acknowledged, house.logs()
    card = await alice.sees("1.4", channel="C0SHOP")
    print(outcome.words)
    print(card.words)
