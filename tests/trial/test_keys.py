"""The keys of a trial: made once, each program its own."""

from pathlib import Path

import pytest

from quaymaster.errors import ConfigurationError
from quaymaster.key_ring import KeyRing, ProgramRole
from quaymaster.signing_key import Keys, SigningKey
from trial.configuration import HOST, write_configuration
from trial.keys import fingerprint_environment, key_environment, make_keys
from trial.state_directory import StateDirectory, opened


def made(state: StateDirectory) -> None:
    write_configuration(state.configuration, state.choices, sample_database=True)
    make_keys(state)


def test_each_program_gets_a_key_of_its_own_that_stays(tmp_path: Path) -> None:
    with opened(tmp_path / "state") as state:
        made(state)
        assert state.private_keys.stat().st_mode & 0o777 == 0o600
        ring = KeyRing.load(state.key_ring)
        roles = {
            "bot": ProgramRole.BOT,
            f"worker-{HOST}": ProgramRole.WORKER,
            "worker-registry": ProgramRole.WORKER,
        }
        for program, role in roles.items():
            (text,) = key_environment(state, program).values()
            Keys.of(SigningKey.parse(text), ring, role)
        before = state.private_keys.read_bytes(), state.key_ring.read_bytes()
        make_keys(state)
        assert (state.private_keys.read_bytes(), state.key_ring.read_bytes()) == before
        (fingerprints,) = fingerprint_environment(state).values()
        assert len(fingerprints) >= 32


def test_private_keys_that_are_gone_are_told_with_the_way_out(tmp_path: Path) -> None:
    with opened(tmp_path / "state") as state:
        made(state)
        state.private_keys.unlink()
        with pytest.raises(ConfigurationError, match="quaymaster try --reset"):
            key_environment(state, "bot")
