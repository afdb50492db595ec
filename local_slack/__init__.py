"""A local server that speaks Slack's Web API, Socket Mode and interactivity, as strictly as Slack.

`serve` starts one; `Workspace` and `Person` act in it; `violations` judges blocks.
"""

from local_slack.blocks import view_violations, violations
from local_slack.calls import Call, CallLog
from local_slack.faults import ActiveFault, Fault, FaultKind
from local_slack.history import HistoryError, HistoryInUse
from local_slack.message import File, Message
from local_slack.outcome import Delivered, NotPossible, Offer, Outcome
from local_slack.person import Person
from local_slack.rates import MethodUse, PostUse, Usage
from local_slack.server import LocalSlack, serve
from local_slack.settings import Settings
from local_slack.traffic import Exchange
from local_slack.workspace import NotSeen, Workspace
from local_slack.world import App, Channel, Kind, MemberKind, User, UserGroup, World

__all__ = [
    "ActiveFault",
    "App",
    "Call",
    "CallLog",
    "Channel",
    "Delivered",
    "Exchange",
    "Fault",
    "FaultKind",
    "File",
    "HistoryError",
    "HistoryInUse",
    "Kind",
    "LocalSlack",
    "MemberKind",
    "Message",
    "MethodUse",
    "NotPossible",
    "NotSeen",
    "Offer",
    "Outcome",
    "Person",
    "PostUse",
    "Settings",
    "Usage",
    "User",
    "UserGroup",
    "Workspace",
    "World",
    "serve",
    "view_violations",
    "violations",
]
