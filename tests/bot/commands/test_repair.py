"""A line that is no command is repaired where it is clear what was meant, and only there."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.commands import repair
from bot.commands.grammar import LONGEST, SYNONYMS, VERBS, parse
from bot.commands.repair import repaired
from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import UsageError
from quaymaster.requests import DeployRequest, Request, TagRequest
from testing.configurations import SHOP, SHOP_TEXT, SMALL
from testing.samples import DIGEST
from tests.bot.commands.test_grammar import GOOD

DEPLOY = "deploy shop/web:1.4 to staging"

REPAIRED = [
    # the whole line, whatever is wrong in it
    ("DEPLOY shop/web:1.4 TO Staging", DEPLOY),
    ("Deploy Shop/Web:1.4 To STAGING.", DEPLOY),
    ("deploy shop/web v1 to staging", "deploy shop/web:v1 to staging"),
    ("deploy shop/web : v1 staging", "deploy shop/web:v1 to staging"),
    ("deploy shop/web: v1 to staging", "deploy shop/web:v1 to staging"),
    ("deploy shop/web@1.4 to staging", DEPLOY),
    ("deploy shop/web:1.4 to prod", "deploy registry.prod/shop/web:1.4 to production"),
    ("deploy shop/web:1.4 to stg", DEPLOY),
    ("deploy shop/web:1.4 into staging", DEPLOY),
    ("deploy shop/web:1.4 -> staging", DEPLOY),
    ("deploy staging shop/web:1.4", DEPLOY),
    ("deploy shop/wbe:1.4 to stagign", DEPLOY),
    ("deploy web:1.4 to staging", DEPLOY),
    ("dploy Shop/Web 1.4 TO stagin please", DEPLOY),
    ("ship shop/web:1.4 to staging", DEPLOY),
    ("can you deploy shop/web:1.4 to staging, please?", DEPLOY),
    ('"deploy shop/web:1.4 to staging', DEPLOY),
    ("> deploy shop/web:1.4 to staging", DEPLOY),
    ("&gt; deploy *shop/web:1.4* to staging", DEPLOY),
    ("1. deploy shop/web:1.4 to staging", DEPLOY),
    ("deploy shop/web:1.4 to staging/wbe", "deploy shop/web:1.4 to staging/web"),
    (
        "deploy shop/jobs:2 to staging --service mailr",
        "deploy shop/jobs:2 to staging --service mailer",
    ),
    ("status staging/web", "status staging"),
    ("status prod", "status production"),
    ("status on Staging", "status staging"),
    ("STATUS Staging!", "status staging"),
    ("stat", "status"),
    ("show me status", "status"),
    ("image status", "status"),
    ("ps", "status"),
    ("docker ps", "status"),
    ("ps staging/web", "status staging"),
    ("restart", "status"),
    ("restart production/web", "status production"),
    ("list images on build1", "images on build1"),
    ("images on buidl1", "images on build1"),
    ("tag shop/web", "tags shop/web"),
    ("tags shop/web:1.4", "tags shop/web"),
    ("pull shop/web 1.4 build1", "pull shop/web:1.4 on build1"),
    ("rollback production", "rollback production/web"),
    ("roll back Production/Web", "rollback production/web"),
    ("rollback web in staging", "rollback staging/web"),
    ("rollback staging web", "rollback staging/web"),
    ("undo staging/web", "rollback staging/web"),
    ("cancel #1042.", "cancel 1042"),
    ("stop 1042", "cancel 1042"),
    ("aprove 1042", "approve 1042"),
    ("help dploy", "help deploy"),
    ("man deploy", "help deploy"),
    ("show me the tags of Shop/Web", "tags shop/web"),
    ("list jobs please", "jobs"),
    ("deploy registry.staging:5000/shop/wbe:1.4 to staging", DEPLOY),
    ("pull shop/web latest on build1", "pull shop/web:latest on build1"),
    ("pull shop/web: edge on build1", "pull shop/web:edge on build1"),
    # what could mean something else is left alone
    ("show rollback production/web", None),
    ("show me the rollback of production/web", None),
    ("list deploy shop/web:1.4 to staging", None),
    ("see cancel 1042", None),
    ("undeploy shop/web:1.4 to staging", None),
    ("unapprove 1042", None),
    ("uncancel 1042", None),
    ("reset 1042", None),
    ("repeat 1042", None),
    ("replay shop/web:1.4 to staging", None),
    ("delay shop/web:1.4 to staging", None),
    ("status staging/nonsense", None),
    ("status staging yesterday", None),
    ("status production in staging", None),
    ("status; rollback production/web", None),
    ("tag shop/web:1.4 latest", None),
    ("tags registry.prod/shop/web 1.4", None),
    (f"tag shop/web:1.4 shop/web@{DIGEST}", None),
    ("deploy shop/web not to staging", None),
    ("deploy shop/web staging to production", None),
    ("scan shop/web again", None),
    ("scan shop/web build1", None),
    ("deploy registry.staging:5000/shop/web:1.4 to production", None),
    ("rollback staging", None),
    ("images on build2", None),
    ("deploy redis:7 to staging", None),
    ("inspect docker.io/library/nginx:1", None),
    ("deploy shop/web to staging", None),
    ("deploy shop/jobs:2 to staging", None),
    ("deploy shop/web:1.4 and shop/api:2 to staging", None),
    ("deploy shop/web:1.4 to staging and production", None),
    ("do not deploy shop/web:1.4 to staging", None),
    ("never rollback production/web", None),
    ("rollback production/web to 1029", None),
    ("tag shop/web:a from shop/web:b", None),
    ("push shop/web:1.4 to build1", None),
    ("pull shop/web:1.4 from build1", None),
    ("approve", None),
    ("approve <@U123|bob>", None),
    ("cancel 1042 1043", None),
    ("stop staging/web", None),
    ("promote shop/web:1.4 to production", None),
    ("scale production/web 4", None),
    ("run shop/web:1.4 in staging", None),
    ("lock production", None),
    ("logs production/web", None),
    ("thank you", None),
    ("hello", None),
    ("", None),
    ("x" * 10_000, None),
]


@pytest.mark.parametrize(("typed", "meant"), REPAIRED, ids=lambda value: str(value)[:40])
def test_the_line_that_was_meant_is_found(typed: str, meant: str | None) -> None:
    if meant is not None:
        with pytest.raises(UsageError):
            parse(typed, SHOP)
    assert repaired(typed, SHOP) == meant


def test_without_environments_there_is_little_to_repair() -> None:
    assert repaired("deploy web:1 to prod", SMALL) is None
    assert repaired("pull web 1", SMALL) == "pull web:1"
    assert repaired("ps", SMALL) == "status"


def test_a_host_is_no_tag() -> None:
    assert repaired("push shop/web build1", SMALL) is None
    for typed in ("buidl1", "build2", "app-2", "please-build1"):
        assert repaired(f"push shop/web {typed}", SMALL) is None
    for tag in ("1.4", "v1", "V1", "LATEST", "3f2a9c1", "rc1", "2026-11-27"):
        assert repaired(f"push shop/web {tag}", SMALL) == f"push shop/web:{tag}"


def test_a_name_that_is_somebody_elses_is_no_slip() -> None:
    """Each is the beginning of the only name there, and the whole name of another one."""
    other = Configuration.parse(SHOP_TEXT.replace("shop/web, ports", "shop/web-admin, ports"))
    assert repaired("deploy shop/web:1.4 to staging", other) is None
    assert repaired("deploy shop/web-a:1.4 to staging", other) is not None
    text = SHOP_TEXT.replace(
        "      web: {image: registry.prod", "      web-admin: {image: registry.prod"
    )
    other = Configuration.parse(text)
    assert repaired("rollback production/web", other) is None
    assert repaired("rollback production/web-admn", other) == "rollback production/web-admin"
    assert repaired("status production/web", other) is None


def test_a_synonym_is_no_verb_and_means_one() -> None:
    assert not SYNONYMS.keys() & VERBS.keys()
    assert {*SYNONYMS.values()} <= VERBS.keys()


PIECES = st.sampled_from(
    [
        *VERBS,
        *SYNONYMS,
        *("Deploy", "dploy", "to", "TO", "on", "in", "from", "as", "for", "of", "into", "and"),
        *("--service", "--Service=web", "staging", "Staging", "prod", "stg", "staging/web"),
        *("production/web", "web", "build1", "BUILD1", "app", "shop/web", "shop/web:1.4"),
        *("*shop/web:1.4*", "_staging_", "~v1~", "`web`", "Shop/Web", "v1", ":", "1042", "#7."),
        *("please", "now", "not", '"', "'", "—", "&gt;", "<@U1|bob>", "🚀", "\x00", "web@1"),
    ]
)
UNMARKED = st.sampled_from(
    [(text, request) for text, request in GOOD if text.strip() and not set(text) & set("*_~`")]
)
LINES = st.lists(PIECES | st.text(max_size=6), max_size=8).map(" ".join)


@given(LINES)
@settings(deadline=None, max_examples=1_000)
@example("deploy shop/web v1 to prod")
def test_a_repaired_line_is_a_command(text: str) -> None:
    line = repaired(text, SHOP)
    if line is not None:
        assert parse(line, SHOP).verb == line.split()[0]
        assert line == " ".join(line.split())


@given(LINES)
@settings(deadline=None, max_examples=500)
def test_a_repaired_line_needs_no_repair(text: str) -> None:
    line = repaired(text, SHOP)
    if line is not None:
        assert repaired(line, SHOP) == line
        assert parse(repaired(line, SHOP) or "", SHOP) == parse(line, SHOP)


@given(UNMARKED, st.sampled_from(["{}", "*{}*", "_{}_", "~{}~", "`{}`", "_*{}*_"]))
def test_a_command_in_bold_italic_or_struck_is_that_command(
    command: tuple[str, Request], around: str
) -> None:
    text, request = command
    assert parse(around.format(text.strip()), SHOP) == request


@given(UNMARKED, st.data())
def test_any_words_of_a_command_may_be_formatted(
    command: tuple[str, Request], data: st.DataObject
) -> None:
    text, request = command
    marks = st.sampled_from(["{}", "*{}*", "_{}_", "~{}~", "`{}`", "*_{}_*", "~*_{}_*~"])
    words = [
        word if "<" in word or "“" in word or "\u200b" in word else data.draw(marks).format(word)
        for word in text.split()
    ]
    assert parse(" ".join(words), SHOP) == request


SIGNS = st.text("_x1.-", min_size=1, max_size=8).filter(lambda tag: tag[0] not in ".-")


@given(SIGNS)
@example("_x_")
def test_a_command_is_never_read_without_signs_that_belong_to_it(tag: str) -> None:
    request = parse(f"deploy shop/web:{tag} to staging", SHOP)
    assert isinstance(request, DeployRequest)
    assert request.image.tag == tag
    request = parse(f"tag shop/web:{tag} as shop/web:1", SHOP)
    assert isinstance(request, TagRequest)
    assert request.source.tag == tag


def test_names_that_really_have_such_signs_keep_them() -> None:
    for tag in ("_x_", "__x__", "x_", "_x", "1.4_rc_1"):
        request = parse(f"deploy shop/web:{tag} to staging", SHOP)
        assert isinstance(request, DeployRequest)
        assert request.image.tag == tag
        marked = parse(f"deploy shop/web:{tag} to *staging*", SHOP)
        assert marked == request


@pytest.mark.parametrize("text", [text for text, _ in REPAIRED if text])
def test_few_lines_are_tried(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands before Slack's acknowledgement, and to try one takes a fraction of a
    millisecond.
    """
    tried: list[str] = []

    def counted(line: str, *others: object) -> Request:
        tried.append(line)
        raise UsageError("no")

    monkeypatch.setattr(repair, "parse", counted)
    for line in (text, f"{text} {text}", (f"{text} " * 40)[:LONGEST]):
        tried.clear()
        assert repaired(line, SHOP) is None
        assert len(tried) <= 80
