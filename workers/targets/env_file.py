"""Files of variables, read as ``docker run --env-file`` reads them.

The rules are those of Docker's own reader, not of a shell or of Compose: a value is everything
behind the first ``=``, quotes and blanks at its end included.
https://github.com/docker/cli/blob/v28.2.2/pkg/kvfile/kvfile.go
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from quaymaster.errors import ConfigurationError

_BLANKS = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
"""White space before a name: https://pkg.go.dev/unicode#IsSpace (Python's own list is longer)"""


@dataclass(frozen=True, slots=True)
class EnvFile:
    """What a file says."""

    values: Mapping[str, str]
    """Of a name that appears twice, the last value."""
    left_out: tuple[int, ...] = ()
    """The lines of names without ``=`` that this program's environment does not have. By number:
    the text of such a line could be a secret without a name.
    """


def read_env_file(path: Path, environ: Mapping[str, str]) -> EnvFile:
    """Read a file. A name without ``=`` has the value that it has in ``environ``.

    Raises ConfigurationError when it cannot be read, or a line has no name of a variable. No error
    repeats the file's content.
    """
    values: dict[str, str] = {}
    left_out: list[int] = []
    for number, line in enumerate(_lines(path), 1):
        text = line.lstrip(_BLANKS)
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if why := _why_refused(name, value):
            raise ConfigurationError(
                f"Line {number} of {path.name} is not NAME=value.",
                why=why,
                next_step="Write one variable per line, for example LOG_LEVEL=info.",
            )
        if equals:
            values[name] = value
        elif name in environ:
            values[name] = environ[name]
        else:
            left_out.append(number)
    return EnvFile(values, tuple(left_out))


def _lines(path: Path) -> list[str]:
    """Only a line feed ends a line; one carriage return before it belongs to the end."""
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path.name} is not text in UTF-8.") from error
    except OSError as error:
        raise ConfigurationError(
            f"{path.name} cannot be read: {error.strerror or type(error).__name__}.",
            why="A service names it as its env_file.",
            next_step="It has to be beside quaymaster.yml on the worker of that host.",
        ) from error
    return [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]


def _why_refused(name: str, value: str) -> str:
    if not name:
        return "There is no name before the =."
    if " " in name or "\t" in name:
        return "There is a blank in the name."
    if "\0" in name + value:
        return "There is a zero byte in it, which no variable can hold."
    return ""
