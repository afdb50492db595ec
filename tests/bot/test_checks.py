"""The Slack part of ``quaymaster check``, against the local Slack."""

from collections.abc import Iterator

import pytest

from bot.checks import NEEDED_SCOPES, slack_probes, too_few_approvers
from local_slack import Fault, FaultKind, LocalSlack, World, serve
from quaymaster.checks import Check, perform
from quaymaster.configuration.configuration import Configuration
from quaymaster.settings import Settings
from testing.configurations import SMALL, SMALL_TEXT
from tests.misbehaving import misbehaving, once


def configured(more: str) -> Configuration:
    return Configuration.parse(SMALL_TEXT + more)


def checks(
    slack: LocalSlack, configuration: Configuration = SMALL, **environment: str
) -> dict[str, Check]:
    given = slack.environment() | environment
    found = perform(slack_probes(Settings.from_env(given), configuration))
    assert all(check.next_step for check in found if check.verdict != "ok")
    return {check.subject: check for check in found}


@pytest.fixture(scope="module")
def slack() -> Iterator[LocalSlack]:
    with serve() as running:
        yield running


def test_an_installation_as_the_manifest_makes_it_is_ok() -> None:
    with serve(World.default().with_scopes(*NEEDED_SCOPES)) as slack:
        results = checks(slack)
    assert {check.verdict for check in results.values()} == {"ok"}
    assert "Shop" in results["Slack bot token"].what


@pytest.mark.parametrize("scope", NEEDED_SCOPES)
def test_each_missing_scope_is_named(scope: str) -> None:
    with serve(World.default().with_scopes(*(set(NEEDED_SCOPES) - {scope}))) as slack:
        results = checks(slack)["Slack scopes"]
    assert results.verdict == "broken"
    assert f"lacks {scope} (" in results.what


def test_a_wrong_bot_token_is_the_one_thing_said(slack: LocalSlack) -> None:
    results = checks(slack, configured("alerts: {channel: C0SHOP}\n"), SLACK_BOT_TOKEN="xoxb-wrong")
    assert list(results) == ["Slack bot token", "Slack app token"]
    assert results["Slack bot token"].verdict == "broken"
    assert "invalid_auth" in results["Slack bot token"].what
    assert "xoxb-wrong" not in str(results)


@pytest.mark.parametrize("answer", [b"HTTP/1.1 407 No", b"HTTP/1.1 403 hunter2", b"hunter2"])
def test_a_proxy_that_refuses_is_named_and_its_password_is_not(
    slack: LocalSlack, answer: bytes
) -> None:
    with misbehaving(once(answer + b"\r\nContent-Length: 0\r\n\r\n")) as (host, port):
        environ = {
            "SLACK_API_URL": "https://slack.invalid/api/",
            "HTTPS_PROXY": f"http://ci:hunter2@{host}:{port}",
        }
        settings = Settings.from_env(slack.environment() | environ)
        found = perform(slack_probes(settings, SMALL))
    token = next(check for check in found if check.subject == "Slack bot token")
    assert token.verdict == "broken"
    assert "hunter2" not in str(found)
    assert "ci:" not in str(found)
    if answer.startswith(b"HTTP"):
        assert "The proxy of the environment answered 40" in token.what


def test_a_wrong_app_token_is_told_apart_from_the_bot_token(slack: LocalSlack) -> None:
    results = checks(slack, SLACK_APP_TOKEN="xapp-wrong")
    assert results["Slack bot token"].verdict == "ok"
    assert results["Slack app token"].verdict == "broken"
    assert "App-Level Tokens" in results["Slack app token"].next_step


def test_without_an_app_token_requests_have_to_come_over_http(slack: LocalSlack) -> None:
    assert checks(slack, SLACK_APP_TOKEN="")["Slack app token"].verdict == "ok"
    results = checks(slack, SLACK_APP_TOKEN="", SLACK_SIGNING_SECRET="")
    assert results["Slack app token"].verdict == "broken"


@pytest.mark.parametrize(
    ("channel", "verdict", "words"),
    [
        ("C0SHOP", "ok", "#shop"),
        ("C0RELEASE", "ok", "#releases"),
        ("C0RANDOM", "broken", "The bot is not in #random."),
        ("C0OLD", "broken", "#old-shop is archived."),
        ("C0SECRET", "broken", "channel_not_found"),
        ("C0NOWHERE", "broken", "channel_not_found"),
    ],
)
def test_a_channel_is_there_and_the_bot_is_in_it(
    slack: LocalSlack, channel: str, verdict: str, words: str
) -> None:
    results = checks(slack, configured(f"alerts: {{channel: {channel}}}\n"))
    check = results[f"channel {channel} (alerts)"]
    assert check.verdict == verdict
    assert words in check.what


@pytest.mark.parametrize(
    ("user", "verdict", "words"),
    [
        ("U024BE7LH", "ok", "Alice Archer, a full member"),
        ("U0GUEST", "broken", "Gus Guest is a guest"),
        ("U0SINGLE", "broken", "is a guest"),
        ("U0GONE", "broken", "is deactivated"),
        ("U0STRANGER", "broken", "belongs to another workspace"),
        ("U0OTHERBOT", "broken", "is a bot"),
        ("U0NOBODY", "broken", "user_not_found"),
    ],
)
def test_a_person_in_a_role_is_a_full_member(
    slack: LocalSlack, user: str, verdict: str, words: str
) -> None:
    check = checks(slack, configured(f"roles: {{ops: [{user}]}}\n"))[f"person {user} (ops)"]
    assert check.verdict == verdict
    assert words in check.what


@pytest.mark.parametrize(
    ("group", "verdict", "words"),
    [
        ("SAZ94GDB8", "ok", "@releasers, 2 people"),
        ("S0EMPTY", "warning", "no members"),
        ("S0NOSUCH", "broken", "no such group"),
    ],
)
def test_a_group_in_a_role_exists_and_has_members(
    slack: LocalSlack, group: str, verdict: str, words: str
) -> None:
    check = checks(slack, configured(f"roles: {{ops: [{group}]}}\n"))[f"group {group} (ops)"]
    assert check.verdict == verdict
    assert words in check.what


APPROVED = """\
environments:
  production:
    target: {docker: [build1]}
    approval: {needed: 2, from: [ops]}
    services: {web: {image: shop/web}}
roles: {ops: [MEMBERS]}
"""


@pytest.mark.parametrize(
    ("members", "enough"),
    [
        ("U0BOB, U024BE7LH", True),
        ("U0BOB, U0GONE", False),
        ("U0BOB, U0GUEST", False),
        ("SAZ94GDB8", True),
        ("U0CAROL, S0EMPTY", False),
        ("U0BOB, SAZ94GDB8", True),
    ],
)
def test_enough_people_can_approve(slack: LocalSlack, members: str, enough: bool) -> None:
    results = checks(slack, configured(APPROVED.replace("MEMBERS", members)))
    assert ("approvals of production/web" not in results) == enough


def test_the_same_person_in_a_group_and_by_name_counts_once() -> None:
    configuration = configured(APPROVED.replace("MEMBERS", "U0CAROL, S0ONE"))
    members = {"U0CAROL": frozenset({"U0CAROL"}), "S0ONE": frozenset({"U0CAROL"})}
    (check,) = too_few_approvers(configuration, members)
    assert "2 are needed, and 1 of the people in ops" in check.what


def test_a_slack_that_is_not_reached_says_so(slack: LocalSlack) -> None:
    results = checks(slack, SLACK_API_URL="http://127.0.0.1:9/api/")
    assert {check.verdict for check in results.values()} == {"broken"}
    assert "SLACK_API_URL" in results["Slack bot token"].next_step


async def test_a_slack_in_trouble_is_not_taken_for_a_wrong_token(slack: LocalSlack) -> None:
    async with slack.workspace() as workspace:
        for kind in (FaultKind.SERVER_ERROR, FaultKind.RATE_LIMITED):
            await workspace.fault(Fault(kind, "auth.test", calls=1))
            check = checks(slack)["Slack bot token"]
            assert check.verdict == "broken"
            assert "does not accept" not in check.what
        await workspace.mend()


def test_no_token_is_printed(slack: LocalSlack) -> None:
    app = slack.world.app
    found = str(checks(slack, SLACK_API_URL="http://127.0.0.1:9/api/"))
    assert app.bot_token not in found
    assert app.app_token not in found
