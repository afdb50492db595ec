"""The last lines that a container said, without secrets, and never more than there is room for."""

import time
from collections.abc import Iterable, Iterator

import docker.errors
import requests
from docker import APIClient

from quaymaster.errors import NotFound
from quaymaster.redaction import LONGEST_TEXT, redacted_tail
from workers.engine import Engine

_LINES_BEFORE = 400
"""Read besides what is shown: a private key that began before is known by its beginning."""
_MOST_READ = 32 * 1024 * 1024
"""Bytes. What a container says in longer lines than this is shown from their beginning."""
_MOST_SECONDS = 10.0
_CHUNK = 64 * 1024
_HEADER = 8


def log_tail(
    engine: Engine, container: str, lines: int, secrets: Iterable[str] = ()
) -> tuple[str, ...]:
    """Its last lines of output, without the given secrets; none where the engine keeps none.

    At most ``LONGEST_TEXT`` bytes of it are looked at; what they cut in two is not shown.
    """
    try:
        with engine.asked("The container") as api, _opened(api, container, lines) as response:
            content, is_cut = _last_bytes(_payloads(_chunks(response)), LONGEST_TEXT)
    except NotFound:
        return ()
    return redacted_tail(content.decode(errors="replace"), secrets, lines, is_cut=is_cut)


def _opened(api: APIClient, container: str, lines: int) -> requests.Response:
    """The SDK's own way takes the time limit off and reads whatever comes."""
    response: requests.Response = api.get(
        f"{api.base_url}/v{api.api_version}/containers/{container}/logs",
        params={"stdout": 1, "stderr": 1, "follow": 0, "tail": lines + _LINES_BEFORE},
        stream=True,
        timeout=api.timeout,
    )
    try:
        response.raise_for_status()
    except requests.HTTPError as error:
        docker.errors.create_api_error_from_http_exception(error)
    return response


def _chunks(response: requests.Response) -> Iterator[bytes]:
    """What the engine sends, until there is enough of it."""
    until = time.monotonic() + _MOST_SECONDS
    read = 0
    for chunk in response.iter_content(_CHUNK):
        yield chunk
        read += len(chunk)
        if read > _MOST_READ or time.monotonic() > until:
            return


def _payloads(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """What was said, out of the frames in which the engine joins both outputs:
    https://docs.docker.com/reference/api/engine/version/v1.41/#operation/ContainerAttach
    """
    header = bytearray()
    left = 0
    for chunk in chunks:
        at = 0
        while at < len(chunk):
            if left:
                payload = chunk[at : at + left]
                at, left = at + len(payload), left - len(payload)
                yield payload
                continue
            piece = chunk[at : at + _HEADER - len(header)]
            at += len(piece)
            header += piece
            if len(header) == _HEADER:
                left = int.from_bytes(header[4:])
                header.clear()


def _last_bytes(payloads: Iterable[bytes], most: int) -> tuple[bytes, bool]:
    """The end of what was said, and whether there was more before it."""
    kept = bytearray()
    is_cut = False
    for payload in payloads:
        kept += payload
        if len(kept) > 2 * most:
            del kept[:-most]
            is_cut = True
    return bytes(kept[-most:]), is_cut or len(kept) > most
