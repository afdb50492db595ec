"""Only the throttle posts: read from the source, so that nobody goes around it unnoticed.

What one person alone is told about what they just typed or pressed is the bot's own: an ephemeral
answer and the Home tab. They have limits of their own (``bot/conversation/allowance.py``).
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from bot.slack.sender import Sender

ROOT = Path(__file__).parents[3]
PACKAGES = ("bot", "workers", "quaymaster", "programs")

SHOW_SOMETHING = ("chat_", "files_", "views_", "dialog_", "reactions_", "pins_", "canvases_")
"""How the SDK's methods begin that show something to people."""
OTHER_WAYS = {"api_call", "WebhookClient", "AsyncWebhookClient", "WebClient"}

CALLERS = {
    "bot/slack/sender.py": {
        *("chat_postMessage", "chat_update", "chat_postEphemeral"),
        *("files_getUploadURLExternal", "files_completeUploadExternal"),
    },
    "bot/conversation/answers.py": {"chat_postEphemeral", "AsyncWebhookClient"},
    "bot/conversation/home.py": {"views_publish"},
}
KNOW_THE_SENDER = {
    "bot/courier/courier.py",
    "bot/courier/delivery.py",
    "bot/courier/throttle.py",
    "programs/worker.py",
}
"""The command line opens it, the courier hands it to the throttle, and that to each call."""

_CALLS = {name for name in vars(Sender) if not name.startswith("_")} - {"opened"}


def sources() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            yield name, ast.parse(path.read_text(encoding="utf-8"), name)


def test_slacks_methods_are_called_in_one_place() -> None:
    callers = {name: set(_shown_by(tree)) for name, tree in sources()}
    assert {name: methods for name, methods in callers.items() if methods} == CALLERS


def test_nobody_else_knows_the_sender() -> None:
    knowing = {
        name for name, tree in sources() if "Sender" in set(_imported(tree, "bot.slack.sender"))
    }
    assert knowing == KNOW_THE_SENDER


def test_whoever_calls_the_sender_got_it_from_the_throttle_for_this_call() -> None:
    for name, tree in sources():
        if name != "bot/slack/sender.py" and name in KNOW_THE_SENDER:
            assert list(_calls_around_the_throttle(tree)) == [], name
    throttle = ast.parse((ROOT / "bot/courier/throttle.py").read_text(encoding="utf-8"))
    uses = [node for node in ast.walk(throttle) if _is_senders(node)]
    assert [ast.unparse(node) for node in uses] == ["self.sender"], "one call hands it on"


def _shown_by(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr.startswith(SHOW_SOMETHING):
            yield node.attr
        elif isinstance(node, ast.Attribute | ast.Name):
            word = node.attr if isinstance(node, ast.Attribute) else node.id
            if word in OTHER_WAYS:
                yield word


def _imported(tree: ast.Module, module: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == module:
            yield from (one.name for one in node.names)


def _is_senders(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "sender"


def _calls_around_the_throttle(node: ast.AST, *, was_given: bool = False) -> Iterator[str]:
    """Calls of the sender outside of a function that is given it as its one argument."""
    if isinstance(node, ast.Lambda | ast.FunctionDef | ast.AsyncFunctionDef):
        arguments = [one.arg for one in node.args.args]
        was_given = arguments == ["sender"]
    if isinstance(node, ast.Attribute) and node.attr in _CALLS:
        of_a_name = isinstance(node.value, ast.Name) and node.value.id == "sender"
        if _is_senders(node.value) or (of_a_name and not was_given):
            yield ast.unparse(node)
    for child in ast.iter_child_nodes(node):
        yield from _calls_around_the_throttle(child, was_given=was_given)
