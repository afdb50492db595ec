import pytest

from bot.commands.grammar import VERBS, parse
from bot.commands.help import command_table, help_text, usage
from quaymaster.configuration.configuration import Configuration
from testing.configurations import SHOP_TEXT

ONE_HOST = Configuration.parse(
    "\n".join(line for line in SHOP_TEXT.splitlines() if not line.startswith("  app1:")).replace(
        "[app1]", "[build1]"
    )
)


def test_the_overview_has_every_verb() -> None:
    page = help_text()
    assert [line.usage for line in page.lines] == [usage(verb) for verb in VERBS]
    assert all(line.meaning for line in page.lines)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_a_page_with_examples(verb: str) -> None:
    page = help_text(verb, "/ship")
    assert page.lines[0].usage.startswith(f"/ship {verb}")
    assert page.examples
    assert all(example.startswith(f"/ship {verb}") for example in page.examples)


def test_the_page_of_a_verb_names_its_options_and_its_right() -> None:
    page = help_text("deploy")
    assert [line.usage for line in page.lines][1:] == ["--service NAME"]
    assert page.note == "Needs the right to deploy."


@pytest.mark.parametrize(
    "example", [example for verb in VERBS.values() for example in verb.examples]
)
def test_every_example_is_understood(example: str) -> None:
    assert parse(example, ONE_HOST)


def test_the_table_of_the_readme_has_every_verb() -> None:
    assert [row[0] for row in command_table()] == [usage(verb) for verb in VERBS]
