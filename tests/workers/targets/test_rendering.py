"""A plan names secrets, and their values are looked up when a container is made."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import ConfigurationError
from quaymaster.fingerprints import FingerprintKey, fingerprint
from quaymaster.services import ServiceConfiguration
from quaymaster.target import ServiceRef
from testing.configurations import SHOP_TEXT
from testing.keys import FINGERPRINTS
from workers.targets.rendering import Renderer

VALUES = {"DATABASE_PASSWORD": "made-up-1", "TOKEN": "made-up-2"}
TEXT = SHOP_TEXT.replace(
    "worker: {image: shop/jobs}",
    "worker: {image: shop/jobs, env_file: jobs.env, environment: {LOG_LEVEL: info, "
    'DATABASE_URL: "postgres://web:${DATABASE_PASSWORD}@db/shop", TOKEN: "${TOKEN}"}}',
)


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    file = tmp_path / "quaymaster.yml"
    file.write_text(TEXT)
    (tmp_path / "jobs.env").write_text("# the queue\nQUEUE_PASSWORD=made-up-3\n")
    return Configuration.load(file)


def rendered(
    configuration: Configuration, key: FingerprintKey = FINGERPRINTS
) -> ServiceConfiguration:
    return Renderer(configuration, VALUES, key).render(ServiceRef("staging", "worker"))


def test_a_plan_holds_references_and_fingerprints_and_no_values(
    configuration: Configuration,
) -> None:
    found = {variable.name: variable for variable in rendered(configuration).environment}
    assert "made-up" not in repr(found)
    assert found["LOG_LEVEL"].value == "info"
    assert found["TOKEN"].reference == "${TOKEN}"
    assert found["DATABASE_URL"].reference == "postgres://web:${DATABASE_PASSWORD}@db/shop"
    assert found["QUEUE_PASSWORD"].reference == "env_file:jobs.env"
    assert all(one.is_secret for name, one in found.items() if name != "LOG_LEVEL")


def test_a_service_gets_no_more_than_it_needs_unless_it_asks(configuration: Configuration) -> None:
    usual = rendered(configuration)
    assert usual.capabilities == (
        *("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE"),
        *("SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
    )
    assert (usual.no_new_privileges, usual.limits.pids, usual.init) == (True, 4096, True)
    asked = "cap_add: [net_raw, CAP_KILL], cap_drop: [ALL], no_new_privileges: false, init: false"
    other = Configuration.parse(
        TEXT.replace("env_file: jobs.env", f"{asked}, limits: {{pids: unlimited}}")
    )
    found = rendered(other)
    assert found.capabilities == ("KILL", "NET_RAW")
    assert (found.no_new_privileges, found.limits.pids, found.init) == (False, None, False)


def test_a_fingerprint_tells_nothing_to_who_has_no_key(configuration: Configuration) -> None:
    """Without the key a short password could be found by trying."""
    (token,) = (one for one in rendered(configuration).environment if one.name == "TOKEN")
    (other,) = (
        one
        for one in rendered(configuration, FingerprintKey("e" * 32)).environment
        if one.name == "TOKEN"
    )
    assert token.fingerprint != other.fingerprint
    assert token.fingerprint is not None
    assert other.fingerprint is not None
    assert token.fingerprint.partition(":")[2] != other.fingerprint.partition(":")[2]
    assert fingerprint("TOKEN", "made-up-2")[:16] not in token.fingerprint


def test_values_are_those_of_today_and_what_changed_is_named(configuration: Configuration) -> None:
    plan = rendered(configuration)
    same = Renderer(configuration, VALUES, FINGERPRINTS).values(plan)
    assert dict(same.environment)["DATABASE_URL"] == "postgres://web:made-up-1@db/shop"
    assert dict(same.environment)["QUEUE_PASSWORD"] == "made-up-3"
    assert same.changed == ()
    assert "info" not in same.secrets
    assert {"made-up-1", "postgres://web:made-up-1@db/shop"} <= {*same.secrets}
    assert len(same.secrets) == 4
    (configuration.folder / "jobs.env").write_text("QUEUE_PASSWORD=made-up-4\n")
    later = Renderer(configuration, {**VALUES, "TOKEN": "made-up-5"}, FINGERPRINTS).values(plan)
    assert later.changed == ("QUEUE_PASSWORD", "TOKEN")
    assert later.incomparable == same.incomparable == ()
    assert "made-up-5" in later.secrets


def test_a_file_can_name_a_variable_of_the_worker(configuration: Configuration) -> None:
    (configuration.folder / "jobs.env").write_text("DATABASE_PASSWORD\nNOWHERE\n")
    found = Renderer(configuration, VALUES, FINGERPRINTS).values(rendered(configuration))
    assert dict(found.environment)["DATABASE_PASSWORD"] == VALUES["DATABASE_PASSWORD"]
    assert "NOWHERE" not in dict(found.environment)


def test_what_is_looked_up_is_not_logged(
    configuration: Configuration, capfd: pytest.CaptureFixture[str]
) -> None:
    program = (
        "import sys; from pathlib import Path; from quaymaster import logs;"
        "from quaymaster.configuration.configuration import Configuration;"
        "from quaymaster.target import ServiceRef;"
        "from tests.workers.targets.test_rendering import FINGERPRINTS, VALUES, Renderer;"
        "logs.configure([]);"
        "renderer = Renderer(Configuration.load(Path(sys.argv[1])), VALUES, FINGERPRINTS);"
        "renderer.values(renderer.render(ServiceRef('staging', 'worker')));"
        "logs.log.info('said made-up-1', given={'TOKEN': ['made-up-2']})"
    )
    file = configuration.folder / "quaymaster.yml"
    subprocess.run([sys.executable, "-c", program, str(file)], check=True, timeout=60)
    said = json.loads(capfd.readouterr().err)
    assert (said["event"], said["given"]) == ("said •••", {"TOKEN": ["•••"]})


def test_under_another_key_nothing_is_said_to_have_changed(configuration: Configuration) -> None:
    plan = rendered(configuration)
    found = Renderer(configuration, VALUES, FingerprintKey("e" * 32)).values(plan)
    assert found.changed == ()
    assert found.incomparable == ("DATABASE_URL", "QUEUE_PASSWORD", "TOKEN")


def test_what_is_missing_is_named(configuration: Configuration) -> None:
    plan = rendered(configuration)
    with pytest.raises(ConfigurationError, match="TOKEN"):
        Renderer(configuration, {"DATABASE_PASSWORD": "x"}, FINGERPRINTS).render(
            ServiceRef("staging", "worker")
        )
    (configuration.folder / "jobs.env").write_text("OTHER=1\n")
    with pytest.raises(ConfigurationError, match="QUEUE_PASSWORD is no longer in"):
        Renderer(configuration, VALUES, FINGERPRINTS).values(plan)
    (configuration.folder / "jobs.env").write_text("made-up 6\n")
    with pytest.raises(ConfigurationError, match=r"Line 1 of jobs\.env") as raised:
        rendered(configuration)
    assert "made-up" not in str(raised.value)
    (configuration.folder / "jobs.env").unlink()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        rendered(replace(configuration))
