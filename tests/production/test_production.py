"""The production way: the image by its Dockerfile, `docker-compose.yml` as it stands, and work."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest

from local_slack import Fault, FaultKind, LocalSlack, Message, NotSeen, Person, Workspace, serve
from testing.engines.kept import engine_that_keeps
from testing.engines.local_images import load_images
from testing.engines.registries import Registry, running_registry
from testing.engines.session import EngineSession
from testing.engines.trivy import TrivyCaches
from testing.images.catalogue import LocalImages, make_images
from testing.system import page_at
from tests.end_to_end.cards import approval_request, final_card, is_card_of
from tests.people import ALICE, BOB
from tests.production.product_image import have_images
from tests.production.site import Site, checks_of_the_readme, running

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1800)]

PROGRAMS = {"bot", "worker-host", "worker-registry", "scanner"}
CONFIGURATION = """\
default_registry: "{registry}"
registries:
  "{registry}": {{username: ci, password: "${{REGISTRY_PASSWORD}}", ca_file: registry-ca.pem}}
hosts:
  build1: {{}}
defaults:
  gate: {{block: high, from_scratch: allow}}
environments:
  production:
    target: {{docker: [build1]}}
    approval: {{needed: 1, from: [release-managers], channel: C0RELEASE}}
    services:
      web:
        image: "{registry}/shop/web"
        ports: ["127.0.0.1:{port}:8000"]
        health: {{http: /healthz, port: 8000, within: 20s}}
        drain: 2s
        channel: C0SHOP
roles:
  release-managers: [U0BOB]
  developers: everyone
permissions:
  developers: [read, push, pull, tag, scan, deploy, rollback, cancel]
  release-managers: ["*"]
alerts: {{channel: C0SECURITY, at_least: high}}
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """An engine with the product's image, and what is outside: a registry and Slack."""

    site: Site
    registry: Registry
    slack: LocalSlack
    images: LocalImages
    port: int


@pytest.fixture
def machine(tmp_path: Path, engine_session: EngineSession) -> Iterator[Machine]:
    run = engine_session.run
    with engine_that_keeps(run) as daemon:
        address = str(daemon.bridge.network.network_address + 1)
        with (
            closing(docker.DockerClient(base_url=daemon.host, timeout=600)) as engine,
            running_registry(run, "registry-site", tls=True, address=address) as registry,
            serve(host=address) as slack,
        ):
            have_images(engine)
            names, images = make_images("site")
            load_images(engine, images)
            site = Site(tmp_path, daemon.host, engine)
            port = run.reserve_port()
            configuration = CONFIGURATION.format(registry=registry.host, port=port)
            site.set_up(configuration, slack.environment(), registry)
            yield Machine(site, registry, slack, names, port)


async def test_the_product_works_as_docker_compose_runs_it(
    machine: Machine, trivy_caches: TrivyCaches
) -> None:
    async with machine.slack.workspace() as workspace:
        with running(machine.site):
            await workspace.connected(within=60)
            _every_container_is_well(machine.site)
            _a_database_is_brought(machine.site, trivy_caches.a)
            _every_check_passes(machine.site)
            _nobody_looks_into_another_process(machine.site)
            _the_trial_is_not_there(machine.site)
            _a_change_of_the_configuration_is_read(machine.site)
            work = _Work(machine, workspace, workspace.person(ALICE), workspace.person(BOB))
            await work.images_are_pushed()
            await work.a_scan_alerts()
            await work.it_is_deployed("1", then_restart=False)
            assert "web v1" in page_at(machine.port)
            await work.it_is_deployed("2", then_restart=True)
            assert "web v2" in page_at(machine.port)
            await work.it_is_rolled_back()
            assert "web v1" in page_at(machine.port)
            for name in PROGRAMS:
                _until_it_says(machine.site, name, "well")
            await _a_bot_without_slack_is_not_well(machine.site, workspace)
        assert machine.site.containers() == {}
        assert "web v1" in page_at(machine.port)


def _every_container_is_well(site: Site) -> None:
    containers = site.containers()
    assert set(containers) == PROGRAMS | {"redis"}
    health = {name: one.attrs["State"]["Health"]["Status"] for name, one in containers.items()}
    assert set(health.values()) == {"healthy"}, health
    for name in PROGRAMS:
        assert site.composed("exec", name, "quaymaster", "healthy") == "well\n"


def _a_database_is_brought(site: Site, cache: Path) -> None:
    """As the documents say for a scanner that has no way out."""
    refused = site.compose("exec", "scanner", "quaymaster", "check", "--only", "scanner")
    assert refused.returncode == 1
    assert "no vulnerability database" in refused.stdout
    (site.folder / "trivy-cache").symlink_to(cache)
    site.composed("cp", "trivy-cache/db", "scanner:/var/cache/trivy/")


def _every_check_passes(site: Site) -> None:
    """Word for word from the README."""
    commands = checks_of_the_readme()
    assert {words[1] for words in commands} == PROGRAMS
    for words in commands:
        assert "ok " in site.composed(*words)


def _nobody_looks_into_another_process(site: Site) -> None:
    """Not even in the moment after its start: its environment has the key of the program."""
    look = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE)\n"
        "for pid in ('1', str(child.pid)):\n"
        "    try:\n"
        "        open(f'/proc/{pid}/environ', 'rb').read()\n"
        "        print('seen', pid)\n"
        "    except PermissionError:\n"
        "        print('refused')\n"
    )
    assert site.composed("exec", "scanner", "python", "-c", look) == "refused\nrefused\n"


def _a_change_of_the_configuration_is_read(site: Site) -> None:
    """In the file itself; another file in its place is not seen by a container that runs."""
    file = site.folder / "quaymaster.yml"
    with file.open("a") as opened:
        opened.write("# a comment\n")
    for name in PROGRAMS:
        assert "means the same as before" in site.composed("exec", name, "quaymaster", "reload")
    (copy := site.folder / "copy.yml").write_text(file.read_text())
    copy.replace(file)
    for name in PROGRAMS:
        done = site.compose("exec", name, "quaymaster", "reload")
        assert done.returncode == 1
        assert "was replaced by another file" in done.stderr


def _the_trial_is_not_there(site: Site) -> None:
    done = site.compose("exec", "scanner", "quaymaster", "try")
    assert done.returncode == 2
    assert "`quaymaster try` is not installed here." in done.stderr


async def _a_bot_without_slack_is_not_well(site: Site, workspace: Workspace) -> None:
    await workspace.fault(
        Fault(FaultKind.REFUSED, "socket"), Fault(FaultKind.REFUSED, "apps.connections.open")
    )
    await workspace.drop_sockets()
    _until_it_says(site, "bot", "is not connected to Slack")
    await workspace.mend()
    await workspace.connected(within=60)
    _until_it_says(site, "bot", "well")


def _until_it_says(site: Site, name: str, words: str) -> None:
    for _ in range(60):
        done = site.compose("exec", name, "quaymaster", "healthy")
        if words in done.stdout:
            assert done.returncode == (0 if words == "well" else 1)
            return
    raise AssertionError(f"{name} does not say {words!r}: {done.stdout}{done.stderr}")


@dataclass(frozen=True, slots=True)
class _Work:
    """What people do, and see."""

    machine: Machine
    workspace: Workspace
    alice: Person
    bob: Person

    async def images_are_pushed(self) -> None:
        names = self.machine.images
        versions = {"0": names.vulnerable, "1": names.web_v1, "2": names.web_v2}
        for tag, name in versions.items():
            repository = f"{self.machine.registry.host}/shop/web"
            self.machine.site.engine.images.get(name).tag(repository, tag)
            card = await self._ends(await self._asked(f"push shop/web:{tag}"))
            digest = self.machine.registry.digest("shop/web", tag)
            assert digest is not None, card.words
            assert digest.removeprefix("sha256:")[:12] in card.words

    async def a_scan_alerts(self) -> None:
        card = await self._ends(await self._asked("scan shop/web:0"), with_sign="⛔")
        assert "14 findings would block a deploy" in card.words
        for channel in ("C0SHOP", "C0SECURITY"):
            await self.alice.sees(
                lambda m: "lodash" in m.words and "new" in m.words, channel=channel
            )

    async def it_is_deployed(self, tag: str, *, then_restart: bool) -> None:
        """With an approval; every container is restarted while it waits, if it is to be. Whoever
        approves waits for the bot alone, not until all are well again.
        """
        number = await self._asked(f"deploy shop/web:{tag} to production")
        request = await self._request(number)
        if then_restart:
            self.machine.site.composed("restart")
            await self.workspace.connected(within=60)
        await self.bob.click(request, "approve")
        await self._ends(number)

    async def it_is_rolled_back(self) -> None:
        await self._ends(await self._asked("rollback production/web"))

    async def _asked(self, text: str) -> int:
        """The number of the operation that a command becomes."""
        outcome = await self.alice.command("C0SHOP", text)
        # What is answered to a vote may be shown meanwhile: it names an earlier one.
        match = re.search(r"Started #(\d+): ", outcome.words)
        assert match, (text, outcome.words, self.machine.site.logs())
        return int(match.group(1))

    async def _request(self, number: int) -> Message:
        """The message that asks for votes."""
        try:
            return await approval_request(self.workspace, number)
        except NotSeen as error:
            shown = [
                (one.channel, one.ts, one.metadata, sorted(one.buttons))
                for one in await self.workspace.messages()
            ]
            raise AssertionError(f"#{number}: {shown}\n{self.machine.site.logs()}") from error

    async def _ends(self, number: int, with_sign: str = "✅") -> Message:
        """The card of an operation that has ended, and how."""
        try:
            card = await final_card(self.workspace, number, within=90)
        except Exception as error:
            shown = [
                one.words for one in await self.workspace.messages() if is_card_of(one, number)
            ]
            raise AssertionError(json.dumps([shown, self.machine.site.logs()])) from error
        assert card.text.startswith(with_sign), (card.words, self.machine.site.logs())
        return card
