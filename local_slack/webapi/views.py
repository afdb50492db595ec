"""views.*: modals and the Home tab.

https://docs.slack.dev/reference/methods?family=views
"""

from __future__ import annotations

from local_slack.blocks import view_violations
from local_slack.errors import SlackError, missing
from local_slack.message import Json
from local_slack.state import OpenView, State, Trigger
from local_slack.webapi.content import with_ids
from local_slack.webapi.method import Context, Method, tier
from local_slack.webapi.shapes import view_json

STACK = 3  # https://docs.slack.dev/surfaces/modals: a modal holds up to three views


def checked_view(state: State, view: object, kinds: tuple[str, ...]) -> Json:
    """A view that Slack accepts, with ids for its blocks; raises ``invalid_arguments`` for any
    other.
    """
    found = view_violations(view)
    if not found and isinstance(view, dict) and view["type"] not in kinds:
        found = ["[ERROR] must be a valid enum value [json-pointer:/view/type]"]
    if found or not isinstance(view, dict):
        raise SlackError("invalid_arguments", messages=found)
    return {**view, "blocks": list(with_ids(state, view["blocks"]))}


def _given(call: Context, *kinds: str) -> Json:
    view = call.args.structure("view", "invalid_arguments")
    if view is None:
        raise missing("view")
    body = checked_view(call.state, view, kinds)
    external = body.get("external_id")
    taken = [one for one in call.state.views.values() if one.body.get("external_id") == external]
    if external and any(one.id != call.args.text("view_id") for one in taken):
        raise SlackError("duplicate_external_id")
    return body


def _trigger(call: Context) -> Trigger:
    """The trigger of a call: 3 s, once.

    https://docs.slack.dev/interactivity/handling-user-interaction#modal_responses
    """
    trigger = call.state.triggers.get(call.args.required("trigger_id"))
    if trigger is None:
        raise SlackError("invalid_trigger_id")
    if trigger.used:
        raise SlackError("exchanged_trigger_id")
    if call.state.clock.now() - trigger.issued > call.state.trigger_life:
        raise SlackError("expired_trigger_id")
    trigger.used = True
    return trigger


def open_view(call: Context) -> Json:
    """https://docs.slack.dev/reference/methods/views.open"""
    body = _given(call, "modal")
    view = add_view(call.state, _trigger(call).user, body)
    return {"view": view_json(call.state, view)}


def push(call: Context) -> Json:
    """https://docs.slack.dev/reference/methods/views.push"""
    body, trigger = _given(call, "modal"), _trigger(call)
    below = call.state.views.get(trigger.view or "")
    if below is None:
        raise SlackError("not_found")
    view = add_view(call.state, trigger.user, body, below)
    return {"view": view_json(call.state, view)}


def add_view(state: State, user: str, body: Json, below: OpenView | None = None) -> OpenView:
    """Show a view to ``user``, on top of ``below`` if set; raises ``push_limit_reached``."""
    depth, under = 1, below
    while under is not None:
        depth, under = depth + 1, state.views.get(under.previous or "")
    if depth > STACK:
        raise SlackError("push_limit_reached")
    name = state.new_id("V")
    root, previous = (name, None) if below is None else (below.root, below.id)
    view = OpenView(name, user, body, state.new_hash(), root, previous)
    state.show(view)
    return view


def update(call: Context) -> Json:
    """https://docs.slack.dev/reference/methods/views.update"""
    body = _given(call, "modal", "home")
    view = _named(call)
    if view is None:
        raise SlackError("not_found")
    _hash_fits(call, view)
    change_view(call.state, view, body)
    return {"view": view_json(call.state, view)}


def change_view(state: State, view: OpenView, body: Json) -> None:
    """Put another body into a view."""
    view.body, view.hash = body, state.new_hash()
    state.show(view)


def _named(call: Context) -> OpenView | None:
    view_id, external = call.args.text("view_id"), call.args.text("external_id")
    if view_id:
        return call.state.views.get(view_id)
    if not external:
        raise missing("view_id")
    views = (one for one in call.state.views.values() if one.body.get("external_id") == external)
    return next(views, None)


def _hash_fits(call: Context, view: OpenView) -> None:
    if (call.args.text("hash") or view.hash) != view.hash:
        raise SlackError("hash_conflict")


def publish(call: Context) -> Json:
    """https://docs.slack.dev/reference/methods/views.publish"""
    body, user = _given(call, "home"), call.user("user_id")
    if not call.state.world.app.home_tab:
        raise SlackError("not_enabled")
    view = call.state.views.get(call.state.homes.get(user.id, ""))
    if view is None:
        view = add_view(call.state, user.id, body)
        call.state.homes[user.id] = view.id
    else:
        _hash_fits(call, view)
        change_view(call.state, view, body)
    return {"view": view_json(call.state, view)}


METHODS = (
    Method("views.open", open_view, tier(4)),
    Method("views.push", push, tier(4)),
    Method("views.update", update, tier(4)),
    Method("views.publish", publish, tier(4)),
)
