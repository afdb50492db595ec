"""What pydantic found wrong with the file, as complaints in plain words with a right example."""

import json
from collections.abc import Iterator
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from quaymaster.configuration.schema import Declaration
from quaymaster.configuration.yaml_source import Complaint, Path
from quaymaster.spelling import did_you_mean, listed

_LATER = frozenset(
    {
        "announce",
        "compose",
        "kubernetes",
        "proxy",
        "replicas",
        "route",
        "schedules",
        "stacks",
        "swarm",
    }
)
_NEVER = frozenset(
    {
        "devices",
        "ipc",
        "network_mode",
        "pid",
        "privileged",
        "security_opt",
        "userns_mode",
        "uts",
    }
)

_WORDS = {
    "missing": "This field is missing.",
    "string_type": "This has to be text; put it in quotes.",
    "int_type": "This has to be a whole number, without quotes.",
    "float_type": "This has to be a number, without quotes.",
    "bool_type": "This has to be true or false, without quotes.",
    "tuple_type": "This has to be a list.",
    "mapping_type": "This has to hold fields or names, each with a value.",
    "dict_type": "This has to hold fields, each with a value.",
    "model_type": "This has to hold fields, each with a value.",
    "too_short": "There has to be at least one.",
    "string_too_short": "This is empty.",
    "string_too_long": "This is too long.",
}


def complaints_of(error: ValidationError) -> tuple[Complaint, ...]:
    """One complaint for each mistake that pydantic found."""
    # include_input=False: a value at the wrong place may be a secret.
    return tuple(
        _complaint(details) for details in error.errors(include_input=False, include_url=False)
    )


def fields_of(
    model: type[BaseModel], path: tuple[str, ...] = ()
) -> Iterator[tuple[Path, FieldInfo]]:
    """Every field of a model and of the models in it; ``*`` stands for a name or a position."""
    for name, info in model.model_fields.items():
        step = (*path, info.alias or name)
        yield step, info
        inner, is_collection = _model_in(info.annotation)
        if inner is not None:
            yield from fields_of(inner, (*step, "*") if is_collection else step)


def _complaint(details: ErrorDetails) -> Complaint:
    path = tuple(step for step in details["loc"] if step != "[key]")
    kind = details["type"]
    if kind == "extra_forbidden":
        return Complaint(path, _unknown_field(path))
    what = _what(details)
    field, _ = _at(path)
    example = field.examples[0] if field is not None and field.examples else None
    return Complaint(path, what, "" if example is None else _as_yaml(path, example))


def _what(details: ErrorDetails) -> str:
    limits = details.get("ctx", {})
    match details["type"]:
        case "literal_error":
            return f"This has to be {limits['expected']}."
        case "greater_than":
            return f"This has to be more than {limits['gt']}."
        case "greater_than_equal":
            return f"This has to be at least {limits['ge']}."
        case "less_than_equal":
            return f"This has to be at most {limits['le']}."
        case kind:
            return _WORDS.get(kind) or f"{details['msg'].rstrip('.')}."


def _unknown_field(path: Path) -> str:
    key = str(path[-1])
    if key in _LATER:
        return f"{key} is not supported yet."
    if key in _NEVER:
        return f"{key} is not supported: a service gets no rights over its host."
    _, parent = _at(path[:-1])
    if parent is None:
        return "There is no such field."
    names = [info.alias or name for name, info in parent.model_fields.items()]
    hint = did_you_mean(key, names) or f"There are {listed(names)}."
    return f"There is no such field here. {hint}"


def _as_yaml(path: Path, example: Any) -> str:
    """The example as flow YAML. For one item of a list, an item."""
    if path and isinstance(path[-1], int) and isinstance(example, list):
        example = example[0]
    return json.dumps(example, ensure_ascii=False)


def _at(path: Path) -> tuple[FieldInfo | None, type[BaseModel] | None]:
    """The field that a path leads to, or the last one on its way; and the model that is there."""
    model: type[BaseModel] | None = Declaration
    field: FieldInfo | None = None
    in_collection = False
    for step in path:
        if in_collection:
            in_collection = False
            continue
        info = _field_named(model, step) if model is not None else None
        if info is None:
            return field, None
        field = info
        model, in_collection = _model_in(info.annotation)
    return field, model


def _field_named(model: type[BaseModel], step: str | int) -> FieldInfo | None:
    for name, info in model.model_fields.items():
        if (info.alias or name) == step:
            return info
    return None


def _model_in(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """The model that an annotation holds, and whether it holds a collection of them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    for argument in get_args(annotation):
        model, _ = _model_in(argument)
        if model is not None:
            return model, get_origin(annotation) is not None and len(get_args(annotation)) == 2
    return None, False
