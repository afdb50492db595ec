"""A revision changes with everything that a plan of its environment depends on, and with nothing
else.
"""

import copy
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from ruamel.yaml import YAML

from quaymaster.configuration.configuration import Configuration
from quaymaster.configuration.revisions import revisions_of
from quaymaster.configuration.schema import (
    Declaration,
    Defaults,
    EnvironmentEntry,
    HealthEntry,
    HostEntry,
    LimitsEntry,
    RegistryEntry,
    ServiceEntry,
    TargetEntry,
)
from quaymaster.services import Volume

TEXT = """\
default_registry: registry.example.com
registries:
  registry.example.com: {username: ci, password: "${REGISTRY_PASSWORD}", ca_file: ca.pem}
  other.example.com: {username: ci, password: "${OTHER_PASSWORD}"}
hosts:
  build1: {}
  app1: {docker: "ssh://deploy@app1.example.com", allow_paths: [/srv/data, /srv/more]}
  app2: {allow_paths: [/srv/data, /srv/more]}
defaults:
  gate: {block: high, unknown: block}
  approval: {expires: 4h}
  requests_valid_for: 24h
keep: {operations: 90d}
environments:
  staging:
    target: {docker: [build1]}
    services:
      web: {image: registry.example.com/shop/web, ports: ["8080:8000"]}
  qa:
    target: {docker: [build1]}
    services:
      web: {image: registry.example.com/shop/web}
  production:
    after: staging
    target: {docker: [app1]}
    gate: {block: medium}
    approval: {needed: 1, from: [release-managers], channel: C0RELEASE}
    allowed: ["Mon-Thu 09:00-17:00 Europe/Berlin"]
    freeze: ["2026-12-20/2027-01-03"]
    services:
      web:
        image: registry.example.com/shop/web
        ports: ["80:8000"]
        health: {http: /healthz, port: 8000, within: 60s}
        env_file: web.env
        environment: {LOG_LEVEL: info, DATABASE_URL: "postgres://web:${PASSWORD}@db/shop"}
        command: ["web", "--verbose"]
        volumes: ["uploads:/srv/uploads", "/srv/data/shop:/data:ro"]
        limits: {memory: 512m, cpus: 1.5}
        cap_add: [NET_RAW]
        cap_drop: [SETUID]
        channel: C0SHOP
        drain: 20s
        bake: 5m
      order: {image: registry.example.com/shop/order, gate: {block: low}, approval: {needed: 0}}
roles:
  release-managers: [U024BE7LH, SAZ94GDB8]
  deployers: [U0DAVE]
  readers: [U0RON]
permissions:
  deployers: ["deploy:production/web"]
  readers: [read, scan]
alerts: {channel: C0SECURITY}
"""
Document = dict[str, Any]
Way = tuple[str | int, ...]


_READ: Document = YAML(typ="safe", pure=True).load(TEXT)


def document() -> Document:
    return copy.deepcopy(_READ)


def written(given: object) -> str:
    stream = StringIO()
    YAML(typ="safe", pure=True).dump(given, stream)
    return stream.getvalue()


def revision(given: Document | str, environment: str = "production") -> str:
    text = given if isinstance(given, str) else written(given)
    return Configuration.parse(text).revision_of(environment)


USUAL = revision(TEXT)
VOLUMES_OF_WEB = Configuration.parse(TEXT).environments["production"].services["web"].volumes


def changed(way: Way, value: object) -> Document:
    """The document with another value there; ``None`` removes it."""
    result = document()
    part: Any = result
    for step in way[:-1]:
        part = part.setdefault(step, {}) if isinstance(part, dict) else part[step]
    if value is None:
        del part[way[-1]]
    else:
        part[way[-1]] = value
    return result


ENVIRONMENT: Way = ("environments", "production")
WEB: Way = (*ENVIRONMENT, "services", "web")
CHANGES_OF_PARTS: Mapping[type[BaseModel], Mapping[str, tuple[Way, object]]] = {
    EnvironmentEntry: {
        "target": ((*ENVIRONMENT, "target", "docker"), ["app2"]),
        "services": ((*ENVIRONMENT, "services", "new"), {"image": "shop/new"}),
        "after": ((*ENVIRONMENT, "after"), "qa"),
        "gate": ((*ENVIRONMENT, "gate", "block"), "critical"),
        "approval": ((*ENVIRONMENT, "approval", "channel"), "C0OTHER"),
        "allowed": ((*ENVIRONMENT, "allowed", 0), "Mon-Fri 09:00-17:00 Europe/Berlin"),
        "freeze": ((*ENVIRONMENT, "freeze", 0), "2026-12-20/2027-01-02"),
    },
    TargetEntry: {"docker": ((*ENVIRONMENT, "target", "docker"), ["app2"])},
    ServiceEntry: {
        "image": ((*WEB, "image"), "other.example.com/shop/web"),
        "ports": ((*WEB, "ports"), ["81:8000"]),
        "health": ((*WEB, "health"), {}),
        "env_file": ((*WEB, "env_file"), "other.env"),
        "environment": ((*WEB, "environment", "LOG_LEVEL"), "debug"),
        "command": ((*WEB, "command"), ["--verbose", "web"]),
        "volumes": ((*WEB, "volumes", 1), "/srv/data/shop:/data"),
        "limits": ((*WEB, "limits"), {}),
        "cap_add": ((*WEB, "cap_add"), None),
        "cap_drop": ((*WEB, "cap_drop"), ["SETGID"]),
        "no_new_privileges": ((*WEB, "no_new_privileges"), False),
        "init": ((*WEB, "init"), False),
        "channel": ((*WEB, "channel"), "C0OTHER"),
        "drain": ((*WEB, "drain"), "21s"),
        "bake": ((*WEB, "bake"), None),
        "gate": ((*WEB, "gate"), {"unknown": "allow"}),
        "approval": ((*WEB, "approval"), {"own_request": "count"}),
    },
    HealthEntry: {
        "http": ((*WEB, "health", "http"), "/ready"),
        "port": ((*WEB, "health", "port"), 8001),
        "within": ((*WEB, "health", "within"), "30s"),
        "steady": ((*WEB, "health", "steady"), "4s"),
        "outbound": ((*WEB, "health", "outbound"), True),
    },
    LimitsEntry: {
        "memory": ((*WEB, "limits", "memory"), "513m"),
        "cpus": ((*WEB, "limits", "cpus"), 1.25),
        "pids": ((*WEB, "limits", "pids"), "unlimited"),
    },
    HostEntry: {
        "docker": (("hosts", "app1", "docker"), "ssh://root@app1.example.com"),
        "allow_paths": (("hosts", "app1", "allow_paths"), ["/srv/data"]),
        "platform": (("hosts", "app1", "platform"), "linux/amd64/v2"),
        "engine_id": (("hosts", "app1", "engine_id"), "7TJD:GKQ4:2XLC:HNAV"),
    },
    RegistryEntry: {
        "username": (("registries", "registry.example.com", "username"), "cd"),
        "password": (("registries", "registry.example.com", "password"), "${OTHER_PASSWORD}"),
        "ca_file": (("registries", "registry.example.com", "ca_file"), "other.pem"),
        "redirects_to": (("registries", "registry.example.com", "redirects_to"), ["s.example.com"]),
    },
    Defaults: {
        "gate": (("defaults", "gate", "only_fixable"), False),
        "approval": (("defaults", "approval", "expires"), "5h"),
        "requests_valid_for": (("defaults", "requests_valid_for"), "25h"),
        "keep_releases": (("defaults", "keep_releases"), 6),
    },
}
"""One change of each field of each part that an environment is made of."""
INSIDE = [
    *((way, value) for part in CHANGES_OF_PARTS.values() for way, value in part.values()),
    ((*ENVIRONMENT, "after"), None),
    ((*ENVIRONMENT, "approval", "needed"), 2),
    ((*ENVIRONMENT, "approval", "from"), ["release-managers", "deployers"]),
    ((*WEB, "environment", "DATABASE_URL"), "postgres://web:${OTHER}@db/shop"),
    ((*WEB, "environment", "MORE"), "1"),
    ((*ENVIRONMENT, "services", "order"), None),
    (("roles", "release-managers"), ["U024BE7LH"]),
    (("roles", "release-managers"), "everyone"),
    (("roles", "deployers"), ["U0DAVE", "U0EVE"]),
    (("permissions", "deployers"), ["deploy:production"]),
    (("permissions", "readers"), ["read", "scan", "rollback"]),
    (("permissions", "release-managers"), ["*"]),
    (("permissions", "release-managers"), ["cancel:production"]),
]
OUTSIDE = [
    (("environments", "qa"), None),
    (("environments", "staging", "target", "docker"), ["app2"]),
    (("environments", "qa", "services", "web", "ports"), ["9000:8000"]),
    (
        ("environments", "new"),
        {"target": {"docker": ["build1"]}, "services": {"a": {"image": "x"}}},
    ),
    (("hosts", "app2"), None),
    (("hosts", "build1", "docker"), "unix:///run/other.sock"),
    (("hosts", "app3"), {}),
    (("registries", "other.example.com", "username"), "cd"),
    (("registries", "other.example.com"), None),
    (("registries", "new.example.com"), {}),
    (("roles", "readers"), ["U0EVE"]),
    (("roles", "new"), "everyone"),
    (("permissions", "readers"), ["read", "pull", "tag", "push"]),
    (("permissions", "readers"), ["read", "scan", "deploy:staging", "*:staging"]),
    (("alerts", "channel"), "C0OTHER"),
    (("alerts", "at_least"), "low"),
    (("keep", "operations"), "30d"),
    (("keep",), None),
    (("defaults", "gate", "block"), "low"),  # both services say otherwise
]


@pytest.mark.parametrize("part", CHANGES_OF_PARTS, ids=lambda part: part.__name__)
def test_a_change_of_every_field_is_tried(part: type[BaseModel]) -> None:
    """Whoever adds a field to one of them decides what it means for revisions."""
    assert set(CHANGES_OF_PARTS[part]) == set(part.model_fields)


def test_every_part_of_the_file_is_either_covered_or_left_out_on_purpose() -> None:
    assert set(Declaration.model_fields) == {
        *("registries", "hosts", "defaults", "environments", "roles", "permissions"),
        # Names are resolved; where alerts go and when records are dropped changes no plan.
        *("default_registry", "alerts", "keep"),
    }


@pytest.mark.parametrize(("way", "value"), INSIDE, ids=str)
def test_what_belongs_to_the_environment_changes_its_revision(way: Way, value: object) -> None:
    assert revision(changed(way, value)) != USUAL


@pytest.mark.parametrize(("way", "value"), OUTSIDE, ids=str)
def test_what_it_does_not_refer_to_does_not_change_it(way: Way, value: object) -> None:
    assert revision(changed(way, value)) == USUAL


changes_outside = st.lists(st.sampled_from(OUTSIDE), unique_by=lambda one: one[0][:2], max_size=5)
shuffles = st.integers(min_value=0, max_value=2**32)


def apply(given: Document, way: Way, value: object) -> None:
    part: Any = given
    for step in way[:-1]:
        part = part.setdefault(step, {}) if isinstance(part, dict) else part[step]
    if value is None:
        part.pop(way[-1], None)
    else:
        part[way[-1]] = copy.deepcopy(value)


def shuffled(given: Any, order: random.Random) -> Any:
    """The same with the keys of each mapping in another order."""
    if isinstance(given, dict):
        keys = list(given)
        order.shuffle(keys)
        return {key: shuffled(given[key], order) for key in keys}
    if isinstance(given, list):
        return [shuffled(one, order) for one in given]
    return given


def commented(text: str, order: random.Random) -> str:
    """The same with comments and empty lines in between."""
    lines: list[str] = []
    for line in text.splitlines():
        if order.random() < 0.3:
            lines.append(f"# {order.random()}")
        if order.random() < 0.1:
            lines.append("")
        lines.append(f"{line}  # note" if order.random() < 0.2 and line.endswith(":") else line)
    return "\n".join(lines)


@settings(max_examples=30)
@given(changes_outside, shuffles)
def test_nothing_outside_changes_it_in_any_combination_order_or_layout(
    changes: list[tuple[Way, object]], seed: int
) -> None:
    given, order = document(), random.Random(seed)
    for way, value in changes:
        if value is not None or "app2" not in way:  # what another change may need
            apply(given, way, value)
    assert revision(commented(written(shuffled(given, order)), order)) == USUAL


@settings(max_examples=30)
@given(st.sampled_from(INSIDE), changes_outside, shuffles)
def test_a_change_inside_is_seen_among_any_changes_outside(
    inside: tuple[Way, object], changes: list[tuple[Way, object]], seed: int
) -> None:
    given, order = changed(*inside), random.Random(seed)
    removable = {"other.example.com", "app2", "keep", "readers"}  # what the change inside may need
    for way, value in changes:
        if value is not None and not removable.intersection(map(str, way)):
            apply(given, way, value)
    assert revision(commented(written(shuffled(given, order)), order)) != USUAL


def test_different_changes_have_different_revisions() -> None:
    different = {written(changed(*one)) for one in INSIDE}
    assert len({revision(text) for text in different}) == len(different)


def test_an_anchor_and_a_default_that_is_spelled_out_change_nothing() -> None:
    text = TEXT.replace("health: {http", "init: true\n        health: &anchor {http")
    assert text != TEXT
    assert revision(text) == USUAL
    assert revision(TEXT.replace("registry.example.com/shop/order", "shop/order")) == USUAL
    assert revision(changed((*WEB, "drain"), "20s")) == USUAL
    assert revision(changed((*WEB, "limits", "pids"), 4096)) == USUAL


def test_the_same_services_under_another_name_are_another_environment() -> None:
    given = document()
    given["environments"]["live"] = given["environments"].pop("production")
    given["permissions"]["deployers"] = ["deploy:live/web"]
    assert revision(given, "live") != USUAL


def test_it_is_the_same_in_every_process_and_version() -> None:
    """Programs of two versions work side by side, and plans wait in between: whoever changes this
    text voids every plan that waits, and says so in the changelog.
    """
    assert USUAL == "1-cc72fcb9a5da70"


class Later(ServiceEntry):
    replicas: int = 1
    labels: Mapping[str, str] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LaterVolume(Volume):
    size: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)


def with_web(**changes: object) -> str:
    """The revision of production if a later version adds these fields to its service web."""
    file = Configuration.parse(TEXT).declaration
    production = file.environments["production"]
    web = production.services["web"]
    fields = {name: getattr(web, name) for name in ServiceEntry.model_fields}
    services = {**production.services, "web": Later.model_construct(**{**fields, **changes})}
    later = production.model_copy(update={"services": services})
    environments = {**file.environments, "production": later}
    return revisions_of(file.model_copy(update={"environments": environments}))["production"]


def test_a_field_that_a_later_version_adds_changes_nothing_while_it_has_its_default() -> None:
    assert with_web() == with_web(replicas=1, labels={}) == USUAL
    assert with_web(replicas=2) != USUAL
    assert with_web(labels={"team": "shop"}) != USUAL


def test_nor_does_a_field_that_it_adds_to_a_value() -> None:
    def with_volumes(**changes: Any) -> str:
        known = ((one.source, one.target, one.read_only) for one in VOLUMES_OF_WEB)
        return with_web(volumes=tuple(LaterVolume(*one, **changes) for one in known))

    assert with_volumes() == with_volumes(size=0, labels={}) == USUAL
    assert with_volumes(size=1) != USUAL
    assert with_volumes(labels={"team": "shop"}) != USUAL


def test_what_has_no_plain_form_is_an_error_and_not_left_out() -> None:
    file = Configuration.parse(TEXT).declaration
    strange = file.environments["production"].model_copy(update={"after": object()})
    broken = file.model_copy(update={"environments": {"production": strange}})
    with pytest.raises(TypeError, match="no plain form"):
        revisions_of(broken)
