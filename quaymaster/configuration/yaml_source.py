"""A YAML file with the line of each field, and complaints that name file, line, field, example."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from quaymaster.errors import ConfigurationError

Path = tuple[str | int, ...]
"""The way to a field: keys and, in lists, positions from 0."""

_DEEPEST = 16
_MOST_NODES = 100_000
"""Keys and values. A large file has some thousands; aliases of aliases can make billions."""
_TAG = "tag:yaml.org,2002:"
_PLAIN = {
    f"{_TAG}int": re.compile(r"0|-?[1-9][0-9]*"),
    # What a float stands for is plain, unless signs stand in it that YAML skips or multiplies with.
    f"{_TAG}float": re.compile(r"[^_:]*"),
}
"""How a number is written that every reader of YAML takes for the same one, and that is the same
text again when it is written as text. 0755 is 755 or 493, 1_000 is 1000, and 0441234567 loses its
zero: https://yaml.org/type/int.html and https://yaml.org/spec/1.2.2/#1032-tag-resolution
"""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One mistake in the file."""

    path: Path
    what: str
    example: str = ""
    """A right way to write the field, as YAML."""


@dataclass(frozen=True, slots=True)
class YamlSource:
    """The text of a file, what it says, and where."""

    file: str
    data: Any
    lines: dict[Path, int] = field(repr=False)
    doubtful: tuple[Complaint, ...] = ()
    """Numbers that are read as others than what stands there. Each may be a secret, so none is
    repeated.
    """

    @classmethod
    def parse(cls, text: str, file: str) -> "YamlSource":
        """Read YAML 1.2. Raises ConfigurationError when it is none or names a key twice."""
        try:
            yaml = YAML(typ="safe", pure=True)
            root = yaml.compose(text)
            nodes = tuple(islice(_nodes(root, ()), _MOST_NODES + 1))
            # Last, because it puts into the nodes what they merge (`<<`).
            data = None if root is None else yaml.constructor.construct_document(root)
        except DuplicateKeyError as error:
            # Its own words repeat both values, which may be secrets.
            mark = error.problem_mark
            raise ConfigurationError(
                f"{file}, line {mark.line + 1 if mark else 1}: a key appears twice in one place.",
                next_step="Remove one of the two.",
            ) from None
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = f"{file}, line {mark.line + 1}" if mark else file
            raise ConfigurationError(
                f"{place}: this is not valid YAML.",
                why=f"{(error.problem or 'it cannot be read').capitalize()}.",
                next_step="See quaymaster.example.yml for how the file is written.",
            ) from error
        except (YAMLError, ValueError, OverflowError, RecursionError) as error:
            raise ConfigurationError(
                f"{file}: this is not valid YAML.",
                why=str(error).partition("\n")[0],
                next_step="See quaymaster.example.yml for how the file is written.",
            ) from error
        if len(nodes) > _MOST_NODES:
            raise ConfigurationError(
                f"{file} has more than {_MOST_NODES // 2:,} values.",
                why="What an alias (*name) stands for counts wherever it is used.",
                next_step="Remove what multiplies them.",
            )
        lines = {path: line for path, line, _ in nodes}
        doubtful = {path: _doubt(path) for path, _, node in nodes if _is_doubtful(node)}
        return cls(file, data, lines, tuple(doubtful.values()))

    def line_of(self, path: Path) -> int:
        """The line of the field, or of the nearest part around it that is in the file."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return 1

    def error(self, complaints: Iterable[Complaint]) -> ConfigurationError:
        """All complaints and doubtful numbers as one error, in the order of the file."""
        doubtful = {complaint.path for complaint in self.doubtful}
        others = (complaint for complaint in complaints if complaint.path not in doubtful)
        ordered = sorted((*self.doubtful, *others), key=lambda one: self.line_of(one.path))
        count = "a mistake" if len(ordered) == 1 else f"{len(ordered)} mistakes"
        return ConfigurationError(
            "\n".join((f"{self.file} has {count}:", *map(self._sentence, ordered))),
            next_step="\nquaymaster.example.yml explains every field.",
        )

    def _sentence(self, complaint: Complaint) -> str:
        example = f" Example: {complaint.example}" if complaint.example else ""
        return (
            f"  {self.file}:{self.line_of(complaint.path)}: "
            f"{path_text(complaint.path)}: {complaint.what}{example}"
        )


def path_text(path: Path) -> str:
    """``environments.staging.services.web.ports[0]``; keys that are not plain words in quotes."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            printable = "".join(c if c.isprintable() else "\ufffd" for c in step[:60])
            text += f".{printable}"
    return text.removeprefix(".") or "the file"


def _nodes(node: Node | None, path: Path) -> Iterable[tuple[Path, int, Node]]:
    """Every key and value with its path and the line that it is found on."""
    if len(path) > _DEEPEST:  # an alias that contains itself has no end
        return
    match node:
        case MappingNode():
            for key, value in node.value:
                step = (*path, str(key.value))
                yield step, key.start_mark.line + 1, key
                yield step, key.start_mark.line + 1, value
                yield from _nodes(value, step)
        case SequenceNode():
            for position, value in enumerate(node.value):
                step = (*path, position)
                yield step, value.start_mark.line + 1, value
                yield from _nodes(value, step)


def _is_doubtful(node: Node) -> bool:
    plain = _PLAIN.get(str(node.tag))
    return plain is not None and plain.fullmatch(str(node.value)) is None


def _doubt(path: Path) -> Complaint:
    return Complaint(
        path,
        "YAML does not read this number as it is written here. If it is text, put it in quotes; "
        "if it is a number, write plain digits.",
    )
