"""``quaymaster.yml``, read once, checked as a whole, and asked with errors that help.

Secrets stay references here; ``secret_references.resolve`` looks one up when it is used.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import zip_longest
from pathlib import Path
from typing import Self, TypeVar

from pydantic import ValidationError

from quaymaster.configuration.joined_settings import (
    ApprovalPolicy,
    approval_of,
    gate_of,
    general_gate_of,
)
from quaymaster.configuration.registries import RegistryAccess
from quaymaster.configuration.revisions import revisions_of
from quaymaster.configuration.schema import (
    AlertSettings,
    Declaration,
    EnvironmentEntry,
    HostEntry,
    ServiceEntry,
)
from quaymaster.configuration.schema_errors import complaints_of
from quaymaster.configuration.schema_rules import broken_rules
from quaymaster.configuration.yaml_source import YamlSource
from quaymaster.errors import ConfigurationError, UsageError
from quaymaster.gate import GateRule
from quaymaster.given_files import way_out
from quaymaster.image_ref import Repository, canonical_registry, shown
from quaymaster.retention import Retention
from quaymaster.rights import Permission, Role
from quaymaster.spelling import did_you_mean, listed, nearest
from quaymaster.target import DockerHost, ServiceRef, TargetRef

Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class Configuration:
    """A configuration that is right in itself. Paths in it are relative to ``folder``."""

    declaration: Declaration
    revisions: Mapping[str, str]
    """By environment (see ``revisions``)."""
    path: Path
    text: str = field(repr=False, compare=False)
    """The text of the file."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file. Raises ConfigurationError with every mistake that was found."""
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise ConfigurationError(f"{path} is not text in UTF-8.") from error
        except OSError as error:
            raise ConfigurationError(
                f"{path} cannot be read: {error.strerror or error}.",
                next_step=way_out(
                    error, path, "Copy quaymaster.example.yml there, or set QUAYMASTER_CONFIG."
                ),
            ) from error
        return cls.parse(text, path)

    @classmethod
    def parse(cls, text: str, path: Path = Path("quaymaster.yml")) -> Self:
        """Read the text of a file. Raises ConfigurationError with every mistake found."""
        source = YamlSource.parse(text, path.name)
        if not isinstance(source.data, dict):
            raise ConfigurationError(
                f"{path.name} holds no fields.",
                next_step="Start from quaymaster.example.yml.",
            )
        context = {"default_registry": str(source.data.get("default_registry", "localhost"))}
        try:
            declaration = Declaration.model_validate(source.data, context=context)
        except ValidationError as error:
            raise source.error(complaints_of(error)) from None
        complaints = broken_rules(declaration)
        if complaints or source.doubtful:
            raise source.error(complaints)
        return cls(declaration, revisions_of(declaration), path, text)

    @property
    def folder(self) -> Path:
        """Where relative paths in the file start."""
        return self.path.parent

    @property
    def default_registry(self) -> str:
        """The registry of a name without one."""
        return self.declaration.default_registry

    @property
    def registries(self) -> tuple[str, ...]:
        """Every registry that may be spoken to, as ``host[:port]``."""
        return tuple(dict.fromkeys((self.default_registry, *self.declaration.registries)))

    @property
    def hosts(self) -> Mapping[str, HostEntry]:
        """Docker engines by name."""
        return self.declaration.hosts

    @property
    def environments(self) -> Mapping[str, EnvironmentEntry]:
        """Environments by name, in the order of the file."""
        return self.declaration.environments

    @property
    def roles(self) -> Mapping[str, Role]:
        """Roles by name."""
        return self.declaration.roles

    @property
    def permissions(self) -> Mapping[str, tuple[Permission, ...]]:
        """What each role may do."""
        return self.declaration.permissions

    @property
    def alerts(self) -> AlertSettings:
        """Where new findings are reported."""
        return self.declaration.alerts

    @property
    def requests_valid_for(self) -> timedelta:
        """How long after a request its work may start."""
        return self.declaration.defaults.requests_valid_for

    @property
    def keep_releases(self) -> int:
        """How many earlier releases of a service can be restored."""
        return self.declaration.defaults.keep_releases

    @property
    def retention(self) -> Retention:
        """How long ended operations are kept."""
        keep = self.declaration.keep
        return Retention(keep.operations, keep.reports, keep.listings)

    def environment(self, name: str) -> EnvironmentEntry:
        """An environment by name. Raises UsageError naming those that exist."""
        return _named(self.environments, name, "environment", "environments")

    def revision_of(self, environment: str) -> str:
        """The revision of an environment. Raises UsageError naming those that exist."""
        return _named(self.revisions, environment, "environment", "environments")

    @property
    def services(self) -> tuple[ServiceRef, ...]:
        """Every service, in the order of the file."""
        return tuple(
            ServiceRef(environment, name)
            for environment, entry in self.environments.items()
            for name in entry.services
        )

    def service(self, service: ServiceRef) -> ServiceEntry:
        """The entry of a service. Raises UsageError naming those that exist."""
        place, services = service.environment, self.environment(service.environment).services
        return _named(services, service.service, f"service in {place}", f"services in {place}")

    def host(self, name: str) -> HostEntry:
        """A host by name. Raises UsageError naming those that exist."""
        return _named(self.hosts, name, "host", "hosts")

    def only_host(self) -> str:
        """The name of the host that needs no naming. Raises UsageError where there are several."""
        if len(self.hosts) > 1:
            raise UsageError(
                "It is not clear which host is meant.",
                why=f"There are {listed(self.hosts)}.",
                next_step=f"Name one, for example with on {next(iter(self.hosts))}.",
            )
        return next(iter(self.hosts))

    def target_of(self, environment: str) -> TargetRef:
        """Where an environment's services run. Raises UsageError naming those that exist."""
        return DockerHost(self.environment(environment).target.docker[0])

    def service_for(
        self, environment: str, repository: Repository, service: str | None = None
    ) -> str:
        """The name of the service that a deploy of this repository is about.

        Raises UsageError where no service may run it, where the named one may not, and where
        several could be meant.
        """
        if service is not None:
            image = self.service(ServiceRef(environment, service)).image
            if image != repository:
                raise _foreign(
                    f"{service} of {environment} may not run {repository}.",
                    repository,
                    environment,
                    {service: image},
                )
            return service
        services = self.environment(environment).services
        candidates = [name for name, entry in services.items() if entry.image == repository]
        if not candidates:
            images = {name: entry.image for name, entry in services.items()}
            raise _foreign(
                f"No service of {environment} may run {repository}.",
                repository,
                environment,
                images,
            )
        if len(candidates) > 1:
            raise UsageError(
                f"Several services of {environment} run {repository}: {listed(candidates)}.",
                next_step=f"Add --service and one of them, for example --service {candidates[0]}.",
            )
        return candidates[0]

    def services_running(self, repository: Repository) -> tuple[ServiceRef, ...]:
        """Every service that may run this repository."""
        return tuple(
            service for service in self.services if self.service(service).image == repository
        )

    def gate_for(self, service: ServiceRef) -> GateRule:
        """The gate of a service: its own settings, then the environment's, then the defaults."""
        self.service(service)  # raises UsageError
        return gate_of(self.declaration, service)

    def general_gate(self) -> GateRule:
        """The gate of an image that no service runs."""
        return general_gate_of(self.declaration)

    def approval_for(self, service: ServiceRef) -> ApprovalPolicy:
        """The approvals of a service, joined as the gate is."""
        self.service(service)  # raises UsageError
        return approval_of(self.declaration, service)

    def registry(self, host: str) -> RegistryAccess:
        """How to speak to a registry. Raises UsageError for one that is not configured."""
        host = canonical_registry(host)
        if host not in self.registries:
            raise UsageError(
                f"{shown(host)} is not one of the configured registries.",
                why=f"Quaymaster connects to {listed(self.registries)}.",
                next_step=did_you_mean(host, self.registries)
                or "Your Quaymaster administrator can add it under registries in "
                f"{self.path.name}.",
            )
        entry = self.declaration.registries.get(host)
        if entry is None:
            return RegistryAccess(host)
        ca_file = self.folder / entry.ca_file if entry.ca_file is not None else None
        return RegistryAccess(host, entry.username, entry.password, ca_file, entry.redirects_to)


def _named(entries: Mapping[str, Entry], name: str, one: str, several: str) -> Entry:
    entry = entries.get(name)
    if entry is None:
        raise UsageError(
            f"There is no {one} called {shown(name)}.",
            why=f"The {several} are: {listed(entries)}.",
            next_step=did_you_mean(name, entries),
        )
    return entry


def _foreign(
    what: str, repository: Repository, environment: str, images: Mapping[str, Repository]
) -> UsageError:
    """With the rules, and the repository that was probably meant."""
    rules = [f"{name} runs {image}" for name, image in images.items()]
    meant = _probably_meant(repository, tuple(images.values()))
    return UsageError(
        what,
        why=f"In {environment}, {listed(rules)}.",
        next_step=f"Did you mean {meant}?" if meant else "",
    )


def _probably_meant(wrong: Repository, known: Sequence[Repository]) -> Repository | None:
    """One of the same path elsewhere, else one with a mistake in one part of its name.

    Part by part: what two names have in common besides (a registry, a folder) makes them look
    alike however different they are.
    """
    for one in known:
        if one.path == wrong.path:
            return one
    for one in known:
        pairs = list(zip_longest(wrong.path.split("/"), one.path.split("/"), fillvalue=""))
        different = [pair for pair in pairs if pair[0] != pair[1]]
        if one.registry == wrong.registry and len(different) == 1:
            word, right = different[0]
            if nearest(word, [right] if right else []) is not None:
                return one
    return None
