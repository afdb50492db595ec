"""Worlds are made from one another and never changed."""

from __future__ import annotations

from local_slack import Channel, Kind, MemberKind, User, UserGroup, World, serve


def test_a_world_is_extended_without_changing_the_old_one() -> None:
    old = World.default()
    new = (
        old.with_user(User("U0NEW", "new", "New Person", MemberKind.GUEST, old.team_id))
        .with_channel(Channel("C0NEW", "new", Kind.PRIVATE))
        .with_group(UserGroup("SAZ94GDB8", "releasers", "Release managers", ("U0NEW",)))
        .with_scopes("chat:write")
    )
    assert "U0NEW" not in {user.id for user in old.users}
    assert "U0NEW" in {user.id for user in new.users}
    assert len(new.groups) == len(old.groups)
    assert new.app.scopes == {"chat:write"}


def test_every_world_has_secrets_of_its_own_and_shows_none() -> None:
    one, other = World.default().app, World.default().app
    assert one.bot_token != other.bot_token
    assert one.signing_secret != other.signing_secret
    with serve() as slack:
        shown = repr(slack)
    for secret in (slack.world.app.bot_token, slack.world.app.signing_secret, slack.control_token):
        assert secret not in shown


def test_the_bot_finds_its_slack_in_the_environment() -> None:
    with serve() as slack:
        environment = slack.environment()
        assert environment["SLACK_API_URL"] == f"{slack.base_url}/api/"
        assert environment["SLACK_APP_TOKEN"].startswith("xapp-")
        assert "SLACK_APP_TOKEN" not in slack.environment(socket_mode=False)
