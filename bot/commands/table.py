"""The command table as JSON: what a completion is made from. ``quaymaster commands`` prints it.

One object::

    {"command": "/image",
     "verbs": [{"name": "deploy", "usage": "deploy REF to ENVIRONMENT [--service NAME]",
                "summary": "Run an image …",
                "arguments": [{"name": "REF", "word": "", "required": true},
                              {"name": "ENVIRONMENT", "word": "to", "required": true}],
                "options": [{"name": "--service", "value": "NAME", "meaning": "Which service, …"}],
                "examples": ["deploy shop/web:1.4 to staging"]}],
     "values": {"ENVIRONMENT": ["staging", "production"], "REF": ["shop/web:"]}}

``usage`` and ``examples`` stand without the slash command. ``word`` is the small word that is
usually written before an argument; "" where there is none. ``values`` has what can stand for an
argument or an option's value, by its name; a name without known values is left out. A value that
ends with a colon is the beginning of one: a tag follows. With a configuration, ``examples`` has
only sentences that it understands: a name that it does not have is replaced by its first.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from bot.commands.grammar import COMMAND, VERBS, Verb, parse
from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import UsageError

_NAMED_IN_EXAMPLES = {
    "build1": "HOST",
    "staging": "ENVIRONMENT",
    "staging/web": "ENVIRONMENT/SERVICE",
    "shop/web": "REPOSITORY",
}
"""The kinds of the names in the grammar's examples."""


@dataclass(frozen=True, slots=True)
class ArgumentRow:
    """A word that a verb wants."""

    name: str
    word: str
    required: bool


@dataclass(frozen=True, slots=True)
class OptionRow:
    """A flag with a value."""

    name: str
    value: str
    meaning: str


@dataclass(frozen=True, slots=True)
class VerbRow:
    """One command."""

    name: str
    usage: str
    summary: str
    arguments: tuple[ArgumentRow, ...]
    options: tuple[OptionRow, ...]
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CommandTable:
    """Every command, and the known values of its arguments."""

    command: str
    verbs: tuple[VerbRow, ...]
    values: Mapping[str, tuple[str, ...]]

    def as_json(self) -> str:
        """The object that the module describes."""
        return json.dumps(asdict(self), indent=2)


def table_of(configuration: Configuration | None, command: str = COMMAND) -> CommandTable:
    """The table; without a configuration only the names of the verbs are known values."""
    values = {"COMMAND": tuple(VERBS)}
    if configuration is not None:
        values |= _values_in(configuration)
    return CommandTable(
        command,
        tuple(_row(verb, _examples(verb, values, configuration)) for verb in VERBS.values()),
        {name: known for name, known in values.items() if known},
    )


def _examples(
    verb: Verb, values: Mapping[str, tuple[str, ...]], configuration: Configuration | None
) -> tuple[str, ...]:
    """Those that the configuration understands, with its names where it lacks theirs."""
    if configuration is None:
        return verb.examples
    fitted = (
        " ".join(_fitted(word, values) for word in example.split()) for example in verb.examples
    )
    return tuple(example for example in dict.fromkeys(fitted) if _fits(example, configuration))


def _fitted(word: str, values: Mapping[str, tuple[str, ...]]) -> str:
    name, colon, tag = word.partition(":")
    known = values.get(_NAMED_IN_EXAMPLES.get(name, ""), ())
    return word if not known or name in known else f"{known[0]}{colon}{tag}"


def _fits(example: str, configuration: Configuration) -> bool:
    try:
        parse(example, configuration)
    except UsageError:
        return False
    return True


def _row(verb: Verb, examples: tuple[str, ...]) -> VerbRow:
    return VerbRow(
        verb.name,
        verb.usage,
        verb.summary,
        tuple(ArgumentRow(one.name, one.usual, one.required) for one in verb.arguments),
        tuple(OptionRow(one.name, one.value, one.meaning) for one in verb.options),
        examples,
    )


def _values_in(configuration: Configuration) -> dict[str, tuple[str, ...]]:
    services = [
        (environment, name, service)
        for environment, entry in configuration.environments.items()
        for name, service in entry.services.items()
    ]
    repositories = tuple(
        dict.fromkeys(
            service.image.familiar(configuration.default_registry) for *_, service in services
        )
    )
    images = tuple(f"{repository}:" for repository in repositories)
    return {
        "ENVIRONMENT": tuple(configuration.environments),
        "ENVIRONMENT/SERVICE": tuple(f"{where}/{name}" for where, name, _ in services),
        "HOST": tuple(configuration.hosts),
        "REPOSITORY": repositories,
        "REF": images,
        "SOURCE": images,
        "NEW": images,
        "NAME": tuple(dict.fromkeys(name for _, name, _ in services)),
    }
