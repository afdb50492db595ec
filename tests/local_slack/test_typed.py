"""What Slack makes of what somebody types."""

from __future__ import annotations

import pytest

from local_slack.typed import as_said, as_sent


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("push shop/web:1.4 on build1", "push shop/web:1.4 on build1"),
        ("a & b <c>", "a &amp; b &lt;c&gt;"),
        ("tell @bob and @nobody", "tell <@U1|bob> and @nobody"),
        ("ask @releasers, @here", "ask <!subteam^S1|@releasers>, <!here>"),
        ("in #ops not #else", "in <#C1|ops> not #else"),
        ("build https://g.example/x.git#v1", "build <https://g.example/x.git#v1>"),
        ("git.example.com/x", "<http://git.example.com/x|git.example.com/x>"),
        ("pull localhost:5000/shop/web@sha256:abc", "pull localhost:5000/shop/web@sha256:abc"),
        ("“quoted” — text", "“quoted” — text"),
        ("@Bob, @BOB: and @bob.", "<@U1|bob>, <@U1|bob>: and <@U1|bob>."),
        ("ask @bob baker about it", "ask <@U1|bob> about it"),
        ("(@Bob Baker) and @bobby", "(<@U1|bob>) and @bobby"),
        ("@bob.smith @bob-smith @bob_smith", "@bob.smith @bob-smith @bob_smith"),
        ("bob@bob.example", "bob@bob.example"),
        ("@HERE @Releasers", "<!here> <!subteam^S1|@releasers>"),
        (
            "write `@bob` or ```@bob\n@bob``` to @bob",
            "write `@bob` or ```@bob\n@bob``` to <@U1|bob>",
        ),
    ],
)
def test_typed_text_arrives_as_slack_sends_it(typed: str, sent: str) -> None:
    users = {"bob": "U1", "Bob Baker": "U1", "releasers": "S1"}
    assert as_sent(typed, users, {"ops": "C1"}) == sent


def test_people_are_named_by_their_ids_alone_in_a_message() -> None:
    said = as_said("@bob, ask @releasers in #ops", {"bob": "U1", "releasers": "S1"}, {"ops": "C1"})
    assert said == "<@U1>, ask <!subteam^S1|@releasers> in <#C1|ops>"
