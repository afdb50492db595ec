"""All processes of a worker have one configuration, and a job one from beginning to end."""

import os
import resource
import signal
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import ConfigurationError
from quaymaster.target import ServiceRef
from testing.configurations import SHOP, SHOP_TEXT
from workers.work import configurations
from workers.work.configurations import SharedConfiguration, taking_up

ONE = Configuration.parse(SHOP_TEXT.replace("needed: 2", "needed: 1"))
MORE_HOSTS = Configuration.parse(SHOP_TEXT.replace("hosts:\n", "hosts:\n  app2: {}\n"))
LONGER = Configuration.parse(SHOP_TEXT + "# a comment\n" * 10_000)


@pytest.fixture
def shared() -> Iterator[SharedConfiguration]:
    """What this process and those that it forks work with."""
    shared = configurations.share(SHOP)
    yield shared
    configurations._shared = None
    shared.close()


def child_of(shared: SharedConfiguration) -> SharedConfiguration:
    """The same, as a process has it that was forked just now."""
    child = SharedConfiguration.__new__(SharedConfiguration)
    child.now, child._file, child._seen = shared.now, shared._file, shared._seen
    return child


def in_a_child(shared: SharedConfiguration, replaced: Configuration | None) -> int:
    """How many approvals a process needs that was forked before the parent took this up."""
    told, tells = os.pipe()
    goes_on, go_on = os.pipe()
    if os.fork() == 0:
        os.read(goes_on, 1)
        shared.refresh()
        os.write(tells, bytes([shared.now.approval_for(ServiceRef("production", "web")).needed]))
        os._exit(0)
    if replaced is not None:
        shared.replace(replaced)
    os.write(go_on, b"!")
    needed = os.read(told, 1)[0]
    os.wait()
    for one in (told, tells, goes_on, go_on):
        os.close(one)
    return needed


def test_a_process_that_was_forked_before_has_what_its_parent_took_up_later(
    shared: SharedConfiguration,
) -> None:
    assert in_a_child(shared, None) == 2
    assert in_a_child(shared, ONE) == 1
    assert in_a_child(shared, LONGER) == 2
    assert in_a_child(shared, ONE) == 1


def test_until_it_looks_it_has_the_old_one(shared: SharedConfiguration) -> None:
    child = child_of(shared)
    shared.replace(ONE)
    assert child.now is SHOP
    child.refresh()
    assert child.now.declaration == ONE.declaration
    assert configurations.in_use() is ONE


def test_a_text_that_is_half_written_is_not_used(shared: SharedConfiguration) -> None:
    child = child_of(shared)
    shared.replace(ONE)
    os.pwrite(shared._file.fileno(), b"default_registry: elsewhere.io", configurations._HEADER)
    with capture_logs() as logs:
        child.refresh()
    assert child.now is SHOP
    assert "the old one stays" in logs[-1]["event"]


def test_where_there_is_no_room_for_the_new_one_the_one_before_can_still_be_read(
    shared: SharedConfiguration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a process that has not looked at it yet, too."""
    child = child_of(shared)
    shared.replace(ONE)
    used, soft = os.fstat(shared._file.fileno()).st_size, resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (used + 1_000, soft[1]))
    try:
        with pytest.raises(ConfigurationError, match="cannot be handed"):
            taking_up(shared)(LONGER)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, soft)
        signal.signal(signal.SIGXFSZ, before)
    child.refresh()
    assert child.now.declaration == shared.now.declaration == ONE.declaration


def test_a_queue_that_is_gone_is_refused_as_at_the_start(shared: SharedConfiguration) -> None:
    take_up = taking_up(shared, ["registry", "host:app2"])
    assert take_up(MORE_HOSTS) == ""
    with pytest.raises(ConfigurationError, match="There is no queue host:app2"):
        take_up(SHOP)
    assert shared.now is MORE_HOSTS


def test_a_worker_for_whatever_it_reaches_says_that_a_new_host_is_not_served_yet(
    shared: SharedConfiguration,
) -> None:
    take_up = taking_up(shared, ["registry"], has_named_queues=False)
    assert take_up(MORE_HOSTS) == ("This worker does not serve app2 yet. Restart it if it should.")
