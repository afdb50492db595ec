"""What is said about a request is the command that asks for it."""

import pytest

from bot.commands.grammar import VERBS, parse
from bot.spelled import spelled
from quaymaster.configuration import Configuration

CONFIGURATION = Configuration.parse("""
default_registry: registry.staging:5000
registries: {registry.staging:5000: {}, other.example: {}}
hosts: {build1: {}}
environments:
  staging:
    target: {docker: [build1]}
    services: {web: {image: registry.staging:5000/shop/web}}
""")
EXAMPLES = [example for verb in VERBS.values() for example in verb.examples]


@pytest.mark.parametrize("text", [*EXAMPLES, "scan other.example/x:1 on build1", "reject 7"])
def test_it_is_read_back_as_the_same_request(text: str) -> None:
    request = parse(text, CONFIGURATION)
    assert parse(spelled(request, CONFIGURATION.default_registry), CONFIGURATION) == request
    assert parse(spelled(request), CONFIGURATION) == request
