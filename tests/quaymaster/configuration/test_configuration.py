from contextlib import suppress
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic.fields import FieldInfo
from ruamel.yaml import YAML

from quaymaster.configuration.configuration import Configuration
from quaymaster.configuration.joined_settings import ApprovalPolicy
from quaymaster.configuration.schema import Declaration
from quaymaster.configuration.schema_errors import fields_of
from quaymaster.configuration.yaml_source import path_text
from quaymaster.errors import ConfigurationError, UsageError
from quaymaster.findings import Severity
from quaymaster.gate import GateRule
from quaymaster.image_ref import Repository
from quaymaster.services import Limits, PublishedPort, Volume
from quaymaster.target import ServiceRef
from testing.configurations import SHOP, SHOP_TEXT, SMALL, SMALL_TEXT

EXAMPLE = Path(__file__).parents[3] / "quaymaster.example.yml"
FIELDS = list(fields_of(Declaration))
STAGING_WEB = Repository("registry.staging:5000", "shop/web")


def mistakes(text: str) -> str:
    with pytest.raises(ConfigurationError) as raised:
        Configuration.parse(text)
    return str(raised.value)


def with_service(fields: str, host: str = "{}") -> str:
    """A right configuration with one service that has these fields too."""
    return (
        "default_registry: 127.0.0.1:5000\n"
        f"hosts: {{build1: {host}}}\n"
        "environments:\n"
        "  staging:\n"
        "    target: {docker: [build1]}\n"
        "    services:\n"
        "      web:\n"
        "        image: shop/web\n"
        f"        {fields}\n"
    )


class TestExample:
    def test_it_is_right(self) -> None:
        configuration = Configuration.load(EXAMPLE)
        assert configuration.service(ServiceRef("production", "web")).limits.as_limits() == Limits(
            512 << 20, 1.5, 4096
        )

    @pytest.mark.parametrize("path", [path for path, _ in FIELDS], ids=path_text)
    def test_every_field_stands_in_it(self, path: tuple[str, ...]) -> None:
        data = YAML(typ="safe", pure=True).load(EXAMPLE.read_text())
        assert _values_at(data, _own_place(path))

    @pytest.mark.parametrize("info", [info for _, info in FIELDS])
    def test_every_field_has_a_description_and_an_example(self, info: FieldInfo) -> None:
        assert info.description
        assert info.examples


def _is_text(version: str, written: str) -> bool:
    return isinstance(YAML(typ="safe", pure=True).load(f"{version}{written}"), str)


def _own_place(path: tuple[str, ...]) -> tuple[str, ...]:
    """The gate and approvals are explained under defaults, or where they can be narrowed."""
    for shared in ("gate", "approval"):
        if shared in path[:-1]:
            return ("*ANY*", shared, *path[path.index(shared) + 1 :])
    return path


def _values_at(data: Any, path: tuple[str, ...]) -> list[Any]:
    if path[:1] == ("*ANY*",):
        return [found for part in _parts(data) for found in _values_at(part, path[1:])]
    if not path:
        return [data]
    if not isinstance(data, dict):
        return []
    children = data.values() if path[0] == "*" else [data[path[0]]] if path[0] in data else []
    return [found for child in children for found in _values_at(child, path[1:])]


def _parts(data: Any) -> list[Any]:
    if not isinstance(data, dict):
        return []
    return [data, *(part for child in data.values() for part in _parts(child))]


class TestMistakes:
    def test_all_are_told_at_once_with_file_line_field_and_example(self) -> None:
        text = (
            "default_registry: 127.0.0.1:5000\n"
            "hosts: {build1: {}}\n"
            "alerts:\n"
            "  channel: '#security'\n"
            "  at_least: loud\n"
        )
        complaints = mistakes(text)
        assert "quaymaster.yml has 2 mistakes" in complaints
        assert "quaymaster.yml:4: alerts.channel: “#security” is not a channel's id" in complaints
        assert 'Example: "C0SECURITY"' in complaints
        assert "quaymaster.yml:5: alerts.at_least: This has to be 'low'" in complaints

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("", "holds no fields"),
            ("- a list", "holds no fields"),
            ("a: [", "line 1: this is not valid YAML"),
            ("hosts: {}\nhosts: {}", "line 2: a key appears twice"),
            ("default_registry: 127.0.0.1:5000", "hosts: This field is missing"),
            (SMALL_TEXT + "hots: {}", "hots: There is no such field here. Did you mean hosts?"),
            (SMALL_TEXT + "stacks: {}", "stacks is not supported yet"),
            (SMALL_TEXT + "schedules: {}", "schedules is not supported yet"),
            (SMALL_TEXT.replace("127.0.0.1:5000", "registry"), "at least a dot or a port"),
            (SMALL_TEXT.replace("{}", "{docker: 'http://x'}"), "not the address of a Docker"),
            (SMALL_TEXT.replace("{}", "{docker: 'ssh://u:pw@x'}"), "A password does not belong"),
            (SMALL_TEXT.replace("{}", "{allow_paths: [/var]}"), "could control the host"),
            (SMALL_TEXT + "defaults: {keep_releases: 0}", "at least 1"),
            (SMALL_TEXT + "defaults: {gate: {database_older_than: 48}}", "text; put it in quotes"),
            (SMALL_TEXT + "defaults: {gate: {database_older_than: 2w}}", "is not a duration"),
            (SMALL_TEXT + "defaults: {approval: {expires: 0s}}", "longer than zero"),
            (SMALL_TEXT + "defaults: {approval: {expires: 25h}}", "longer than a request is valid"),
            (SMALL_TEXT + "defaults: {requests_valid_for: 0s}", "longer than zero"),
            (SMALL_TEXT + "defaults: {approval: {needed: 1}}", "nobody may give them"),
            (SMALL_TEXT + "defaults: {approval: {from: [bosses]}}", "There is no role bosses"),
            (SMALL_TEXT + "roles: {a: [bob]}", "not the id of a person"),
            (SMALL_TEXT + "roles: {a: all}", "not the id of a person"),
            (SMALL_TEXT + "permissions: {a: [read]}", "There is no role a"),
            (SMALL_TEXT + "roles: {a: everyone}\npermissions: {a: [fly]}", "“fly” is not a right"),
            (SMALL_TEXT + "roles: {a: everyone}\npermissions: {a: [depoly]}", "mean deploy?"),
            (SMALL_TEXT + "roles: {a: everyone}\npermissions: {a: [build]}", "not supported yet"),
            (SMALL_TEXT + "roles: {a: everyone}\npermissions: {a: ['deploy:x']}", "environment x"),
            (SMALL_TEXT + "roles: {a: everyone}\npermissions: {a: ['push:x']}", "not bound to an"),
        ],
    )
    def test_each_is_told_in_plain_words(self, text: str, told: str) -> None:
        assert told in mistakes(text)

    @pytest.mark.parametrize(
        ("fields", "told"),
        [
            ("ports: ['8080']", "web.ports[0]: “8080” is not HOST:CONTAINER"),
            ("ports: ['0:80']", "not between 1 and 65535"),
            ("ports: ['80:80', '80:81']", "already belongs to staging/web"),
            ("ports: ['80:80', '127.0.0.1:80:81']", "already belongs to staging/web"),
            ("health: {http: /healthz}", "A path and a port belong together"),
            ("health: {http: healthz, port: 80}", "starts with /"),
            ("volumes: ['/var/run/docker.sock:/s']", "is never mounted"),
            ("volumes: ['/run:/s']", "is never mounted"),
            ("volumes: ['/:/host']", "is never mounted"),
            ("volumes: ['/srv/../etc:/x']", "not a plain absolute path"),
            ("volumes: ['/srv/other:/x']", "not within the allow_paths"),
            ("volumes: ['../x:/x']", "neither a volume's name nor an absolute path"),
            ("limits: {memory: 1k}", "less than 6m"),
            ("limits: {cpus: 0}", "more than 0"),
            ("limits: {pids: 0}", "at least 1"),
            ("cap_add: [SYS_ADMIN]", "not among the capabilities that a service can have"),
            ("cap_add: [ALL]", "not among the capabilities that a service can have"),
            ("environment: {'A B': x}", "not the name of a variable"),
            ("environment: {'A=B': x}", "not the name of a variable"),
            ("environment: {1A: x}", "not the name of a variable"),
            ("environment: {A: true}", "put it in quotes"),
            ("environment: {A: 1.10}", "put it in quotes"),
            ("environment: {A: 1e3}", "put it in quotes"),
            ("environment: {A: .inf}", "put it in quotes"),
            ("environment: {A: 2026-12-20}", "put it in quotes"),
            ("environment: {A: }", "put it in quotes"),
            ("command: [web, 8000]", "put it in quotes"),
            ("env_file: 2026-12-20", "put it in quotes"),
            ("environment: {A: '${B'}", "a ${ that no variable's name"),
            ("command: web --verbose", "has to be a list"),
            ("privileged: true", "gets no rights over its host"),
            ("replicas: 2", "replicas is not supported yet"),
            ("route: {}", "route is not supported yet"),
            ("channel: '#shop'", "not a channel's id"),
            ("approval: {needed: 2, from: []}", "nobody may give them"),
        ],
    )
    def test_each_in_a_service_is_told(self, fields: str, told: str) -> None:
        assert told in mistakes(with_service(fields))

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            (("docker: [build1]", "docker: [buidl1]"), "Did you mean build1?"),
            (("docker: [build1]", "docker: [build1, app1]"), "exactly one host"),
            (("docker: [build1]", "compose: {host: build1}"), "compose is not supported yet"),
            (("image: shop/web", "image: 'shop/web:1.4'"), "Write registry.staging:5000/shop/web."),
            (("image: shop/web", "image: reg.other/shop/web"), "reg.other is not listed under"),
            (("  production:", "  production:\n    after: stagin"), "Did you mean staging?"),
            (("  production:", "  production:\n    after: production"), "in a circle"),
            (("needed: 2", "needed: true"), "whole number"),
            (("needed: 2", "needed: 3"), "3 approvals are needed, but 2 people may vote"),
            (("  production:", "  Production:"), "is not a name"),
            (("  production:", "  to:"), "is not a name"),
            (("  production:", "  production:\n    allowed: [Mon 9-17]"), "not a window of time"),
            (("  production:", "  production:\n    freeze: [soon]"), "not a span of days"),
            (("  production:", "  production:\n    proxy: {}"), "proxy is not supported yet"),
        ],
    )
    def test_each_in_an_environment_is_told(self, change: tuple[str, str], told: str) -> None:
        text = SHOP_TEXT.replace(", S0RELEASE", "").replace(*change)
        assert told in mistakes(text)

    def test_aliases_that_multiply_are_refused_at_once(self) -> None:
        text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
            f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]\n" for n in range(12)
        )
        assert "more than 50,000 values" in mistakes(text)

    @pytest.mark.parametrize("version", ["", "%YAML 1.1\n---\n"])
    @pytest.mark.parametrize(
        "number",
        [
            *("0441234567", "0755", "0o755", "0x1F", "0b11", "1_000", "0_7", "00", "08", "+5"),
            *("-0", "12:30:45", "1:30", "1_0.5", "!!int '0755'"),
        ],
    )
    def test_a_number_that_would_become_another_one_is_refused_and_not_repeated(
        self, version: str, number: str
    ) -> None:
        """Unless this version of YAML takes it for text."""
        text = version + with_service(f"environment: {{A: {number}}}")
        if _is_text(version, number):
            web = Configuration.parse(text).service(ServiceRef("staging", "web"))
            assert web.environment["A"].plain == number
            return
        complaints = mistakes(text)
        assert "staging.services.web.environment.A: YAML does not read this number" in complaints
        assert "put it in quotes" in complaints
        assert "has a mistake" in complaints
        assert number.strip("!int' ") not in complaints

    @pytest.mark.parametrize("number", ["0755", "1_000", "0x1F", "0o755", "+8000", "08000"])
    @pytest.mark.parametrize(
        "fields",
        [
            "health: {http: /, port: NUMBER}",
            "limits: {pids: NUMBER}",
            "limits: {cpus: NUMBER}",
            "approval: {needed: NUMBER}",
        ],
    )
    def test_a_number_is_written_in_plain_digits_where_one_is_wanted(
        self, fields: str, number: str
    ) -> None:
        assert "write plain digits" in mistakes(with_service(fields.replace("NUMBER", number)))

    def test_a_name_that_would_become_another_number_is_refused(self) -> None:
        assert "put it in quotes" in mistakes(SMALL_TEXT.replace("build1", "0755"))
        assert "put it in quotes" in mistakes(SMALL_TEXT.replace("build1", "2026-12-20T10:00:00Z"))
        assert list(Configuration.parse(SMALL_TEXT.replace("build1", "2026-12-20")).hosts) == [
            "2026-12-20"
        ]

    @pytest.mark.parametrize(
        "text",
        [
            *("yes", "no", "on", "off", "y", "12:30:45", "1.2.3", "0o8", "1e", "007x", "-", "1-2"),
            *("8000", "0", "-1", "12345678901234567890", "'0755'", "'1.10'", "!!str 0755"),
        ],
    )
    def test_what_stands_in_the_file_is_what_a_variable_holds(self, text: str) -> None:
        web = Configuration.parse(with_service(f"environment: {{A: {text}}}"))
        plain = web.service(ServiceRef("staging", "web")).environment["A"].plain
        assert plain == text.removeprefix("!!str ").strip("'")

    @given(st.text("0123456789_.+-xobeEaF:T", min_size=1, max_size=12))
    @settings(max_examples=500)
    def test_no_word_of_signs_and_digits_changes_silently(self, text: str) -> None:
        try:
            configuration = Configuration.parse(with_service(f"environment: {{A: {text}}}"))
        except ConfigurationError:
            return
        assert configuration.service(ServiceRef("staging", "web")).environment["A"].plain == text

    @pytest.mark.parametrize("wrong", ["hunter2", "pre${A}", "${A", "${A}${B}", "$$"])
    def test_a_literal_password_is_refused_and_never_repeated(self, wrong: str) -> None:
        complaints = mistakes(
            SMALL_TEXT + f"registries: {{r.io: {{username: ci, password: '{wrong}'}}}}"
        )
        assert "A secret is never written into this file" in complaints
        assert wrong not in complaints.replace("${REGISTRY_PASSWORD}", "")

    def test_a_value_beside_a_mistake_is_not_repeated(self) -> None:
        for text in (
            SMALL_TEXT + "registries: {r.io: {pasword: hunter2}}",
            with_service("environment: {A: 'hunter2${'}"),
            with_service("environment: {A: [hunter2]}"),
            "password: hunter2\npassword: hunter3",
        ):
            assert "hunter" not in mistakes(text)

    def test_a_user_without_a_password_is_told(self) -> None:
        complaints = mistakes(SMALL_TEXT + "registries: {r.io: {username: ci}}")
        assert "A username and a password belong together" in complaints

    def test_two_environments_cannot_wait_for_each_other(self) -> None:
        text = SHOP_TEXT.replace("  staging:\n", "  staging:\n    after: production\n").replace(
            "  production:\n", "  production:\n    after: staging\n"
        )
        assert mistakes(text).count("in a circle") == 2

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=20),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        [
                            "hosts",
                            "environments",
                            "services",
                            "staging",
                            "web",
                            "image",
                            "target",
                            "docker",
                            "roles",
                            "permissions",
                            "gate",
                            "approval",
                            "ports",
                        ]
                    )
                    | st.text(max_size=5),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=20,
        )
    )
    @settings(max_examples=100)
    def test_whatever_stands_in_the_file_the_error_is_ours(self, data: Any) -> None:
        stream = StringIO()
        YAML(typ="safe", pure=True).dump(data, stream)
        with suppress(ConfigurationError):
            Configuration.parse(stream.getvalue())

    def test_a_missing_file_says_what_to_do(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match=r"quaymaster\.example\.yml"):
            Configuration.load(tmp_path / "quaymaster.yml")

    def test_a_file_that_is_not_text_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "quaymaster.yml"
        path.write_bytes(b"\xff\xfe")
        with pytest.raises(ConfigurationError, match="UTF-8"):
            Configuration.load(path)


class TestTheLeast:
    @pytest.mark.parametrize("host", ["registry.example.com", "127.0.0.1:5000", "docker.io"])
    def test_a_registry_and_a_host_are_enough(self, host: str) -> None:
        """The README says so; a registry without a login is read anonymously."""
        request = Configuration.parse(f"default_registry: {host}\nhosts: {{build1: {{}}}}\n")
        assert request.registries == (host,)
        assert request.registry(host).host == host

    def test_the_default_registry_is_spoken_to_beside_those_with_a_login(self) -> None:
        text = "default_registry: r.example.com\nhosts: {a: {}}\nregistries: {other.io: {}}\n"
        assert Configuration.parse(text).registries == ("r.example.com", "other.io")


class TestServices:
    def test_written_values_are_read(self) -> None:
        text = with_service(
            "ports: ['127.0.0.1:8080:8000', '[::1]:9:9', '53:53/udp']\n"
            "        volumes: ['data:/data', '/srv/data/x:/x:ro']\n"
            "        health: {http: /healthz, port: 8000, within: 1m, outbound: true}\n"
            "        environment: {A: 'a$$b', B: 8000, C: 'u:${PW}@h', spring.ai-x: y}\n"
            "        drain: 20s\n"
            "        bake: 5m",
            host="{allow_paths: [/srv/data]}",
        )
        web = Configuration.parse(text).service(ServiceRef("staging", "web"))
        assert web.image == Repository("127.0.0.1:5000", "shop/web")
        assert web.ports == (
            PublishedPort(8080, 8000, address="127.0.0.1"),
            PublishedPort(9, 9, address="::1"),
            PublishedPort(53, 53, "udp"),
        )
        assert web.volumes == (Volume("data", "/data"), Volume("/srv/data/x", "/x", True))
        assert web.health.as_check().within == 60.0
        assert web.health.as_check().outbound
        assert {name: value.is_secret for name, value in web.environment.items()} == {
            "A": False,
            "B": False,
            "C": True,
            "spring.ai-x": False,
        }
        assert web.environment["A"].plain == "a$b"
        assert (web.drain, web.bake) == (timedelta(seconds=20), timedelta(minutes=5))

    def test_a_name_without_a_registry_is_in_the_default_one(self) -> None:
        assert SHOP.service(ServiceRef("staging", "web")).image == STAGING_WEB

    def test_the_service_of_a_deploy_follows_from_the_repository(self) -> None:
        assert SHOP.service_for("staging", STAGING_WEB) == "web"

    def test_the_repository_of_another_environment_is_not_run(self) -> None:
        with pytest.raises(UsageError, match=r"Did you mean registry\.prod/shop/web\?"):
            SHOP.service_for("production", STAGING_WEB)

    def test_several_services_have_to_be_told_apart(self) -> None:
        jobs = Repository("registry.staging:5000", "shop/jobs")
        with pytest.raises(UsageError, match="worker and mailer"):
            SHOP.service_for("staging", jobs)
        assert SHOP.service_for("staging", jobs, "mailer") == "mailer"

    def test_a_named_service_still_has_to_run_the_repository(self) -> None:
        with pytest.raises(UsageError, match="worker of staging may not run"):
            SHOP.service_for("staging", STAGING_WEB, "worker")

    def test_every_service_that_runs_a_repository_is_found(self) -> None:
        assert SHOP.services_running(STAGING_WEB) == (ServiceRef("staging", "web"),)


class TestLookups:
    @pytest.mark.parametrize(
        ("look_up", "told"),
        [
            (lambda: SHOP.environment("prodcution"), "Did you mean production?"),
            (lambda: SHOP.service(ServiceRef("staging", "wbe")), "are: web, worker and mailer"),
            (lambda: SHOP.host("buidl1"), "Did you mean build1?"),
            (lambda: SHOP.registry("registry.prd"), "Did you mean registry.prod?"),
            (lambda: SHOP.only_host(), "There are build1 and app1"),
            (lambda: SMALL.environment("staging"), "The environments are: none"),
        ],
    )
    def test_an_unknown_name_is_answered_with_those_there_are(
        self, look_up: Any, told: str
    ) -> None:
        with pytest.raises(UsageError) as raised:
            look_up()
        assert told in str(raised.value)

    def test_the_only_host_needs_no_naming(self) -> None:
        assert SMALL.only_host() == "build1"

    def test_a_service_narrows_the_gate_of_its_environment_and_the_defaults(self) -> None:
        assert SHOP.gate_for(ServiceRef("staging", "web")) == GateRule()
        assert SHOP.gate_for(ServiceRef("production", "web")) == GateRule(
            Severity.MEDIUM, unknown="allow"
        )

    def test_a_gate_can_be_told_to_block_nothing(self) -> None:
        text = SMALL_TEXT + "defaults: {gate: {block: never}}"
        assert Configuration.parse(text).general_gate().block is None

    def test_approvals_are_joined_in_the_same_way(self) -> None:
        assert SHOP.approval_for(ServiceRef("staging", "web")) == ApprovalPolicy()
        assert SHOP.approval_for(ServiceRef("production", "web")) == ApprovalPolicy(
            2, ("release-managers",), "C0RELEASE"
        )

    def test_a_request_is_valid_for_a_day_and_no_approval_takes_longer(self) -> None:
        assert SHOP.requests_valid_for == timedelta(hours=24)
        short = Configuration.parse(SHOP_TEXT + "defaults: {requests_valid_for: 1h}\n")
        assert short.approval_for(ServiceRef("production", "web")).expires == timedelta(hours=1)

    def test_the_requesters_own_approval_counts_only_where_it_is_said(self) -> None:
        text = SMALL_TEXT + "defaults: {approval: {own_request: count}}"
        assert Configuration.parse(text).declaration.defaults.approval.own_request == "count"
        assert not SHOP.approval_for(ServiceRef("production", "web")).own_request_counts


class TestRegistries:
    @pytest.mark.parametrize(
        ("host", "scheme"),
        [
            ("localhost", "http"),
            ("localhost:5000", "http"),
            ("127.0.0.1:5000", "http"),
            ("127.8.8.8", "http"),
            ("[::1]:5000", "http"),
            ("registry.example.com", "https"),
            ("127.example.com:5000", "https"),
            ("10.0.0.1:5000", "https"),
        ],
    )
    def test_only_loopback_is_spoken_to_in_the_clear(self, host: str, scheme: str) -> None:
        text = SMALL_TEXT + f"registries: {{'{host}': {{}}}}"
        assert Configuration.parse(text).registry(host).scheme == scheme

    def test_credentials_stay_references_and_files_are_beside_the_configuration(self) -> None:
        text = SMALL_TEXT + (
            "registries: {r.io: {username: ci, password: '${PW}', ca_file: ca.pem}}"
        )
        access = Configuration.parse(text, Path("/etc/quaymaster/quaymaster.yml")).registry("r.io")
        assert str(access.password) == "${PW}"
        assert access.ca_file == Path("/etc/quaymaster/ca.pem")
        assert access.url == "https://r.io"
