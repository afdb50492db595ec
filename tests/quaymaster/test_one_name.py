"""One image has one name: whoever wrote it, the rules, the alerts and the hints mean the same."""

import pytest

from bot.commands.grammar import parse
from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import ConfigurationError, UsageError
from quaymaster.image_ref import ImageRef, Repository
from quaymaster.requests import DeployRequest, TagsRequest
from quaymaster.store import keys
from quaymaster.target import ServiceRef

REDIS = Repository("docker.io", "library/redis")
SPELLINGS = (
    *("redis", "library/redis", "docker.io/redis", "docker.io/library/redis"),
    *("index.docker.io/redis", "index.docker.io/library/redis", "Docker.io/library/redis"),
    *("registry-1.docker.io/library/redis", "INDEX.DOCKER.IO/redis"),
)


def hub(image: str = "redis", default: str = "docker.io", registries: str = "docker.io") -> str:
    """A configuration in which everything comes from Docker Hub."""
    return (
        f"default_registry: {default}\n"
        f"registries: {{{registries}: {{username: ci, password: '${{HUB_PASSWORD}}'}}}}\n"
        "hosts: {build1: {}}\n"
        "environments:\n"
        "  staging:\n"
        "    target: {docker: [build1]}\n"
        "    services:\n"
        f"      cache: {{image: {image}, channel: C0CACHE}}\n"
        "      front: {image: nginx, channel: C0FRONT}\n"
    )


@pytest.mark.parametrize("written", SPELLINGS)
@pytest.mark.parametrize("configured", SPELLINGS)
def test_a_service_runs_its_image_however_the_two_are_written(
    written: str, configured: str
) -> None:
    configuration = Configuration.parse(hub(configured))
    request = parse(f"deploy {written}:7 to staging", configuration)
    assert request == DeployRequest(ImageRef(REDIS, "7"), "staging", "cache")
    assert configuration.services_running(REDIS) == (ServiceRef("staging", "cache"),)


@pytest.mark.parametrize(
    "name", ["docker.io", "index.docker.io", "Docker.IO", "registry-1.docker.io"]
)
def test_the_default_registry_and_its_login_are_found_by_every_name_of_it(name: str) -> None:
    configuration = Configuration.parse(hub(default=name, registries="index.docker.io"))
    assert configuration.default_registry == "docker.io"
    assert configuration.registries == ("docker.io",)
    for asked in ("docker.io", name):
        access = configuration.registry(asked)
        assert (access.host, access.username) == ("docker.io", "ci")
    assert parse("tags redis", configuration) == TagsRequest(REDIS)


def test_a_registry_in_capitals_is_the_one_in_small_letters() -> None:
    text = (
        "default_registry: Registry.Example.com\n"
        "registries: {REGISTRY.example.com: {redirects_to: [Storage.Example.com:443]}}\n"
        "hosts: {a: {}}\n"
    )
    configuration = Configuration.parse(text)
    assert configuration.registries == ("registry.example.com",)
    assert configuration.registry("registry.EXAMPLE.com").redirects_to == ("storage.example.com",)
    assert parse("tags registry.example.COM/shop/web", configuration) == TagsRequest(
        Repository("registry.example.com", "shop/web")
    )


def test_two_entries_of_one_registry_are_refused() -> None:
    with pytest.raises(ConfigurationError) as refused:
        Configuration.parse(
            "default_registry: docker.io\nhosts: {a: {}}\n"
            "registries: {docker.io: {}, index.docker.io: {}}\n"
        )
    assert "docker.io and index.docker.io are the same registry" in str(refused.value)


def test_a_hint_offers_what_is_alike_and_nothing_else() -> None:
    configuration = Configuration.parse(hub())
    with pytest.raises(UsageError) as refused:
        configuration.service_for("staging", Repository("docker.io", "library/postgres"))
    assert "Did you mean" not in str(refused.value)
    with pytest.raises(UsageError, match=r"Did you mean docker\.io/library/redis\?"):
        configuration.service_for("staging", Repository("docker.io", "library/reddis"))
    with pytest.raises(UsageError, match=r"Did you mean docker\.io/library/redis\?"):
        configuration.service_for("staging", Repository("quay.io", "library/redis"))
    with pytest.raises(UsageError) as refused:
        configuration.service_for("staging", Repository("docker.io", "shop/redis"))
    assert "nginx" not in refused.value.problem.next_step


def test_what_is_kept_of_a_repository_is_kept_under_one_key() -> None:
    names = {keys.open_findings(str(Repository.parse(one, "docker.io"))) for one in SPELLINGS}
    assert len(names) == 1
