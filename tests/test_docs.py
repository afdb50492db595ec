"""The documents say what the code does, and the files to deploy it with are as safe as they say."""

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import typer
from ruamel.yaml import YAML
from slack_sdk.web.async_client import AsyncWebClient

from bot.checks import NEEDED_SCOPES
from bot.commands.grammar import COMMAND
from local_slack.webapi import chat, conversations, files, people, views
from programs.cli import app
from quaymaster.checks import PARTS
from quaymaster.configuration.configuration import Configuration
from quaymaster.settings import SETTINGS
from tests.readme import README, ROOT, parts_in, with_parts

DOCUMENTS = (
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/compose.md",
    "docs/local-slack.md",
    "docs/keys.md",
    "docs/redis-users.md",
    "docs/keeping.md",
    "docs/performance.md",
    "docs/style.md",
)
PICTURES = "docs/screenshots"
WRITTEN_BY_PEOPLE = frozenset(
    {"quaymaster.yml", ".env", ".env.registries", ".env.scanner", "daemon.json"}
    | {"docker-compose.override.yml"}
)
WRITTEN_BY_PROGRAMS = frozenset({"bench/latest.json", ".env.keys", "quaymaster.keys.yml"})
PROGRAMS = frozenset({"bot", "worker-host", "worker-registry", "scanner"})
METHODS = tuple(
    one for family in (chat, conversations, files, people, views) for one in family.METHODS
)
WITHOUT_SCOPE = frozenset({"auth.test", "apps.connections.open", "views.publish"})
"""The scope of the second is the app-level token's; the others need none:
https://docs.slack.dev/reference/methods/views.publish"""
SCOPES_OF_DELIVERIES = frozenset({"commands", "app_mentions:read"})
"""What Slack sends is no call: https://docs.slack.dev/reference/scopes"""


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def loaded(name: str) -> Any:
    return YAML(typ="safe", pure=True).load(read(name))


def code_in(text: str) -> Iterator[str]:
    """The lines of code blocks and the code spans of a document."""
    for block in re.findall(r"^ *```\w*\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE):
        yield from block.splitlines()
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def test_the_tables_and_cards_of_the_readme_are_those_of_the_code() -> None:
    assert sorted(parts_in(read("README.md"))) == [*("cards", "commands", "limits", "settings")]
    expected = with_parts(read("README.md"))
    assert README.read_text(encoding="utf-8") == expected, "run python -m tests.readme"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_that_is_named_exists(document: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    named = {
        match
        for code in code_in(read(document))
        for match in re.findall(r"(?:^|\s)make ([a-z-]+)", code)
    }
    assert named <= targets


def test_every_make_target_is_for_people_who_read_one_of_the_documents() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", read("Makefile"), re.MULTILINE))
    told = " ".join(map(read, DOCUMENTS))
    assert {target for target in targets - {"help", "clean"} if f"make {target}" not in told} == (
        set()
    )


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_is_named_exists(document: str) -> None:
    """From the top, or in a folder that the same document names."""
    endings = "py|js|html|md|yml|toml|json"
    pattern = re.compile(rf"[\w.-]+(?:/[\w.-]+)*(?:\.(?:{endings})|/)|\.env[\w.]*|LICENSE")
    named = {code for code in code_in(read(document)) if pattern.fullmatch(code)}
    folders = [ROOT, *(ROOT / name for name in named if name.endswith("/"))]
    missing = {
        name
        for name in named - WRITTEN_BY_PEOPLE - WRITTEN_BY_PROGRAMS
        if not any((folder / name).exists() for folder in folders)
    }
    assert missing == set()


def pictures_in(document: str) -> Iterator[str]:
    """The pictures that a document shows, by their paths in the repository."""
    folder = (ROOT / document).parent
    for target in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", read(document)):
        yield str((folder / target).relative_to(ROOT))


def test_the_pictures_in_the_documents_are_those_that_there_are() -> None:
    shown = sorted(picture for document in DOCUMENTS for picture in pictures_in(document))
    assert shown == sorted(f"{PICTURES}/{path.name}" for path in (ROOT / PICTURES).glob("*"))


def test_the_pictures_in_the_documents_are_those_that_the_tour_takes() -> None:
    shown = {picture for document in DOCUMENTS for picture in pictures_in(document)}
    taken = re.findall(r'album\.take\("([a-z]+)"', read("tests/page/test_tour.py"))
    assert shown == {f"{PICTURES}/{name}.png" for name in taken}


def commands() -> Mapping[str, Any]:
    """Every command of the command line by its words, with its parameters."""
    group = typer.main.get_command(app)
    found: dict[str, Any] = {}
    for name, command in getattr(group, "commands", {}).items():
        for inner, one in getattr(command, "commands", {"": command}).items():
            found[f"{name} {inner}".strip()] = one
    return found


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_and_option_of_the_program_that_is_named_exists(document: str) -> None:
    known = commands()
    for code in code_in(read(document)):
        for words in re.findall(r"(?:^|\s)quaymaster ((?:[a-z]+)(?: .*)?)$", code):
            name = next((one for one in known if f"{words} ".startswith(f"{one} ")), None)
            assert name is not None, code
            options = {option for given in known[name].params for option in given.opts}
            assert set(re.findall(r"--[a-z-]+", words)) <= options, code


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_option_that_make_passes_on_exists(document: str) -> None:
    known = {option for given in commands()["try"].params for option in given.opts}
    for code in code_in(read(document)):
        if code.startswith("make try OPTIONS="):
            assert set(re.findall(r"--[a-z-]+", code)) <= known, code


def test_every_command_of_the_program_is_in_the_readme() -> None:
    text = read("README.md") + read("CHANGELOG.md")
    assert {name for name in commands() if f"quaymaster {name}" not in text} == set()


def test_the_parts_of_a_check_in_the_readme_exist() -> None:
    lists = re.findall(r"check --only ([a-z,]+)", read("README.md"))
    assert {part for words in lists for part in words.split(",")} == set(PARTS)


def test_the_example_configuration_loads() -> None:
    assert Configuration.load(ROOT / "quaymaster.example.yml").hosts


def compose() -> Any:
    return loaded("docker-compose.yml")


@pytest.mark.parametrize("service", ["bot", "worker-host", "worker-registry", "scanner", "redis"])
def test_no_container_may_more_than_it_must(service: str) -> None:
    entry = compose()["services"][service]
    assert entry["cap_drop"] == ["ALL"]
    assert entry["read_only"] is True
    assert entry["security_opt"] == ["no-new-privileges:true"]
    assert entry["mem_limit"]
    assert 0 < entry["pids_limit"] <= 512
    assert all("size=" in one for one in entry.get("tmpfs", ()))
    for forbidden in ("privileged", "cap_add", "devices", "network_mode", "pid", "ipc", "ports"):
        assert forbidden not in entry


def test_no_service_is_left_out_of_these_tests() -> None:
    assert set(compose()["services"]) == PROGRAMS | {"redis"}


def test_the_docker_socket_is_in_the_worker_of_the_host_alone() -> None:
    with_socket = {
        name for name, entry in compose()["services"].items() if "docker.sock" in str(entry)
    }
    assert with_socket == {"worker-host"}


def test_containers_run_as_somebody_else_than_root() -> None:
    assert re.findall(r"^USER (.+)$", read("Dockerfile"), re.MULTILINE)[-1] == "10001"
    services = compose()["services"]
    assert services["redis"]["user"].split(":")[0] not in ("0", "root")
    assert not any("user" in services[name] for name in services if name != "redis")


def test_nobody_may_read_the_interpreter_of_the_programs() -> None:
    """So Linux lets nobody look into them, from their first instruction; tried for real in
    tests/production.
    """
    (made,) = re.findall(r"^RUN python -m venv .*?[^\\]$", read("Dockerfile"), re.DOTALL | re.M)[:1]
    assert made.startswith("RUN python -m venv --copies /opt/quaymaster \\\n")
    assert made.endswith("\n && chmod 0711 /opt/quaymaster/bin/python*")


def test_redis_loses_nothing_has_its_users_in_a_file_and_is_not_published() -> None:
    file = compose()
    entry = file["services"]["redis"]
    assert entry["networks"] == ["inner"]
    assert entry["volumes"][0] == "redis:/data"
    mounted = {one["source"]: (one["target"], one["read_only"]) for one in entry["volumes"][1:]}
    assert mounted == {
        f"./{name}": (f"/etc/valkey/{name}", True) for name in ("valkey.conf", "users.acl")
    }
    assert all("ports" not in service for service in file["services"].values())
    assert file["networks"]["inner"] == {"internal": True}
    lines = read("valkey.conf").splitlines()
    for line in (
        *("dir /data", "appendonly yes", "appendfsync always", "maxmemory-policy noeviction"),
        *('save ""', "aclfile /etc/valkey/users.acl"),
    ):
        assert line in lines


def test_the_health_of_every_container_is_looked_at_without_a_secret() -> None:
    for name, entry in compose()["services"].items():
        check = entry["healthcheck"]
        by = ["valkey-cli", "ping"] if name == "redis" else ["quaymaster", "healthy"]
        assert check["test"] == ["CMD", *by]
        assert int(check["interval"].removesuffix("s")) <= 10


def test_no_password_of_redis_stands_in_the_arguments_of_a_process() -> None:
    for entry in compose()["services"].values():
        assert "PASSWORD" not in f"{entry.get('command')}{entry.get('healthcheck')}"


def test_the_image_is_built_from_what_it_copies_and_nothing_else() -> None:
    rules = read(".dockerignore").splitlines()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", read("Dockerfile"), re.MULTILINE)
    names = {name for words in copied for name in words.split()}
    assert "*" in rules
    assert {rule[1:] for rule in rules if rule.startswith("!")} == names


def test_what_the_compose_file_needs_is_in_the_example_environment() -> None:
    asked = set(re.findall(r"\$\{(\w+)", read("docker-compose.yml")))
    assert asked == set(re.findall(r"^(\w+)=", read(".env.example"), re.MULTILINE))


def test_the_containers_get_settings_that_exist_and_the_bot_gets_no_secrets_of_services() -> None:
    services = compose()["services"]
    known = {setting.name for setting in SETTINGS}
    for name in PROGRAMS:
        assert set(services[name]["environment"]) <= known
        assert (".env.registries" in str(services[name])) == name.startswith("worker")
        assert ("SLACK_APP_TOKEN" in str(services[name])) == (name == "bot")
    assert ".env.scanner" in str(services["scanner"])
    assert "SLACK" not in str(services["scanner"])


def test_workers_get_more_time_to_stop_than_their_grace() -> None:
    services = compose()["services"]
    for name in PROGRAMS - {"bot"}:
        parameters = commands()[name.partition("-")[0]].params
        grace = next(one for one in parameters if one.name == "grace").default
        assert int(services[name]["stop_grace_period"].removesuffix("s")) > grace
    assert int(services["bot"]["stop_grace_period"].removesuffix("s")) > 10


def manifest() -> Any:
    return loaded("slack-manifest.yml")


def test_the_manifest_asks_for_the_scopes_that_are_needed_and_no_others() -> None:
    scopes = manifest()["oauth_config"]["scopes"]
    assert set(scopes) == {"bot"}
    assert sorted(scopes["bot"]) == sorted(NEEDED_SCOPES)


def test_the_scopes_are_those_of_the_methods_that_the_bot_calls() -> None:
    of_method = {method.name: set(method.scopes) for method in METHODS}
    called = set(called_methods())
    assert {"chat.postMessage", "chat.update", "users.info", "conversations.info"} <= called
    for method in called - WITHOUT_SCOPE:
        assert of_method[method] & set(NEEDED_SCOPES), method
    reasons = set().union(*(of_method.get(method, set()) for method in called))
    assert set(NEEDED_SCOPES) - SCOPES_OF_DELIVERIES <= reasons


def called_methods() -> Iterator[str]:
    """The methods of the Web API that the bot calls, by Slack's names."""
    by_attribute = {name.lower().replace(".", "_"): name for name in map(str, method_names())}
    for file in (ROOT / "bot").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and hasattr(AsyncWebClient, node.attr):
                name = by_attribute.get(node.attr.lower())
                if name is not None:
                    yield name


def method_names() -> Iterator[str]:
    yield from (method.name for method in METHODS)
    yield "apps.connections.open"


def test_the_manifest_matches_the_slash_command_and_how_text_is_read() -> None:
    features, settings = manifest()["features"], manifest()["settings"]
    (command,) = features["slash_commands"]
    assert command["command"] == COMMAND
    assert command["should_escape"] is False
    heard = settings["event_subscriptions"]["bot_events"]
    assert heard == ["app_mention", "message.im", "app_home_opened"]
    assert features["app_home"] == {
        "home_tab_enabled": True,
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": False,
    }
    assert settings["interactivity"]["is_enabled"] is True
    assert settings["socket_mode_enabled"] is True
    assert len(manifest()["display_information"]["description"]) <= 140


def test_the_image_holds_every_package_of_the_product() -> None:
    packages = re.search(r"^packages = (\[.*\])", read("pyproject.toml"), re.MULTILINE)
    assert packages is not None
    copied = re.findall(r"^COPY (\w+) \1$", read("Dockerfile"), re.MULTILINE)
    assert sorted(ast.literal_eval(packages[1])) == sorted(copied)


def test_documents_are_not_longer_than_somebody_reads() -> None:
    assert len(read("ARCHITECTURE.md").splitlines()) <= 60
    assert len(read("README.md").splitlines()) <= 220
