"""files.*: the upload in three steps.

https://docs.slack.dev/messaging/working-with-files#upload
"""

from __future__ import annotations

from dataclasses import replace

from local_slack.errors import SlackError
from local_slack.message import File, Json, StoredFile
from local_slack.webapi.chat import as_bot
from local_slack.webapi.content import Content
from local_slack.webapi.method import Context, Method, tier
from local_slack.webapi.shapes import file_json


def get_upload_url(call: Context) -> Json:
    """https://docs.slack.dev/reference/methods/files.getUploadURLExternal"""
    name, length = call.args.required("filename"), call.args.number("length", 0)
    if length <= 0:
        raise SlackError(
            "invalid_arguments",
            messages=["[ERROR] must be greater than 0 [json-pointer:/length]"],
        )
    file = File(call.state.new_id("F"), name, name, length, call.state.world.app.bot_user)
    call.state.files[file.id] = StoredFile(file, length)
    return {
        "upload_url": f"{call.state.base_url}/upload/v1/{file.id}",
        "file_id": file.id,
    }


def complete_upload(call: Context) -> Json:
    """https://docs.slack.dev/reference/methods/files.completeUploadExternal

    Without a channel the file stays private; with one it is shared there, as a reply where
    ``thread_ts`` is given.
    """
    entries = call.args.structure("files", "invalid_arguments")
    if not isinstance(entries, list) or not entries:
        raise SlackError(
            "invalid_arguments", messages=["[ERROR] must provide an array [json-pointer:/files]"]
        )
    stored = [_uploaded(call, one) for one in entries]
    place = call.args.text("channel_id") or call.args.text("channels")
    if place:
        _share(call, place, stored)
    else:
        for one in stored:
            one.shared = True
            call.state.keep_file(one)
    return {"files": [file_json(call.state, one.file) for one in stored]}


def _uploaded(call: Context, entry: object) -> StoredFile:
    stored = call.state.files.get(str(entry.get("id"))) if isinstance(entry, dict) else None
    if stored is None or stored.content is None:
        raise SlackError("file_not_found")
    if stored.shared:
        raise SlackError("file_update_failed")
    if isinstance(entry, dict) and entry.get("title"):
        stored.file = replace(stored.file, title=str(entry["title"]))
    return stored


def _share(call: Context, place: str, stored: list[StoredFile]) -> None:
    channel = call.state.channels.get(place)
    if channel is None or (channel.kind.value != "public" and not call.inside(channel)):
        raise SlackError("channel_not_found")
    if not call.inside(channel):
        raise SlackError("not_in_channel")
    if channel.archived:
        raise SlackError("posting_to_channel_denied")
    text = call.args.text("initial_comment") or ""
    thread = call.args.text("thread_ts") or None
    message = as_bot(call.state, channel.id, Content(text, None, None), thread)
    call.state.post(replace(message, files=tuple(one.file for one in stored)))


def info(call: Context) -> Json:
    """https://docs.slack.dev/reference/methods/files.info"""
    stored = call.state.files.get(call.args.required("file"))
    if stored is None or stored.content is None:
        raise SlackError("file_not_found")
    return {"file": file_json(call.state, stored.file), "comments": []}


METHODS = (
    Method(
        "files.getUploadURLExternal", get_upload_url, tier(4), ("files:write",), takes_json=False
    ),
    Method("files.completeUploadExternal", complete_upload, tier(4), ("files:write",)),
    Method("files.info", info, tier(4), ("files:read",), takes_json=False),
)
