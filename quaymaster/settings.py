"""Settings from the environment, which no other code reads except ``resolve``."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from quaymaster.errors import ConfigurationError
from quaymaster.fingerprints import FingerprintKey
from quaymaster.key_ring import KeyRing, ProgramRole
from quaymaster.proxies import NO_PROXIES, Proxies
from quaymaster.redaction.secret_names import is_secret_name
from quaymaster.signing_key import Keys, SigningKey
from quaymaster.signs_of_life import HEALTH_VARIABLE, Signs
from quaymaster.spelling import listed


def _nothing_wrong(_value: str) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable of the environment, as the README explains it."""

    name: str
    meaning: str
    example: str
    needed_by: str = ""
    """Which program does not start without it; empty where it may be left out."""
    default: str = ""
    is_secret: bool = False
    complaint: Callable[[str], str] = _nothing_wrong
    """What is wrong with a value, as the end of a sentence that starts with the name; or nothing.

    It must not repeat a secret.
    """

    def value_in(self, environ: Mapping[str, str]) -> str:
        """Its value by itself, or its default. Raises ConfigurationError for one that is wrong."""
        value = environ.get(self.name) or self.default
        if value and (wrong := self.complaint(value)):
            raise ConfigurationError(
                f"{self.name} {wrong}", next_step=f"Example: {self.name}={self.example}"
            )
        return value


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one program. Secrets do not print themselves."""

    redis_url: SecretStr
    """A secret, because it may hold the password."""
    slack_api_url: str
    """Ends with a slash."""
    config: Path
    command: str
    """The name of the slash command, with its slash."""
    key_ring: Path | None = None
    """Where not beside the configuration."""
    docker_host: str | None = None
    signing_key_text: SecretStr | None = None
    fingerprint_key_text: SecretStr | None = None
    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    health: Path | None = None
    """Where signs of life go, if anywhere."""
    trivy: tuple[tuple[str, SecretStr], ...] = ()
    """Trivy's own variables, name and value, passed through to it."""
    proxies: Proxies = NO_PROXIES

    @classmethod
    def from_env(cls, environ: Mapping[str, str], needs: Iterable[str] = ()) -> Self:
        """Read the settings; an empty variable counts as one that is not set.

        ``needs`` names the variables that this program cannot do without. Raises
        ConfigurationError naming every variable that is missing or wrong, with examples; a proxy
        that cannot be followed is one.
        """
        if environ.get(_GONE):
            raise ConfigurationError(
                f"{_GONE} is no longer used: each program has a key of its own.",
                next_step="Make them with `quaymaster keys new`, put what it writes into the "
                f"programs' environment, and remove {_GONE}.",
            )
        values = {
            setting.name: environ.get(setting.name) or setting.default for setting in SETTINGS
        }
        proxies, unfollowed = _proxies(environ)
        if complaints := (*_complaints(values, set(needs)), *unfollowed):
            raise ConfigurationError(
                "\n".join(("The environment is not set up:", *complaints)),
                next_step="\nThe README explains every variable.",
            )
        return cls(
            redis_url=SecretStr(values[REDIS_URL.name]),
            slack_api_url=values[SLACK_API_URL.name].rstrip("/") + "/",
            config=Path(values[CONFIG.name]),
            command=values[COMMAND.name],
            key_ring=Path(values[KEY_RING.name]) if values[KEY_RING.name] else None,
            docker_host=values[DOCKER_HOST.name] or None,
            signing_key_text=_secret(values[SIGNING_KEY.name]),
            fingerprint_key_text=_secret(values[FINGERPRINT_KEY.name]),
            slack_bot_token=_secret(values[SLACK_BOT_TOKEN.name]),
            slack_app_token=_secret(values[SLACK_APP_TOKEN.name]),
            slack_signing_secret=_secret(values[SLACK_SIGNING_SECRET.name]),
            health=Path(values[HEALTH.name]) if values[HEALTH.name] else None,
            trivy=tuple(
                (name, SecretStr(value))
                for name, value in sorted(environ.items())
                if name.startswith("TRIVY_")
            ),
            proxies=proxies,
        )

    @property
    def secret_values(self) -> tuple[str, ...]:
        """What must never be printed; the password of Redis by itself too."""
        given = (
            *(self.signing_key_text, self.fingerprint_key_text, self.redis_url),
            *(self.slack_bot_token, self.slack_app_token, self.slack_signing_secret),
        )
        values = [one.get_secret_value() for one in given if one]
        values += [value.get_secret_value() for name, value in self.trivy if is_secret_name(name)]
        values += self.proxies.secrets
        password = urlsplit(self.redis_url.get_secret_value()).password
        return (*values, unquote(password)) if password else tuple(values)

    @property
    def key_ring_path(self) -> Path:
        """The file with everybody's public keys."""
        return self.key_ring or self.config.parent / _RING_NAME

    def signs(self) -> Signs:
        """What the processes of a program that starts say of themselves. Raises
        ConfigurationError where they cannot.
        """
        signs = Signs(self.health)
        try:
            signs.begin()
        except OSError as error:
            raise ConfigurationError(
                f"{HEALTH.name}={self.health} cannot be written: {error.strerror}.",
                next_step="Name a folder that this program may write to and no other uses.",
            ) from error
        return signs

    def ring(self) -> KeyRing:
        """Everybody's public keys. Raises ConfigurationError."""
        return KeyRing.load(self.key_ring_path)

    def signing_key(self) -> SigningKey:
        """This program's own key. Raises ConfigurationError where there is none."""
        return SigningKey.parse(_needed(SIGNING_KEY, self.signing_key_text).get_secret_value())

    def keys(self, role: ProgramRole) -> Keys:
        """This program's own key, and everybody's public ones. Raises ConfigurationError where it
        cannot sign as this role.
        """
        return Keys.of(self.signing_key(), self.ring(), role)

    def fingerprint_key(self) -> FingerprintKey:
        """The key of fingerprints. Raises ConfigurationError where there is none."""
        return FingerprintKey(
            _needed(FINGERPRINT_KEY, self.fingerprint_key_text).get_secret_value()
        )

    def bot_token(self) -> SecretStr:
        """The bot token. Raises ConfigurationError where there is none."""
        return _needed(SLACK_BOT_TOKEN, self.slack_bot_token)

    def app_token(self) -> SecretStr:
        """The app-level token of Socket Mode. Raises ConfigurationError where there is none."""
        return _needed(SLACK_APP_TOKEN, self.slack_app_token)

    def signing_secret(self) -> SecretStr:
        """The secret that signs requests. Raises ConfigurationError where there is none."""
        return _needed(SLACK_SIGNING_SECRET, self.slack_signing_secret)


def ring_path_in(environ: Mapping[str, str]) -> Path:
    """The file with everybody's public keys, for who needs no other setting."""
    path = KEY_RING.value_in(environ)
    return Path(path) if path else Path(CONFIG.value_in(environ)).parent / _RING_NAME


def _secret(value: str) -> SecretStr | None:
    return SecretStr(value) if value else None


def _needed(setting: Setting, value: SecretStr | None) -> SecretStr:
    if value is None:
        raise ConfigurationError(
            f"{setting.name} is not set.",
            why=f"It is {setting.meaning}.",
            next_step=f"Set it, for example {setting.name}={setting.example}",
        )
    return value


def _complaints(values: Mapping[str, str], needed: set[str]) -> tuple[str, ...]:
    unknown = needed - values.keys()
    if unknown:
        raise ValueError(f"no such settings: {listed(sorted(unknown))}")
    complaints = []
    for setting in SETTINGS:
        value = values[setting.name]
        what = setting.complaint(value) if value else ""
        if not value and setting.name in needed:
            what = f"is not set; it is {setting.meaning}."
        if what:
            complaints.append(f"  {setting.name} {what} Example: {setting.name}={setting.example}")
    return tuple(complaints)


def _proxies(environ: Mapping[str, str]) -> tuple[Proxies, tuple[str, ...]]:
    """What the environment says about proxies, and what is wrong with it."""
    try:
        return Proxies.of(environ), ()
    except ConfigurationError as error:
        return NO_PROXIES, (f"  {error}",)


def _starting_with(*prefixes: str) -> Callable[[str], str]:
    def complaint(value: str) -> str:
        right = value.startswith(prefixes) and value.isascii() and " " not in value
        return "" if right else f"has to start with {listed(prefixes, 'or')}, as Slack shows it."

    return complaint


def _url(*schemes: str) -> Callable[[str], str]:
    def complaint(value: str) -> str:
        try:
            url = urlsplit(value)
            right = url.scheme in schemes and bool(url.netloc or url.path.strip("/"))
            _ = url.port
        except ValueError:
            right = False
        return "" if right else f"has to be a URL with {listed(schemes, 'or')}."

    return complaint


def _long_enough(value: str) -> str:
    return "" if len(value) >= 32 else "has to have at least 32 characters."


def _command_name(value: str) -> str:
    right = re.fullmatch(r"/[a-z0-9_-]{1,31}", value)
    return "" if right else "has to be a slash and lower-case letters, digits, _ and -."


SLACK_BOT_TOKEN = Setting(
    "SLACK_BOT_TOKEN",
    "the bot token of the Slack app",
    "xoxb-…",
    needed_by="bot, worker",
    is_secret=True,
    complaint=_starting_with("xoxb-", "xoxe.xoxb-"),
)
SLACK_APP_TOKEN = Setting(
    "SLACK_APP_TOKEN",
    "the app-level token of the Slack app: with it the bot uses Socket Mode",
    "xapp-…",
    needed_by="bot without --http",
    is_secret=True,
    complaint=_starting_with("xapp-"),
)
SLACK_SIGNING_SECRET = Setting(
    "SLACK_SIGNING_SECRET",
    "the signing secret of the Slack app: requests over HTTP are checked with it",
    "8f742231b10e8888abcd99yyyzzz85a5",
    needed_by="bot with --http",
    is_secret=True,
)
SLACK_API_URL = Setting(
    "SLACK_API_URL",
    "the base URL of Slack's Web API",
    "https://slack.com/api/",
    default="https://slack.com/api/",
    complaint=_url("https", "http"),
)
REDIS_URL = Setting(
    "REDIS_URL",
    "the database that bot and workers share",
    "redis://:PASSWORD@redis.internal:6379/0",
    default="redis://127.0.0.1:6379/0",
    is_secret=True,
    complaint=_url("redis", "rediss", "unix"),
)
DOCKER_HOST = Setting(
    "DOCKER_HOST",
    "the Docker engine of hosts whose address is not in the configuration",
    "unix:///var/run/docker.sock",
    needed_by="",
    complaint=_url("unix", "ssh", "tcp"),
)
CONFIG = Setting(
    "QUAYMASTER_CONFIG",
    "the path of the configuration",
    "/etc/quaymaster/quaymaster.yml",
    default="quaymaster.yml",
)
SIGNING_KEY = Setting(
    "QUAYMASTER_SIGNING_KEY",
    "the program's own key, with which it signs what it stores; `quaymaster keys new` makes one "
    "for each program",
    "ed25519-private:bot-1a2b3c4d:…",
    needed_by="bot, worker, scanner",
    is_secret=True,
)
FINGERPRINT_KEY = Setting(
    "QUAYMASTER_FINGERPRINT_KEY",
    "the key of the fingerprints that tell whether a secret of a service has changed: the same for "
    "every worker of a host, at least 32 characters",
    "$(openssl rand -hex 32)",
    needed_by="worker of a host",
    is_secret=True,
    complaint=_long_enough,
)
KEY_RING = Setting(
    "QUAYMASTER_KEY_RING",
    "the path of the key ring; beside the configuration if it is not set",
    "/etc/quaymaster/quaymaster.keys.yml",
)
_RING_NAME = "quaymaster.keys.yml"
_GONE = "QUAYMASTER_SECRET_KEY"
COMMAND = Setting(
    "QUAYMASTER_COMMAND",
    "the name of the slash command",
    "/image",
    default="/image",
    complaint=_command_name,
)
HEALTH = Setting(
    HEALTH_VARIABLE,
    "a folder of this program alone, in which its processes leave signs of life; `quaymaster "
    "healthy` reads them. The container image sets it",
    "/run/quaymaster",
)

SETTINGS = (
    SLACK_BOT_TOKEN,
    SLACK_APP_TOKEN,
    SLACK_SIGNING_SECRET,
    SLACK_API_URL,
    REDIS_URL,
    DOCKER_HOST,
    CONFIG,
    SIGNING_KEY,
    FINGERPRINT_KEY,
    KEY_RING,
    COMMAND,
    HEALTH,
)
"""Every variable, in the order of the README's table; all ``TRIVY_*`` are also passed to Trivy."""
