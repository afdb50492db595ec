"""The command language as one table: the parser, ``help`` and the README are made from it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn

from bot.commands.arguments import Arguments
from bot.commands.normalizing import normalized, unformatted
from bot.commands.words import words_of
from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import UsageError
from quaymaster.image_ref import shown
from quaymaster.requests import (
    REQUESTS,
    ApproveRequest,
    CancelRequest,
    DeployRequest,
    HelpRequest,
    HistoryRequest,
    ImagesRequest,
    InspectRequest,
    JobsRequest,
    PullRequest,
    PushRequest,
    RejectRequest,
    Request,
    RollbackRequest,
    ScanRequest,
    StatusRequest,
    TagRequest,
    TagsRequest,
)
from quaymaster.rights import Right
from quaymaster.spelling import did_you_mean, listed, nearest

COMMAND = "/image"
"""The slash command where the settings name no other."""

LONGEST = 2_000
"""Characters. The longest reference has fewer than 500, so nothing that makes sense is longer."""


_ANEW = (
    "To restart a service, deploy its current version again; `{} status` shows which one that is."
)
_INSTEAD = dict.fromkeys(("restart", "reload", "recreate", "redeploy"), _ANEW)
"""What does the work of commands that there are none of."""


@dataclass(frozen=True, slots=True)
class Argument:
    """A word that a verb wants, in this place or after one of its small words."""

    name: str
    usual: str = ""
    """The small word before it in the usage line."""
    also: tuple[str, ...] = ()
    """Other small words that people write before it."""
    required: bool = True

    @property
    def small_words(self) -> tuple[str, ...]:
        """The words after which it is recognised, in any position."""
        return (*([self.usual] if self.usual else []), *self.also)

    @property
    def usage(self) -> str:
        """How it is written."""
        text = f"{self.usual} {self.name}".strip()
        return text if self.required else f"[{text}]"


@dataclass(frozen=True, slots=True)
class Option:
    """A ``--flag`` with a value."""

    name: str
    value: str
    meaning: str

    @property
    def usage(self) -> str:
        """How it is written."""
        return f"[{self.name} {self.value}]"


@dataclass(frozen=True, slots=True)
class Verb:
    """One command."""

    name: str
    summary: str
    arguments: tuple[Argument, ...]
    read: Callable[[Arguments], Request]
    examples: tuple[str, ...]
    options: tuple[Option, ...] = ()

    @property
    def usage(self) -> str:
        """How it is written, without the slash command."""
        arguments = [argument.usage for argument in self.arguments]
        return " ".join((self.name, *arguments, *(option.usage for option in self.options)))

    @property
    def needs(self) -> Right | None:
        """The right that it needs; None where another question decides, or none."""
        right = REQUESTS[self.name].right
        return right if isinstance(right, Right) else None


def parse(text: str, configuration: Configuration, command: str = COMMAND) -> Request:
    """Read what was typed after the slash command, or with it.

    What is bold, italic, struck or code means what it says. Raises UsageError with what was
    understood, the usage line and the nearest right spelling.
    """
    if len(text) > LONGEST:
        raise UsageError(
            f"This is {len(text):,} characters long; a command has at most {LONGEST:,}.",
            next_step=f"`{command} help` shows the commands.",
        )
    line = normalized(text)
    try:
        return _read(line, configuration, command)
    except UsageError:
        # Only now, so that a name with such signs at its ends is never taken for another one.
        plain = unformatted(line)
        if plain == line:
            raise
    return _read(plain, configuration, command)


def _read(line: str, configuration: Configuration, command: str) -> Request:
    name, *words = without_command(words_of(line), command) or ("help",)
    verb = VERBS.get(name.lower())
    if verb is None:
        raise _unknown_verb(name, command)
    try:
        return verb.read(Arguments(sorted_out(verb, words), configuration))
    except UsageError as error:
        problem = error.problem
        usage = f"Usage: `{command} {verb.usage}`"
        next_step = f"{problem.next_step} {usage}".strip()
        raise UsageError(problem.what, why=problem.why, next_step=next_step) from error


def without_command(words: tuple[str, ...], command: str) -> tuple[str, ...]:
    """The words without the slash command, if the message contains it."""
    return words[1:] if words and words[0].casefold() == command.casefold() else words


def _unknown_verb(name: str, command: str) -> UsageError:
    meant = nearest(name, VERBS)
    hint = f"Did you mean `{command} {VERBS[meant].usage}`? " if meant else ""
    return UsageError(
        f"{shown(name)} is not a command.",
        why=_INSTEAD.get(name.casefold(), "").format(command),
        next_step=f"{hint}`{command} help` lists them all.",
    )


def sorted_out(verb: Verb, words: list[str]) -> dict[str, str]:
    """Each word under the name of the argument or option that it fills. Raises UsageError for words
    that fill none, and for arguments without a word.
    """
    small_words = {small: part for part in verb.arguments for small in part.small_words}
    arguments: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        if word.startswith("-"):
            name, value = _option(verb, word, rest)
        elif word in small_words:
            name, value = small_words[word].name, _next(rest, word, small_words[word].name)
        else:
            name, value = _next_place(verb, arguments, word), word
        if name in arguments:
            raise UsageError(f"{name} is given twice: {shown(arguments[name])} and {shown(value)}.")
        arguments[name] = value
    missing = [part.name for part in verb.arguments if part.required and part.name not in arguments]
    if missing:
        raise UsageError(f"{verb.name} needs {listed(missing)}.", why=_understood(arguments))
    return arguments


def _next_place(verb: Verb, arguments: Mapping[str, str], word: str) -> str:
    place = next((part.name for part in verb.arguments if part.name not in arguments), None)
    if place is None:
        raise UsageError(f"I don't understand {shown(word)}.", why=_understood(arguments))
    return place


def _option(verb: Verb, word: str, rest: Iterator[str]) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    option = next((option for option in verb.options if option.name == name), None)
    if option is None:
        _refuse_option(verb, name)
    return name, value if equals else _next(rest, name, option.value)


def _refuse_option(verb: Verb, name: str) -> NoReturn:
    names = [option.name for option in verb.options]
    has = f"It has {listed(names)}." if names else "It has none."
    raise UsageError(
        f"{verb.name} has no option {shown(name)}.", why=has, next_step=did_you_mean(name, names)
    )


def _next(rest: Iterator[str], before: str, name: str) -> str:
    value = next(rest, "")
    if not value or value.startswith("-"):
        raise UsageError(f"{name} is missing after “{before}”.")
    return value


def _understood(arguments: Mapping[str, str]) -> str:
    words = [f"{name} is {shown(word)}" for name, word in arguments.items()]
    return f"Understood so far: {listed(words)}." if words else ""


def _help(arguments: Arguments) -> Request:
    topic = arguments.optional("COMMAND")
    if topic is not None and topic.lower() not in VERBS:
        raise UsageError(
            f"{shown(topic)} is not a command.",
            why=f"The commands are {listed(VERBS)}.",
            next_step=did_you_mean(topic, VERBS),
        )
    return HelpRequest(topic.lower() if topic is not None else None)


def _status(arguments: Arguments) -> Request:
    environment = arguments.optional("ENVIRONMENT")
    if environment is not None:
        arguments.configuration.environment(environment)
    return StatusRequest(environment)


def _inspect(arguments: Arguments) -> Request:
    host = arguments.named_host()
    return InspectRequest(arguments.image_at("REF", host), host)


def _history(arguments: Arguments) -> Request:
    host = arguments.named_host()
    return HistoryRequest(arguments.image_at("REF", host), host)


def _tag(arguments: Arguments) -> Request:
    host = arguments.named_host()
    new = arguments.tagged(arguments.image_at("NEW", host))
    return TagRequest(arguments.image_at("SOURCE", host), new, host)


def _scan(arguments: Arguments) -> Request:
    host = arguments.named_host()
    return ScanRequest(arguments.image_at("REF", host), host)


def _deploy(arguments: Arguments) -> Request:
    image = arguments.any_image("REF")
    environment, slash, service = arguments.word("ENVIRONMENT").partition("/")
    named = arguments.optional("--service")
    if slash and named is not None and named != service:
        raise UsageError(f"Two services are named: {shown(service)} and {shown(named)}.")
    wanted = service if slash else named
    matching = arguments.configuration.service_for(environment, image.repository, wanted)
    return DeployRequest(image, environment, matching)


def _rollback(arguments: Arguments) -> Request:
    return RollbackRequest(*arguments.service().place)


_REF = Argument("REF")
_ID = Argument("ID")
_ON_HOST = Argument("HOST", "on", ("in",), required=False)

_TABLE = (
    Verb(
        "help",
        "The commands, or one of them in detail",
        (Argument("COMMAND", also=("for",), required=False),),
        _help,
        ("help", "help deploy"),
    ),
    Verb(
        "status",
        "What runs where",
        (Argument("ENVIRONMENT", also=("of", "in", "for"), required=False),),
        _status,
        ("status", "status staging"),
    ),
    Verb(
        "jobs",
        "Operations in progress, and recent ones",
        (),
        lambda _given: JobsRequest(),
        ("jobs",),
    ),
    Verb(
        "cancel",
        "Stop an operation at its next step",
        (_ID,),
        lambda given: CancelRequest(given.operation()),
        ("cancel 1042",),
    ),
    Verb(
        "approve",
        "Approve a deploy, as the button does",
        (_ID,),
        lambda given: ApproveRequest(given.operation()),
        ("approve 1042",),
    ),
    Verb(
        "reject",
        "Reject a deploy, as the button does",
        (_ID,),
        lambda given: RejectRequest(given.operation()),
        ("reject 1042",),
    ),
    Verb(
        "images",
        "The images of a Docker host",
        (_ON_HOST,),
        lambda given: ImagesRequest(given.host()),
        ("images", "images on build1"),
    ),
    Verb(
        "tags",
        "The tags of a repository in its registry",
        (Argument("REPOSITORY", also=("of", "in", "for")),),
        lambda given: TagsRequest(given.repository("REPOSITORY")),
        ("tags shop/web",),
    ),
    Verb(
        "inspect",
        "Digest, platforms, size and configuration of an image, in the registry or on a host",
        (_REF, _ON_HOST),
        _inspect,
        ("inspect shop/web:1.4", "inspect shop/web:1.4 on build1"),
    ),
    Verb(
        "history",
        "The build steps of an image",
        (Argument("REF", also=("of", "for")), _ON_HOST),
        _history,
        ("history shop/web:1.4",),
    ),
    Verb(
        "pull",
        "Fetch an image onto a Docker host",
        (_REF, Argument("HOST", "on", ("to",), required=False)),
        lambda given: PullRequest(given.image("REF"), given.host()),
        ("pull shop/web:1.4 on build1",),
    ),
    Verb(
        "tag",
        "Give an image another tag, in the registry or on a host",
        (Argument("SOURCE"), Argument("NEW", "as", ("to",)), _ON_HOST),
        _tag,
        ("tag shop/web:latest as shop/web:1.4", "tag web:dev as shop/web:1.4 on build1"),
    ),
    Verb(
        "push",
        "Send an image from a Docker host to its registry",
        (_REF, Argument("HOST", "from", ("on",), required=False)),
        lambda given: PushRequest(given.tagged(given.image("REF")), given.host()),
        ("push shop/web:1.4 from build1",),
    ),
    Verb(
        "scan",
        "Look for known vulnerabilities in an image, in the registry or on a host",
        (_REF, _ON_HOST),
        _scan,
        ("scan shop/web:1.4",),
    ),
    Verb(
        "deploy",
        "Run an image as a service of an environment, after its gate and approvals",
        (_REF, Argument("ENVIRONMENT", "to", ("in", "on"))),
        _deploy,
        ("deploy shop/web:1.4 to staging", "deploy shop/web:1.4 to staging --service web"),
        (Option("--service", "NAME", "Which service, if several run this repository"),),
    ),
    Verb(
        "rollback",
        "Go back to the last good release of a service, configuration included",
        (Argument("ENVIRONMENT/SERVICE", also=("of",)),),
        _rollback,
        ("rollback staging/web",),
    ),
)

SYNONYMS: Mapping[str, str] = {
    **dict.fromkeys(("?", "man", "usage", "commands", "-h", "--help"), "help"),
    **dict.fromkeys(("ps", "running", "services", "state", "restart", "reload"), "status"),
    **dict.fromkeys(("recreate", "redeploy"), "status"),
    **dict.fromkeys(("operations", "ops", "queue", "tasks"), "jobs"),
    **dict.fromkeys(("stop", "abort", "kill"), "cancel"),
    **dict.fromkeys(("accept", "lgtm", "yes"), "approve"),
    **dict.fromkeys(("deny", "decline", "refuse", "no"), "reject"),
    "ls": "images",
    "versions": "tags",
    **dict.fromkeys(("describe", "info", "manifest"), "inspect"),
    "layers": "history",
    **dict.fromkeys(("fetch", "download"), "pull"),
    "retag": "tag",
    **dict.fromkeys(("upload", "publish"), "push"),
    **dict.fromkeys(("cves", "vulnerabilities", "trivy"), "scan"),
    **dict.fromkeys(("release", "ship", "rollout"), "deploy"),
    **dict.fromkeys(("revert", "undo", "restore"), "rollback"),
}
"""What people call some of the verbs elsewhere. It is offered, not understood."""

VERBS: Mapping[str, Verb] = {verb.name: verb for verb in _TABLE}
"""Every verb by its name, in the order of the help."""
