"""What ``quaymaster check`` says about a real server, and about one that is set up wrongly."""

import pytest
import redis

from quaymaster.checks import Check, perform
from quaymaster.store.redis_users import RedisUser
from testing.engines.valkey import ValkeyServer
from workers.checks.redis_checks import append_check, eviction_check, redis_probe


def checks(url: str, seconds: float = 20) -> dict[str, Check]:
    found = perform([redis_probe(url)], seconds=seconds)
    assert all(check.next_step for check in found if check.verdict != "ok")
    return {check.subject: check for check in found}


@pytest.mark.parametrize("user", RedisUser)
@pytest.mark.engine
def test_a_server_as_the_compose_file_sets_it_up_is_ok(
    valkey_server: ValkeyServer, user: RedisUser
) -> None:
    """Whoever asks: each program can tell what it depends on."""
    results = checks(valkey_server.url_of(user))
    assert {check.verdict for check in results.values()} == {"ok"}
    assert results["Redis"].what.startswith("Valkey ")


@pytest.mark.engine
def test_what_is_set_up_wrongly_is_told_and_how_to_set_it(
    valkey_server: ValkeyServer, valkey: redis.Redis
) -> None:
    valkey.config_set("appendfsync", "everysec")
    valkey.config_set("maxmemory-policy", "allkeys-lru")
    results = checks(valkey_server.url)
    assert results["Redis durability"].verdict == "warning"
    assert results["Redis memory"].verdict == "broken"
    valkey.config_set("appendonly", "no")
    valkey.acl_setuser("default", enabled=True, nopass=True)
    results = checks(valkey_server.url.replace(f":{valkey_server.password}@", ""))
    assert results["Redis durability"].verdict == "broken"
    assert results["Redis password"].verdict == "broken"


@pytest.mark.engine
def test_a_wrong_password_is_told_apart_from_a_server_that_is_away(
    valkey_server: ValkeyServer,
) -> None:
    wrong = valkey_server.url.replace(valkey_server.password, "made-up-and-wrong")
    results = checks(wrong)["Redis"]
    assert "does not accept the password" in results.what
    assert "made-up-and-wrong" not in str(results)
    valkey_server.kill()
    assert "cannot be reached" in checks(valkey_server.url)["Redis"].what


@pytest.mark.engine
def test_a_server_that_hangs_is_given_up(valkey_server: ValkeyServer) -> None:
    valkey_server.freeze()
    assert checks(valkey_server.url, seconds=0.5)["Redis"].verdict == "broken"
    valkey_server.thaw()


@pytest.mark.engine
def test_a_server_that_does_not_tell_its_settings_is_a_warning(
    valkey_server: ValkeyServer, valkey: redis.Redis
) -> None:
    valkey.acl_setuser(
        "app", enabled=True, passwords=["+made-up"], keys=["*"], commands=["+@all", "-config"]
    )
    url = valkey_server.url.replace(f":{valkey_server.password}@", "app:made-up@")
    assert checks(url)["Redis settings"].verdict == "warning"


@pytest.mark.parametrize(
    ("appendonly", "appendfsync", "verdict"),
    [
        ("yes", "always", "ok"),
        ("yes", "everysec", "warning"),
        ("yes", "no", "broken"),
        ("no", "always", "broken"),
    ],
)
def test_only_what_is_on_disk_before_it_is_acknowledged_is_ok(
    appendonly: str, appendfsync: str, verdict: str
) -> None:
    assert append_check(appendonly, appendfsync).verdict == verdict


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl", "allkeys-random"])
def test_a_server_that_throws_records_away_is_broken(policy: str) -> None:
    assert eviction_check(policy).verdict == "broken"
