"""A trial from its start to its end: what is started in which order, and ended in the opposite."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import requests
from docker.errors import DockerException

from quaymaster.errors import ConfigurationError, OutsideFailure
from trial.engine import LABEL, Engine, connected
from trial.interruption import Interruption
from trial.keyboard import Terminal, lines_from
from trial.options import TrialOptions
from trial.paper import Paper
from trial.parts import Parts, running_parts, running_product
from trial.ports import claim
from trial.registry import remove_container, remove_storage, running_registry
from trial.session import Session
from trial.state_directory import StateDirectory, opened
from trial.stock import put_in_place
from trial.tour import greeting, tour
from trial.vulnerabilities import vulnerability_database

_CONNECTED_WITHIN = 30.0

Say = Callable[[str], None]


def tried(options: TrialOptions, paper: Paper, interruption: Interruption) -> bool:
    """Run a trial; whether everything that was typed went right.

    Raises QuaymasterError when it cannot be started or a part of it ends, Stopped when somebody
    asks for it; nothing is left running in any case.
    """
    with (
        lines_from(options.script) as lines,
        opened(options.state) as state,
        connected(options.docker) as engine,
    ):
        if options.reset or options.remove:
            _give_up_what_is_broken(state)
        _clear_up(state, engine, paper.say)
        if options.reset or options.remove:
            _forget(state, engine)
        if options.remove:
            state.remove()
            paper.say(f"{state.path} and its images are removed.")
            return True
        with _speaking_of_the_engine():
            engine.expect_no_other_quaymaster(state.choices.name, state.choices.registry)
        claim(state.choices.ports(), str(options.state))
        with (
            _no_services_afterwards(state, engine, interruption, paper.say),
            running_parts(state, interruption) as parts,
            _everything(parts, engine, paper.say),
        ):
            paper.say(*greeting(state), "", *tour())
            try:
                if isinstance(lines, Terminal):
                    paper.prompt = lines.prompt
                return asyncio.run(Session(parts, lines, paper).run())
            finally:
                interruption.begin_ending()
                paper.prompt = str
                paper.say("", "Ending everything that runs; `--remove` removes what is kept, too…")


@contextmanager
def _everything(parts: Parts, engine: Engine, say: Say) -> Iterator[None]:
    """The sample world and the product in it."""
    say("Starting the database and the local Slack…")
    parts.start_database()
    parts.start_slack()
    say("Looking for a registry…")
    with running_registry(parts, engine) as registry:
        say(f"  {registry.host} is {registry.kind}.")
        say("Putting the sample images in place…")
        with _speaking_of_the_engine():
            put_in_place(engine, registry, parts.state.choices.name)
        say("Looking for a vulnerability database…")
        database = vulnerability_database(parts.state)
        say(f"  It is {database.note}.")
        say("Starting the bot and two workers…")
        with running_product(parts, engine, database):
            asyncio.run(_bot_is_there(parts))
            yield


async def _bot_is_there(parts: Parts) -> None:
    """Wait for the bot's connection. Raises OutsideFailure when it does not come."""
    deadline = asyncio.get_running_loop().time() + _CONNECTED_WITHIN
    async with parts.workspace() as workspace:
        while not (await workspace.info())["connections"]:
            ended = parts.ended()
            if ended is not None:
                raise ended.failure()
            if asyncio.get_running_loop().time() > deadline:
                raise OutsideFailure(
                    f"The bot did not connect within {_CONNECTED_WITHIN:g} seconds.",
                    next_step=f"Its log is {parts.state.log('bot')}.",
                )
            await asyncio.sleep(0.05)


def _clear_up(state: StateDirectory, engine: Engine, say: Say) -> None:
    """End what a run left behind that was killed."""
    choices = state.choices
    ended = state.ledger.end_leftovers()
    with _speaking_of_the_engine():
        containers = engine.end_services(choices.name, choices.registry)
        remove_container(engine, choices)
    if ended or containers:
        what = [*ended, *([f"{containers} containers"] if containers else [])]
        say(f"The last run was killed; what it left running is ended now: {', '.join(what)}.")


def _give_up_what_is_broken(state: StateDirectory) -> None:
    """Begin anew also where nobody can tell any more what this trial was called."""
    try:
        _ = state.choices
    except ConfigurationError:
        state.ledger.end_leftovers()
        state.empty()


def _forget(state: StateDirectory, engine: Engine) -> None:
    """Throw away what is kept between two runs."""
    choices = state.choices
    with _speaking_of_the_engine():
        remove_storage(engine, choices)
        engine.remove_images(choices.name)
    state.empty()


@contextmanager
def _no_services_afterwards(
    state: StateDirectory, engine: Engine, interruption: Interruption, say: Say
) -> Iterator[None]:
    """Whatever the workers have started on the engine is gone afterwards."""
    choices = state.choices
    try:
        yield
    finally:
        interruption.begin_ending()
        try:
            engine.end_services(choices.name, choices.registry)
        except (DockerException, requests.RequestException) as error:
            say(
                f"The Docker engine failed while the services were removed ({error}). What is "
                f"left: docker ps --all --filter label={LABEL}={choices.name}"
            )


@contextmanager
def _speaking_of_the_engine() -> Iterator[None]:
    try:
        yield
    except (DockerException, requests.RequestException) as error:
        raise OutsideFailure(
            "The Docker engine failed.",
            why=str(error),
            next_step="Its own log says more; start again when it works.",
        ) from error
