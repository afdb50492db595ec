"""Golden files: what a version of the product stored, as text, and what is read from it.

``vN/KIND.json`` holds texts of version N of one type. Texts are written once and never again; what
today's program reads from them stands beside each, to be looked at.
"""

import hashlib
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from quaymaster.store.codecs import Codec
from quaymaster.store.formats import CODECS
from testing.keys import RING
from tests.stored.values import LABELS, SAMPLES
from workers.targets.docker_host import labels
from workers.targets.docker_host.labels import Labels

FOLDER = Path(__file__).parent
LABELS_KIND = "container labels"
BY_KIND: dict[str, Codec[Any]] = {codec.kind: codec for codec in CODECS}
_LABELS = TypeAdapter(Labels)
_NAMES_BEFORE = {
    "Interrupted": "Lost",
    "Membership": "Standing",
    "Serving": "Running",
    "Problem": "Trouble",
}
"""Classes that had another name when the first golden files were written."""
_NOT_THE_TYPE = frozenset({"title", "description"})
_IN_NO_ORDER = frozenset({"required", "enum", "anyOf", "oneOf"})


@dataclass(frozen=True, slots=True)
class Golden:
    """One file."""

    kind: str
    version: int
    schema: str
    """The fingerprint of the type, as it was when the texts were written."""
    texts: tuple[dict[str, Any], ...]

    @property
    def path(self) -> Path:
        """Where it is."""
        return FOLDER / f"v{self.version}" / f"{re.sub('[^a-z]+', '-', self.kind)}.json"

    @classmethod
    def load(cls, path: Path) -> "Golden":
        """Read a file."""
        document = json.loads(path.read_text(encoding="utf-8"))
        version = int(path.parent.name.removeprefix("v"))
        return cls(document["kind"], version, document["schema"], tuple(document["texts"]))

    def save(self) -> None:
        """Write the file."""
        self.path.parent.mkdir(exist_ok=True)
        content = {"kind": self.kind, "schema": self.schema, "texts": self.texts}
        text = json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True)
        self.path.write_text(text + "\n", encoding="utf-8")

    def as_read_today(self) -> "Golden":
        """The same texts, with what today's program reads from them."""
        return replace(self, texts=tuple({**one, "value": self._read(one)} for one in self.texts))

    def _read(self, text: dict[str, Any]) -> Any:
        if self.kind == LABELS_KIND:
            found = Labels.read(text["labels"], text["name"])
            return _LABELS.dump_python(found, mode="json")
        codec = BY_KIND[self.kind]
        found = codec.read(text["text"], tuple(text["place"]), RING).value
        return codec.adapter.dump_python(found, mode="json")


def stored() -> list[Path]:
    """Every file of every version."""
    return sorted(FOLDER.glob("v*/*.json"))


def of_today() -> tuple[Golden, ...]:
    """What today's program stores, of every type."""
    return (*(_signed(codec) for codec in CODECS), _labelled())


def fingerprint_of(adapter: TypeAdapter[Any]) -> str:
    """The fingerprint of a type: of what is stored of it, not of how it is explained or ordered."""
    schema = _normal(_named_as_before(adapter.json_schema()))
    return hashlib.sha256(json.dumps(schema, sort_keys=True).encode()).hexdigest()


def _named_as_before(schema: Any) -> Any:
    """Names of classes are not stored; fingerprints contain those that golden files began with."""
    text = json.dumps(schema)
    for now, before in _NAMES_BEFORE.items():
        text = text.replace(f'"{now}"', f'"{before}"').replace(f'/{now}"', f'/{before}"')
    return json.loads(text)


def _normal(schema: Any) -> Any:
    match schema:
        case dict():
            return {
                name: _any_order(_normal(value)) if name in _IN_NO_ORDER else _normal(value)
                for name, value in schema.items()
                if name not in _NOT_THE_TYPE or not isinstance(value, str)
            }
        case list():
            return [_normal(one) for one in schema]
        case _:
            return schema


def _any_order(values: Any) -> Any:
    if not isinstance(values, list):
        return values
    return sorted(values, key=lambda one: json.dumps(one, sort_keys=True))


def _signed(codec: Codec[Any]) -> Golden:
    texts = tuple(
        {"place": list(one.place), "text": codec.signed(one.value, one.place, one.key).text}
        for one in SAMPLES
        if one.codec is codec
    )
    fingerprint = fingerprint_of(codec.adapter)
    return Golden(codec.kind, codec.version, fingerprint, texts).as_read_today()


def _labelled() -> Golden:
    texts = tuple({"name": name, "labels": one.written()} for name, one in LABELS)
    fingerprint = fingerprint_of(_LABELS)
    return Golden(LABELS_KIND, labels.FORMAT, fingerprint, texts).as_read_today()
