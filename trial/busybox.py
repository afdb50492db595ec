"""The one program in the sample images: a static busybox, from Docker Hub or from this machine."""

import io
import shutil
import tarfile
from pathlib import Path

import requests
from docker.errors import DockerException

from quaymaster.errors import NotFound
from trial.archive import this_architecture
from trial.engine import Engine
from trial.pulling import pulled

# The variants whose program needs no library: https://hub.docker.com/_/busybox
_IMAGE = "busybox:musl"


def static_busybox(engine: Engine) -> bytes:
    """The program. Raises NotFound, saying what to install, when there is none to be had."""
    busybox = _of_the_image(engine)
    if busybox is None and engine.architecture == this_architecture():
        busybox = busybox_of_this_machine()
    if busybox is None:
        raise NotFound(
            "There is no busybox to make the sample images of.",
            why=f"{_IMAGE} cannot be pulled, and no static busybox is installed.",
            next_step="Install one (`sudo apt install busybox-static`), or connect the Docker "
            "engine to Docker Hub.",
        )
    return busybox


def busybox_of_this_machine() -> bytes | None:
    """The one that is installed here, if it needs no library."""
    program = shutil.which("busybox")
    if program is None:
        return None
    content = Path(program).read_bytes()
    # A dynamically linked program names its interpreter, and would not run in these images.
    is_static = content.startswith(b"\x7fELF") and b"/ld-" not in content
    return content if is_static else None


def _of_the_image(engine: Engine) -> bytes | None:
    if not pulled(engine, _IMAGE):
        return None
    container = engine.client.containers.create(_IMAGE, ["true"])
    try:
        stream, _ = container.get_archive("/bin/busybox")
        content = b"".join(stream)
    except (DockerException, requests.RequestException):
        return None
    finally:
        container.remove(force=True)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        member = archive.extractfile("busybox")
        return member.read() if member is not None else None
