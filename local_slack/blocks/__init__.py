"""What Slack would say about blocks: every limit of Block Kit, as one pure function."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from local_slack.blocks.elements import SUGGESTIONS
from local_slack.blocks.layout import BLOCKS
from local_slack.blocks.schema import array, complaint, tagged, unique
from local_slack.blocks.views import VIEW, inputs_need_submit

Surface = Literal["message", "modal", "home"]

# https://docs.slack.dev/reference/block-kit/blocks: 50 blocks in a message, 100 in a modal or Home
# tab
_SURFACES = {
    "message": array(tagged(BLOCKS), 0, 50),
    "modal": array(tagged(BLOCKS), 0, 100),
    "home": array(tagged(BLOCKS), 0, 100),
}
TEXT_TOTAL = 12_000
_PER_BLOCK = 20


def violations(blocks: object, surface: Surface = "message") -> list[str]:
    """All that Slack would refuse about ``blocks``, as its ``response_metadata.messages`` say it.

    An empty list means that Slack takes them. A message whose blocks are each fine but too long
    together ends with ``msg_blocks_too_long``.
    """
    problems = schema_violations(blocks, surface)
    if surface == "message" and not problems and too_long(blocks):
        problems.append(
            f"[ERROR] msg_blocks_too_long: {text_size(blocks)} characters in all blocks "
            "[json-pointer:/blocks]"
        )
    return problems


def schema_violations(
    blocks: object, surface: Surface = "message", pointer: str = "/blocks"
) -> list[str]:
    """The part of `violations` that Slack answers with ``invalid_blocks``."""
    found = [*_SURFACES[surface](blocks, pointer), *_across(blocks, surface, pointer)]
    return [f"[ERROR] {one}" for one in found]


def view_violations(view: object) -> list[str]:
    """Everything Slack would refuse about a view, its blocks included."""
    found = [f"[ERROR] {one}" for one in VIEW(view, "/view")]
    if isinstance(view, dict) and view.get("type") in ("modal", "home") and "blocks" in view:
        surface: Surface = "modal" if view["type"] == "modal" else "home"
        found += schema_violations(view["blocks"], surface, "/view/blocks")
        found += [f"[ERROR] {one}" for one in inputs_need_submit(view, "/view")]
    return found


def suggestion_violations(answer: object) -> list[str]:
    """All that Slack would refuse about the options an app suggests for a menu.

    https://docs.slack.dev/reference/interaction-payloads/block_suggestion-payload
    """
    return [f"[ERROR] {one}" for one in SUGGESTIONS(answer, "")]


def too_long(blocks: object) -> bool:
    """Whether ``chat.postMessage`` answers ``msg_blocks_too_long``.

    Documented by name only (https://docs.slack.dev/reference/methods/chat.postMessage). Slack's
    developers state 12,000 characters and something for each block
    (https://github.com/slackapi/bolt-js/issues/2509); 20 for each block agrees with what was
    measured in https://github.com/slackapi/bolt-js/issues/2867.
    """
    return text_size(blocks) > TEXT_TOTAL


def text_size(blocks: object) -> int:
    """The characters of all texts in ``blocks``, and 20 for each block."""
    count = len(blocks) if isinstance(blocks, list) else 0
    return sum(len(text) for text in texts(blocks)) + _PER_BLOCK * count


def texts(node: object) -> Iterator[str]:
    """Every text a person reads in ``node``, in order."""
    if isinstance(node, list):
        for item in node:
            yield from texts(item)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name in ("text", "alt_text", "title") and isinstance(value, str):
                yield value
            else:
                yield from texts(value)


def _across(blocks: object, surface: Surface, pointer: str) -> Iterator[str]:
    """Rules about all blocks together."""
    if not isinstance(blocks, list):
        return
    known: Sequence[tuple[int, dict[str, object]]] = [
        (index, block) for index, block in enumerate(blocks) if isinstance(block, dict)
    ]
    # «block_id should be unique for each message»:
    # https://docs.slack.dev/reference/block-kit/blocks
    yield from unique(
        "block_id",
        (
            (str(block["block_id"]), f"{pointer}/{index}/block_id")
            for index, block in known
            if "block_id" in block
        ),
    )
    if surface != "modal":
        for index, block in known:
            element = block.get("element")
            if isinstance(element, dict) and element.get("type") == "file_input":
                # https://docs.slack.dev/reference/block-kit/block-elements/file-input-element:
                # modals only
                yield complaint("unsupported type: file_input", f"{pointer}/{index}/element/type")
