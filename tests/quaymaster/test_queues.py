"""Queues are named after hosts, and nobody serves one that no host has."""

import pytest

from quaymaster.errors import ConfigurationError
from quaymaster.queues import (
    REGISTRY,
    SCAN,
    SCAN_FOR_DEPLOYS,
    host_of,
    host_queue,
    refuse_unknown,
    scan_queue,
)


def test_the_queue_of_a_host_tells_its_host() -> None:
    assert host_of(host_queue("build1")) == "build1"
    assert host_of(REGISTRY) is None


def test_a_scan_for_a_deploy_has_a_queue_of_its_own() -> None:
    assert scan_queue(host_queue("build1")) == SCAN_FOR_DEPLOYS
    assert scan_queue(REGISTRY) == SCAN


def test_a_queue_of_no_host_is_refused_with_those_that_exist() -> None:
    refuse_unknown([REGISTRY, host_queue("build1")], ["build1"])
    with pytest.raises(ConfigurationError) as refused:
        refuse_unknown([host_queue("bulid1")], ["build1"])
    assert str(refused.value) == "There is no queue host:bulid1. There are: registry, host:build1."
