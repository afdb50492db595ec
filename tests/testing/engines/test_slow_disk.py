"""The disk is slow on demand, and acknowledged writes are on it all the same."""

import pytest

from testing.engines.slow_disk import SlowDiskServer

pytestmark = pytest.mark.engine


def test_a_write_waits_for_the_disk_and_a_read_does_not(slow_disk_server: SlowDiskServer) -> None:
    client = slow_disk_server.client()
    assert client.config_get("appendfsync") == {"appendfsync": "always"}
    client.set("before", 1)
    slow_disk_server.slow_down(0.2)
    client.set("a", 1)
    waits = slow_disk_server.waits
    assert waits > 0
    assert client.get("a") == b"1"
    assert slow_disk_server.waits == waits
    slow_disk_server.restart()
    assert client.get("a") == b"1"
    client.close()
