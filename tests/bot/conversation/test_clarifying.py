"""What changes something is not started by a message: its writer presses a button first."""

from datetime import UTC, datetime, timedelta

import pytest
from slack_sdk.models.blocks import ActionsBlock, ButtonElement
from slack_sdk.web.async_client import AsyncWebClient

from bot.commands.grammar import VERBS, parse
from bot.conversation.clarifying import (
    COUNTS_FOR,
    Clarification,
    changes_something,
    clicked_by,
    value_of,
)
from local_slack import Message
from quaymaster.actors import SlackUser
from quaymaster.errors import Conflict, Forged, NotAllowed, QuaymasterError
from quaymaster.image_ref import ImageRef
from quaymaster.operations import Origin, State
from quaymaster.requests import ApproveRequest, Request, RollbackRequest, ScanRequest, TagRequest
from quaymaster.rights import Right
from quaymaster.signing_key import SigningKey
from testing.configurations import SHOP
from testing.engines.waiting import until
from testing.keys import BOT_KEY, RING, WORKER_KEY
from testing.samples import DIGEST, NOW, image
from tests.bot.conftest import TEAM, Running, deploy_to_approve
from tests.people import ALICE, BOB, CAROL

ASKED = Clarification(
    RollbackRequest("production", "web"),
    SlackUser(TEAM, ALICE),
    Origin("C1", "Ev1"),
    NOW + COUNTS_FOR,
)


def carried(clarification: Clarification = ASKED, key: SigningKey = BOT_KEY) -> str:
    return value_of(clarification, key)


def test_what_was_understood_comes_back_with_the_click() -> None:
    assert clicked_by(carried(), ASKED.actor, NOW, RING) == ASKED


def test_somebody_elses_button_starts_nothing() -> None:
    for actor in (SlackUser(TEAM, BOB), SlackUser("T0PARTNER", ALICE)):
        with pytest.raises(NotAllowed, match="Only the person who typed"):
            clicked_by(carried(), actor, NOW, RING)


def test_an_old_button_starts_nothing() -> None:
    assert clicked_by(carried(), ASKED.actor, ASKED.until - timedelta(seconds=1), RING)
    with pytest.raises(Conflict, match="expired"):
        clicked_by(carried(), ASKED.actor, ASKED.until, RING)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "rollback production/web",
        carried().replace("production", "staging"),
        carried().replace(ALICE, BOB),
        carried(key=WORKER_KEY),
    ],
)
def test_a_button_that_the_bot_did_not_make_starts_nothing(value: str) -> None:
    with pytest.raises(Forged, match="not made by Quaymaster"):
        clicked_by(value, ASKED.actor, NOW, RING)


def test_the_longest_command_fits_a_button() -> None:
    """https://docs.slack.dev/reference/block-kit/block-elements/button-element"""
    path = "a" * (255 - len("registry.example.com:5000/"))
    name = f"registry.example.com:5000/{path}:{'c' * 128}"
    longest = TagRequest(ImageRef.parse(f"{name}@{DIGEST}", ""), ImageRef.parse(name, ""), "h" * 63)
    asked = Clarification(
        longest, ASKED.actor, Origin("C" * 20, "Ev" * 15, "1" * 30), datetime.now(UTC)
    )
    assert len(carried(asked, SigningKey.new("b" * 64))) <= 2_000


def understood(text: str) -> Request | None:
    try:
        return parse(text, SHOP)
    except QuaymasterError:
        return None


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_that_does_more_than_look_is_asked_back(name: str) -> None:
    """To scan looks; to approve shows the plan with a button of its own."""
    requests = [understood(example) for example in VERBS[name].examples]
    looks = VERBS[name].needs in (Right.READ, Right.SCAN) or name in ("help", "approve")
    for request in requests:
        assert request is None or changes_something(request) is not looks
    assert changes_something(RollbackRequest("production", "web"))
    assert not changes_something(ScanRequest(image(), None))
    assert not changes_something(ApproveRequest(7))


async def with_button(bot: Running, clarification: Clarification) -> Message:
    """A message in the channel with such a button: everybody can press it."""
    element = ButtonElement(text="Yes", action_id="confirm", value=carried(clarification))
    client = AsyncWebClient(bot.slack.world.app.bot_token, base_url=bot.slack.api_url)
    answer = await client.chat_postMessage(
        channel="C0SHOP", text="a button", blocks=[ActionsBlock(elements=[element])]
    )
    message = await bot.workspace.message("C0SHOP", answer["ts"])
    assert message is not None
    return message


@pytest.mark.engine
async def test_a_command_in_the_middle_of_a_sentence_starts_nothing_and_is_explained(
    bot: Running,
) -> None:
    await bot.person(CAROL).say("C0SHOP", "do not write @quaymaster rollback production/web")
    told = await bot.person(CAROL).sees("a command must come first")
    assert told.only_for == CAROL
    assert bot.operations() == []


@pytest.mark.engine
async def test_what_a_message_would_change_is_started_by_its_writers_click_once(
    bot: Running,
) -> None:
    await bot.person(CAROL).mention("C0SHOP", "rollback production/web", repeat=2)
    question = await bot.person(CAROL).sees("Roll back production/web?")
    assert question.only_for == CAROL
    assert bot.operations() == []
    click = bot.person(CAROL).plan.click(question, "confirm")
    outcomes = await bot.workspace.act(click, click)
    assert all(one.acknowledged for one in outcomes)
    await bot.person(CAROL).sees("Started #")
    await until(lambda: bot.operations(), "the rollback")
    (operation,) = bot.operations()
    assert (operation.request, operation.requester) == (
        RollbackRequest("production", "web"),
        CAROL,
    )
    await until(lambda: bot.jobs("urgent:app1"), "the job")
    await bot.person(CAROL).click(question, "confirm")
    assert len(bot.operations()) == 1


@pytest.mark.engine
@pytest.mark.parametrize(
    ("user", "until_", "words"),
    [(BOB, COUNTS_FOR, "Only the person who typed"), (ALICE, timedelta(0), "has expired")],
)
async def test_a_button_counts_for_its_writer_and_in_time(
    bot: Running, user: str, until_: timedelta, words: str
) -> None:
    request = parse("push shop/web:1.4 from build1", bot.configuration)
    at = datetime.now(UTC) + until_
    asked = Clarification(request, SlackUser(TEAM, ALICE), Origin("C0SHOP", "Ev1"), at)
    message = await with_button(bot, asked)
    await bot.person(user).click(message, "confirm")
    await bot.person(user).sees(words)
    assert bot.operations() == []


@pytest.mark.engine
@pytest.mark.parametrize(
    ("verb", "state"), [("cancel", State.CANCELLED), ("reject", State.REJECTED)]
)
async def test_what_ends_an_operation_is_asked_back_too(
    bot: Running, verb: str, state: State
) -> None:
    waiting = deploy_to_approve(bot)
    await bot.person(ALICE).mention("C0SHOP", f"{verb} {waiting.id}")
    question = await bot.person(ALICE).sees(f"{verb.capitalize()} #{waiting.id}?")
    assert bot.operation(waiting.id).state is State.AWAITING_APPROVAL
    await bot.person(ALICE).click(question, "confirm")
    await until(lambda: bot.operation(waiting.id).state is state, f"the {verb}")


@pytest.mark.engine
async def test_who_may_not_is_not_asked(bot: Running) -> None:
    await bot.person(BOB).command("C0SHOP", "status")
    await bot.person(BOB).sees("nothing released yet")
    await bot.person(BOB).mention("C0SHOP", "rollback production/web")
    told = await bot.person(BOB).sees("can roll back production/web")
    assert "confirm" not in told.buttons


@pytest.mark.engine
async def test_a_line_that_is_no_command_is_offered_as_it_was_meant(bot: Running) -> None:
    """The whole line, privately, as a button that runs it once."""
    carol = bot.person(CAROL)
    await carol.command("C0SHOP", "ROLLBACK Production/Web please")
    offer = await carol.sees("Did you mean")
    assert "/image rollback production/web" in offer.words
    assert "Nothing has been started yet" in offer.words
    assert offer.only_for == CAROL
    assert bot.operations() == []
    click = carol.plan.click(offer, "confirm")
    assert all(one.acknowledged for one in await bot.workspace.act(click, click))
    await until(lambda: bot.operations(), "the rollback")
    (operation,) = bot.operations()
    assert (operation.request, operation.requester) == (
        RollbackRequest("production", "web"),
        CAROL,
    )


@pytest.mark.engine
async def test_an_offered_line_is_answered_as_if_it_was_typed(bot: Running) -> None:
    """Whatever the command is: what reads, what votes, what is refused."""
    alice = bot.person(ALICE)
    waiting = deploy_to_approve(bot)
    for typed, answered in [
        ("status staging/web", "staging"),
        ("ps", "nothing released yet"),
        ("restart production/web", "nothing released yet"),
        ("operations", "In progress: 1"),
        ("man deploy", "--service NAME"),
        (f"aprove {waiting.id}", "can vote on a deploy"),
        (f"stop #{waiting.id}.", f"#{waiting.id}"),
    ]:
        newest = (await alice.screen())[-1].ts if await alice.screen() else ""
        await alice.command("C0SHOP", typed)
        offer = await alice.sees("Did you mean", after=newest)
        await alice.click(offer, "confirm")
        await alice.sees(answered, after=offer.ts)
    await until(lambda: bot.operation(waiting.id).state is State.CANCELLED, "the cancel")
    assert len(bot.operations()) == 1


@pytest.mark.engine
async def test_who_may_not_is_refused_when_they_click_what_was_offered(bot: Running) -> None:
    bob = bot.person(BOB)
    await bob.command("C0SHOP", "status")
    await bob.sees("nothing released yet")
    await bob.command("C0SHOP", "rollback prod")
    offer = await bob.sees("/image rollback production/web")
    await bob.click(offer, "confirm")
    await bob.sees("can roll back production/web")
    assert bot.operations() == []


@pytest.mark.engine
async def test_nothing_is_offered_that_is_merely_alike(bot: Running) -> None:
    for typed in ("scale production/web 4", "images on build2", "deploy redis:7 to staging"):
        await bot.person(CAROL).command("C0SHOP", typed)
    await bot.person(CAROL).sees("No service of staging may run")
    for message in await bot.person(CAROL).screen("C0SHOP"):
        assert "Did you mean" not in message.words
        assert "confirm" not in message.buttons


@pytest.mark.engine
async def test_a_mistyped_message_needs_one_click(bot: Running) -> None:
    """It is asked back once, as what was meant."""
    carol = bot.person(CAROL)
    await carol.mention("C0SHOP", "*rolback* production/web")
    offer = await carol.sees("/image rollback production/web")
    assert bot.operations() == []
    await carol.click(offer, "confirm")
    await until(lambda: bot.operations(), "the rollback")


@pytest.mark.engine
async def test_a_direct_message_to_the_bot_needs_nothing_before_the_command(bot: Running) -> None:
    carol = bot.person(CAROL)
    for text in ("status", "/image status", "@quaymaster status", "*status*"):
        newest = (await carol.screen())[-1].ts if await carol.screen() else ""
        await carol.direct_message(text)
        answer = await carol.sees("nothing released yet", after=newest)
        assert answer.only_for == CAROL
    for text in ("staus", "hey @quaymaster: status"):
        newest = (await carol.screen())[-1].ts
        await carol.direct_message(text)
        await carol.sees("/image status", after=newest)
    await carol.direct_message("rollback production/web", repeat=2)
    await until(lambda: bot.operations(), "the rollback")
    (operation,) = bot.operations()
    assert operation.request == RollbackRequest("production", "web")
    assert operation.origin.channel.startswith("D")
