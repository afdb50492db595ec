"""JSON of outside systems, as models read it: null is absent, unknown fields are ignored.

Programs in Go write null for what is empty and leave the field out for the same, as they like; a
reader that tells the two apart refuses images that every engine runs.
"""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator

T = TypeVar("T")


class Foreign(BaseModel):
    """A part of a foreign document. A null in the place of a field counts as no field.

    The case of a field's name does not count, and of two the last does: so engines and scanner read
    it (https://pkg.go.dev/encoding/json#Unmarshal), and what is shown of an image is what runs.
    """

    model_config = ConfigDict(extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, data: Any) -> Any:
        if isinstance(data, dict):
            named = _names_of(cls)
            return {
                named.get(name) or named.get(name.casefold(), name): value
                for name, value in data.items()
                if value is not None
            }
        return data


@cache
def _names_of(model: type[Foreign]) -> Mapping[str, str]:
    """What the fields are called, by that and without its case."""
    names = [field.alias or name for name, field in model.model_fields.items()]
    return {name.casefold(): name for name in names} | {name: name for name in names}


def _without_nulls(data: object) -> object:
    match data:
        case list():
            return [one for one in data if one is not None]
        case dict():
            return {name: value for name, value in data.items() if value is not None}
        case _:
            return data


def _one_or_several(data: object) -> object:
    return [data] if isinstance(data, str) else _without_nulls(data)


Several = Annotated[list[T], BeforeValidator(_without_nulls)]
"""A list, in which a null is nothing."""
Texts = Several[str]
"""A list of words."""
Words = Annotated[list[str], BeforeValidator(_one_or_several)]
"""A command line, which Docker also reads where it is one word without a list."""
TextByName = Annotated[dict[str, str], BeforeValidator(_without_nulls)]
"""Labels and their like."""


def reason_of(error: ValidationError) -> str:
    """What does not read, and where in the document: a sentence without any of its values."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    # An error about invalid JSON quotes the text, which a hostile document may abuse.
    reason = "this is not JSON" if first["type"] == "json_invalid" else first["msg"]
    reason = reason[:1].lower() + reason[1:]
    return f"At {where[:100]}: {reason}." if where else f"{reason[:1].upper()}{reason[1:]}."
