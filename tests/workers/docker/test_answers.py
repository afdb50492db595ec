"""Whatever an engine answers is understood, or refused with words."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quaymaster.errors import OutsideFailure, QuaymasterError
from quaymaster.image_ref import ImageRef, Repository
from quaymaster.target import ServiceRef
from tests.misbehaving import answer, asked, misbehaving
from workers.docker.client import BoundedClient
from workers.docker.engine import Engine
from workers.docker.images import history, images, inspect
from workers.targets.docker_host.containers import look, observe
from workers.targets.docker_host.host_paths import _is_link

IMAGE = ImageRef(Repository("registry.staging:5000", "shop/web"), "1.4", None)
NAMES = (
    *("Id", "RepoTags", "RepoDigests", "Size", "Created", "Os", "Architecture", "Config", "Env"),
    *("RootFS", "Layers", "CreatedBy", "Comment", "Name", "Image", "State", "Running", "Health"),
    *("Restarting", "ExitCode", "StartedAt", "Status", "HostConfig", "PortBindings", "Labels"),
    *(
        "DriverStatus",
        "RestartPolicy",
        "NetworkSettings",
        "Networks",
        "Ports",
        "HostPort",
        "IPAddress",
        "mode",
    ),
)
odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["sha256:" + "a" * 64, "0001-01-01T00:00:00Z", "80/tcp", "99999999999"]),
)
answers = st.recursive(
    odd,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), inner, max_size=8),
    ),
    max_leaves=25,
)
READERS: dict[str, Callable[[Engine], object]] = {
    "images": images,
    "inspect": lambda engine: inspect(engine, IMAGE),
    "history": lambda engine: history(engine, IMAGE),
    "look": lambda engine: look(engine, "c" * 64),
    "observe": lambda engine: observe(engine, ServiceRef("production", "web")),
    "information": lambda engine: engine.information().get("ID"),
    "store": lambda engine: _again(engine).has_containerds_store,
    "is_link": lambda engine: _is_link(engine, "c" * 64, "/x", "/srv/x"),
}


def _again(engine: Engine) -> Engine:
    """One that remembers nothing."""
    return Engine(engine.name, engine.url, engine.api, None)


@dataclass(slots=True)
class Told:
    """What the engine answers to everything."""

    engine: Engine
    bodies: list[bytes] = field(default_factory=lambda: [b"{}"])


@pytest.fixture(scope="module")
def told() -> Iterator[Told]:
    """An engine that answers what it is told to."""
    bodies = [b"{}"]

    def script(connection: Any, _: object) -> None:
        while asked(connection):
            stat = b"X-Docker-Container-Path-Stat: " + bodies[0][:200].replace(b"\n", b"")
            connection.sendall(answer(bodies[0], stat))

    with misbehaving(script) as (host, port):
        url = f"tcp://{host}:{port}"
        api = BoundedClient(url, "1.41", 3_600)
        yield Told(Engine("app1", url, api, None), bodies)
        api.close()


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=answers)
def test_is_read_or_refused_with_words(
    told: Told, reader: Callable[[Engine], object], said: object
) -> None:
    told.bodies[0] = json.dumps(said).encode()
    with suppress(QuaymasterError):
        reader(told.engine)


def test_a_date_far_away_is_refused_with_words(told: Told) -> None:
    listed = {"Id": "sha256:" + "a" * 64, "Size": 1, "Created": 2**63}
    told.bodies[0] = json.dumps([listed]).encode()
    with pytest.raises(OutsideFailure, match="does not understand"):
        images(told.engine)


GONE = b'{"message":"content digest sha256:%s: not found"}' % (b"a" * 64)
"""What Docker 26 with containerd's store answers when an image is removed while it lists them."""


@pytest.mark.parametrize(("failures", "is_listed"), [(2, True), (50, False)])
def test_a_list_that_meets_the_removal_of_an_image_is_asked_for_again(
    failures: int, is_listed: bool
) -> None:
    answered = count()

    def script(connection: Any, _: object) -> None:
        while asked(connection):
            is_gone = next(answered) < failures
            status = b"404 Not Found" if is_gone else b"200 OK"
            connection.sendall(answer(GONE if is_gone else b"[]", status=status))

    with misbehaving(script) as (host, port):
        url = f"tcp://{host}:{port}"
        engine = Engine("app1", url, BoundedClient(url, "1.45", 3_600), None)
        if is_listed:
            assert images(engine) == ()
        else:
            with pytest.raises(OutsideFailure, match="app1"):
                images(engine)
        engine.api.close()
    assert next(answered) <= 10
