"""A trial from start to end: its parts are started in order, and ended in reverse."""

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn, Protocol

import requests
from docker.errors import DockerException

from quaymaster.errors import OutsideFailure
from trial.browser import shown_in_browser
from trial.configuration import write_configuration
from trial.engine import LABEL, Engine, connected, speaking_of_the_engine
from trial.interruption import Interruption
from trial.invocation import invocation
from trial.keys import make_keys
from trial.leftovers import clear_up, delete_everything, end_killed, refuse_what_is_broken
from trial.options import TrialOptions
from trial.own_engine import OwnEngine
from trial.ports import claim
from trial.processes import Process
from trial.programs import Programs, running_product, running_programs
from trial.reachable import engine_host
from trial.registry import running_registry
from trial.seed_images import seed_images
from trial.state_directory import StateDirectory, opened
from trial.tour import FIRST_DEPLOY, greeting, welcome
from trial.vulnerabilities import (
    DOWNLOAD_SECONDS,
    download_command,
    vulnerability_database,
)
from trial.world import CAROL, SHOP

_CONNECTED_WITHIN = 30.0


class Say(Protocol):
    """Writes lines to the person who started the trial."""

    def __call__(self, *lines: str) -> None:
        """Write them immediately."""


def run_lifecycle(options: TrialOptions, say: Say, interruption: Interruption) -> None:
    """Run a trial; with ``remove``, only delete what it keeps.

    Raises QuaymasterError when it cannot be started or a part of it ends, Stopped when it is asked
    to stop; in any case, nothing keeps running.
    """
    with opened(options.state) as state:
        own = OwnEngine(state, interruption)
        host = engine_host(options.docker, os.environ)
        if options.reset or options.remove:
            delete_everything(state, own, host)
        if options.remove:
            state.remove()
            say(f"{state.path} and its images are removed.")
            return
        refuse_what_is_broken(state)
        killed = end_killed(state, own, host)
        with _engine(own, host, say) as engine:
            clear_up(state, engine, killed, say)
            with speaking_of_the_engine():
                engine.expect_no_other_quaymaster(state.choices.name, state.choices.registry)
            claim(state.choices.ports(), str(options.state))
            with (
                _no_services_afterwards(state, engine, interruption, say),
                running_programs(state, interruption) as programs,
                _everything(programs, engine, say),
            ):
                try:
                    _show_page(programs, say, wants_browser=options.browser)
                finally:
                    interruption.begin_ending()
                    say(
                        "",
                        f"Stopping everything. {invocation('--remove')} also deletes what is kept.",
                    )


def _show_page(programs: Programs, say: Say, *, wants_browser: bool) -> NoReturn:
    """Print the address of the page, and wait until the trial is stopped or a part of it ends."""
    state, address = programs.state, str(programs.slack["page_url"])
    say(*greeting(state, address))
    if wants_browser:
        is_terminal = sys.stdout.isatty()
        say(shown_in_browser(address, state.path, os.environ, is_terminal=is_terminal))
    while (ended := programs.ended()) is None:
        time.sleep(0.2)
    raise ended.failure()


@contextmanager
def _everything(programs: Programs, engine: Engine, say: Say) -> Iterator[None]:
    """The sample world and the product in it. What takes its time is begun first."""
    state = programs.state
    say("Starting the database…")
    database = programs.start_database()
    download = _begun_download(programs)
    say("Looking for a registry…")
    with running_registry(programs, engine) as registry:
        say(f"  {registry.host} is {registry.kind}.")
        say("Putting the sample images in place…")
        with speaking_of_the_engine():
            seed_images(engine, registry, state.choices.name)
        say("Looking for a vulnerability database…")
        is_downloaded = download is not None and programs.ended_well(download, DOWNLOAD_SECONDS)
        vulnerabilities = vulnerability_database(state, is_downloaded=is_downloaded)
        say(f"  It is {vulnerabilities.note}.")
        is_sample = vulnerabilities.is_sample
        write_configuration(state.configuration, state.choices, sample_database=is_sample)
        make_keys(state)
        say("Starting the local Slack, the bot, two workers and the scanner…")
        programs.start_slack()
        programs.database_answers(database)
        with running_product(programs, engine, vulnerabilities):
            asyncio.run(_first_day(programs))
            yield


def _begun_download(programs: Programs) -> Process | None:
    """The download of Trivy's database, which runs in parallel with everything else."""
    command = download_command(programs.state)
    if command is None:
        return None
    return programs.start("vulnerability-database", command, dict(os.environ), within=5)


async def _first_day(programs: Programs) -> None:
    """Wait for the bot; in an empty workspace, a colleague then says hello and sets up staging."""
    await _bot_is_there(programs)
    async with programs.workspace() as workspace:
        if await workspace.messages(SHOP):
            return
        carol = workspace.person(CAROL)
        await carol.say(SHOP, welcome(programs.state))
        await carol.command(SHOP, FIRST_DEPLOY)


async def _bot_is_there(programs: Programs) -> None:
    """Wait for the bot's connection. Raises OutsideFailure when it does not come."""
    deadline = asyncio.get_running_loop().time() + _CONNECTED_WITHIN
    async with programs.workspace() as workspace:
        while not (await workspace.info())["connections"]:
            ended = programs.ended()
            if ended is not None:
                raise ended.failure()
            if asyncio.get_running_loop().time() > deadline:
                raise OutsideFailure(
                    f"The bot did not connect within {_CONNECTED_WITHIN:g} seconds.",
                    next_step=f"Its log is {programs.state.log('bot')}.",
                )
            await asyncio.sleep(0.05)


@contextmanager
def _engine(own: OwnEngine, host: str | None, say: Say) -> Iterator[Engine]:
    """The one that answers, or one of our own."""
    if host is None:
        say("Starting a Docker engine of its own, because none answers here…")
    with own.running() if host is None else connected(host) as engine:
        yield engine


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
