"""Whether this program's key is one that the others believe, and whether everybody has one."""

from collections.abc import Iterator
from datetime import UTC, datetime

from quaymaster.checks import Check, Probe
from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import QuaymasterError
from quaymaster.key_programs import current, programs_of
from quaymaster.key_ring import KeyRing, ProgramRole, PublicKey
from quaymaster.queues import host_of, host_queue
from quaymaster.settings import Settings
from quaymaster.signing_key import Keys
from quaymaster.spelling import listed

_KEY, _RING, _FINGERPRINTS = "signing key", "key ring", "fingerprint key"


def key_probe(settings: Settings, configuration: Configuration, host: str | None) -> Probe:
    """A look at the key ring and at the keys in this environment, for one host or for all."""
    return Probe(_RING, lambda: _keys(settings, configuration, host))


def _keys(settings: Settings, configuration: Configuration, host: str | None) -> Iterator[Check]:
    ring = settings.ring()
    yield _everybody(ring, configuration, settings)
    try:
        private = settings.signing_key()
        entry = ring.keys.get(private.id)
        entry = Keys.of(private, ring, entry.role if entry else ProgramRole.BOT).entry
    except QuaymasterError as error:
        yield Check.of_error(_KEY, error)
        return
    yield _own(entry, host)
    if any(host_of(queue) for queue in entry.queues):
        yield _fingerprints(settings)


def _everybody(ring: KeyRing, configuration: Configuration, settings: Settings) -> Check:
    now = datetime.now(UTC)
    programs = programs_of(configuration, one_worker=False)
    missing = [one.name for one in programs if current(ring, one, now) is None]
    if missing:
        what = f"{settings.key_ring_path.name} has no current key of {listed(missing)}."
        return Check(_RING, "broken", what, "Make the missing keys with `quaymaster keys new`.")
    return Check(_RING, "ok", f"{len(ring.keys)} keys; every program has one.")


def _own(entry: PublicKey, host: str | None) -> Check:
    if (
        host is not None
        and entry.role is ProgramRole.WORKER
        and not entry.may_work_in(host_queue(host))
    ):
        return Check(
            _KEY,
            "broken",
            f"{entry.id} is not enrolled for {host_queue(host)}, but for "
            f"{listed(sorted(entry.queues))}.",
            "Set QUAYMASTER_SIGNING_KEY to the key of that host's worker; `quaymaster keys new` "
            "makes one for a new host.",
        )
    if entry.ends_at is not None:
        what = f"{entry.id} ends on {entry.ends_at:%Y-%m-%d %H:%M} UTC."
        return Check(_KEY, "warning", what, "Give this program the key that replaces it.")
    queues = f", for {listed(sorted(entry.queues))}" if entry.queues else ""
    return Check(_KEY, "ok", f"{entry.id}, a key of the {entry.role}{queues}.")


def _fingerprints(settings: Settings) -> Check:
    try:
        settings.fingerprint_key()
    except QuaymasterError as error:
        return Check.of_error(_FINGERPRINTS, error)
    return Check(_FINGERPRINTS, "ok", "set; it has to be the same for every worker of a host.")
