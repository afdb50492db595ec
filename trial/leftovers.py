"""What an earlier run left: processes are ended, and kept data is used again or deleted."""

from collections.abc import Callable

from quaymaster.errors import ConfigurationError, OutsideFailure
from trial.configuration import check_configuration
from trial.engine import Engine, connected, speaking_of_the_engine
from trial.own_engine import OwnEngine
from trial.reachable import DEFAULT_HOST
from trial.registry import remove_container, remove_storage
from trial.state_directory import StateDirectory


def end_killed(state: StateDirectory, own: OwnEngine, host: str | None) -> list[str]:
    """End the processes of a run that was killed; returns their names for `clear_up` to print."""
    ended = list(state.ledger.end_leftovers())
    if host is not None:
        _end_own(state, own)
    return ended


def clear_up(
    state: StateDirectory, engine: Engine, ended: list[str], say: Callable[[str], None]
) -> None:
    """End what a killed run left on this engine, and print what was ended."""
    containers = _end_containers(state, engine)
    if ended or containers:
        what = [*ended, *([f"{containers} containers"] if containers else [])]
        say(f"The last run was killed. Stopped what it left running: {', '.join(what)}.")


def refuse_what_is_broken(state: StateDirectory) -> None:
    """Raise ConfigurationError for what another version left, before anything is started."""
    _ = state.choices
    if state.configuration.exists():
        check_configuration(state.configuration)


def delete_everything(state: StateDirectory, own: OwnEngine, host: str | None) -> None:
    """End what runs and delete what is kept, on the engines as well.

    Raises OutsideFailure when what is kept on an engine cannot be reached.
    """
    state.ledger.end_leftovers()
    had_its_own = own.keeps_something
    try:
        _end_own(state, own)
    except ConfigurationError:  # the name of this trial is lost
        own.remove()
        state.empty()
        return
    own.remove()
    if host is not None:
        with connected(host) as engine:
            _forget(state, engine)
    elif state.was_used and not had_its_own:
        raise OutsideFailure(
            f"No Docker engine answers at {DEFAULT_HOST}.",
            why="The images of this trial are in one.",
            next_step="Start it, or name it with --docker or DOCKER_HOST.",
        )
    state.empty()


def _end_own(state: StateDirectory, own: OwnEngine) -> None:
    """End what our own engine left when it was killed; the engine is started once more for that."""
    if own.was_killed:
        with own.running() as engine:
            _end_containers(state, engine)


def _end_containers(state: StateDirectory, engine: Engine) -> int:
    choices = state.choices
    with speaking_of_the_engine():
        ended = engine.end_services(choices.name, choices.registry)
        remove_container(engine, choices)
    return ended


def _forget(state: StateDirectory, engine: Engine) -> None:
    choices = state.choices
    _end_containers(state, engine)
    with speaking_of_the_engine():
        remove_storage(engine, choices)
        engine.remove_images(choices.name)
