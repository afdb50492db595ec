"""Bad input: a private answer with the reason and the way out, and nothing is started (G9)."""

import contextlib

import docker
import pytest

from local_slack import Person, Workspace
from quaymaster.operations import State
from quaymaster.store import records
from quaymaster.store.transactions import ask
from testing.engines.local_images import push_image
from testing.engines.registries import Registry
from testing.images.catalogue import LocalImages
from testing.system import System
from tests.end_to_end.cards import final_card
from tests.people import ALICE

pytestmark = pytest.mark.engine


# What is typed (with {repo}, {staging}, {production} and {registry} filled in), and words that the
# answer has to hold: first the reason, then the way out.
REFUSED_AT_ONCE = {
    "an unknown verb": ("explode {repo}:1", "explode", "help"),
    "a misspelt verb": ("delpoy {repo}:1 to {staging}", "delpoy", "deploy"),
    "nothing but a verb": ("deploy", "deploy", "/image deploy"),
    "a missing argument": ("tag {repo}:1", "tag", "/image tag"),
    "a surplus argument": ("pull shop/web:1 build1 twice", "twice", "/image pull"),
    "an unknown option": ("pull {repo}:1 --fast", "--fast", "/image"),
    "an impossible reference": ("pull web:1:2:3", "web:1:2", "shop/web:1.4"),
    "upper case": ("pull Shop/Web:1", "Shop/Web", "lower"),
    "an unknown registry": ("pull elsewhere.example/shop/web:1", "elsewhere.example", "{registry}"),
    "an unknown environment": ("deploy {repo}:1 to prodction", "prodction", "{production}"),
    "an unknown service": ("rollback {staging}/wbe", "wbe", "web"),
    "an unknown host": ("images on build9", "build9", "build1"),
    "a repository that no service runs": ("deploy other/app:1 to {staging}", "other/app", "{repo}"),
    "a deploy without tag": ("deploy {repo} to {staging}", "{repo}", ":"),
    "a digest that is none": ("pull {repo}@sha256:abc", "sha256:abc", "64"),
    "a digest of another kind": ("pull {repo}@md5:abc", "md5:abc", "sha256"),
    "a number that is none": ("cancel abc", "abc", "cancel"),
    "a huge number": ("cancel 99999999999999999999", "9999", "cancel"),
    "another user's mention": ("deploy <@U0BOB|bob> to {staging}", "person", "deploy"),
    "a channel": ("pull <#C0SHOP|shop>", "channel", "pull"),
    "only a quote": ("pull “{repo}:1", "quote", ""),
    "emoji": ("🚢 {repo}:1", "🚢", "help"),
    "control characters": ("pull a\u0007b\u001b[31m:1", "pull", ""),
    "ten thousand characters": ("pull " + "x" * 10_000, "long", ""),
    "ten thousand words": ("pull " + "x " * 5_000, "long", ""),
}


@pytest.fixture
def typed(system: System) -> dict[str, str]:
    """What stands for the names of this system."""
    shop = system.shop
    return {
        "repo": shop.repository,
        "staging": shop.staging,
        "production": shop.production,
        "registry": shop.registry.host,
    }


async def test_what_cannot_be_understood_is_answered_privately_with_reason_and_way_out(
    system: System, workspace: Workspace, typed: dict[str, str], alice: Person
) -> None:
    system.start("bot")
    await workspace.connected(within=60)
    wrong: list[str] = []
    for name, (text, reason, way_out) in REFUSED_AT_ONCE.items():
        outcome = await alice.command("C0SHOP", _filled(text, typed), raw=True)
        assert outcome.acknowledged, name
        assert all(message.only_for == ALICE for message in outcome.shown), name
        said = outcome.words
        missing = [one for one in (reason, way_out) if not _says(said, _filled(one, typed))]
        wrong += [f"{name}: {one!r} is not in {said[:600]!r}" for one in missing]
        if "The error was unexpected" in said:
            wrong.append(f"{name}: unforeseen: {said}")
    assert not wrong, "\n".join(wrong)
    with contextlib.closing(system.connection()) as connection:
        assert ask(connection, records.recent_ids(100)) == ()
    assert [one for one in await workspace.messages() if one.only_for is None] == []


def _says(text: str, words: str) -> bool:
    return words.lower() in text.lower()


def _filled(text: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", value)
    return text


async def test_what_slacks_typing_made_of_a_command_is_undone(
    system: System,
    workspace: Workspace,
    engine: docker.DockerClient,
    registry: Registry,
    images: LocalImages,
    typed: dict[str, str],
    alice: Person,
) -> None:
    push_image(engine, registry, images.web_v1, typed["repo"], "1")
    await system.opens(workspace)
    host = typed["registry"]
    for text in (
        "pull\u00a0{repo}:1\u00a0on\u00a0build1 ",
        "pull “{repo}:1” on ‘build1’",
        f"pull <http://{host}|{host}>/{{repo}}:1",
        "deploy {repo}:1 to {staging} —service web",
        f"pull {host.upper()}/{{repo}}:1 on build1",
        f"deploy {host.upper()}/{{repo}}:1 to {{staging}}",
        "PULL {repo}:1",
        "pull \u202e{repo}:1",
        "*pull* _{repo}:1_ on ~build1~",
        "/image pull `{repo}:1`",
    ):
        outcome = await alice.command("C0SHOP", _filled(text, typed), raw=True)
        number = system.number_of(outcome)
        assert system.ended(number).state is State.SUCCEEDED, (text, system.logs())
    for text in ("PULL {repo}:1 ON Build1 please", "dploy {repo} 1 TO {staging}/wbe"):
        newest = (await alice.screen())[-1].ts
        outcome = await alice.command("C0SHOP", _filled(text, typed), raw=True)
        offer = await alice.sees("Did you mean", after=newest)
        await alice.click(offer, "confirm")
        await alice.sees("Started #", after=offer.ts)
        assert system.ended(system.number_of(outcome)).state is State.SUCCEEDED, (
            text,
            system.logs(),
        )
    newest = (await alice.screen())[-1].ts
    await alice.direct_message(_filled("pull {repo}:1", typed))
    card = await alice.sees("Up to date", after=newest, within=60)
    assert card.channel.startswith("D")


DOES_NOT_EXIST = {
    "pull {repo}@sha256:" + "0" * 64: "000000000000",
    "pull {repo}:none": "none",
    "inspect {repo}:none": "none",
    "inspect {repo}:none on build1": "none",
    "history {repo}:none": "none",
    "scan {repo}:none": "none",
    "push {repo}:none": "none",
    "push {repo}/unauthorized-page:1.4": "Host build1 has no image",
    "push {repo}:1.4-401": "Host build1 has no image",
    "pull {repo}/denied:1.4-401": "does not exist",
    "tag {repo}:none as {repo}:2": "none",
    "tags {repo}-none": "none",
    "deploy {repo}:none to {staging}": "none",
    "rollback {staging}/web": "no earlier release",
}
"""What is typed, and a word of the reason."""


async def test_what_does_not_exist_ends_in_a_red_card_that_says_what_to_do(
    system: System, workspace: Workspace, typed: dict[str, str], alice: Person
) -> None:
    await system.opens(workspace)
    wrong: list[str] = []
    for text, reason in DOES_NOT_EXIST.items():
        number = await system.asked(alice, _filled(text, typed))
        state = system.ended(number).state
        card = await final_card(workspace, number)
        if state is not State.FAILED or reason not in card.words or "👉" not in card.words:
            wrong.append(f"{text}: {state}: {card.words}")
    assert not wrong, "\n".join(wrong)
