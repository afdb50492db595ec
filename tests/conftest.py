"""Fixtures that hand real engines to tests. Engines start when the first marked test needs one."""

import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import docker
import hypothesis
import pytest
import redis

from testing.engines.keeper import DockerEngine, Registries, ready_file
from testing.engines.local_images import remove_images
from testing.engines.registries import Registry
from testing.engines.run_directory import EngineError, RunDirectory
from testing.engines.session import EngineSession
from testing.engines.slow_disk import SlowDiskServer
from testing.engines.trivy import TrivyCaches, make_caches
from testing.engines.trivy import trivy_binary as find_trivy
from testing.engines.valkey import ValkeyServer
from testing.images.catalogue import LocalImages
from tests.budget import CONTRIBUTING, budgets, spent, told
from tests.quiet import MARK, first_the_lonely, turn
from tests.trial.programs import remove_what_is_kept

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")
# `make check` tries fewer examples than `make test`, so that it ends while one still looks.
hypothesis.settings.register_profile("quick", max_examples=25, deadline=None)

_SESSION = pytest.StashKey[EngineSession]()

# A test that asks for one of these needs a real engine, and has to say so with its mark.
_ENGINE_FIXTURES = frozenset(
    {
        "docker_host",
        "engine",
        "images",
        "prod_registry",
        "registry",
        "repository",
        "slow_disk_server",
        "tls_registry",
        "trial_state",
        "trivy_binary",
        "trivy_cache",
        "trivy_caches",
        "valkey",
        "valkey_server",
    }
)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests measured without asserting it, and how long the parts of the suite took."""
    reports = [
        report
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport)
    ]
    for report in reports:
        for name, value in report.user_properties:
            if name == "measured" and report.when == "call" and report.passed:
                terminalreporter.write_line(f"measured: {value}")
    seconds = spent((report.nodeid, report.duration) for report in reports)
    for line in told(seconds, budgets(CONTRIBUTING.read_text(encoding="utf-8"))):
        terminalreporter.write_line(line)


def pytest_configure(config: pytest.Config) -> None:
    """Give the run its directory; the workers of pytest-xdist get that of their controller."""
    given: dict[str, str] | None = getattr(config, "workerinput", None)
    if given is None:
        try:
            session = EngineSession(RunDirectory.choose(), os.getpid())
        except EngineError as error:
            raise pytest.UsageError(str(error)) from None
    else:
        run = RunDirectory(Path(given["engine_directory"]))
        session = EngineSession(run, int(given["engine_controller"]))
    config.stash[_SESSION] = session


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: pytest.Item) -> None:
    """Tell a worker of pytest-xdist where the engines of this run are."""
    session = node.config.stash[_SESSION]
    node.workerinput["engine_directory"] = str(session.run.path)  # type: ignore[attr-defined]
    node.workerinput["engine_controller"] = str(session.controller)  # type: ignore[attr-defined]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse tests that would start an engine in the fast run; deadlines are measured first."""
    first_the_lonely(items)
    for item in items:
        wanted = _ENGINE_FIXTURES.intersection(getattr(item, "fixturenames", ()))
        if wanted and item.get_closest_marker("engine") is None:
            raise pytest.UsageError(
                f"{item.nodeid} uses {', '.join(sorted(wanted))}: mark it @pytest.mark.engine"
            )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Keep every other test of the run waiting while one measures a deadline."""
    if not _is_worker(item.config):
        return (yield)
    run = item.config.stash[_SESSION].run
    run.make()
    with turn(run.path, alone=item.get_closest_marker(MARK) is not None):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """After all workers ended, fail the run for what its tests left in the Docker engine."""
    yield
    if _is_worker(session.config):
        return
    found = session.config.stash[_SESSION].leftovers()
    if found:
        reporter = session.config.pluginmanager.getplugin("terminalreporter")
        reporter.write_line("\nleft behind by tests:\n  " + "\n  ".join(found), red=True)
        if session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_unconfigure(config: pytest.Config) -> None:
    """End every engine of the run and delete its directory."""
    if not _is_worker(config) and _SESSION in config.stash:
        config.stash[_SESSION].close()


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


@pytest.fixture(scope="session")
def engine_session(pytestconfig: pytest.Config) -> EngineSession:
    """The engines of this run; most tests want one of the fixtures below instead."""
    session = pytestconfig.stash[_SESSION]
    session.run.make()
    return session


@pytest.fixture(scope="session")
def _docker(engine_session: EngineSession) -> DockerEngine:
    return engine_session.docker()


@pytest.fixture(scope="session")
def _registries(engine_session: EngineSession) -> Registries:
    return engine_session.registries()


@pytest.fixture(scope="session")
def docker_host(_docker: DockerEngine) -> str:
    """The address of a real Docker engine, as DOCKER_HOST takes it."""
    return _docker.host


@pytest.fixture(scope="session")
def engine(docker_host: str) -> Iterator[docker.DockerClient]:
    """A client of that engine. All workers share the engine: use names of your own."""
    client = docker.DockerClient(base_url=docker_host)
    yield client
    client.close()


@pytest.fixture(scope="session")
def images(_docker: DockerEngine) -> LocalImages:
    """Names of the test images in the engine; push one with local_images.push_image."""
    return _docker.images


@pytest.fixture(scope="session")
def registry(_registries: Registries) -> Registry:
    """A real registry with a login, for what is built and tested."""
    return _registries.staging


@pytest.fixture(scope="session")
def prod_registry(_registries: Registries) -> Registry:
    """Another real registry with the same login, to promote to."""
    return _registries.production


@pytest.fixture(scope="session")
def tls_registry(_registries: Registries) -> Registry:
    """A real registry over HTTPS whose certificate only its `ca_file` vouches for."""
    return _registries.tls


@pytest.fixture
def repository(
    request: pytest.FixtureRequest, engine_session: EngineSession, _registries: Registries
) -> Iterator[str]:
    """A repository path that no other test uses; afterwards it is gone everywhere."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:40].strip("-")
    path = f"{engine_session.run.name}/{words}-{secrets.token_hex(3)}"
    yield path
    for registry in (_registries.staging, _registries.production, _registries.tls):
        registry.delete_repository(path)
    if ready_file(engine_session.run, "docker").exists():
        with closing(docker.DockerClient(base_url=engine_session.docker().host)) as engine:
            remove_images(engine, path)


@pytest.fixture
def valkey_server(engine_session: EngineSession) -> Iterator[ValkeyServer]:
    """A running Valkey server of the test's own, to kill, freeze and restart at will."""
    server = ValkeyServer(engine_session.run, f"valkey-{secrets.token_hex(4)}")
    server.start()
    yield server
    server.discard()


@pytest.fixture
def slow_disk_server(engine_session: EngineSession) -> Iterator[SlowDiskServer]:
    """The same on a disk that the test makes slow."""
    server = SlowDiskServer(engine_session.run, f"valkey-{secrets.token_hex(4)}")
    server.start()
    yield server
    server.discard()


@pytest.fixture
def valkey(valkey_server: ValkeyServer) -> Iterator[redis.Redis]:
    """A client of that server, which is empty at first."""
    client = valkey_server.client()
    yield client
    client.close()


@pytest.fixture(scope="session")
def trivy_binary() -> Path:
    """The real Trivy program."""
    return find_trivy()


@pytest.fixture
def trivy_caches(tmp_path: Path) -> TrivyCaches:
    """Trivy cache directories with the database in every state, cold and the test's own."""
    return make_caches(tmp_path / "trivy")


@pytest.fixture
def trivy_cache(trivy_caches: TrivyCaches) -> Path:
    """A Trivy cache directory with database A, an hour old."""
    return trivy_caches.a


@pytest.fixture
def trial_state(
    tmp_path: Path, engine: docker.DockerClient, engine_session: EngineSession
) -> Iterator[Path]:
    """A state directory to be of `quaymaster try`; afterwards the images of that trial are gone.

    Two trials cannot share an engine, so one test waits for another.
    """
    state = tmp_path / "try"
    with engine_session.run.locked("trial"):
        yield state
        remove_what_is_kept(state, engine)


@pytest.fixture(scope="session")
def reserve_port(engine_session: EngineSession) -> Callable[[], int]:
    """Gives a free TCP port on 127.0.0.1 per call, a different one each time."""
    return engine_session.run.reserve_port


@pytest.fixture
def free_port(reserve_port: Callable[[], int]) -> int:
    """A free TCP port on 127.0.0.1 that no other test of this run gets."""
    return reserve_port()
