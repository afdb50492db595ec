"""Commands that look: a person types, a card answers."""

import pytest

from local_slack import Person, Workspace
from testing.images.catalogue import LocalImages
from testing.system import System
from tests.end_to_end.conftest import Push

pytestmark = pytest.mark.engine


async def test_a_person_looks_around_in_registry_and_host(
    system: System,
    workspace: Workspace,
    repository: str,
    images: LocalImages,
    push: Push,
    alice: Person,
) -> None:
    digest = push(images.web_v1, "1.4")
    await system.opens(workspace)

    outcome = await alice.command("C0SHOP", f"tags {repository}")
    assert "#1" in outcome.words, system.logs()
    await alice.sees("1 tag", channel="C0SHOP")

    await alice.command("C0SHOP", f"inspect {repository}:1.4")
    card = await alice.sees(digest.removeprefix("sha256:")[:12], channel="C0SHOP")
    assert "/bin/serve" in card.words

    await alice.command("C0SHOP", f"history {repository}:1.4")
    await alice.sees("History of", channel="C0SHOP")

    await alice.command("C0SHOP", "images on build1")
    await alice.sees(images.web_v1, channel="C0SHOP")

    assert "deploy" in (await alice.command("C0SHOP", "help")).words
    await alice.command("C0SHOP", "jobs")
    await alice.sees("inspect", channel="C0SHOP")
    await alice.command("C0SHOP", "status")
    await alice.sees(system.shop.staging, channel="C0SHOP")
