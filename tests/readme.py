"""The parts of the README that come from the code. ``python -m tests.readme`` writes them anew."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.commands.help import command_table
from bot.views.card import operation_messages
from bot.views.plain import as_text
from quaymaster.actors import SlackUser
from quaymaster.approvals import ApprovalRule, Choice, Vote
from quaymaster.configuration.configuration import Configuration
from quaymaster.findings import Clean, Finding, Severity
from quaymaster.image_ref import Digest, ImageRef, PinnedImage, Repository
from quaymaster.limits import ROWS
from quaymaster.operations import Operation, Stage, State
from quaymaster.plan_kinds import PlanKind
from quaymaster.plans import Change, Examined, Plan, Serving, Undo
from quaymaster.progress import Progress
from quaymaster.requests import DeployRequest, PushRequest
from quaymaster.services import ServiceConfiguration, Variable
from quaymaster.settings import SETTINGS
from quaymaster.target import DockerHost
from testing.samples import having, operation

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"

_PART = re.compile(r"(<!-- from the code: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_NOW = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)
_WEB = Repository("registry.example.com", "shop/web")
_NEW, _OLD = Digest("sha256:" + "4f1a92c07d3b5e68" * 4), Digest("sha256:" + "9c3e11b7a05f2d84" * 4)
_CONFIGURATION = Configuration.parse(
    """
default_registry: registry.example.com
registries: {registry.example.com: {}}
hosts: {app1: {}}
environments:
  production: {target: {docker: [app1]}, services: {web: {image: shop/web}}}
"""
)


def with_parts(text: str) -> str:
    """The text with every marked part as the code says it now."""

    def written(match: re.Match[str]) -> str:
        return f"{match[1]}{_PARTS[match[2]]()}\n{match[3]}"

    return _PART.sub(written, text)


def parts_in(text: str) -> list[str]:
    """The names of the marked parts."""
    return [match[2] for match in _PART.finditer(text)]


def _cards() -> str:
    cards = "\n\n".join(_card(one) for one in (_push(), _deploy()))
    return f"```text\n{cards}\n```"


def _card(operation: Operation) -> str:
    return as_text(operation_messages(operation, _CONFIGURATION, _NOW)[0])


def _push() -> Operation:
    return operation(
        id=1041,
        request=PushRequest(ImageRef(_WEB, "1.4"), "app1"),
        actor=SlackUser("T1", "alice"),
        requested_at=_NOW,
        state=State.RUNNING,
        queue="host:app1",
        changed_at=_NOW,
        started_at=_NOW,
        progress=Progress("pushing", 88_000_000, 210_000_000, 7, 10, elapsed_seconds=7.3),
    )


def _deploy() -> Operation:
    image = PinnedImage(_WEB, "1.4", _NEW)
    fixed = Finding(
        "CVE-2026-1234", "openssl", "3.0.1", "3.0.2", Severity.CRITICAL, "Overflow in the handshake"
    )
    examined = Examined(
        image, 210_000_000, Clean(), ((Severity.MEDIUM, 3), (Severity.LOW, 12)), (), (fixed,), 0, 1
    )
    before, after = (
        ServiceConfiguration((Variable("LOG_LEVEL", value),)) for value in ("debug", "info")
    )
    change = Change(
        environment="production",
        service="web",
        turn=7,
        examined=examined,
        workload=after,
        running=Serving(PinnedImage(_WEB, "1.3", _OLD), 1029, before, 198_000_000),
        undo=Undo(PinnedImage(_WEB, "1.3", _OLD), 1029),
    )
    plan = Plan(
        PlanKind.DEPLOY,
        DockerHost("app1"),
        (change,),
        _CONFIGURATION.revision_of("production"),
        ApprovalRule(2, _NOW + timedelta(hours=4), "alice", ("release-managers",)),
    )
    return having(
        _push(),
        id=1042,
        request=DeployRequest(ImageRef(_WEB, "1.4"), "production", "web"),
        state=State.AWAITING_APPROVAL,
        stage=Stage.APPLY,
        progress=None,
        examined=examined,
        plan=plan,
        votes=(Vote(1042, "", "carol", Choice.APPROVE, _NOW),),
    )


def _commands() -> str:
    rows = [
        (f"`{usage}`", meaning, f"`{example}`" if example != usage else "")
        for usage, meaning, example in command_table()
    ]
    return _table(("Command", "What it does", "Example"), rows)


def _settings() -> str:
    rows = [
        (
            f"`{setting.name}`",
            f"{setting.meaning}{' (secret)' if setting.is_secret else ''}",
            setting.needed_by or "",
            f"`{setting.default}`" if setting.default else "",
            f"`{setting.example}`",
        )
        for setting in SETTINGS
    ]
    return _table(("Variable", "What it is", "Needed by", "Default", "Example"), rows)


def _limits() -> str:
    return "Limits: " + ". ".join(f"{what.capitalize()}: {most}" for what, most in ROWS) + "."


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in lines
    )


_PARTS: Mapping[str, Callable[[], str]] = {
    "cards": _cards,
    "commands": _commands,
    "settings": _settings,
    "limits": _limits,
}

if __name__ == "__main__":
    README.write_text(with_parts(README.read_text(encoding="utf-8")), encoding="utf-8")
