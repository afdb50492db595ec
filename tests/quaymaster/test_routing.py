"""Every request begins where somebody can do it."""

import pytest

from bot.commands.grammar import parse
from quaymaster.configuration.configuration import Configuration
from quaymaster.operations import Stage
from quaymaster.routing import first_step

CONFIGURATION = Configuration.parse("""
default_registry: registry.staging:5000
registries: {registry.staging:5000: {}, other.example: {}}
hosts: {build1: {}, app1: {}}
environments:
  production:
    target: {docker: [app1]}
    services: {web: {image: registry.staging:5000/shop/web}}
""")


@pytest.mark.parametrize(
    ("text", "stage", "queue"),
    [
        ("images on build1", Stage.WORK, "host:build1"),
        ("pull shop/web:1 on app1", Stage.WORK, "host:app1"),
        ("push shop/web:1 from build1", Stage.WORK, "host:build1"),
        ("tags shop/web", Stage.WORK, "registry"),
        ("tag shop/web:1 as shop/web:2", Stage.WORK, "registry"),
        ("tag shop/web:1 as shop/web:2 on build1", Stage.WORK, "registry"),
        ("inspect shop/web:1", Stage.WORK, "registry"),
        ("inspect shop/web:1 on build1", Stage.WORK, "host:build1"),
        ("history shop/web:1", Stage.WORK, "registry"),
        ("history shop/web:1 on build1", Stage.WORK, "host:build1"),
        ("scan shop/web:1", Stage.EXAMINE, "registry"),
        ("scan shop/web:1 on build1", Stage.WORK, "host:build1"),
        ("deploy shop/web:1 to production", Stage.EXAMINE, "host:app1"),
        ("rollback production/web", Stage.PLAN, "host:app1"),
    ],
)
def test_first_step(text: str, stage: Stage, queue: str) -> None:
    assert first_step(parse(text, CONFIGURATION), CONFIGURATION) == (stage, queue)


@pytest.mark.parametrize("text", ["help", "status", "jobs", "cancel 1", "approve 1", "reject 1"])
def test_what_the_bot_answers_itself_becomes_no_operation(text: str) -> None:
    with pytest.raises(ValueError, match="answered by the bot"):
        first_step(parse(text, CONFIGURATION), CONFIGURATION)
