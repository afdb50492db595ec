"""auth.*, users.* and usergroups.*: who is who.

https://docs.slack.dev/reference/methods?family=users
"""

from __future__ import annotations

from local_slack.errors import SlackError
from local_slack.message import Json
from local_slack.webapi.conversations import page
from local_slack.webapi.method import Context, Method, Token, special, tier
from local_slack.webapi.shapes import group_json, user_json


def auth_test(call: Context) -> Json:
    """https://docs.slack.dev/reference/methods/auth.test"""
    world = call.state.world
    return {
        "url": f"https://{world.domain}.slack.com/",
        "team": world.name,
        "user": world.app.name,
        "team_id": world.team_id,
        "user_id": world.app.bot_user,
        "bot_id": world.app.bot_id,
        "is_enterprise_install": False,
    }


def info(call: Context) -> Json:
    """https://docs.slack.dev/reference/methods/users.info"""
    return {"user": user_json(call.state, call.user())}


def list_all(call: Context) -> Json:
    """https://docs.slack.dev/reference/methods/users.list"""
    people = [one for one in call.state.users.values() if one.team == call.state.world.team_id]
    chunk, following = page(call, people, 1000, 1000)
    return {
        "members": [user_json(call.state, one) for one in chunk],
        "cache_ts": int(call.state.clock.now()),
        "response_metadata": following,
    }


def group_users(call: Context) -> Json:
    """https://docs.slack.dev/reference/methods/usergroups.users.list"""
    group = call.state.groups.get(call.args.required("usergroup"))
    if group is None:
        raise SlackError("no_such_subteam")
    return {"users": list(group.users)}


def groups(call: Context) -> Json:
    """https://docs.slack.dev/reference/methods/usergroups.list"""
    rows = [group_json(call.state, one) for one in call.state.groups.values()]
    if call.args.flag("include_users"):
        for row, group in zip(rows, call.state.groups.values(), strict=True):
            row["users"] = list(group.users)
    return {"usergroups": rows}


METHODS = (
    Method("auth.test", auth_test, special(), token=Token.EITHER),
    Method("users.info", info, tier(4), ("users:read",), takes_json=False),
    Method("users.list", list_all, tier(2), ("users:read",), takes_json=False),
    Method("usergroups.users.list", group_users, tier(2), ("usergroups:read",), takes_json=False),
    Method("usergroups.list", groups, tier(2), ("usergroups:read",), takes_json=False),
)
