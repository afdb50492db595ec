"""What a person reads first: where things are, and five things to try."""

from trial.images import BROKEN_TAG, LEAKY_TAG, MEDIA, VULNERABLE_TAG, WEB
from trial.invocation import invocation
from trial.state_directory import StateDirectory

FIRST_DEPLOY = f"deploy {WEB}:v1 to staging"
"""What a release manager types on the first day, so that production may take this version."""

_FIVE = (
    (f"/image tags {WEB}", "what there is"),
    (f"/image push {MEDIA}:v1", "a large one: watch the progress"),
    (f"/image scan {WEB}:{VULNERABLE_TAG}", "an alert goes to #security"),
    (f"/image deploy {WEB}:v1 to production", "@carol and @dave have to approve it"),
    (f"/image deploy {WEB}:{BROKEN_TAG} to staging", "never healthy, so v1 keeps running"),
)

TOPIC = "A tour: " + " · ".join(f"`{command}`" for command, _ in _FIVE)
"""Of the channel in which one begins: the commands alone, in this order."""


def welcome(state: StateDirectory) -> str:
    """What a colleague says in the channel on the first day."""
    choices = state.choices
    tour = (f"{number}. `{command}` – {why}" for number, (command, why) in enumerate(_FIVE, 1))
    return "\n".join(
        (
            "Welcome to the shop! This Slack is a local one; the bot, its workers, the registry, "
            "the scanner and the Docker engine are real. Five things to try:",
            *tour,
            "And then:",
            f"• `/image deploy {WEB}:{VULNERABLE_TAG} to staging` – the gate refuses it",
            f"• `/image push {WEB}:v2`, and bring it to staging, then to production",
            f"• `/image deploy {WEB}:{LEAKY_TAG} to staging`, then to production – healthy at "
            "first, then rolled back automatically",
            "• be @eve, who can scan but not deploy, or @gus, a guest, who cannot do anything",
            f"Staging answers at http://127.0.0.1:{choices.staging_port}/ and production at "
            f"http://127.0.0.1:{choices.production_port}/ once something is deployed there.",
        )
    )


def greeting(state: StateDirectory, address: str) -> tuple[str, ...]:
    """The address of the page, and what the trial keeps."""
    return (
        "",
        "Quaymaster is running. Its chat page is here:",
        "",
        f"  {address}",
        "",
        "Anyone with this address can act as anybody there, even as a release manager: do not",
        "share it.",
        "Ctrl-C ends everything.",
        "",
        f"  settings     {state.configuration}",
        f"  logs         {state.path / 'logs'}/",
        "",
        "Kept for the next start: messages, operations, releases, approvals, the audit, the",
        f"registry. Not kept: the running services. {invocation('--reset')} starts over.",
        "",
    )
