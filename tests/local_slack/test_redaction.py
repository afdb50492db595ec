"""No secret is shown, wherever it stands."""

from __future__ import annotations

from urllib.parse import quote_plus

from hypothesis import given
from hypothesis import strategies as st

from local_slack.redaction import REDACTED, Redaction
from local_slack.world import App

APP = App(bot_token="xoxb-1-bot", app_token="the app/token", signing_secret="s3cr+t")
SECRETS = (APP.bot_token, APP.app_token, APP.signing_secret, APP.verification_token)


def test_the_apps_secrets_are_hidden_by_value() -> None:
    for secret in SECRETS:
        for written in (secret, quote_plus(secret)):
            assert Redaction(APP).text(f"before {written} after") == f"before {REDACTED} after"


def test_tokens_of_other_workspaces_are_hidden_by_their_form() -> None:
    hide = Redaction(APP)
    assert hide.text("token=xoxb-99-ab%2Dc&text=hi") == f"token={REDACTED}&text=hi"
    assert hide.text("(xapp-1-A0-5-ff)") == f"({REDACTED})"
    assert hide.text("ws://x/link/?ticket=a_b-c&app_id=A") == (
        f"ws://x/link/?ticket={REDACTED}&app_id=A"
    )
    assert hide.text("a box-1 of xo-xo") == "a box-1 of xo-xo"


def test_what_stands_under_the_name_of_a_secret_is_hidden() -> None:
    given = {"token": "abc", "view": {"Authorization": "Bearer x"}, "trigger_id": "1.2.3"}
    assert Redaction(APP).value(given) == {
        "token": REDACTED,
        "view": {"Authorization": REDACTED},
        "trigger_id": "1.2.3",
    }
    assert given["token"] == "abc"


def test_an_app_without_a_secret_hides_no_ordinary_text() -> None:
    hide = Redaction(App(signing_secret="", verification_token="a"))
    assert hide.text("a plain text") == "a plain text"


@given(
    st.recursive(
        st.sampled_from(SECRETS) | st.text() | st.none() | st.integers(),
        lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside),
    )
)
def test_no_secret_is_left_in_any_structure(value: object) -> None:
    shown = str(Redaction(APP).value(value))
    assert not any(secret in shown for secret in SECRETS)
