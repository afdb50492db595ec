from pathlib import Path

import pytest

from quaymaster.errors import ConfigurationError
from quaymaster.fingerprints import Comparison
from quaymaster.key_ring import ProgramRole
from quaymaster.settings import SETTINGS, Settings
from testing.keys import BOT, BOT_KEY, FINGERPRINT_TEXT, RING, ring_text

KEY = BOT_KEY.as_text()


def mistakes(environ: dict[str, str], *needs: str) -> str:
    with pytest.raises(ConfigurationError) as raised:
        Settings.from_env(environ, needs)
    return str(raised.value)


def test_little_has_to_be_set() -> None:
    settings = Settings.from_env({})
    assert settings.slack_api_url == "https://slack.com/api/"
    assert settings.redis_url.get_secret_value() == "redis://127.0.0.1:6379/0"
    assert settings.config == Path("quaymaster.yml")
    assert settings.command == "/image"
    assert settings.docker_host is None


def test_all_of_it_is_read() -> None:
    settings = Settings.from_env(
        {
            "QUAYMASTER_SIGNING_KEY": KEY,
            "QUAYMASTER_FINGERPRINT_KEY": FINGERPRINT_TEXT,
            "QUAYMASTER_KEY_RING": "/etc/ring.yml",
            "SLACK_BOT_TOKEN": "xoxb-1",
            "SLACK_APP_TOKEN": "xapp-1",
            "SLACK_SIGNING_SECRET": "signing",
            "SLACK_API_URL": "http://127.0.0.1:9/api",
            "REDIS_URL": "unix:///run/valkey.sock",
            "DOCKER_HOST": "unix:///var/run/docker.sock",
            "QUAYMASTER_CONFIG": "/etc/quaymaster.yml",
            "QUAYMASTER_COMMAND": "/ship",
            "TRIVY_CACHE_DIR": "/cache",
            "PATH": "/bin",
        },
        ["SLACK_BOT_TOKEN"],
    )
    assert settings.bot_token().get_secret_value() == "xoxb-1"
    assert settings.app_token().get_secret_value() == "xapp-1"
    assert settings.signing_secret().get_secret_value() == "signing"
    assert settings.slack_api_url == "http://127.0.0.1:9/api/"
    assert settings.command == "/ship"
    assert settings.key_ring_path == Path("/etc/ring.yml")
    fingerprint = settings.fingerprint_key().of("PASSWORD", "value")
    assert settings.fingerprint_key().compare(fingerprint, "PASSWORD", "value") is Comparison.SAME
    assert [(name, value.get_secret_value()) for name, value in settings.trivy] == [
        ("TRIVY_CACHE_DIR", "/cache")
    ]


def test_no_secret_prints_itself() -> None:
    secrets = {
        "QUAYMASTER_SIGNING_KEY": KEY,
        "QUAYMASTER_FINGERPRINT_KEY": FINGERPRINT_TEXT,
        "SLACK_BOT_TOKEN": "xoxb-hunter2",
        "SLACK_APP_TOKEN": "xapp-hunter2",
        "SLACK_SIGNING_SECRET": "hunter2",
        "REDIS_URL": "redis://:hunter2@redis:6379",
        "TRIVY_PASSWORD": "hunter2",
    }
    printed = repr(Settings.from_env(secrets))
    assert "hunter2" not in printed
    assert KEY not in printed
    assert FINGERPRINT_TEXT not in printed


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("QUAYMASTER_FINGERPRINT_KEY", "hunter2"),
        ("SLACK_BOT_TOKEN", "xapp-hunter2"),
        ("SLACK_APP_TOKEN", "xoxb-hunter2"),
        ("SLACK_API_URL", "slack.com/hunter2"),
        ("REDIS_URL", "hunter2"),
        ("REDIS_URL", "redis://:hunter2@redis:port"),
        ("REDIS_URL", "redis://"),
        ("DOCKER_HOST", "hunter2"),
        ("QUAYMASTER_COMMAND", "hunter2"),
        ("QUAYMASTER_COMMAND", "/Hunter2"),
    ],
)
def test_a_wrong_value_is_told_with_an_example_and_not_repeated(name: str, value: str) -> None:
    complaints = mistakes({name: value})
    assert f"{name} has to" in complaints
    assert f"Example: {name}=" in complaints
    assert "unter2" not in complaints


def test_everything_that_is_missing_is_told_at_once() -> None:
    names = ("SLACK_APP_TOKEN", "SLACK_BOT_TOKEN", "QUAYMASTER_SIGNING_KEY")
    complaints = mistakes({"SLACK_APP_TOKEN": ""}, *names)
    for name in names:
        assert f"{name} is not set" in complaints


def test_a_token_that_turns_out_to_be_needed_is_named() -> None:
    settings = Settings.from_env({})
    with pytest.raises(ConfigurationError, match="SLACK_SIGNING_SECRET is not set"):
        settings.signing_secret()


def test_the_key_that_is_gone_is_told_with_what_came_for_it() -> None:
    complaints = mistakes({"QUAYMASTER_SECRET_KEY": "hunter2"})
    assert "`quaymaster keys new`" in complaints
    assert "remove QUAYMASTER_SECRET_KEY" in complaints
    assert "hunter2" not in complaints


def test_a_program_signs_with_its_own_key_and_the_ring_beside_the_configuration(
    tmp_path: Path,
) -> None:
    (tmp_path / "quaymaster.keys.yml").write_text(ring_text())
    environ = {
        "QUAYMASTER_SIGNING_KEY": KEY,
        "QUAYMASTER_CONFIG": str(tmp_path / "quaymaster.yml"),
    }
    settings = Settings.from_env(environ)
    assert settings.keys(ProgramRole.BOT) == BOT
    assert settings.ring() == RING
    with pytest.raises(ConfigurationError, match="key of the bot, and this is the worker"):
        settings.keys(ProgramRole.WORKER)


def test_a_key_that_turns_out_to_be_needed_is_named() -> None:
    settings = Settings.from_env({})
    with pytest.raises(ConfigurationError, match="QUAYMASTER_SIGNING_KEY is not set"):
        settings.keys(ProgramRole.BOT)
    with pytest.raises(ConfigurationError, match="QUAYMASTER_FINGERPRINT_KEY is not set"):
        settings.fingerprint_key()


def test_the_table_explains_every_variable() -> None:
    for setting in SETTINGS:
        assert setting.meaning
        assert setting.example
        assert not (setting.default and setting.needed_by)
        assert not setting.complaint(setting.default or setting.example) or setting.needed_by
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)
