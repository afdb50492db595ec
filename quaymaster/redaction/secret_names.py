"""Decides by the name of a variable, a field or an option whether its value is a secret."""

import re
from itertools import pairwise

_LONGEST = 128
"""Of a longer name, only the end is examined."""

_WORD = re.compile(r"[A-Z]++(?![a-z])|[A-Z]?[a-z]++|[A-Z]")

_SECRET_WORDS = frozenset(
    {
        *(
            "pass",
            "passcode",
            "pw",
            "pwd",
            "creds",
            "cred",
            "auth",
            "authorization",
            "jwt",
            "bearer",
        ),
        *("pat", "dsn", "salt", "pepper", "otp", "totp", "sig", "signature", "webhook", "webhooks"),
    }
)
_SECRET_PARTS = (
    *("password", "passwd", "passphrase", "storepass", "keypass", "userpass", "secret"),
    *("credential", "cookie", "apikey", "accesskey", "privatekey", "signingkey", "masterkey"),
    *("masterauth", "encryptionkey", "accountkey", "sessionid", "sessid", "passwort", "kennwort"),
)
# No passwords, though they end like DBPASS.
_NO_PASSES = frozenset(
    {"bypass", "compass", "encompass", "overpass", "surpass", "trespass", "underpass"}
)
_NO_TOKENS = ("tokeniz", "tokenis")
_KEYS = frozenset({"key", "keys"})
_OPEN_KEYS = frozenset({"public", "pub", "primary", "foreign", "cache", "sort", "partition"})
_SECRET_KEYS = frozenset({"api", "access", "private", "signing", "encryption", "master", "secret"})
_NO_VALUE = frozenset({"stdin", "file", "path", "env"})

_HARMLESS = frozenset(
    {
        *("PATH", "HOME", "USER", "SHELL", "PWD", "TERM", "TZ", "LANG", "LANGUAGE", "HOSTNAME"),
        *("PORT", "HOST", "BIND", "LISTEN", "WORKERS", "THREADS", "LOG_LEVEL", "LOGLEVEL"),
        *("DEBUG", "VERBOSE", "NO_COLOR", "FORCE_COLOR", "CI", "container", "UMASK"),
        *("PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHASHSEED"),
        *("PYTHONIOENCODING", "PYTHONFAULTHANDLER", "VIRTUAL_ENV", "PIP_NO_CACHE_DIR"),
        *("NODE_ENV", "NODE_PATH", "NPM_CONFIG_LOGLEVEL", "RAILS_ENV", "RACK_ENV", "APP_ENV"),
        *("ENVIRONMENT", "FLASK_ENV", "FLASK_APP", "DJANGO_SETTINGS_MODULE", "MIX_ENV"),
        *("ASPNETCORE_ENVIRONMENT", "DOTNET_RUNNING_IN_CONTAINER", "JAVA_HOME", "GOPATH"),
        *("GOROOT", "GOTOOLCHAIN", "CARGO_HOME", "RUSTUP_HOME", "GEM_HOME", "BUNDLE_APP_CONFIG"),
        *("BUNDLE_SILENCE_ROOT_WARNING", "PHP_INI_DIR", "LD_LIBRARY_PATH", "DEBIAN_FRONTEND"),
        *("PGDATA", "PG_MAJOR", "PKG_RELEASE", "SSL_CERT_FILE", "SSL_CERT_DIR", "GOSU_VERSION"),
    }
)
_HARMLESS_ENDINGS = ("_VERSION", "_MAJOR", "_SHA256", "_SHA512", "_HOME", "_LOG_LEVEL")


def is_secret_name(name: str) -> bool:
    """Whether what has this name is a secret: ``DB_PASS``, ``apiKey``, ``X-Auth``."""
    words = _words(name)
    joined = "".join(words)
    return (
        any(part in joined for part in _SECRET_PARTS)
        or any(_is_secret_word(word) for word in words if word != joined or word != "pwd")
        or _has_key(words)
    )


def ends_as_secret(name: str) -> bool:
    """Whether its last word says so: ``password``, and not ``password-reset`` or ``auth``.

    A colon also stands behind the names of services and images, and behind words of sentences.
    """
    words = _words(name)
    if _has_key(words[-2:]):
        return True
    return bool(words) and words[-1] != "auth" and is_secret_name(words[-1])


def takes_secret(option: str) -> bool:
    """Whether the word after an option like ``--db-password`` is a secret."""
    words = _words(option)
    return bool(words) and words[-1] not in _NO_VALUE and is_secret_name(option)


def is_harmless_name(name: str) -> bool:
    """Whether a variable is known to hold nothing secret, so that its value may be shown."""
    is_listed = name in _HARMLESS or name.startswith("LC_") or name.endswith(_HARMLESS_ENDINGS)
    return is_listed and not is_secret_name(name)


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name[-_LONGEST:])]


def _is_secret_word(word: str) -> bool:
    if word in _SECRET_WORDS or word.endswith("pw"):
        return True
    if word.endswith("pass") and word not in _NO_PASSES:
        return True
    return "token" in word and not any(part in word for part in _NO_TOKENS)


def _has_key(words: list[str]) -> bool:
    pairs = list(pairwise(words))
    if any(word in _SECRET_KEYS and key in _KEYS for word, key in pairs):
        return True
    return bool(pairs) and pairs[-1][1] in _KEYS and pairs[-1][0] not in _OPEN_KEYS
