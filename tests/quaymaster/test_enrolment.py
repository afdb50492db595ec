"""A worker does not start for work that its key may not sign."""

from pathlib import Path

import pytest

from quaymaster.enrolment import expect_to_work, refuse_others
from quaymaster.errors import ConfigurationError
from quaymaster.settings import Settings
from testing.keys import BOT_KEY, FINGERPRINT_TEXT, QUEUES, RING, WORKER_KEY, ring_text


def settings(tmp_path: Path, **more: str) -> Settings:
    """Those of a worker, without a key of fingerprints."""
    (ring := tmp_path / "ring.yml").write_text(ring_text())
    given = {"QUAYMASTER_SIGNING_KEY": WORKER_KEY.as_text(), "QUAYMASTER_KEY_RING": str(ring)}
    return Settings.from_env({**given, **more})


def test_a_key_may_work_in_the_queues_that_it_is_enrolled_for() -> None:
    refuse_others(RING.keys[WORKER_KEY.id], sorted(QUEUES))


def test_any_other_queue_is_refused_with_those_that_it_may_work_in() -> None:
    with pytest.raises(ConfigurationError) as raised:
        refuse_others(RING.keys[WORKER_KEY.id], ["registry", "host:elsewhere"])
    assert f"{WORKER_KEY.id} is not enrolled for host:elsewhere" in str(raised.value)
    assert f"--queues {','.join(sorted(QUEUES))}" in str(raised.value)


def test_the_key_of_the_bot_may_work_nowhere() -> None:
    with pytest.raises(ConfigurationError, match="is not enrolled for registry"):
        refuse_others(RING.keys[BOT_KEY.id], ["registry"])


def test_only_who_works_on_a_host_needs_a_key_of_fingerprints(tmp_path: Path) -> None:
    expect_to_work(settings(tmp_path), ["registry", "scan"])
    with pytest.raises(ConfigurationError, match="QUAYMASTER_FINGERPRINT_KEY"):
        expect_to_work(settings(tmp_path), ["registry", "host:build1"])
    with_key = settings(tmp_path, QUAYMASTER_FINGERPRINT_KEY=FINGERPRINT_TEXT)
    expect_to_work(with_key, ["registry", "host:build1"])
