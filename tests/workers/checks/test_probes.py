"""What ``quaymaster check`` says about real engines, registries, scanners and secrets."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import pytest

from quaymaster.checks import Check, Part, perform
from quaymaster.configuration.configuration import Configuration
from quaymaster.settings import Settings
from testing.configurations import SHOP_TEXT, SMALL_TEXT
from testing.engines.registries import Registry
from testing.engines.trivy import TrivyCaches
from workers.checks.probes import (
    CheckContext,
    disk_check,
    secret_values,
    shortest_limit,
    worker_probes,
)


def checks(
    part: Part,
    text: str = SMALL_TEXT,
    environ: Mapping[str, str] | None = None,
    host: str | None = None,
    folder: Path = Path(),
) -> dict[str, Check]:
    configuration = Configuration.parse(text, folder / "quaymaster.yml")
    given = environ or {}
    place = CheckContext(Settings.from_env(given), configuration, given, host)
    found = perform(worker_probes({part}, place), secret_values(place))
    assert all(check.next_step for check in found if check.verdict == "broken")
    return {check.subject: check for check in found}


@pytest.mark.engine
def test_a_host_that_answers_is_shown_with_its_version_and_its_disk(docker_host: str) -> None:
    results = checks("docker", environ={"DOCKER_HOST": docker_host})
    assert results["host build1"].verdict == "ok"
    assert results["host build1"].what.startswith("Docker ")
    assert "GB free" in results["disk of build1"].what


@pytest.mark.engine
@pytest.mark.parametrize("hidden", ["for root alone", "in a container"])
def test_a_disk_that_cannot_be_looked_at_from_here_is_left_out(
    docker_host: str, hidden: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a container the path that the engine names is another one, or nobody's to look at."""

    def refuse(path: Path) -> NoReturn:
        raise PermissionError(13, "Permission denied", str(path))

    if hidden == "for root alone":
        monkeypatch.setattr("workers.checks.probes.shutil.disk_usage", refuse)
    else:
        monkeypatch.setattr("workers.checks.probes.Engine.own_container", "0123456789ab")
    results = checks("docker", environ={"DOCKER_HOST": docker_host})
    assert {name: one.verdict for name, one in results.items()} == {"host build1": "ok"}


@pytest.mark.engine
def test_a_host_that_does_not_answer_is_broken_and_the_others_are_not(docker_host: str) -> None:
    text = SMALL_TEXT.replace("{build1: {}}", "{build1: {}, app1: {docker: 'tcp://127.0.0.1:9'}}")
    results = checks("docker", text, {"DOCKER_HOST": docker_host})
    assert results["host build1"].verdict == "ok"
    assert results["host app1"].verdict == "broken"
    assert list(checks("docker", text, {"DOCKER_HOST": docker_host}, "app1")) == ["host app1"]


def test_a_disk_that_fills_up_is_warned_about() -> None:
    assert disk_check("disk", Path("/data"), 100, 11).verdict == "ok"
    assert disk_check("disk", Path("/data"), 100, 9).verdict == "warning"


def with_login(registry: Registry, more: str = "") -> str:
    return (
        f"default_registry: '{registry.host}'\nhosts: {{build1: {{}}}}\nregistries:\n"
        f"  '{registry.host}': {{username: ci, password: '${{PASSWORD}}'{more}}}\n"
    )


@pytest.mark.engine
def test_a_registry_that_accepts_the_login_is_ok(registry: Registry) -> None:
    results = checks("registries", with_login(registry), {"PASSWORD": registry.password})
    assert results[f"registry {registry.host}"].verdict == "ok"


@pytest.mark.engine
def test_a_registry_that_speaks_https_where_plain_http_is_expected_is_broken(
    tls_registry: Registry,
) -> None:
    subject = f"registry {tls_registry.host}"
    # Loopback is spoken to over plain HTTP, which this registry does not speak.
    results = checks("registries", with_login(tls_registry), {"PASSWORD": tls_registry.password})
    assert results[subject].verdict == "broken"


@pytest.mark.engine
def test_a_refused_login_is_broken_and_the_password_is_not_printed(registry: Registry) -> None:
    results = checks("registries", with_login(registry), {"PASSWORD": "wrong-and-secret"})
    check = results[f"registry {registry.host}"]
    assert check.verdict == "broken"
    assert "refused the login of ci" in check.what
    assert "wrong-and-secret" not in str(results)


@pytest.mark.engine
def test_a_registry_whose_password_is_not_set_names_the_variable(registry: Registry) -> None:
    results = checks("registries", with_login(registry))
    assert "PASSWORD is not set" in results[f"registry {registry.host}"].what


def scanner_checks(cache: Path, trivy_binary: Path, text: str = SMALL_TEXT) -> dict[str, Check]:
    environ = {"PATH": str(trivy_binary.parent), "TRIVY_CACHE_DIR": str(cache)}
    return checks("scanner", text, environ)


@pytest.mark.engine
def test_a_scanner_with_a_fresh_database_is_ok(
    trivy_caches: TrivyCaches, trivy_binary: Path
) -> None:
    found = scanner_checks(trivy_caches.a, trivy_binary)
    assert {check.verdict for check in found.values()} == {"ok"}
    assert found["scanner"].what.startswith("Trivy 0.")


@pytest.mark.engine
@pytest.mark.parametrize(
    ("state", "words"), [("missing", "has no"), ("truncated", "damaged"), ("outdated", "days old")]
)
def test_a_database_that_proves_nothing_is_broken(
    trivy_caches: TrivyCaches, trivy_binary: Path, state: str, words: str
) -> None:
    check = scanner_checks(getattr(trivy_caches, state), trivy_binary)["vulnerability database"]
    assert check.verdict == "broken"
    assert words in check.what


@pytest.mark.engine
def test_the_strictest_gate_decides_how_old_the_database_may_be(
    trivy_caches: TrivyCaches, trivy_binary: Path
) -> None:
    strict = SMALL_TEXT + "defaults: {gate: {database_older_than: 30m}}\n"
    check = scanner_checks(trivy_caches.a, trivy_binary, strict)["vulnerability database"]
    assert check.verdict == "broken"
    assert "the limit is 30 minutes" in check.what


def test_the_shortest_limit_is_that_of_any_service() -> None:
    text = SHOP_TEXT.replace("{unknown: allow}", "{database_older_than: 6h}")
    assert shortest_limit(Configuration.parse(text)) == timedelta(hours=6)


def test_every_variable_that_is_not_set_is_named_with_who_needs_it() -> None:
    text = SHOP_TEXT.replace(
        "{image: shop/jobs}", '{image: shop/jobs, environment: {URL: "x://${DB_HOST}/${DB_NAME}"}}'
    )
    results = checks("secrets", text, {"DB_HOST": "db"})
    assert results["variables"].what == "1 of 3 are set."
    assert "needed by staging/worker and staging/mailer" in results["variable DB_NAME"].what
    assert "registry.staging:5000" in results["variable STAGING_REGISTRY_PASSWORD"].what


def test_a_secret_that_is_too_short_to_be_found_is_named() -> None:
    text = SHOP_TEXT.replace(
        "{image: shop/jobs}", '{image: shop/jobs, environment: {A: "${SHORT}", B: "${ENOUGH}"}}'
    )
    results = checks("secrets", text, {"SHORT": "abc", "ENOUGH": "abcd"})
    assert results["variable SHORT"].verdict == "warning"
    assert "used by staging/worker" in results["variable SHORT"].what
    assert "variable ENOUGH" not in results


def test_only_the_services_of_a_host_are_looked_at_where_one_is_named() -> None:
    text = SHOP_TEXT.replace(
        "{image: shop/jobs}", '{image: shop/jobs, environment: {URL: "${DB_HOST}"}}'
    )
    assert "variable DB_HOST" in checks("secrets", text, host="build1")
    assert "variable DB_HOST" not in checks("secrets", text, host="app1")


def test_files_that_the_configuration_names_are_read(tmp_path: Path) -> None:
    text = SHOP_TEXT.replace("channel: C0SHOP", "env_file: web.env").replace(
        "registry.prod: {}", "registry.prod: {ca_file: ca.pem}"
    )
    results = checks("secrets", text, folder=tmp_path)
    assert results["env_file web.env"].verdict == "broken"
    assert results["ca_file of registry.prod"].verdict == "broken"
    (tmp_path / "web.env").write_text("A=1\nB=hunter22x\n")
    (tmp_path / "ca.pem").write_text("this is no certificate")
    results = checks("secrets", text, folder=tmp_path)
    assert results["env_file web.env"].what == "2 variables."
    assert results["ca_file of registry.prod"].verdict == "broken"
    for wrong in ("A hunter22x\n", "hunter22x", "=hunter22x"):
        (tmp_path / "web.env").write_text(wrong)
        assert "hunter22x" not in str(checks("secrets", text, folder=tmp_path))


def test_a_name_without_a_value_is_told(tmp_path: Path) -> None:
    (tmp_path / "web.env").write_text("A=1\n\nNOWHERE\n")
    text = SHOP_TEXT.replace("channel: C0SHOP", "env_file: web.env")
    results = checks("secrets", text, folder=tmp_path)["env_file web.env"]
    assert results.verdict == "warning"
    assert results.what.startswith("1 variable.")
    assert results.what.endswith(
        "Line 3 is left out: it has no =, and neither this worker's "
        "environment nor the file gives it a value."
    )
    (tmp_path / "web.env").write_text("A=1\nNOWHERE\nNEITHER\n" + "SECRET\n" * 3_000)
    results = checks("secrets", text, folder=tmp_path)["env_file web.env"]
    assert "Lines 2, 3, 4, 5, 6 and 2,997 more are left out: they have no =" in results.what


def test_a_configuration_without_references_says_so() -> None:
    assert checks("secrets")["secrets"].verdict == "ok"
