"""The configuration of a service, rendered: what a plan shows, and what a container gets.

A plan and a release hold references and keyed fingerprints. Values are looked up when a container
is created, in the environment and the files of the host's worker.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter

from quaymaster import logs
from quaymaster.capabilities import capabilities
from quaymaster.configuration.configuration import Configuration
from quaymaster.configuration.secret_references import Template, resolve
from quaymaster.errors import ConfigurationError
from quaymaster.fingerprints import Comparison, FingerprintKey, fingerprint
from quaymaster.services import ServiceConfiguration, Variable
from quaymaster.target import ServiceRef
from workers.targets.env_file import read_env_file

_FILE_REFERENCE = "env_file:"
_WORKLOAD: TypeAdapter[ServiceConfiguration] = TypeAdapter(ServiceConfiguration)


@dataclass(frozen=True, slots=True)
class Values:
    """What the variables of a service mean now."""

    environment: tuple[tuple[str, str], ...]
    secrets: tuple[str, ...]
    """Every secret value among them and every secret in them, to be removed from what is shown."""
    changed: tuple[str, ...]
    """The names of secrets whose value is another than when the plan or release was made."""
    incomparable: tuple[str, ...] = ()
    """The names of secrets of which nobody can tell that: the key of fingerprints is another."""


def workload_fingerprint(workload: ServiceConfiguration) -> str:
    """Equal for two workloads that run alike, secrets included (by their fingerprints).

    What is as it always was is left out, so a setting that is new changes no fingerprint of before.
    """
    return fingerprint(_WORKLOAD.dump_json(workload, exclude_defaults=True).decode())[:32]


class Renderer:
    """Renders services with this worker's configuration, environment and key of fingerprints."""

    def __init__(
        self, configuration: Configuration, environ: Mapping[str, str], key: FingerprintKey
    ) -> None:
        self._configuration = configuration
        self._environ = environ
        self._key = key

    def render(self, service: ServiceRef) -> ServiceConfiguration:
        """What would run now. Raises ConfigurationError naming what is missing."""
        entry = self._configuration.service(service)
        variables = (
            {
                name: self._from_file(name, value, entry.env_file)
                for name, value in self._file(entry.env_file).items()
            }
            if entry.env_file
            else {}
        )
        for name, template in entry.environment.items():
            variables[name] = self._from_template(name, template)
        return ServiceConfiguration(
            environment=tuple(variables[name] for name in sorted(variables)),
            ports=entry.ports,
            volumes=entry.volumes,
            command=entry.command,
            limits=entry.limits.as_limits(),
            health=entry.health.as_check(),
            drain=entry.drain.total_seconds(),
            bake=entry.bake.total_seconds(),
            capabilities=capabilities(entry.cap_add, entry.cap_drop),
            no_new_privileges=entry.no_new_privileges,
            init=entry.init,
        )

    def values(self, configuration: ServiceConfiguration) -> Values:
        """The values of a rendered configuration, as they are today."""
        pairs = []
        secrets: list[str] = []
        differing: dict[Comparison, list[str]] = {one: [] for one in Comparison}
        for variable in configuration.environment:
            value = self._value(variable)
            pairs.append((variable.name, value))
            if variable.is_secret:
                secrets += (value, *self._inside(variable))
                comparison = self._key.compare(variable.fingerprint, variable.name, value)
                differing[comparison].append(variable.name)
        logs.learn(secrets)
        return Values(
            tuple(pairs),
            tuple(dict.fromkeys(secrets)),
            tuple(differing[Comparison.CHANGED]),
            tuple(differing[Comparison.CANNOT_TELL]),
        )

    def _inside(self, variable: Variable) -> tuple[str, ...]:
        """What the references of its value mean, each by itself: the password of an address."""
        reference = variable.reference
        if reference is None or reference.startswith(_FILE_REFERENCE):
            return ()
        inside = Template.parse(reference).references
        return tuple(resolve(one, self._environ).get_secret_value() for one in inside)

    def _value(self, variable: Variable) -> str:
        reference = variable.reference
        if reference is None:
            return variable.value or ""
        if reference.startswith(_FILE_REFERENCE):
            file = reference.removeprefix(_FILE_REFERENCE)
            values = self._file(file)
            if variable.name not in values:
                raise ConfigurationError(
                    f"{variable.name} is no longer in {file}.",
                    next_step="Put it back there, or deploy the service again without it.",
                )
            return values[variable.name]
        return resolve(Template.parse(reference), self._environ).get_secret_value()

    def _from_template(self, name: str, template: Template) -> Variable:
        if not template.is_secret:
            return Variable(name, value=template.plain)
        value = resolve(template, self._environ).get_secret_value()
        return Variable(name, reference=template.text, fingerprint=self._key.of(name, value))

    def _from_file(self, name: str, value: str, file: str) -> Variable:
        return Variable(
            name, reference=_FILE_REFERENCE + file, fingerprint=self._key.of(name, value)
        )

    def _file(self, name: str) -> Mapping[str, str]:
        return read_env_file(self._configuration.folder / name, self._environ).values
