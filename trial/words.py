"""What is typed at the prompt of a trial."""

import re
from dataclasses import dataclass
from typing import TypeAlias

from quaymaster.errors import UsageError

WAIT_SECONDS = 60.0

HELP = """\
/image …            a command, as the person and in the channel that the prompt names
:as carol           be somebody else            :people    who there is
:in #releases       go into another channel     :channels  which there are
:click approve 1042 press a button on the card of an operation; without the number, the newest
:show 5             the last messages of the channel again
:file NAME          a file that was shared, as text
:wait 30 Deployed   wait, at most 30 seconds, until a message says so (for scripts)
:quit               end everything; so do Ctrl-D and Ctrl-C
Anything else is said in the channel; @quaymaster … asks the bot as well. After :in @quaymaster you
write to the bot alone, and commands need no /image."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """An empty line, or a comment of a script."""


@dataclass(frozen=True, slots=True)
class Help:
    """``:help``"""


@dataclass(frozen=True, slots=True)
class People:
    """``:people``"""


@dataclass(frozen=True, slots=True)
class Channels:
    """``:channels``"""


@dataclass(frozen=True, slots=True)
class Quit:
    """``:quit``"""


@dataclass(frozen=True, slots=True)
class Be:
    """``:as NAME``"""

    name: str


@dataclass(frozen=True, slots=True)
class Enter:
    """``:in #CHANNEL``"""

    channel: str


@dataclass(frozen=True, slots=True)
class Click:
    """``:click BUTTON [OPERATION]``"""

    button: str
    operation: str | None


@dataclass(frozen=True, slots=True)
class Show:
    """``:show [COUNT]``"""

    count: int


@dataclass(frozen=True, slots=True)
class ShowFile:
    """``:file NAME``"""

    name: str


@dataclass(frozen=True, slots=True)
class Wait:
    """``:wait [SECONDS] WORDS``"""

    words: str
    within: float


@dataclass(frozen=True, slots=True)
class Typed:
    """Everything else: it goes to Slack as it is."""

    text: str


Line: TypeAlias = (
    Nothing | Help | People | Channels | Quit | Be | Enter | Click | Show | ShowFile | Wait | Typed
)

_BARE: dict[str, Line] = {
    ":help": Help(),
    ":people": People(),
    ":channels": Channels(),
    ":quit": Quit(),
}
_CLICK = re.compile(r"(?P<button>.+?)(?:\s+#?(?P<operation>[0-9]+))?")
_WAIT = re.compile(r"(?:(?P<seconds>[0-9]{1,4})\s+)?(?P<words>.+)")


def read_line(text: str) -> Line:
    """What a line means. Raises UsageError for a word with a colon that there is not."""
    text = text.strip()
    if not text or text.startswith("# "):
        return Nothing()
    if not text.startswith(":"):
        return Typed(text)
    if text in _BARE:
        return _BARE[text]
    name, _, rest = text.partition(" ")
    found = _with_rest(name, rest.strip())
    if found is None:
        raise UsageError(f"{text} is not understood.", next_step="`:help` lists what is.")
    return found


def _with_rest(name: str, rest: str) -> Line | None:
    match name:
        case ":as" if rest:
            return Be(rest)
        case ":in" if rest:
            return Enter(rest)
        case ":file" if rest:
            return ShowFile(rest)
        case ":show" if not rest or rest.isdecimal():
            return Show(int(rest or 3))
        case ":click":
            return _click(rest)
        case ":wait":
            return _wait(rest)
        case _:
            return None


def _click(rest: str) -> Click | None:
    found = _CLICK.fullmatch(rest)
    return Click(found["button"], found["operation"]) if found else None


def _wait(rest: str) -> Wait | None:
    found = _WAIT.fullmatch(rest)
    return Wait(found["words"], float(found["seconds"] or WAIT_SECONDS)) if found else None
