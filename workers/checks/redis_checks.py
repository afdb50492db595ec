"""Checks that Redis loses nothing and lets no stranger in.

https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/
"""

from collections.abc import Iterator
from contextlib import closing

import redis

from quaymaster.checks import Check, Probe
from quaymaster.errors import OutsideFailure
from quaymaster.store.connections import worker_connection

_OLDEST = (6, 2)
"""RQ moves jobs with LMOVE, which came with 6.2 (rq/queue.py)."""
_SETTINGS = ("appendonly", "appendfsync", "maxmemory-policy")


def redis_probe(url: str) -> Probe:
    """A look at the server behind REDIS_URL."""
    return Probe("Redis", lambda: _redis(url))


def _redis(url: str) -> Iterator[Check]:
    with closing(worker_connection(url)) as connection:
        try:
            server = connection.info("server")
            yield _version(server)
            yield _password(connection)
            yield from _durability(connection)
        except redis.AuthenticationError as error:
            raise OutsideFailure(
                "It does not accept the password.",
                why=str(error),
                next_step="Check the password in REDIS_URL: redis://:PASSWORD@HOST:6379/0.",
            ) from None
        except redis.RedisError as error:
            raise OutsideFailure(
                "It cannot be reached, or does not answer.",
                why=str(error),
                next_step="Check that it runs, and the host and port in REDIS_URL.",
            ) from None


def _version(server: "dict[str, object]") -> Check:
    name, version = "Redis", str(server.get("redis_version", ""))
    if own := server.get("valkey_version"):
        name, label = "Valkey", str(own)
    else:
        label = version
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < _OLDEST:
        return Check("Redis", "broken", f"{name} {label} is too old.", "Use 6.2 or newer.")
    return Check("Redis", "ok", f"{name} {label} answers.")


def _password(connection: redis.Redis) -> Check:
    """Whether it also accepts connections without a password."""
    subject = "Redis password"
    pool = connection.connection_pool
    options = {k: v for k, v in pool.connection_kwargs.items() if k not in ("username", "password")}
    stranger = redis.Redis(
        connection_pool=redis.ConnectionPool(connection_class=pool.connection_class, **options)
    )
    try:
        stranger.ping()
    except redis.AuthenticationError:
        return Check(subject, "ok", "it asks for one.")
    except redis.ResponseError as error:
        return Check(subject, "ok", f"it refuses clients without a login ({error}).")
    finally:
        stranger.close()
    if "path" in options:
        return Check(subject, "ok", "none, but it can be reached only through a Unix socket.")
    return Check(
        subject,
        "broken",
        "none: anyone who reaches it can read and delete everything.",
        "Set `requirepass` in its configuration, and write the password into REDIS_URL.",
    )


def _durability(connection: redis.Redis) -> Iterator[Check]:
    try:
        settings = {name: _setting(connection, name) for name in _SETTINGS}
    except redis.ResponseError as error:
        yield Check(
            "Redis settings",
            "warning",
            f"it does not report them: {error}",
            "Check them yourself: appendonly yes, appendfsync always, maxmemory-policy noeviction.",
        )
        return
    yield append_check(settings["appendonly"], settings["appendfsync"])
    yield eviction_check(settings["maxmemory-policy"])
    if connection.info("persistence").get("aof_last_write_status", "ok") != "ok":
        yield Check(
            "Redis disk",
            "broken",
            "its last write to the append-only file failed.",
            "Check its log, and whether its disk is full.",
        )


def append_check(appendonly: str, appendfsync: str) -> Check:
    """Whether what was acknowledged is on disk."""
    subject, way = "Redis durability", "Set `appendonly yes` and `appendfsync always`."
    if appendonly != "yes":
        what = "no append-only file: a crash loses operations, releases and votes."
        return Check(subject, "broken", what, way)
    if appendfsync != "always":
        what = f"appendfsync {appendfsync}: a crash of the machine loses the last moments."
        return Check(subject, "warning" if appendfsync == "everysec" else "broken", what, way)
    return Check(subject, "ok", "everything is on disk before it is acknowledged.")


def eviction_check(policy: str) -> Check:
    """Whether it may throw records away when memory is short."""
    subject = "Redis memory"
    if policy == "noeviction":
        return Check(subject, "ok", "nothing is evicted when memory is short.")
    what = f"maxmemory-policy {policy}: records are evicted when memory is short."
    return Check(subject, "broken", what, "Set `maxmemory-policy noeviction`.")


def _setting(connection: redis.Redis, name: str) -> str:
    settings = connection.config_get(name)
    value = settings.get(name, "")
    return value.decode() if isinstance(value, bytes) else str(value)
