"""The rules between fields of ``quaymaster.yml`` that no field can check alone."""

from collections import Counter
from collections.abc import Iterator

from quaymaster.configuration.schema import (
    ApprovalSettings,
    Declaration,
    EnvironmentEntry,
    HealthEntry,
    HostEntry,
    ServiceEntry,
)
from quaymaster.configuration.schema_values import is_engine_path, is_inside
from quaymaster.configuration.yaml_source import Complaint, Path
from quaymaster.services import PublishedPort, Volume
from quaymaster.spelling import did_you_mean, listed


def broken_rules(file: Declaration) -> tuple[Complaint, ...]:
    """Everything that is wrong between the fields of a file whose fields are right."""
    return (
        *_registries(file),
        *_environments(file),
        *_orders(file),
        *_ports(file),
        *_approval(file, ("defaults", "approval"), (file.defaults.approval,)),
        *_permissions(file),
    )


def _registries(file: Declaration) -> Iterator[Complaint]:
    for host, entry in file.registries.items():
        if (entry.username is None) != (entry.password is None):
            yield Complaint(
                ("registries", host),
                "A username and a password belong together.",
                '{username: ci, password: "${REGISTRY_PASSWORD}"}',
            )


def _environments(file: Declaration) -> Iterator[Complaint]:
    for name, environment in file.environments.items():
        path: Path = ("environments", name)
        yield from _target(file, path, environment)
        layers = (environment.approval, file.defaults.approval)
        yield from _approval(file, (*path, "approval"), layers)
        for service_name, service in environment.services.items():
            service_path: Path = (*path, "services", service_name)
            yield from _image(file, service_path, service)
            yield from _health(service_path, service.health)
            yield from _volumes(file, service_path, environment, service)
            if service.approval != ApprovalSettings():
                approval_path = (*service_path, "approval")
                yield from _approval(file, approval_path, (service.approval, *layers))


def _target(file: Declaration, path: Path, environment: EnvironmentEntry) -> Iterator[Complaint]:
    hosts = environment.target.docker
    if len(hosts) != 1:
        yield Complaint(
            (*path, "target", "docker"),
            "An environment runs on exactly one host; more are not supported yet.",
            f"[{next(iter(file.hosts))}]",
        )
    for position, host in enumerate(hosts):
        if host not in file.hosts:
            yield Complaint(
                (*path, "target", "docker", position),
                f"There is no host {host}. {did_you_mean(host, file.hosts)}".strip(),
                next(iter(file.hosts)),
            )


def _image(file: Declaration, path: Path, service: ServiceEntry) -> Iterator[Complaint]:
    registry = service.image.registry
    registries = {file.default_registry, *file.registries}
    if registry not in registries:
        yield Complaint(
            (*path, "image"),
            f"Its registry {registry} is not listed under registries. "
            f"{did_you_mean(registry, registries)}".strip(),
            f"registries: {{{registry}: {{}}}}",
        )


def _health(path: Path, health: HealthEntry) -> Iterator[Complaint]:
    if (health.http is None) != (health.port is None):
        yield Complaint(
            (*path, "health"), "A path and a port belong together.", "{http: /healthz, port: 8000}"
        )


def _volumes(
    file: Declaration, path: Path, environment: EnvironmentEntry, service: ServiceEntry
) -> Iterator[Complaint]:
    hosts = [file.hosts[name] for name in environment.target.docker if name in file.hosts]
    for position, volume in enumerate(service.volumes):
        if volume.source.startswith("/") and (why := _why_not_mounted(volume, hosts)):
            yield Complaint((*path, "volumes", position), why, "uploads:/srv/uploads")


def _why_not_mounted(volume: Volume, hosts: list[HostEntry]) -> str:
    if is_engine_path(volume.source):
        return f"{volume.source} is never mounted: through it a container could control the host."
    for host in hosts:
        if not any(is_inside(volume.source, allowed) for allowed in host.allow_paths):
            return (
                f"{volume.source} is not within the allow_paths of its host "
                f"({listed(host.allow_paths)}). Use a named volume, or allow the path there."
            )
    return ""


def _orders(file: Declaration) -> Iterator[Complaint]:
    for name, environment in file.environments.items():
        if environment.after is None:
            continue
        path: Path = ("environments", name, "after")
        others = [other for other in file.environments if other != name]
        if environment.after not in file.environments:
            hint = did_you_mean(environment.after, others)
            yield Complaint(path, f"There is no environment {environment.after}. {hint}".strip())
        elif _comes_after_itself(file, name):
            yield Complaint(path, "The environments wait for each other in a circle.")


def _comes_after_itself(file: Declaration, name: str) -> bool:
    visited = {name}
    step = file.environments[name].after
    while step is not None and step in file.environments and step not in visited:
        visited.add(step)
        step = file.environments[step].after
    return step == name


def _ports(file: Declaration) -> Iterator[Complaint]:
    taken: list[tuple[str, PublishedPort, str]] = []
    for name, environment in file.environments.items():
        for service_name, service in environment.services.items():
            for position, port in enumerate(service.ports):
                for host in environment.target.docker:
                    other = next((o for h, p, o in taken if h == host and _clash(p, port)), None)
                    if other:
                        yield Complaint(
                            ("environments", name, "services", service_name, "ports", position),
                            f"Port {port.host_port} of {host} already belongs to {other}.",
                        )
                    taken.append((host, port, f"{name}/{service_name}"))


def _clash(one: PublishedPort, other: PublishedPort) -> bool:
    same = (one.host_port, one.protocol) == (other.host_port, other.protocol)
    everywhere = {"", "0.0.0.0", "::"} & {one.address, other.address}  # noqa: S104
    return same and (one.address == other.address or bool(everywhere))


def _approval(
    file: Declaration, path: Path, layers: tuple[ApprovalSettings, ...]
) -> Iterator[Complaint]:
    """``layers``: the settings at this place and those around it, the nearest first."""
    here = layers[0]
    roles = next((layer.from_roles for layer in layers if layer.from_roles is not None), ())
    needed = next((layer.needed for layer in layers if layer.needed is not None), 0)
    example = f"{{needed: {needed or 1}, from: [release-managers]}}"
    for position, role in enumerate(here.from_roles or ()):
        if role not in file.roles:
            hint = did_you_mean(role, file.roles)
            yield Complaint((*path, "from", position), f"There is no role {role}. {hint}".strip())
    valid_for = file.defaults.requests_valid_for
    if here.expires is not None and here.expires > valid_for:
        yield Complaint(
            (*path, "expires"),
            "An approval may not take longer than a request is valid "
            "(defaults.requests_valid_for).",
        )
    if here.needed is None and here.from_roles is None:
        return
    if needed and not roles:
        yield Complaint(path, "Approvals are needed, but nobody may give them.", example)
    elif needed > (possible := _most_votes(file, roles)):
        people = "1 person" if possible == 1 else f"{possible} people"
        yield Complaint(path, f"{needed} approvals are needed, but {people} may vote.", example)


def _most_votes(file: Declaration, roles: tuple[str, ...]) -> float:
    roles_known = [file.roles[role] for role in roles if role in file.roles]
    if len(roles_known) < len(roles) or any(role.everyone or role.groups for role in roles_known):
        return float("inf")
    return len(Counter(person for role in roles_known for person in role.people))


def _permissions(file: Declaration) -> Iterator[Complaint]:
    for role, permissions in file.permissions.items():
        if role not in file.roles:
            yield Complaint(
                ("permissions", role),
                f"There is no role {role}. {did_you_mean(role, file.roles)}".strip(),
                f"roles: {{{role}: [U024BE7LH]}}",
            )
        for position, permission in enumerate(permissions):
            place, service = permission.environment, permission.service
            path: Path = ("permissions", role, position)
            if place is None:
                continue
            if place not in file.environments:
                hint = did_you_mean(place, file.environments)
                yield Complaint(path, f"There is no environment {place}. {hint}".strip())
            elif service is not None and service not in file.environments[place].services:
                hint = did_you_mean(service, file.environments[place].services)
                yield Complaint(path, f"There is no service {service} in {place}. {hint}".strip())
