"""The keys of a trial: one for each program, made when it is first started."""

from datetime import UTC, datetime

from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import ConfigurationError
from quaymaster.key_files import PrivateFile
from quaymaster.key_making import KeyMaker
from quaymaster.key_programs import variable_of
from quaymaster.settings import FINGERPRINT_KEY, SIGNING_KEY
from trial.invocation import invocation
from trial.state_directory import StateDirectory


def make_keys(state: StateDirectory) -> None:
    """Make those that are missing: all at first, later those of hosts that were added.

    Raises ConfigurationError.
    """
    maker = KeyMaker(state.key_ring, PrivateFile(state.private_keys), datetime.now(UTC))
    maker.make(Configuration.load(state.configuration), one_worker=False)


def key_environment(state: StateDirectory, program: str) -> dict[str, str]:
    """The private key of a program, and of no other. Raises ConfigurationError."""
    return {SIGNING_KEY.name: _kept(state, variable_of(program))}


def fingerprint_environment(state: StateDirectory) -> dict[str, str]:
    """The key of fingerprints, for the worker of a host. Raises ConfigurationError."""
    return {FINGERPRINT_KEY.name: _kept(state, FINGERPRINT_KEY.name)}


def _kept(state: StateDirectory, name: str) -> str:
    values = dict(PrivateFile(state.private_keys).values())
    if name not in values:
        raise ConfigurationError(
            f"{state.private_keys} does not hold {name}, and the key ring beside it has its key.",
            next_step=f"Start over with {invocation('--reset')}.",
        )
    return values[name]
