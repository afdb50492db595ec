import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.commands.grammar import VERBS, parse
from bot.commands.table import table_of
from quaymaster.configuration.configuration import Configuration
from quaymaster.settings import COMMAND, CONFIG
from testing.configurations import SHOP, SHOP_TEXT, SMALL


def test_every_verb_is_there_as_the_help_shows_it() -> None:
    table = table_of(None)
    assert [row.name for row in table.verbs] == list(VERBS)
    assert [row.usage for row in table.verbs] == [verb.usage for verb in VERBS.values()]
    assert all(row.summary and row.examples for row in table.verbs)


def test_the_usage_line_is_made_of_what_the_table_says() -> None:
    for row in table_of(None).verbs:
        words = [f"{one.word} {one.name}".strip() for one in row.arguments]
        arguments = [
            text if one.required else f"[{text}]"
            for text, one in zip(words, row.arguments, strict=True)
        ]
        options = [f"[{one.name} {one.value}]" for one in row.options]
        assert row.usage == " ".join((row.name, *arguments, *options))


def test_known_values_come_from_the_configuration() -> None:
    assert table_of(SHOP).values == {
        "COMMAND": tuple(VERBS),
        "ENVIRONMENT": ("staging", "production"),
        "ENVIRONMENT/SERVICE": (
            *("staging/web", "staging/worker", "staging/mailer"),
            "production/web",
        ),
        "HOST": ("build1", "app1"),
        "REPOSITORY": ("shop/web", "shop/jobs", "registry.prod/shop/web"),
        "REF": ("shop/web:", "shop/jobs:", "registry.prod/shop/web:"),
        "SOURCE": ("shop/web:", "shop/jobs:", "registry.prod/shop/web:"),
        "NEW": ("shop/web:", "shop/jobs:", "registry.prod/shop/web:"),
        "NAME": ("web", "worker", "mailer"),
    }


def test_a_name_without_known_values_is_left_out() -> None:
    assert table_of(SMALL).values == {"COMMAND": tuple(VERBS), "HOST": ("build1",)}
    assert table_of(None).values == {"COMMAND": tuple(VERBS)}


def test_examples_name_what_the_configuration_has() -> None:
    other = Configuration.parse(
        """
default_registry: localhost:5000
hosts: {local: {}}
environments:
  test: {target: {docker: [local]}, services: {api: {image: team/api}}}
"""
    )
    examples = {row.name: row.examples for row in table_of(other).verbs}
    assert examples["push"] == ("push team/api:1.4 from local",)
    assert examples["deploy"] == ("deploy team/api:1.4 to test",)
    assert examples["rollback"] == ("rollback test/api",)
    assert examples["status"] == ("status", "status test")


@pytest.mark.parametrize("configuration", [SHOP, SMALL])
def test_every_example_is_understood_with_the_configuration(configuration: Configuration) -> None:
    for row in table_of(configuration).verbs:
        for example in row.examples:
            assert parse(example, configuration)


def test_values_stand_under_names_that_the_grammar_uses() -> None:
    table = table_of(SHOP)
    names = {one.name for row in table.verbs for one in row.arguments}
    assert set(table.values) <= names | {one.value for row in table.verbs for one in row.options}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("COMMAND", "help {}"),
        ("ENVIRONMENT", "status {}"),
        ("ENVIRONMENT/SERVICE", "rollback {}"),
        ("HOST", "images on {}"),
        ("REPOSITORY", "tags {}"),
        ("REF", "inspect {}1.4"),
        ("SOURCE", "tag {}1.4 as shop/web:new"),
        ("NEW", "tag shop/web:1.4 as {}new"),
    ],
)
def test_every_known_value_is_understood_where_it_is_offered(name: str, sentence: str) -> None:
    for value in table_of(SHOP).values[name]:
        assert parse(sentence.format(value), SHOP)


def printed(folder: Path, environ: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "programs.cli", "commands"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[3]), **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_line_prints_it_as_one_object_with_the_name_of_the_settings(
    tmp_path: Path,
) -> None:
    path = tmp_path / "shop.yml"
    path.write_text(SHOP_TEXT)
    done = printed(tmp_path, {CONFIG.name: str(path), COMMAND.name: "/ship"})
    assert done.returncode == 0, done.stderr
    table: Any = json.loads(done.stdout)
    assert set(table) == {"command", "verbs", "values"}
    assert table["command"] == "/ship"
    assert table["values"]["HOST"] == ["build1", "app1"]
    (deploy,) = (row for row in table["verbs"] if row["name"] == "deploy")
    assert deploy == {
        "name": "deploy",
        "usage": VERBS["deploy"].usage,
        "summary": VERBS["deploy"].summary,
        "arguments": [
            {"name": "REF", "word": "", "required": True},
            {"name": "ENVIRONMENT", "word": "to", "required": True},
        ],
        "options": [
            {"name": "--service", "value": "NAME", "meaning": VERBS["deploy"].options[0].meaning}
        ],
        "examples": list(VERBS["deploy"].examples),
    }


@pytest.mark.parametrize("text", [None, "hosts: [", "\udcff"])
def test_without_a_configuration_that_can_be_read_it_prints_the_commands_alone(
    tmp_path: Path, text: str | None
) -> None:
    if text is not None:
        (tmp_path / "quaymaster.yml").write_text(text, errors="surrogateescape")
    done = printed(tmp_path, {})
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["values"] == {"COMMAND": list(VERBS)}


def test_a_name_that_is_none_of_a_slash_command_is_refused(tmp_path: Path) -> None:
    done = printed(tmp_path, {COMMAND.name: "image"})
    assert done.returncode == 2
    assert COMMAND.name in done.stderr
    assert "Traceback" not in done.stderr
