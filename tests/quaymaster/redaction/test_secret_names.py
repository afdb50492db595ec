"""What a setting is called tells whether its value may be shown."""

import pytest

from quaymaster.redaction.secret_names import ends_as_secret, is_harmless_name, is_secret_name


@pytest.mark.parametrize(
    "name",
    [
        *("DB_PASSWORD", "DB_PASS", "MYSQL_PWD", "PGPASSWORD", "SMTP_AUTH", "REGISTRY_AUTH_TOKEN"),
        *("SESSION_COOKIE", "COOKIE", "JWT", "APP_JWT", "githubToken", "apiKey", "X-API-Key"),
        *("API_KEY_2", "AWS_SECRET_ACCESS_KEY", "SENTRY_DSN", "GH_PAT", "SLACK_WEBHOOK_URL"),
        *("SECRET_KEY_BASE", "PASSWORD_SALT", "storepass", "ACCESS_TOKEN", "CREDENTIALS"),
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)
    assert not is_harmless_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("PWD", "OLDPWD", "PATH", "AUTHOR", "COMPASS_URL", "PASSENGER_APP", "BYPASS", "MONKEY"),
        *("TOKENIZERS_PARALLELISM", "PUBLIC_KEY", "KEYBOARD", "PATTERN", "SIGNAL", "key"),
    ],
)
def test_names_that_only_sound_like_secrets(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize("name", ["password-reset", "token-issuer", "auth", "secret-store", "web"])
def test_a_name_of_a_service_does_not_end_as_a_secret(name: str) -> None:
    assert not ends_as_secret(name)


@pytest.mark.parametrize("name", ["password", "DB_PASSWORD", "api-key", "token", "X-Auth-Token"])
def test_a_name_that_ends_as_a_secret(name: str) -> None:
    assert ends_as_secret(name)


@pytest.mark.parametrize("name", ["PATH", "LC_ALL", "PYTHON_VERSION", "JAVA_HOME", "NODE_ENV"])
def test_harmless_names(name: str) -> None:
    assert is_harmless_name(name)


@pytest.mark.parametrize("name", ["MOTD", "DATABASE_URL", "SECRET_VERSION", "TOKEN_HOME", "X"])
def test_a_name_that_nobody_knows_is_not_harmless(name: str) -> None:
    assert not is_harmless_name(name)
