"""``quaymaster keys``: keys are made once, kept secret, and follow one another."""

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from programs.cli import app
from quaymaster.key_files import PrivateFile
from quaymaster.key_making import KeyMaker
from quaymaster.key_ring import KeyRing, ProgramRole, PublicKey
from quaymaster.signing_key import Keys, SigningKey

HOSTS = "hosts: {build1: {}, app1: {}}\n"


@dataclass(frozen=True, slots=True)
class Installation:
    """A folder with a configuration, and the command run in it."""

    folder: Path

    @property
    def ring_path(self) -> Path:
        return self.folder / "quaymaster.keys.yml"

    @property
    def private_path(self) -> Path:
        return self.folder / ".env.keys"

    def configure(self, hosts: str) -> None:
        rest = "default_registry: registry.staging:5000\nregistries: {registry.staging:5000: {}}\n"
        (self.folder / "quaymaster.yml").write_text(hosts + rest)

    def run(self, *words: str, **environment: str) -> Result:
        given = {"QUAYMASTER_CONFIG": str(self.folder / "quaymaster.yml"), **environment}
        gone = dict.fromkeys(("QUAYMASTER_SIGNING_KEY", "QUAYMASTER_KEY_RING"))
        return CliRunner().invoke(app, ["keys", *words], env={**gone, **given})

    def done(self, *words: str) -> str:
        result = self.run(*words)
        assert result.exit_code == 0, result.output
        return result.output

    @property
    def ring(self) -> KeyRing:
        return KeyRing.load(self.ring_path)

    @property
    def variables(self) -> Mapping[str, str]:
        return dict(PrivateFile(self.private_path).values())

    def key_of(self, variable: str) -> PublicKey:
        """The entry in the ring of the private key in a variable."""
        return self.ring.keys[SigningKey.parse(self.variables[variable]).id]


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    one = Installation(tmp_path)
    one.configure(HOSTS)
    return one


def test_each_program_gets_a_key_that_the_ring_knows(place: Installation) -> None:
    place.done("new")
    enrolled = {
        "BOT_SIGNING_KEY": (ProgramRole.BOT, set[str]()),
        "WORKER_BUILD1_SIGNING_KEY": (ProgramRole.WORKER, {"host:build1"}),
        "WORKER_APP1_SIGNING_KEY": (ProgramRole.WORKER, {"host:app1"}),
        "WORKER_REGISTRY_SIGNING_KEY": (ProgramRole.WORKER, {"registry"}),
        "SCANNER_SIGNING_KEY": (ProgramRole.SCANNER, set[str]()),
    }
    assert {*enrolled, "QUAYMASTER_FINGERPRINT_KEY"} == set(place.variables)
    for variable, (role, queues) in enrolled.items():
        entry = place.key_of(variable)
        assert (entry.role, set(entry.queues)) == (role, queues)
        Keys.of(SigningKey.parse(place.variables[variable]), place.ring, role)


def test_private_keys_are_for_their_owner_alone_and_are_not_printed(place: Installation) -> None:
    umask = os.umask(0)
    try:
        printed = place.done("new")
    finally:
        os.umask(umask)
    assert stat.S_IMODE(place.private_path.stat().st_mode) == 0o600
    ring = place.ring_path.read_text()
    for value in place.variables.values():
        assert value.rpartition(":")[2] not in printed + ring
    assert "ed25519-private" not in printed + ring


def test_made_again_nothing_changes(place: Installation) -> None:
    place.done("new")
    before = place.ring_path.read_bytes(), place.private_path.read_bytes()
    assert "nothing was changed" in place.done("new")
    assert (place.ring_path.read_bytes(), place.private_path.read_bytes()) == before


def test_a_host_that_is_new_gets_a_key_and_the_others_keep_theirs(place: Installation) -> None:
    place.done("new")
    ring, private = place.ring.keys, place.private_path.read_text()
    place.configure("hosts: {build1: {}, app1: {}, app2: {}}\n")
    place.done("new")
    assert place.private_path.read_text().startswith(private)
    added = [key for key in place.ring.keys.values() if key.id not in ring]
    assert [set(key.queues) for key in added] == [{"host:app2"}]
    assert {name: place.ring.keys[name] for name in ring} == ring
    assert place.private_path.read_text().count("QUAYMASTER_FINGERPRINT_KEY") == 1


def test_where_the_private_keys_were_moved_away_only_new_ones_are_written(
    place: Installation,
) -> None:
    place.done("new")
    place.private_path.unlink()
    place.configure("hosts: {build1: {}, app1: {}, app2: {}}\n")
    place.done("new")
    assert set(place.variables) == {"WORKER_APP2_SIGNING_KEY"}


def test_one_worker_for_everything_has_one_key_also_for_hosts_that_are_new(
    place: Installation,
) -> None:
    place.done("new", "--one-worker")
    worker = place.key_of("WORKER_SIGNING_KEY")
    assert worker.queues == {"registry", "host:build1", "host:app1"}
    private = place.private_path.read_bytes()
    place.configure("hosts: {build1: {}, app1: {}, app2: {}}\n")
    place.done("new", "--one-worker")
    assert place.key_of("WORKER_SIGNING_KEY").queues == worker.queues | {"host:app2"}
    assert place.private_path.read_bytes() == private


def test_hosts_whose_names_read_the_same_have_variables_of_their_own(place: Installation) -> None:
    place.configure("hosts: {a_b: {}, a-b: {}, registry: {}}\n")
    place.done("new")
    workers = [name for name in place.variables if name.startswith("WORKER")]
    assert len({place.key_of(name).id for name in workers}) == 4
    assert place.key_of("WORKER_REGISTRY_SIGNING_KEY").queues == {"registry"}


def test_who_was_killed_between_the_two_files_goes_on_with_the_key_that_was_written(
    place: Installation,
) -> None:
    place.done("new")
    private = place.private_path.read_bytes()
    place.ring_path.unlink()
    place.done("new")
    assert place.private_path.read_bytes() == private
    assert place.key_of("BOT_SIGNING_KEY").role is ProgramRole.BOT


def test_a_file_that_others_may_read_gets_no_private_key(place: Installation) -> None:
    place.private_path.touch(mode=0o644)
    result = place.run("new")
    assert result.exit_code == 2
    assert "chmod 600" in result.output
    assert place.private_path.read_text() == ""
    assert not place.ring_path.exists()


def test_a_link_in_the_place_of_the_file_is_not_followed(place: Installation) -> None:
    elsewhere = place.folder / "elsewhere"
    place.private_path.symlink_to(elsewhere)
    assert place.run("new").exit_code == 2
    assert not elsewhere.exists()


def test_a_ring_with_a_private_key_in_it_is_not_touched(place: Installation) -> None:
    place.ring_path.write_text("keys: {}\n# ed25519-private:bot-1:AAAA\n")
    result = place.run("new")
    assert result.exit_code == 2
    assert "holds a private key" in result.output
    assert not place.private_path.exists()


def test_rotation_makes_the_next_key_and_writes_down_the_end_of_the_one_before(
    place: Installation,
) -> None:
    place.done("new")
    old = place.key_of("WORKER_APP1_SIGNING_KEY")
    told = place.done("rotate", "worker-app1", "--lasts", "2h")
    new = place.key_of("WORKER_APP1_SIGNING_KEY")
    assert new.id != old.id
    assert (new.role, new.queues, new.ends_at) == (old.role, old.queues, None)
    ends_at = place.ring.keys[old.id].ends_at
    assert ends_at is not None
    assert abs(ends_at - datetime.now(UTC) - timedelta(hours=2)) < timedelta(minutes=1)
    assert "in place of WORKER_APP1_SIGNING_KEY" in told
    assert "nothing was changed" in place.done("new")


def test_a_key_is_rotated_by_its_id_and_only_once(place: Installation) -> None:
    place.done("new")
    old = place.key_of("BOT_SIGNING_KEY")
    place.done("rotate", old.id, "--lasts", "0s")
    again = place.run("rotate", old.id)
    assert again.exit_code == 2
    assert "already has an end" in again.output
    assert "`quaymaster keys rotate bot`" in again.output
    newer = place.key_of("BOT_SIGNING_KEY")
    place.done("rotate", "bot")
    assert place.ring.keys[newer.id].ends_at is not None


def test_a_rotation_that_was_killed_between_the_two_files_makes_no_second_key(
    place: Installation,
) -> None:
    place.done("new")
    ring = place.ring_path.read_bytes()
    place.done("rotate", "bot")
    new = place.key_of("BOT_SIGNING_KEY")
    place.ring_path.write_bytes(ring)
    place.done("rotate", "bot")
    assert place.key_of("BOT_SIGNING_KEY").id == new.id


def test_a_key_that_nobody_has_is_not_rotated(place: Installation) -> None:
    place.done("new")
    result = place.run("rotate", "worker-ap1")
    assert result.exit_code == 2
    assert "Did you mean worker-app1?" in result.output


def test_another_key_of_fingerprints_is_written_to_the_file_alone(place: Installation) -> None:
    place.done("new")
    ring, old = place.ring_path.read_bytes(), place.variables["QUAYMASTER_FINGERPRINT_KEY"]
    told = place.done("rotate", "fingerprint")
    new = place.variables["QUAYMASTER_FINGERPRINT_KEY"]
    assert new != old
    assert new not in told
    assert place.ring_path.read_bytes() == ring


def test_a_stolen_key_is_revoked_in_the_ring_before_anything_else(place: Installation) -> None:
    place.done("new")
    stolen = place.key_of("BOT_SIGNING_KEY")
    result = place.run("revoke", stolen.id, REDIS_URL="redis://127.0.0.1:1/0")
    assert result.exit_code == 2
    assert "cannot reach its database" in result.output
    assert place.ring.keys[stolen.id].revoked_at is not None
    assert place.key_of("BOT_SIGNING_KEY").id != stolen.id


def test_revoking_twice_keeps_the_moment_and_the_key_that_came_after(tmp_path: Path) -> None:
    one = Installation(tmp_path)
    one.configure(HOSTS)
    one.done("new")
    stolen = one.key_of("WORKER_APP1_SIGNING_KEY")
    now = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)

    def revoked(at: datetime) -> tuple[PublicKey, PublicKey]:
        return KeyMaker(one.ring_path, PrivateFile(one.private_path), at).revoke(stolen.id)

    first = revoked(now)
    assert first[0].revoked_at == now
    assert first[1].queues == stolen.queues
    assert revoked(now + timedelta(hours=1)) == first


def test_only_an_id_is_revoked(place: Installation) -> None:
    place.done("new")
    result = place.run("revoke", "bot")
    assert result.exit_code == 2
    assert "There is no key 'bot' in the key ring." in result.output


def test_without_the_private_half_of_the_new_key_it_is_said_where_to_put_it(
    place: Installation,
) -> None:
    place.done("new")
    stolen = place.key_of("BOT_SIGNING_KEY")
    place.done("rotate", "bot", "--lasts", "0s")
    place.private_path.unlink()
    result = place.run("revoke", stolen.id)
    assert result.exit_code == 2
    assert re.search(
        r"The private key bot-\w+ is neither in QUAYMASTER_SIGNING_KEY nor in", result.output
    )
