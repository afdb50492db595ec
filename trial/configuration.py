"""The sample ``quaymaster.yml``, and the environments in which the programs are started."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import ConfigurationError
from trial.choices import USERNAME, Choices
from trial.images import PORT, WEB
from trial.invocation import invocation
from trial.state_directory import StateDirectory
from trial.world import ALICE, EVE, RELEASERS, RELEASES, SECURITY, SHOP

HOST = "local"

_TEXT = """\
# Written by `quaymaster try` when it was first started here. Change it as you like: it is kept,
# and read when `quaymaster try` starts. quaymaster.example.yml explains every field.
default_registry: {registry}
registries:
  {registry}: {{username: {username}, password: "${{SAMPLE_REGISTRY_PASSWORD}}"}}
hosts:
  {host}: {{}}
defaults:
  gate: {{block: high, only_fixable: true, unknown: block, database_older_than: {database_age}}}
environments:
  staging:                        # whoever may deploy does, without asking anybody
    target: {{docker: [{host}]}}
    services:
      web:
        image: {registry}/{web}
        ports: ["127.0.0.1:{staging_port}:{port}"]
        health: {{http: /healthz, port: {port}, within: 10s}}
        channel: {shop}
        drain: 2s
  production:                     # takes what staging has had, when two release managers agree
    after: staging
    target: {{docker: [{host}]}}
    approval: {{needed: 2, from: [release-managers], channel: {releases}, expires: 1h}}
    services:
      web:
        image: {registry}/{web}
        ports: ["127.0.0.1:{production_port}:{port}"]
        health: {{http: /healthz, port: {port}, within: 10s}}
        environment: {{TRAFFIC: real}}
        channel: {shop}
        drain: 2s
        bake: 8s                  # looked at again before it counts as released
roles:
  developers: [{alice}]       # alice
  release-managers: [{releasers}]   # @releasers: carol and dave
  security: [{eve}]
permissions:
  developers: [read, pull, tag, push, scan, deploy, "rollback:staging", "cancel:staging"]
  release-managers: ["*"]
  security: [read, pull, scan]
alerts: {{channel: {security}, at_least: high}}
"""


def write_configuration(path: Path, choices: Choices, *, sample_database: bool) -> None:
    """Write the sample configuration, unless there is one already."""
    if path.exists():
        return
    path.write_text(
        _TEXT.format(
            registry=choices.registry,
            username=USERNAME,
            host=HOST,
            web=WEB,
            port=PORT,
            staging_port=choices.staging_port,
            production_port=choices.production_port,
            shop=SHOP,
            releases=RELEASES,
            security=SECURITY,
            alice=ALICE,
            eve=EVE,
            releasers=RELEASERS,
            # The sample database does not get any younger.
            database_age="3650d" if sample_database else "48h",
        )
    )


def check_configuration(path: Path) -> None:
    """Raise ConfigurationError, saying how to start over, for a file that cannot be used."""
    try:
        Configuration.load(path)
    except ConfigurationError as error:
        raise ConfigurationError(
            str(error),
            next_step=f"Correct it, or start over with {invocation('--reset')}.",
        ) from error


def product_environment(state: StateDirectory, slack: Mapping[str, str]) -> dict[str, str]:
    """The environment of every program of the product. It contains nothing of another installation
    from this process's environment, and no Docker engine.
    """
    foreign = ("SLACK_", "QUAYMASTER_", "REDIS_", "DOCKER_", "TRIVY_")
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    return inherited | {
        # Programs that wheels install are beside the interpreter, which may not be on PATH.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "REDIS_URL": state.choices.redis_url,
        "QUAYMASTER_CONFIG": str(state.configuration),
        **slack,
    }


def scanning_environment(state: StateDirectory, cache: Path) -> dict[str, str]:
    """What a worker for registries and scans gets in addition."""
    variables = {key: value for key, value in os.environ.items() if key.startswith("TRIVY_")}
    return variables | {
        "SAMPLE_REGISTRY_PASSWORD": state.choices.registry_password,
        "TRIVY_CACHE_DIR": str(cache),
    }


def host_environment(engine_host: str) -> dict[str, str]:
    """What the worker of the Docker host gets in addition: the engine."""
    variables = {key: value for key, value in os.environ.items() if key.startswith("DOCKER_")}
    return variables | {"DOCKER_HOST": engine_host}
