"""What ``help`` says, as data for the views and for the README."""

from dataclasses import dataclass

from bot.commands.grammar import COMMAND, VERBS


@dataclass(frozen=True, slots=True)
class HelpLine:
    """How something is written, and what it does."""

    usage: str
    meaning: str


@dataclass(frozen=True, slots=True)
class HelpPage:
    """One page of help. Plain text."""

    title: str
    lines: tuple[HelpLine, ...]
    examples: tuple[str, ...] = ()
    note: str = ""


def help_text(topic: str | None = None, command: str = COMMAND) -> HelpPage:
    """All verbs, or one of them. ``topic`` is a verb."""
    if topic is None:
        lines = tuple(HelpLine(usage(name, command), VERBS[name].summary) for name in VERBS)
        return HelpPage(
            "What Quaymaster does",
            lines,
            note=f"`{command} help COMMAND` says more about one of them.",
        )
    verb = VERBS[topic]
    needs = f"Needs the right to {verb.needs}." if verb.needs is not None else ""
    return HelpPage(
        verb.summary,
        (
            HelpLine(usage(topic, command), verb.summary),
            *(HelpLine(f"{option.name} {option.value}", option.meaning) for option in verb.options),
        ),
        tuple(f"{command} {example}" for example in verb.examples),
        needs,
    )


def usage(verb: str, command: str = COMMAND) -> str:
    """The usage line of a verb, with the slash command."""
    return f"{command} {VERBS[verb].usage}"


def command_table(command: str = COMMAND) -> tuple[tuple[str, str, str], ...]:
    """The README's table: usage, meaning and first example of every verb."""
    return tuple(
        (usage(verb.name, command), verb.summary, f"{command} {verb.examples[0]}")
        for verb in VERBS.values()
    )
