"""What a person reads first: where things are, and five things to try."""

from trial.images import BROKEN_TAG, MEDIA, VULNERABLE_TAG, WEB
from trial.state_directory import StateDirectory


def greeting(state: StateDirectory) -> tuple[str, ...]:
    """Where things are, and what is kept."""
    choices = state.choices
    return (
        "",
        "Quaymaster runs. You are alice, a developer, in #shop; carol and dave are the release",
        "managers, eve reads #security. `:help` lists what you can type.",
        "",
        f"  staging      http://127.0.0.1:{choices.staging_port}/  (once something is deployed)",
        f"  production   http://127.0.0.1:{choices.production_port}/",
        f"  settings     {state.configuration}",
        f"  logs         {state.path / 'logs'}/",
        "",
        "Kept for the next start: operations, releases, approvals, the audit, the registry. Not",
        "kept: the messages of the local Slack, and the running services. `quaymaster try --reset`",
        "begins anew.",
    )


def tour() -> tuple[str, ...]:
    """Five things to try, in this order."""
    return (
        "Five things to try:",
        f"  1  /image tags {WEB}",
        f"  2  /image push {MEDIA}:v1                      watch the progress",
        f"     /image push {WEB}:v2",
        f"  3  /image scan {WEB}:{VULNERABLE_TAG}            an alert goes to #security",
        f"     /image deploy {WEB}:{VULNERABLE_TAG} to staging   and the gate refuses it",
        f"  4  /image deploy {WEB}:v2 to staging",
        f"     /image deploy {WEB}:v2 to production         needs two others:",
        "     :as carol   :click approve   :as dave   :click approve   :as alice",
        f"  5  /image deploy {WEB}:{BROKEN_TAG} to staging       never healthy: v2 serves on",
    )
