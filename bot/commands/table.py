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
ends with a colon is the beginning of one: a tag follows.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from bot.commands.grammar import COMMAND, VERBS, Verb
from quaymaster.configuration import Configuration


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
    """Every command, and what is known to stand for its arguments."""

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
        tuple(_row(verb) for verb in VERBS.values()),
        {name: known for name, known in values.items() if known},
    )


def _row(verb: Verb) -> VerbRow:
    return VerbRow(
        verb.name,
        verb.usage,
        verb.summary,
        tuple(ArgumentRow(one.name, one.usual, one.required) for one in verb.arguments),
        tuple(OptionRow(one.name, one.value, one.meaning) for one in verb.options),
        verb.examples,
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
