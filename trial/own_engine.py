"""A Docker engine of a trial's own, where none answers: it ends with the trial.

Its images and containers are in the trial's directory and stay for the next start; its sockets
are in ``/run``. It has the network of this machine, because the registry and the services are on
its loopback, but a bridge and address ranges that no other engine has.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from quaymaster.errors import OutsideFailure
from trial.bridge import Bridge
from trial.dockerd import Dockerd, unmount_below
from trial.engine import Engine, connected
from trial.installed import find_program, installed_program, path_of_root
from trial.interruption import Interruption
from trial.processes import start_process
from trial.reachable import DEFAULT_HOST
from trial.state_directory import StateDirectory

_RUN = Path("/run")
_STARTS_WITHIN = 60
_ENDS_WITHIN = 20


@dataclass(frozen=True, slots=True)
class OwnEngine:
    """The engine of a trial; `running` starts it."""

    state: StateDirectory
    interruption: Interruption

    @property
    def places(self) -> Dockerd:
        """Where it has what it has."""
        name = f"qm-{self.state.choices.name}"
        return Dockerd(name, _RUN / name, self.data)

    @property
    def data(self) -> Path:
        """Its images, containers and volumes."""
        return self.state.path / "engine" / "data"

    @property
    def was_killed(self) -> bool:
        """Whether a run before this one could not end it."""
        return self.places.run.exists()

    @property
    def keeps_something(self) -> bool:
        """Whether it was ever started."""
        return self.data.exists()

    @contextmanager
    def running(self) -> Iterator[Engine]:
        """The engine, answering; afterwards nothing of it runs.

        Raises OutsideFailure where it cannot be started.
        """
        _check_possible()
        with ExitStack() as stack:
            try:
                self._start(stack)
                with connected(self.places.host) as engine:
                    yield engine
            finally:
                with self.interruption.held():
                    stack.close()

    def remove(self) -> None:
        """Delete everything that it keeps; it does not run."""
        unmount_below(self.data)
        if self.data.exists():
            shutil.rmtree(self.data)

    def _start(self, stack: ExitStack) -> None:
        places = self.places
        # Nothing may come between what is made and the promise to take it down.
        with self.interruption.held():
            places.run.mkdir(mode=0o700, exist_ok=True)
            places.configuration.write_text("{}\n")
            stack.callback(self._clear)
            bridge = self._bridge()
            stack.callback(bridge.remove)
            process = start_process(
                "engine",
                places.command(find_program("dockerd"), bridge),
                self.state.folder("engine"),
                self.state.log("engine"),
                os.environ | {"PATH": path_of_root()},
                self.state.ledger,
            )
            stack.callback(process.stop, _ENDS_WITHIN)
        process.wait_until(places.answers, _STARTS_WITHIN)

    def _bridge(self) -> Bridge:
        """A new one; that of a run that was killed if it is still there, as its networks are."""
        existing = Bridge.existing(self.places.name)
        if existing is not None:
            return existing
        self.places.forget_networks()
        return Bridge.create(self.places.name)

    def _clear(self) -> None:
        self.places.end_containerd()
        self.places.unmount()
        shutil.rmtree(self.places.run)


def _check_possible() -> None:
    """Raise OutsideFailure, saying how to get an engine, where none can be started from here."""
    if not sys.platform.startswith("linux"):
        next_step = "Start Docker Desktop (`open -a Docker`), or name an engine with --docker."
    elif os.geteuid() != 0:
        next_step = (
            "Start the system's (`sudo systemctl start docker`), name another one with --docker "
            "or DOCKER_HOST, or start `quaymaster try` as root, which starts one of its own."
        )
    elif installed_program("dockerd") is None:
        next_step = (
            "Install one (`apt-get install docker.io`), which is then started from here, or name "
            "another one with --docker or DOCKER_HOST."
        )
    else:
        return
    raise OutsideFailure(f"No Docker engine answers at {DEFAULT_HOST}.", next_step=next_step)
