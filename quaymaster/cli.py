"""The command line: the top layer, and the only file that wires bot and workers together.

What a program does not need is not imported by it: the bot never loads Docker's client, a worker
never loads Bolt.
"""

from quaymaster.hidden import hide

if __name__ == "__main__":  # before the imports below, which take a while
    hide()

import asyncio
import gc
import os
import signal
from collections.abc import Callable, Coroutine
from contextlib import closing
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from quaymaster import logs
from quaymaster.audit_commands import audit_app
from quaymaster.checks import PARTS, Check, parts_of, perform
from quaymaster.command_line import address_or_end, connected, end_with, settings_or_end
from quaymaster.configuration import Configuration
from quaymaster.connections import courier_connection, queue_connection, worker_connection
from quaymaster.database_commands import database_app
from quaymaster.enrolment import expect_to_work, refuse_others
from quaymaster.errors import NotFound, QuaymasterError
from quaymaster.key_checks import key_probe
from quaymaster.key_commands import keys_app
from quaymaster.key_ring import ProgramRole
from quaymaster.queues import REGISTRY, host_queue, refuse_unknown
from quaymaster.redis_users import acl_file, passwords_in
from quaymaster.reloading import Reloading, ask_to_reload, hold_signal
from quaymaster.settings import COMMAND, CONFIG, SIGNING_KEY, Settings
from quaymaster.signs_of_life import Sign, Signs, tell
from quaymaster.start import expect_our_format
from quaymaster.store.format_key import expect

_SIGN_SECONDS = 5.0
_NEW_OBJECTS = 50_000
"""So many may be made before the garbage collector looks through them: a command makes hundreds."""

_QUEUES = typer.Option(
    help="Comma-separated: host:NAME, registry. By default registry, and the hosts whose "
    "engine this worker is known to have."
)

app = typer.Typer(
    help="Container-image operations from Slack.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(audit_app, name="audit")
app.add_typer(database_app, name="database")
app.add_typer(keys_app, name="keys")
hosts_app = typer.Typer(help="Which engine belongs to a host.", no_args_is_help=True)
app.add_typer(hosts_app, name="hosts")


@app.command()
def bot(
    http: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Take requests at /slack/events over HTTP.")
    ] = "",
    metrics: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Serve /metrics here, for monitoring.")
    ] = "",
) -> None:
    """Listen to Slack: over Socket Mode, or over HTTP with --http."""
    hold_signal()
    from bot.http import loop_factory
    from bot.reload import Reload
    from bot.run import run_bot

    address, watched = (address_or_end(given) if given else None for given in (http, metrics))
    needs = ["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET" if address else "SLACK_APP_TOKEN"]
    settings, configuration, signs = _works(needs)

    async def run() -> None:
        _leave_alone_what_stays()
        stop = _stop_on_signals()
        reload = Reload.on_signal(Reloading(configuration, signs), stop)
        await run_bot(settings, configuration, address, stop, watched, signs, reload)

    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(run())
    except QuaymasterError as error:
        end_with(str(error))


def _leave_alone_what_stays() -> None:
    """What was made so far is there until the end: the garbage collector does not look through it
    again and again while somebody waits for an answer.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)


@app.command()
def worker(
    queues: Annotated[str, _QUEUES] = "",
    processes: Annotated[
        int,
        typer.Option(
            min=1,
            help="How many jobs run at once. A worker of a host starts two more, for urgent work "
            "and for scans.",
        ),
    ] = 1,
    grace: Annotated[
        float, typer.Option(min=1, help="Seconds that running work gets after SIGTERM.")
    ] = 60,
) -> None:
    """Do the work: drive Docker and registries; deliver the cards beside it."""
    hold_signal()
    from workers import configurations
    from workers.rota import Post, posts_of_worker
    from workers.serve import keeper_of_leases, work_until_stopped
    from workers.supervisor import Child, Reload, Supervisor
    from workers.worker import SIGN_SECONDS

    settings, configuration, signs = _works(["SLACK_BOT_TOKEN"])
    url = settings.redis_url.get_secret_value()
    try:
        names = _queues(queues, configuration)
        expect_to_work(settings, names)
        expect_our_format(url)
        names = names or _queues_that_are_proved(settings, configuration)
    except QuaymasterError as error:
        end_with(str(error))
    # Before the fork: what every child needs is read once and shared.
    import_module("bot.courier")
    import_module("workers.run")

    def work(post: Post, sign: Sign) -> None:
        work_until_stopped(post.queues, queue_connection(url), grace, sign)

    shared = configurations.share(configuration)

    def accompany(sign: Sign) -> None:
        asyncio.run(_beside_the_workers(settings, shared.now, names, sign))

    posts = posts_of_worker(names, processes)
    children = [Child(post.name, partial(work, post), SIGN_SECONDS) for post in posts]
    reload = Reload.of(shared, signs, names, has_named_queues=bool(queues))
    courier = Child("courier", accompany, ends_for_new_configuration=True)
    beside = (keeper_of_leases(url), courier)
    raise typer.Exit(Supervisor([*beside, *children], grace, signs, reload).run())


@app.command()
def scanner(
    processes: Annotated[
        int,
        typer.Option(min=1, help="How many scans at once; one more is kept free for deploys."),
    ] = 1,
    grace: Annotated[
        float, typer.Option(min=1, help="Seconds that a running scan gets after SIGTERM.")
    ] = 60,
) -> None:
    """Scan images of registries for the workers, and keep the scanner's database fresh."""
    hold_signal()
    from workers import configurations
    from workers.rota import Post, posts_of_scanner
    from workers.scan_order import prepared
    from workers.scanner_upkeep import keep_database_fresh
    from workers.serve import keeper_of_leases, scan_until_stopped
    from workers.supervisor import Child, Reload, Supervisor
    from workers.worker import SIGN_SECONDS

    settings_or_end([SIGNING_KEY.name])
    try:
        settings, _ = prepared()  # before the fork: every child needs it
        configuration = Configuration.load(settings.config)
        signs = settings.signs()
        url = settings.redis_url.get_secret_value()
        expect_our_format(url)
    except QuaymasterError as error:
        end_with(str(error))

    def scan(post: Post, sign: Sign) -> None:
        scan_until_stopped(post.queues, queue_connection(url), grace, sign)

    def renew(sign: Sign) -> None:
        asyncio.run(_until_stopped(partial(keep_database_fresh, os.environ), sign))

    posts = posts_of_scanner(processes)
    children = [Child(post.name, partial(scan, post), SIGN_SECONDS) for post in posts]
    beside = (keeper_of_leases(url), Child("renewal of the database", renew))
    reload = Reload.of(configurations.share(configuration), signs)
    raise typer.Exit(Supervisor([*beside, *children], grace, signs, reload).run())


@app.command()
def check(
    only: Annotated[
        str, typer.Option(metavar="PARTS", help=f"Comma-separated: {', '.join(PARTS)}.")
    ] = "",
    host: Annotated[
        str | None, typer.Option(help="Only this Docker host and the services on it.")
    ] = None,
) -> None:
    """Try every part for real; say what is wrong and how to fix it. Exit status 1 if any fails."""
    from rich.console import Console

    from quaymaster.check_report import print_checks

    checks = _checked(only, host)
    print_checks(checks, Console())
    raise typer.Exit(int(any(one.verdict == "broken" for one in checks)))


@app.command()
def healthy() -> None:
    """Tell whether the program beside this one is well, for health checks. Exit status 1 if not."""
    raise typer.Exit(tell(os.environ))


@app.command()
def reload() -> None:
    """Make the program beside this one read its configuration again. Exit status 1 if refused."""
    text, status = ask_to_reload(os.environ)
    typer.echo(text, err=status != 0)
    raise typer.Exit(status)


@app.command()
def commands() -> None:
    """Print the command table as JSON, with the names that the configuration knows, if any."""
    from bot.commands.table import table_of

    try:
        command = COMMAND.value_in(os.environ)
    except QuaymasterError as error:
        end_with(str(error))
    try:
        configuration = Configuration.load(Path(CONFIG.value_in(os.environ)))
    except QuaymasterError:
        configuration = None
    print(table_of(configuration, command).as_json())


@app.command("redis-users")
def redis_users() -> None:
    """Print the users of Redis for its `aclfile`, from the passwords in the environment."""
    try:
        print(acl_file(passwords_in(os.environ)), end="")
    except QuaymasterError as error:
        end_with(str(error))


@app.command("try")
def try_it(
    reset: Annotated[bool, typer.Option("--reset", help="Start over.")] = False,
    state: Annotated[
        Path, typer.Option(metavar="DIR", help="Where everything is kept between runs.")
    ] = Path(".try"),
    docker: Annotated[
        str,
        typer.Option(
            metavar="HOST",
            help="The Docker engine to use instead of DOCKER_HOST's; `own` starts a separate one.",
        ),
    ] = "",
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove everything that it keeps, then exit.")
    ] = False,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address of the page without opening it.")
    ] = False,
) -> None:
    """Try it all on this machine, without Slack: a sample world and a chat page."""
    _expect_the_trial()
    from trial.options import TrialOptions
    from trial.run import run_trial

    options = TrialOptions(state, docker or None, reset, remove, not no_browser)
    raise typer.Exit(run_trial(options))


def _expect_the_trial() -> None:
    """End the program if the distribution that contains the trial is not installed."""
    if find_spec("trial") is None:
        missing = NotFound(
            "`quaymaster try` is not installed here.",
            why="It is a separate distribution, quaymaster-try.",
            next_step="Install it with `pip install 'quaymaster[try]'`, or from a checkout with "
            "`pip install . ./try`.",
        )
        end_with(str(missing))


def _checked(only: str, host: str | None) -> tuple[Check, ...]:
    from bot.checks import slack_probes
    from workers.checks import CheckContext, secret_values, worker_probes

    try:
        parts = parts_of(only)
        settings = Settings.from_env(os.environ)
        configuration = Configuration.load(settings.config)
        if host is not None:
            configuration.host(host)
    except QuaymasterError as error:
        end_with(str(error), status=1)
    place = CheckContext(settings, configuration, os.environ, host)
    slack = slack_probes(settings, configuration) if "slack" in parts else ()
    secrets = (*settings.secret_values, *secret_values(place))
    logs.configure(secrets)
    keys = (key_probe(settings, configuration, host),) if "keys" in parts else ()
    return perform((*slack, *keys, *worker_probes(parts, place)), secrets)


@hosts_app.command("accept")
def accept_host(
    host: Annotated[str, typer.Argument(metavar="NAME", help="A host of the configuration.")],
) -> None:
    """Accept the engine that answers for a host as its own from now on. Run this as its worker."""
    from workers.engine import Engine
    from workers.own_engine import Owner

    settings, configuration = _started([])
    try:
        url = configuration.host(host).docker or settings.docker_host
        keys = settings.keys(ProgramRole.WORKER)
        refuse_others(keys.entry, [host_queue(host)])
        with closing(connected(settings)) as connection, Engine.connect(url, name=host) as engine:
            expect(connection)
            result = Owner(configuration, connection, keys).accept(engine)
    except QuaymasterError as error:
        end_with(str(error))
    typer.echo(f"{host} is {result} from now on.")


async def _until_stopped(
    run: Callable[[asyncio.Event], Coroutine[None, None, None]], sign: Sign
) -> None:
    """Run it until SIGTERM or SIGINT, also where it has nothing to do. Raises what it raises."""
    stop = _stop_on_signals()
    stopped = asyncio.ensure_future(stop.wait())
    running = asyncio.ensure_future(run(stop))
    while not stop.is_set():
        sign.give()
        awaited = {stopped} if running.done() else {stopped, running}
        await asyncio.wait(awaited, timeout=_SIGN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            await running
    await running


async def _beside_the_workers(
    settings: Settings, configuration: Configuration, queues: list[str], sign: Sign
) -> None:
    from bot.audit_head import request_digests
    from bot.courier import run_courier
    from bot.sender import Sender
    from bot.views.card import operation_messages
    from bot.views.findings import findings_table
    from workers.housekeeping import drop_what_is_over, look_after_operations, look_at_services
    from workers.service_look import looking_at

    stop = _stop_on_signals()
    keys = settings.keys(ProgramRole.WORKER)
    url = settings.redis_url.get_secret_value()
    token = settings.bot_token().get_secret_value()
    look = looking_at(queues, configuration, settings.docker_host, worker_connection(url), keys)
    async with Sender.opened(token, settings.slack_api_url, settings.proxies) as sender:
        await asyncio.gather(
            look_after_operations(worker_connection(url), keys, stop, sign),
            drop_what_is_over(worker_connection(url), configuration.retention, stop),
            look_at_services(look, stop),
            request_digests(courier_connection(url), configuration.alerts.channel, stop),
            run_courier(
                url,
                sender,
                draw=partial(operation_messages, command=settings.command),
                draw_findings=findings_table,
                ring=keys.ring,
                configuration=configuration,
                stop=stop,
            ),
        )


def _stop_on_signals() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _queues(given: str, configuration: Configuration) -> list[str]:
    names = [name.strip() for name in given.split(",") if name.strip()]
    refuse_unknown(names, configuration.hosts)
    return names


def _queues_that_are_proved(settings: Settings, configuration: Configuration) -> list[str]:
    """Those of a worker that names none."""
    from workers.own_engine import Owner, queues_to_prove

    with closing(connected(settings)) as connection:
        owner = Owner(configuration, connection, settings.keys(ProgramRole.WORKER))
        taken, left = queues_to_prove(owner, settings.docker_host)
    for one in left:
        typer.echo(f"Not served: {one}. Name its queue with --queues to serve it.", err=True)
    queues = [REGISTRY, *taken]
    expect_to_work(settings, queues)
    return queues


def _started(needs: list[str]) -> tuple[Settings, Configuration]:
    """Settings and configuration, or the program ends with what is wrong with them."""
    settings = settings_or_end(needs)
    try:
        return settings, Configuration.load(settings.config)
    except QuaymasterError as error:
        end_with(str(error))


def _works(needs: list[str]) -> tuple[Settings, Configuration, Signs]:
    """The same of a program that works until it is stopped, and what it says of itself."""
    settings, configuration = _started(needs)
    try:
        return settings, configuration, settings.signs()
    except QuaymasterError as error:
        end_with(str(error))


def main() -> None:
    """The command line, hidden from other programs of the same user."""
    hide()
    app()


if __name__ == "__main__":
    main()
