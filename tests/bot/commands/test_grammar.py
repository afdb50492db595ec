from contextlib import suppress
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.commands.grammar import LONGEST, VERBS, Verb, parse
from quaymaster.errors import UsageError
from quaymaster.image_ref import Digest, ImageRef, Repository
from quaymaster.requests import (
    ApproveRequest,
    CancelRequest,
    DeployRequest,
    DriftRequest,
    HelpRequest,
    HistoryRequest,
    ImagesRequest,
    InspectRequest,
    JobsRequest,
    PullRequest,
    PushRequest,
    RejectRequest,
    Request,
    RollbackRequest,
    ScanRequest,
    StatusRequest,
    TagRequest,
    TagsRequest,
)
from testing.configurations import SHOP, SMALL
from tests.quaymaster.counted_steps import steps_of

MOST_STEPS = 30
"""For one character."""

WEB = Repository("registry.staging:5000", "shop/web")
JOBS = Repository("registry.staging:5000", "shop/jobs")
PROD = Repository("registry.prod", "shop/web")
HEX = "ab" * 32
PINNED = ImageRef(WEB, None, Digest(f"sha256:{HEX}"))


def web(tag: str = "1.4") -> ImageRef:
    return ImageRef(WEB, tag)


GOOD: list[tuple[str, Request]] = [
    ("", HelpRequest()),
    ("  ", HelpRequest()),
    ("help", HelpRequest()),
    ("help deploy", HelpRequest("deploy")),
    ("help for Deploy", HelpRequest("deploy")),
    ("status", StatusRequest()),
    ("status staging", StatusRequest("staging")),
    ("status of staging", StatusRequest("staging")),
    ("STATUS in staging", StatusRequest("staging")),
    ("jobs", JobsRequest()),
    ("cancel 1042", CancelRequest(1042)),
    ("cancel #1042", CancelRequest(1042)),
    ("approve 1042", ApproveRequest(1042)),
    ("reject #1", RejectRequest(1)),
    ("images on build1", ImagesRequest("build1")),
    ("images app1", ImagesRequest("app1")),
    ("tags shop/web", TagsRequest(WEB)),
    ("tags of registry.prod/shop/web", TagsRequest(PROD)),
    ("inspect shop/web:1.4", InspectRequest(web())),
    ("inspect shop/web:1.4 on build1", InspectRequest(web(), "build1")),
    (f"inspect shop/web@sha256:{HEX}", InspectRequest(PINNED)),
    (
        "inspect docker.io/library/busybox:1 on build1",
        InspectRequest(ImageRef(Repository("docker.io", "library/busybox"), "1"), "build1"),
    ),
    ("history of shop/web:1.4", HistoryRequest(web())),
    ("history shop/web:1.4 build1", HistoryRequest(web(), "build1")),
    ("pull shop/web:1.4 on build1", PullRequest(web(), "build1")),
    ("pull on build1 shop/web:1.4", PullRequest(web(), "build1")),
    ("Pull shop/web:1.4 to build1", PullRequest(web(), "build1")),
    ("tag shop/web:latest as shop/web:1.4", TagRequest(web("latest"), web())),
    ("tag shop/web:latest shop/web:1.4", TagRequest(web("latest"), web())),
    ("tag as shop/web:1.4 shop/web:latest", TagRequest(web("latest"), web())),
    ("tag shop/web:a as shop/web:b on app1", TagRequest(web("a"), web("b"), "app1")),
    (f"tag shop/web@sha256:{HEX} as shop/web:1.4", TagRequest(PINNED, web())),
    ("push shop/web:1.4 from build1", PushRequest(web(), "build1")),
    ("push shop/web:1.4 on build1", PushRequest(web(), "build1")),
    ("scan shop/web:1.4", ScanRequest(web())),
    ("scan shop/web:1.4 on build1", ScanRequest(web(), "build1")),
    ("deploy shop/web:1.4 to staging", DeployRequest(web(), "staging", "web")),
    ("deploy shop/web:1.4 staging", DeployRequest(web(), "staging", "web")),
    ("deploy to staging shop/web:1.4", DeployRequest(web(), "staging", "web")),
    ("deploy shop/web:1.4 in staging/web", DeployRequest(web(), "staging", "web")),
    (f"deploy shop/web@sha256:{HEX} to staging", DeployRequest(PINNED, "staging", "web")),
    (
        f"deploy shop/web:1.4@sha256:{HEX} to staging",
        DeployRequest(ImageRef(WEB, "1.4", PINNED.digest), "staging", "web"),
    ),
    (
        "deploy registry.prod/shop/web:1.4 to production",
        DeployRequest(ImageRef(PROD, "1.4"), "production", "web"),
    ),
    (
        "deploy shop/jobs:2 to staging --service mailer",
        DeployRequest(ImageRef(JOBS, "2"), "staging", "mailer"),
    ),
    (
        "deploy —service=mailer shop/jobs:2 to staging",
        DeployRequest(ImageRef(JOBS, "2"), "staging", "mailer"),
    ),
    ("rollback staging/web", RollbackRequest("staging", "web")),
    # as Slack and phones make them
    ("deploy *shop/web:1.4* to *staging*", DeployRequest(web(), "staging", "web")),
    ("*deploy shop/web:1.4 to staging*", DeployRequest(web(), "staging", "web")),
    ("_deploy_ ~shop/web:1.4~ to `staging`", DeployRequest(web(), "staging", "web")),
    ("deploy shop/web:*1.4* to _*~staging~*_", DeployRequest(web(), "staging", "web")),
    ("deploy *shop/web*:1.4 to **staging**", DeployRequest(web(), "staging", "web")),
    ("deploy *“shop/web:1.4”* to staging", DeployRequest(web(), "staging", "web")),
    ("```deploy shop/web:1.4 to staging```", DeployRequest(web(), "staging", "web")),
    ("deploy shop/web:1.4_ to staging", DeployRequest(web("1.4_"), "staging", "web")),
    ("deploy shop/web:_x_ to *staging*", DeployRequest(web("_x_"), "staging", "web")),
    ("/image deploy shop/web:1.4 to staging", DeployRequest(web(), "staging", "web")),
    ("/IMAGE", HelpRequest()),
    ("deploy “shop/web:1.4” to `staging`", DeployRequest(web(), "staging", "web")),
    ("deploy\u00a0shop/web:1.4\nto\u200b staging ", DeployRequest(web(), "staging", "web")),
    ("scan <http://registry.prod/shop/web:1.4>", ScanRequest(ImageRef(PROD, "1.4"))),
    (
        "scan <http://registry.prod|registry.prod>/shop/web:1.4",
        ScanRequest(ImageRef(PROD, "1.4")),
    ),
]

BAD = [
    ("deplyo shop/web:1.4", "“deplyo” is not a command. Did you mean `/image deploy REF to ENV"),
    ("ps", "“ps” is not a command. `/image help` lists them all."),
    (
        "restart production/web",
        "To restart a service, deploy its current version again; `/image status` shows which one",
    ),
    ("frobnicate", "`/image help` lists them all"),
    ("🚀", "“🚀” is not a command"),
    ("\x07", "is not a command"),
    ('""', "“” is not a command"),
    ("<@U123|bob> hello", "is not a command"),
    ("help deplyo", "Did you mean deploy?"),
    ("jobs all", "I don't understand “all”"),
    ("status nowhere", "The environments are: staging and production"),
    ("status stagign", "Did you mean staging?"),
    ("status staging production", "Understood so far: ENVIRONMENT is “staging”"),
    ("cancel", "cancel needs ID. Usage: `/image cancel ID`"),
    ("cancel all", "“all” is not the number of an operation"),
    ("cancel 0", "is not the number"),
    ("cancel -1", "cancel has no option “-1”. It has none"),
    ("cancel 1042 1043", "I don't understand “1043”"),
    ("cancel １０４２", "is not the number"),
    ("cancel 9999999999999999", "is not the number"),
    ("approve <@U123|bob>", "A person is mentioned where ID is expected"),
    ("images", "There are build1 and app1"),
    ("images on build2", "The hosts are: build1 and app1. Usage"),
    ("images on buidl1", "Did you mean build1?"),
    ("images on", "HOST is missing after “on”"),
    ("images on build1 on app1", "HOST is given twice: “build1” and “app1”"),
    ("tags", "tags needs REPOSITORY"),
    ("tags shop/web:1.4", "Write registry.staging:5000/shop/web."),
    ("tags docker.io/library/busybox", "is not one of the configured registries"),
    ("tags 169.254.169.254/latest", "is not one of the configured registries"),
    ("inspect shop/web", "has no tag"),
    ("inspect shop/web:", "is not a tag"),
    ("inspect Shop Web", "There is no host called “Web”"),
    ("inspect shop/web@sha256:1234", "is not a digest"),
    ("inspect <@U123|bob>", "A person is mentioned where REF is expected"),
    ("inspect <#C123|ops>", "A channel is mentioned where REF is expected"),
    ("inspect <!here>", "A group is mentioned where REF is expected"),
    ("inspect 🚀:1", "is not an image reference"),
    ("inspect shop/web:1\x00", "is not a tag"),
    ("inspect docker.io/library/busybox:1", "is not one of the configured registries"),
    ("pull shop/web:1.4", "It is not clear which host is meant"),
    ("pull shop/web:1.4 from build1", "I don't understand “build1”"),
    ("tag shop/web:1.4", "tag needs NEW. Understood so far: SOURCE is “shop/web:1.4”"),
    ("tag shop/web:1.4 as", "NEW is missing after “as”"),
    ("tag shop/web:1.4 as shop/web", "has no tag"),
    (f"tag shop/web:1.4 as shop/web@sha256:{HEX}", "cannot be written to"),
    (f"push shop/web@sha256:{HEX} from build1", "cannot be written to"),
    ("deploy", "deploy needs REF and ENVIRONMENT. Usage: `/image deploy REF to ENVIRONMENT [--s"),
    ("deploy shop/web:1.4", "deploy needs ENVIRONMENT. Understood so far: REF is “shop/web:1.4”"),
    ("deploy shop/web:1.4 to", "ENVIRONMENT is missing after “to”"),
    ("deploy shop/web to staging", "has no tag"),
    ("deploy shop/web:1.4 to stagin", "Did you mean staging?"),
    ("deploy shop/web:1.4 to production", "Did you mean registry.prod/shop/web?"),
    ("deploy shop/wbe:1.4 to staging", "No service of staging may run"),
    ("deploy shop/jobs:2 to staging", "Add --service and one of them"),
    ("deploy shop/web:1.4 to staging --service wbe", "Did you mean web?"),
    ("deploy shop/web:1.4 to staging --service worker", "worker of staging may not run"),
    ("deploy shop/web:1.4 to staging --servcie web", "Did you mean --service?"),
    ("deploy shop/web:1.4 to staging -s web", "deploy has no option “-s”"),
    ("deploy shop/web:1.4 to staging --service", "NAME is missing after “--service”"),
    ("deploy shop/web:1.4 to staging --service=", "There is no service in staging called “”"),
    ("deploy shop/web:1.4 to staging/web --service worker", "Two services are named"),
    ("deploy shop/web:1.4 to staging -- now", "deploy has no option “--”"),
    ("deploy shop/web:1.4 to staging now", "I don't understand “now”"),
    ("deploy shop/web:1.4 and shop/api:2 to staging", "I don't understand “shop/api:2”"),
    ("deploy <@U123> to staging", "A person is mentioned where REF is expected"),
    ("deploy shop/web:1.4 to <#C123|ops>", "A channel is mentioned where ENVIRONMENT"),
    ('deploy "shop/web:1.4 to staging', "A quote is opened and never closed"),
    ("rollback staging", "Write staging/web, staging/worker or staging/mailer"),
    ("rollback staging/", "There is no service in staging called “”"),
    ("rollback staging/wbe", "Did you mean web?"),
    ("rollback /web", "There is no environment called “”"),
    ("a" * 10_000, "This is 10,000 characters long; a command has at most 2,000"),
]


@pytest.mark.parametrize(("text", "request_"), GOOD, ids=lambda value: str(value)[:50])
def test_what_people_write_is_understood(text: str, request_: Request) -> None:
    assert parse(text, SHOP) == request_


@pytest.mark.parametrize(("text", "told"), BAD, ids=lambda value: str(value)[:50])
def test_a_mistake_is_answered_with_the_reason_and_the_way_out(text: str, told: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(text, SHOP)
    assert told in str(raised.value)
    assert raised.value.problem.next_step
    assert str(raised.value).isprintable()


def test_the_only_host_needs_no_naming() -> None:
    image = ImageRef(Repository("127.0.0.1:5000", "web"), "1")
    assert parse("pull web:1", SMALL) == PullRequest(image, "build1")
    assert parse("push web:1", SMALL) == PushRequest(image, "build1")
    assert parse("images", SMALL) == ImagesRequest("build1")


def test_the_slash_command_can_have_another_name() -> None:
    with pytest.raises(UsageError, match=r"Usage: `/ship cancel ID`"):
        parse("cancel", SHOP, "/ship")


def test_every_request_has_a_verb_and_every_verb_a_sentence() -> None:
    """But the one that the product itself makes."""
    kinds = {*get_args(get_args(Request)[0])} - {DriftRequest}
    assert len(VERBS) == len(kinds)
    assert {type(parse(text, SHOP)) for text, _ in GOOD} == kinds


@pytest.mark.parametrize("verb", VERBS.values(), ids=lambda verb: verb.name)
def test_a_verb_makes_the_request_of_its_name(verb: Verb) -> None:
    for text, request_ in GOOD:
        if text.lower().startswith(f"{verb.name} "):
            assert request_.verb == verb.name


WORDS = st.sampled_from(
    [
        *VERBS,
        "to",
        "as",
        "on",
        "in",
        "from",
        "for",
        "of",
        "--service",
        "--service=web",
        "--",
        "-",
        "staging",
        "production",
        "staging/web",
        "build1",
        "shop/web:1.4",
        "shop/web",
        "#1042",
        "<@U1|bob>",
        "“",
        '"',
        "'",
        "—",
        "&lt;",
        "\u00a0",
        "🚀",
        "\x00",
        "a" * 300,
    ]
)


@given(st.lists(WORDS | st.text(max_size=20), max_size=10).map(" ".join) | st.text())
@settings(deadline=None, max_examples=500)
def test_whatever_comes_in_a_request_or_a_usage_error_comes_out(text: str) -> None:
    with suppress(UsageError):
        assert parse(text, SHOP).verb in VERBS


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "a ",
        " ",
        "/",
        "a/",
        ":",
        "@",
        '"',
        '" ',
        "'",
        "' ",
        "'a ",
        "-",
        "--a ",
        "=",
        "<",
        "<@U1>",
        "&amp;",
        "“",
        "—",
        "_",
        "__a",
        "a-",
        "a.",
        "\x00",
        "🚀",
        "\u200b",
        "to ",
        "shop/web:1 ",
    ],
)
@pytest.mark.parametrize("before", ["", "deploy ", "deploy shop/web:1 to ", "help ", "cancel "])
def test_long_text_is_answered_in_steps_in_proportion(piece: str, before: str) -> None:
    def answered(text: str) -> None:
        with suppress(UsageError):
            parse(before + text, SHOP)

    longest = (piece * LONGEST)[: LONGEST - len(before)]
    assert steps_of(lambda: answered(longest)) < MOST_STEPS * LONGEST
    too_long = (piece * 10 * LONGEST)[: 10 * LONGEST]
    assert steps_of(lambda: answered(too_long)) < 50


def test_a_command_is_parsed_in_few_steps() -> None:
    """It stands before Slack's acknowledgement."""
    text = "deploy shop/web:1.4 to staging --service web"
    assert steps_of(lambda: parse(text, SHOP)) < 1_000
