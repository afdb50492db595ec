"""What comes from outside is only ever text: nobody is paged, nothing breaks out (G6)."""

import json
from collections.abc import Iterator

import pytest

from local_slack import Message, Person, Workspace, violations
from quaymaster.operations import State
from testing.engines.trivy import TrivyCaches
from testing.images.catalogue import HOSTILE_TEXT, LocalImages
from testing.system import System
from tests.end_to_end.cards import final_card
from tests.end_to_end.conftest import Push
from tests.people import ALICE
from tests.workers.lying_registry import LyingRegistry, Reply, SentRequest, lying_registry

pytestmark = pytest.mark.engine


@pytest.fixture
def shouter() -> Iterator[LyingRegistry]:
    """A registry whose errors page everybody."""

    def answer(incoming: SentRequest) -> Reply:
        if incoming.path in ("/v2", "/v2/"):
            return Reply(200, b"{}")
        content = json.dumps({"errors": [{"code": "UNKNOWN", "message": HOSTILE_TEXT}]}).encode()
        return Reply(500, content, (("Content-Type", "application/json"),))

    with lying_registry(answer) as registry:
        yield registry


async def test_hostile_labels_logs_errors_and_findings_page_nobody_and_stay_within_the_limits(
    system: System,
    workspace: Workspace,
    images: LocalImages,
    trivy_caches: TrivyCaches,
    shouter: LyingRegistry,
    push: Push,
    alice: Person,
) -> None:
    _configure(system, shouter)
    repository, staging = system.shop.repository, system.shop.staging
    push(images.hostile, "1")
    push(images.vulnerable, "2")
    system.start("bot", SHOUTER_PASSWORD="none", SHOUT=HOSTILE_TEXT)
    cache = {"TRIVY_CACHE_DIR": str(trivy_caches.a)}
    system.start("worker", "--grace", "10", SHOUTER_PASSWORD="none", SHOUT=HOSTILE_TEXT, **cache)
    await workspace.connected(within=60)
    shouted = f"{shouter.host}/{repository}"
    expected = {
        f"inspect {repository}:1": State.SUCCEEDED,
        f"history {repository}:1": State.SUCCEEDED,
        f"scan {repository}:1": State.SUCCEEDED,
        f"scan {repository}:2": State.SUCCEEDED,
        f"pull {repository}:1": State.SUCCEEDED,
        f"inspect {repository}:1 on build1": State.SUCCEEDED,
        f"deploy {repository}:1 to {staging}": State.FAILED,
        f"tags {shouted}": State.FAILED,
        f"pull {shouted}:1": State.FAILED,
    }
    for text, state in expected.items():
        number = await system.asked(alice, text)
        ended = system.ended(number, within=60)
        assert ended.state is state, (text, ended, system.logs())
        await final_card(workspace, number, within=60)
    messages = [*await workspace.messages(), *await workspace.messages(user=ALICE)]
    assert any("!channel" in one.words for one in messages)
    for message in messages:
        _is_harmless(message)


async def test_hostile_command_text_pages_nobody(
    system: System, workspace: Workspace, alice: Person, bob: Person
) -> None:
    system.start("bot")
    await workspace.connected(within=60)
    texts = (
        HOSTILE_TEXT,
        "deploy <!channel> to production",
        "tags " + "`" * 2000,
        "inspect <@U0BOB|bob>:*bold*",
        "help <!here>",
        "x" * 10_000,
        "pull \u0000\u0007\u202e:1",
        "🚢" * 300,
    )
    for text in texts:
        outcome = await alice.command("C0SHOP", text, raw=True)
        assert outcome.acknowledged, text
    messages = await workspace.messages()
    assert len(messages) == len(texts)
    for message in messages:
        assert message.only_for == ALICE
        _is_harmless(message)


def _is_harmless(message: Message) -> None:
    """Only those that Quaymaster names itself are named, and Slack takes the blocks."""
    assert message.pings <= {ALICE}, message
    assert violations(list(message.blocks)) == [], message
    assert len(message.text) <= 4_000
    assert "javascript:" not in [
        element.get("url", "")[:11] for _, element in message.elements()
    ], message


def _configure(system: System, shouter: LyingRegistry) -> None:
    system.reconfigure(
        "\nhosts:\n",
        f'\n  {shouter.host}: {{username: ci, password: "${{SHOUTER_PASSWORD}}"}}\nhosts:\n',
    )
    system.reconfigure(
        "environment: {GREETING: hello,",
        'command: [/bin/sh, -c, "echo $SHOUT; exit 1"]\n        environment: {SHOUT: "${SHOUT}",',
    )
