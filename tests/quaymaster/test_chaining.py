"""From the journal into the audit: each event once, whoever chains at the same time."""

import threading

import pytest
import redis

from quaymaster.audit import Entry, chain_journal, head, stored_lines, verify
from quaymaster.journal import Event
from quaymaster.store import keys
from quaymaster.store.transactions import ask
from tests.engines.valkey import ValkeyServer
from tests.samples import NOW, SEALER

pytestmark = pytest.mark.engine


def write(connection: redis.Redis, count: int) -> None:
    """Put so many events into the journal."""
    for number in range(count):
        event = Event(number, 1, "queued", "U0ALICE", NOW).sealed(SEALER)
        connection.rpush(keys.JOURNAL, event.as_json())


def lines_of(connection: redis.Redis) -> tuple[bytes, ...]:
    return ask(connection, stored_lines())


def operations(connection: redis.Redis) -> list[int]:
    entries = (Entry.from_json(line) for line in lines_of(connection))
    return [Event.from_json(entry.event).operation for entry in entries]


def test_each_event_is_chained_once_and_in_order(valkey: redis.Redis) -> None:
    write(valkey, 3)
    assert chain_journal(valkey, SEALER) == 3
    assert chain_journal(valkey, SEALER) == 0
    assert operations(valkey) == [0, 1, 2]
    verified = verify(lines_of(valkey), SEALER)
    assert verified.head == ask(valkey, head())


def test_two_that_chain_at_once_chain_each_event_once(
    valkey: redis.Redis, valkey_server: ValkeyServer
) -> None:
    write(valkey, 1_000)
    clients = [valkey_server.client() for _ in range(4)]

    def chain(client: redis.Redis) -> None:
        while valkey.llen(keys.JOURNAL):
            chain_journal(client, SEALER)

    threads = [threading.Thread(target=chain, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in clients:
        client.close()
    assert operations(valkey) == list(range(1_000))
    assert verify(lines_of(valkey), SEALER).entries == 1_000
