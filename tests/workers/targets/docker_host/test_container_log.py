"""The end of a container's log is shown: without secrets, and whatever it says."""

import pytest

from quaymaster.redaction.redaction import LONGEST_TEXT, MARK
from testing.images.catalogue import LocalImages
from tests.workers.services import UNDISTURBED, Service, wait_for
from workers.targets.docker_host.candidates import create_candidate
from workers.targets.docker_host.container_log import log_tail
from workers.targets.docker_host.containers import look

KEY = (
    "-----BEGIN PRIVATE KEY-----",
    *(f"MIIE{number:02}" + "aB3d" * 14 for number in range(26)),
    "-----END PRIVATE KEY-----",
)


def ended(service: Service, images: LocalImages, script: str, **values: str) -> str:
    """A container of the service that ran this script to its end."""
    image = service.image(images.web_v1, "1")
    spec = service.spec(image, 1, command=("/bin/sh", "-c", script), values=tuple(values.items()))
    container = create_candidate(service.host, spec, UNDISTURBED)

    def is_over() -> bool:
        now = look(service.host, container.id)
        return now is not None and bool(now.started_at) and not now.is_running

    wait_for(is_over)
    return container.id


@pytest.mark.engine
def test_a_container_says_its_last_lines_without_secrets(
    service: Service, images: LocalImages
) -> None:
    candidate = service.candidate(service.spec(service.image(images.web_v1, "1"), 1))
    lines = log_tail(service.host, candidate.id, 20, ("listening",))
    assert any("web v1: starting" in line for line in lines)
    assert not any("listening" in line for line in lines)


@pytest.mark.engine
@pytest.mark.parametrize("is_known", [True, False])
def test_no_line_of_a_private_key_is_shown(
    service: Service, images: LocalImages, is_known: bool
) -> None:
    """Of its 28 lines the first eight stand before the lines that are shown."""
    key = "\n".join(KEY) + "\n"
    container = ended(service, images, 'echo one; printf %s "$KEY"; echo last', KEY=key)
    lines = log_tail(service.host, container, 20, (key,) if is_known else ())
    assert not any(part in line for line in lines for part in KEY)
    assert {"one", MARK, "last"} == {*lines}


@pytest.mark.engine
def test_of_an_address_the_password_alone_is_not_shown(
    service: Service, images: LocalImages
) -> None:
    address = "postgres://web:hunter22@db/shop"
    script = "echo ${ADDRESS#postgres://web:}; echo login hunter22 failed"
    container = ended(service, images, script, ADDRESS=address)
    assert not any("hunter22" in one for one in log_tail(service.host, container, 20, (address,)))


@pytest.mark.engine
def test_a_line_without_end_is_read_to_a_bound(service: Service, images: LocalImages) -> None:
    """2 MiB of dashes with a secret in them, then two lines."""
    script = (
        "line=--------; n=0; while [ $n -lt 17 ]; do line=$line$line; n=$((n+1)); done;"
        " echo $line$PASSWORD$line; echo $PASSWORD; echo last"
    )
    container = ended(service, images, script, PASSWORD="hunter22")
    lines = log_tail(service.host, container, 20, ("hunter22",))
    assert lines[-2:] == (MARK, "last")
    assert sum(map(len, lines)) <= LONGEST_TEXT


@pytest.mark.engine
def test_a_container_that_is_gone_says_nothing(service: Service) -> None:
    assert log_tail(service.host, "f" * 64, 20) == ()
