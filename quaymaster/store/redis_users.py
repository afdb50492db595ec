"""The users of Redis: what each program may do with which keys, and no more. Pure.

Whoever gets hold of one program's password can do what stands here in its column. A new key is a
line in ``_KEYS``; a new command, a word in the list of who uses it. What a script does is checked
against its caller's user too: https://valkey.io/topics/acl/ (it needs Redis 7.0, or any Valkey).
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, assert_never

from quaymaster.errors import ConfigurationError
from quaymaster.spelling import listed
from quaymaster.store.keys import PREFIX

_VARIABLE = "REDIS_PASSWORD"
_PASSWORD = re.compile(r"[A-Za-z0-9_-]{32,}")


class RedisUser(StrEnum):
    """By its name in Redis."""

    ADMIN = "default"
    """May do everything: for whoever looks after the server. No program has its password."""
    BOT = "bot"
    WORKER = "worker"
    """A worker for every queue: what the two below may do together."""
    WORKER_HOST = "worker-host"
    WORKER_REGISTRY = "worker-registry"
    SCANNER = "scanner"

    @property
    def password_variable(self) -> str:
        """The variable of the environment that holds its password."""
        if self is RedisUser.ADMIN:
            return _VARIABLE
        return f"{_VARIABLE}_{self.name}"


Access = Literal["", "r", "w", "rw"]


@dataclass(frozen=True, slots=True)
class _Keys:
    """What each program may do with the keys of a pattern."""

    pattern: str
    bot: Access = ""
    host: Access = ""
    registry: Access = ""
    scanner: Access = ""

    def access_of(self, user: RedisUser) -> Access:
        match user:
            case RedisUser.ADMIN:
                return "rw"
            case RedisUser.BOT:
                return self.bot
            case RedisUser.WORKER_HOST:
                return self.host
            case RedisUser.WORKER_REGISTRY:
                return self.registry
            case RedisUser.SCANNER:
                return self.scanner
            case RedisUser.WORKER:
                return _both(self.host, self.registry)
            case _:
                assert_never(user)


def _both(*rules: Access) -> Access:
    together = "".join(rules)
    if "r" in together:
        return "rw" if "w" in together else "r"
    return "w" if "w" in together else ""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _ours(
    name: str, bot: Access = "", host: Access = "", registry: Access = "", scanner: Access = ""
) -> _Keys:
    return _Keys(PREFIX + name, bot, host, registry, scanner)


def _rq(
    name: str, bot: Access = "", host: Access = "", registry: Access = "", scanner: Access = ""
) -> _Keys:
    return _Keys(f"rq:{name}", bot, host, registry, scanner)


_KEYS = (
    _ours("format", bot="rw", host="rw", registry="rw", scanner="rw"),
    _ours("next-id", bot="rw", host="r", registry="r", scanner="r"),
    _ours("operations:open", bot="rw", host="rw", registry="rw"),
    _ours("operations:returned", bot="rw", host="w", registry="w"),
    _ours("operations:recent", bot="rw", host="w", registry="w"),
    _ours("operations:ended", bot="rw", host="rw", registry="rw"),
    _ours("operations:ended-readings", bot="rw", host="rw", registry="rw"),
    _ours("operation:*", bot="rw", host="rw", registry="rw"),
    _ours("delivery:*", bot="rw"),
    _ours("journal", bot="w", host="rw", registry="rw"),
    _ours("audit", host="rw", registry="rw"),
    _ours("audit:latest", bot="r", host="rw", registry="rw"),
    _ours("audit:anchor", host="rw", registry="rw"),
    _ours("audit:posted", host="rw", registry="rw"),
    _ours("cards:behind", bot="w", host="rw", registry="rw"),
    _ours("cards:bell", bot="w", host="rw", registry="rw"),
    _ours("card:*", bot="rw", host="rw", registry="rw"),
    _ours("pages:*", bot="r", host="rw", registry="rw"),
    _ours("listings:*", host="rw", registry="rw"),
    _ours("slack:*", host="rw", registry="rw"),
    _ours("releases:*", bot="r", host="rw", registry="r"),
    _ours("bad:*", bot="r", host="rw", registry="r"),
    _ours("turn:*", host="rw"),
    _ours("at-work:*", host="rw"),
    _ours("drifts", bot="r", host="rw"),
    _ours("host-engines", host="rw"),
    _ours("drifts:told", bot="rw"),
    _ours("report:*", bot="r", host="r", registry="r", scanner="rw"),
    _ours("local-report:*", host="rw", registry="r"),
    _ours("findings:*", host="rw", registry="rw"),
    _ours("scan-order:*", bot="w", host="rw", registry="rw", scanner="r"),
    _ours("scan-answer:*", host="r", registry="r", scanner="w"),
    _ours("lease:courier", host="rw", registry="rw"),
    _ours("lease:audit-head", host="rw", registry="rw"),
    _ours("lease:operation:*", host="rw", registry="rw"),
    _ours("lease:service:*", host="rw"),
    _ours("lease:look:*", host="rw"),
    _ours("lease:scan*", host="rw", registry="rw", scanner="rw"),
    # RQ's own, as its worker of one queue or of several writes them (rq/worker/base.py).
    _rq("queues", bot="w", host="w", registry="w", scanner="w"),
    _rq("queue:*", bot="w", host="rw", registry="rw", scanner="w"),
    _rq("queue:scan*", scanner="rw"),
    _rq("job:*", bot="w", host="rw", registry="rw", scanner="rw"),
    _rq("worker:*", host="rw", registry="rw", scanner="rw"),
    _rq("workers*", host="rw", registry="rw", scanner="rw"),
    _rq("execution*", host="rw", registry="rw", scanner="rw"),
    _rq("results:*", host="rw", registry="rw", scanner="rw"),
    _rq("wip:*", host="rw", registry="rw", scanner="rw"),
    _rq("failed:*", host="rw", registry="rw", scanner="rw"),
    _rq("finished:*", host="rw", registry="rw", scanner="rw"),
    _rq("clean_*", host="rw", registry="rw", scanner="rw"),
    _rq("groups", host="r", registry="r", scanner="r"),
    _rq("suspended", host="r", registry="r", scanner="r"),
)

_EVERYTHING = (_Keys("*"),)

# What `quaymaster check` asks is among them; `config|get` shows no secret of such a server.
_EVERYBODY = _words("""
    ping time info config|get client|setinfo client|setname
    eval evalsha get set hset rpush sadd
""")
_BOT = _words("""
    incr incrby hget hgetall hmget hsetnx hincrby lrange ltrim srem smembers
    script|load hkeys zadd zrange zrevrange zremrangebyrank
""")
_RQ = _words("""
    client|info multi exec watch unwatch exists del expire pexpire persist
    hget hgetall hincrby hincrbyfloat srem smembers
    blpop blmove lrem zadd zrem zrange zremrangebyscore xadd
""")
_WORKER = _words("hmget hsetnx hdel hkeys lindex llen lrange ltrim lpos")


def acl_file(passwords: Mapping[RedisUser, str]) -> str:
    """The file that Redis's ``aclfile`` names: a line for each user.

    It holds hashes, so that nobody who reads it can log in. A user without a password is left
    out and cannot log in either. Raises ConfigurationError for a password that could be guessed
    from its hash, or would break a URL.
    """
    for user, password in passwords.items():
        if not _PASSWORD.fullmatch(password):
            raise ConfigurationError(
                f"{user.password_variable} has to have at least 32 characters, all of them "
                "letters, digits, _ or -.",
                next_step="Make one with `openssl rand -hex 32`.",
            )
    if len(set(passwords.values())) < len(passwords):
        raise ConfigurationError(
            "Two users of Redis have the same password.",
            next_step="Make one for each with `openssl rand -hex 32`.",
        )
    return "".join(f"{_line(user, passwords.get(user))}\n" for user in _written(passwords))


def passwords_in(environ: Mapping[str, str]) -> Mapping[RedisUser, str]:
    """The passwords that are set. Raises ConfigurationError where there is none at all."""
    passwords = {
        user: password for user in RedisUser if (password := environ.get(user.password_variable))
    }
    if not passwords:
        names = listed([user.password_variable for user in RedisUser], "or")
        raise ConfigurationError(
            f"No password of a user of Redis is set: {names}.",
            next_step="Set them as `.env.example` does.",
        )
    return passwords


def _written(passwords: Mapping[RedisUser, str]) -> Iterator[RedisUser]:
    # A default user that the file does not name would be open to everybody.
    return (user for user in RedisUser if user in passwords or user is RedisUser.ADMIN)


def _line(user: RedisUser, password: str | None) -> str:
    """``reset`` takes away every right, password, key and channel that is there by default."""
    words = ["user", user.value, "reset"]
    if password is not None:
        words += ["on", f"#{hashlib.sha256(password.encode()).hexdigest()}", *_rights(user)]
    return " ".join(words)


def _rights(user: RedisUser) -> Iterator[str]:
    for keys in _KEYS if user is not RedisUser.ADMIN else _EVERYTHING:
        if access := keys.access_of(user):
            yield f"%{access.upper()}~{keys.pattern}"
    yield from (f"+{command}" for command in _commands_of(user))


def _commands_of(user: RedisUser) -> tuple[str, ...]:
    match user:
        case RedisUser.ADMIN:
            return ("@all",)
        case RedisUser.BOT:
            return (*_EVERYBODY, *_BOT)
        case RedisUser.SCANNER:
            return (*_EVERYBODY, *_RQ)
        case RedisUser.WORKER | RedisUser.WORKER_HOST | RedisUser.WORKER_REGISTRY:
            return (*_EVERYBODY, *_RQ, *_WORKER)
        case _:
            assert_never(user)
