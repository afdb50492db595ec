"""The sample workspace: five people with different roles, and the channels that they are in."""

from local_slack.world import App, Channel, Kind, MemberKind, User, UserGroup, World
from trial.tour import TOPIC

ALICE, CAROL, DAVE, EVE, GUS = "U024BE7LH", "U0CAROL", "U0DAVE", "U0EVE", "U0GUEST"
RELEASERS = "SAZ94GDB8"
GENERAL, SHOP, RELEASES, SECURITY = "C0GENERAL", "C0SHOP", "C0RELEASE", "C0SECURITY"

_TEAM = "T0SHOP"


def sample_world() -> World:
    """The workspace; the tokens of its app are new ones each time."""
    app = App()
    staff = frozenset({ALICE, CAROL, DAVE, EVE, app.bot_user})
    return World(
        team_id=_TEAM,
        name="Shop",
        domain="shop",
        app=app,
        users=(
            User(ALICE, "alice", "Alice Archer", team=_TEAM, admin=True, title="Developer"),
            User(CAROL, "carol", "Carol Clark", team=_TEAM, title="Release manager"),
            User(DAVE, "dave", "Dave Dean", team=_TEAM, title="Release manager"),
            User(EVE, "eve", "Eve Evans", team=_TEAM, title="Security engineer"),
            User(GUS, "gus", "Gus Guest", MemberKind.GUEST, _TEAM, title="Guest"),
            User(app.bot_user, app.name, "Quaymaster", MemberKind.BOT, _TEAM),
        ),
        groups=(UserGroup(RELEASERS, "releasers", "Release managers", (CAROL, DAVE)),),
        channels=(
            Channel(SHOP, "shop", members=staff | {GUS}, topic=TOPIC),
            Channel(RELEASES, "releases", Kind.PRIVATE, staff, topic="Who may go to production"),
            Channel(SECURITY, "security", members=staff, topic="New findings in what we run"),
            Channel(GENERAL, "general", members=staff | {GUS}, topic="Everything else"),
        ),
    )
