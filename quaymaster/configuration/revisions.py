"""The revision of an environment: the same as long as a plan for it would mean the same.

It covers what the file means for the environment: its services with the gates and approvals that
apply to them, its hosts, the registries of its images, and the people who may change it. How the
file is written (comments, order of keys, anchors, a default that is written out) does not count,
and neither does anything that the environment does not refer to. Secrets count by name.

Two versions of Quaymaster that run side by side agree on it: a field counts only if it is not at
its default, so a new field with a default changes no revision. If you change the meaning of a field
or its default, increase ``_VERSION``.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import timedelta
from functools import singledispatch
from typing import Any

from quaymaster.configuration.joined_settings import ApprovalPolicy, approval_of, gate_of
from quaymaster.configuration.schema import Declaration, Part, ServiceEntry
from quaymaster.configuration.secret_references import SecretReference, Template
from quaymaster.image_ref import Repository
from quaymaster.rights import SCOPED, Permission
from quaymaster.target import ServiceRef
from quaymaster.windows import Freeze, Window

_VERSION = "1"
_JOINED = frozenset({"gate", "approval"})


def revisions_of(file: Declaration) -> Mapping[str, str]:
    """The revision of each environment of a valid file: sixteen characters."""
    return {name: _digest(_basis(file, name)) for name in file.environments}


def _digest(basis: Mapping[str, Any]) -> str:
    text = json.dumps(basis, sort_keys=True, separators=(",", ":"))
    return f"{_VERSION}-{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()[:14]}"


def _basis(file: Declaration, name: str) -> Mapping[str, Any]:
    """Everything that the revision of an environment covers, ready for JSON."""
    entry = file.environments[name]
    approvals = {one: approval_of(file, ServiceRef(name, one)) for one in entry.services}
    may_change = _permissions(file, name)
    registries = {service.image.registry for service in entry.services.values()}
    return {
        "name": name,
        "environment": _plain_part(entry, leaving_out=_JOINED | {"services"}),
        "services": {
            service: _service(file, ServiceRef(name, service), one, approvals[service])
            for service, one in entry.services.items()
        },
        "hosts": {host: _plain(file.hosts[host]) for host in entry.target.docker},
        "registries": {
            host: _plain(file.registries[host]) for host in registries if host in file.registries
        },
        "roles": {role: _plain(file.roles[role]) for role in _roles(approvals, may_change)},
        "permissions": may_change,
        "defaults": _plain_part(file.defaults, leaving_out=_JOINED),
    }


def _service(
    file: Declaration, service: ServiceRef, entry: ServiceEntry, approval: ApprovalPolicy
) -> Mapping[str, Any]:
    joined = {"gate": _plain(gate_of(file, service)), "approval": _plain(approval)}
    return {**_plain_part(entry, leaving_out=_JOINED), **joined}


def _permissions(file: Declaration, environment: str) -> dict[str, list[Any]]:
    """By role, the permissions to change the environment or one of its services."""
    found = {
        role: sorted(
            {_written(one) for one in permissions if _is_about(one, environment)},
        )
        for role, permissions in file.permissions.items()
    }
    return {role: permissions for role, permissions in found.items() if permissions}


def _is_about(permission: Permission, environment: str) -> bool:
    changes_one = permission.right == "*" or permission.right in SCOPED
    return changes_one and permission.environment in (None, environment)


def _written(permission: Permission) -> str:
    places = (permission.environment, permission.service)
    return ":".join((permission.right, *(place for place in places if place is not None)))


def _roles(
    approvals: Mapping[str, ApprovalPolicy], permissions: Mapping[str, object]
) -> Iterable[str]:
    voting = (role for approval in approvals.values() for role in approval.from_roles)
    return sorted({*voting, *permissions})


def _plain_part(part: Part, leaving_out: Iterable[str] = ()) -> dict[str, Any]:
    """The fields that are not at their defaults."""
    return {
        name: _plain(value)
        for name, described in type(part).model_fields.items()
        if name not in leaving_out
        and (value := getattr(part, name)) != described.get_default(call_default_factory=True)
    }


def _plain_dataclass(value: Any) -> dict[str, Any]:
    """The fields that are not at their defaults."""
    return {
        one.name: _plain(own)
        for one in fields(value)
        if (own := getattr(value, one.name)) != _default_of(one)
    }


def _default_of(field: Field[Any]) -> object:
    """The default of a field; MISSING, which equals no value, if it has none."""
    return field.default if field.default_factory is MISSING else field.default_factory()


@singledispatch
def _plain(value: object) -> Any:
    """The value, ready for JSON. The types that have such a form are below; others are errors."""
    if is_dataclass(value):
        return _plain_dataclass(value)
    raise TypeError(f"{type(value).__name__} has no plain form")


@_plain.register
def _(value: Part) -> Any:
    return _plain_part(value)


@_plain.register
def _(value: Template) -> Any:
    return value.text


@_plain.register
def _(value: SecretReference | Repository) -> Any:
    return str(value)


@_plain.register
def _(value: Window) -> Any:
    return [sorted(value.days), value.start.isoformat(), value.end.isoformat(), str(value.zone)]


@_plain.register
def _(value: Freeze) -> Any:
    return [value.first.isoformat(), value.last.isoformat(), str(value.zone)]


@_plain.register
def _(value: timedelta) -> Any:
    return value.total_seconds()


@_plain.register
def _(value: str | int | float | None) -> Any:
    return value


@_plain.register(Mapping)
def _(value: Mapping[str, object]) -> Any:
    return {key: _plain(one) for key, one in value.items()}


@_plain.register(frozenset)
def _(value: frozenset[str]) -> Any:
    return sorted(value)


@_plain.register(tuple)
def _(value: tuple[object, ...]) -> Any:
    return [_plain(one) for one in value]
