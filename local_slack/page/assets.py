"""The files of the page itself, as a browser gets them: without comments and indentation, and
compressed. Third-party modules are served unchanged.
"""

from __future__ import annotations

import gzip
import re
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

_STATIC = files("local_slack.page") / "static"
_KINDS = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "mjs": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_COMMENTS = re.compile(r"^\s*(?://.*|/\*[\s\S]*?\*/)$", re.MULTILINE)
_INDENTATION = re.compile(r"^\s+", re.MULTILINE)

INDEX = _STATIC.joinpath("index.html").read_text()
"""The page, which is nothing but what loads the rest."""


def asset(name: str, request: Request) -> Response:
    """A file of the page; 404 for any other. It is read each time, so a reload of the page shows a
    change.
    """
    parts = name.split("/")
    ending = name.rpartition(".")[2]
    kind, file = _KINDS.get(ending), _STATIC.joinpath(*parts)
    if kind is None or ".." in parts or not file.is_file():
        return Response("There is no such file.", 404)
    content = file.read_bytes()
    if ending in ("js", "css"):
        content = _compact(content.decode()).encode()
    headers = {"vary": "accept-encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        content = gzip.compress(content, compresslevel=6, mtime=0)
        headers["content-encoding"] = "gzip"
    return Response(content, media_type=kind, headers=headers)


def _compact(source: str) -> str:
    """Removes comments that fill a line, and keeps line breaks, which may end statements."""
    return _INDENTATION.sub("", _COMMENTS.sub("", source))
