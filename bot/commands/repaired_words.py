"""Corrections of each word of a command, by the name of the argument that it fills."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.commands.grammar import VERBS
from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import UsageError
from quaymaster.image_ref import ImageRef, Repository
from quaymaster.spelling import nearest

_NUMBER = re.compile(r"#?0*([1-9][0-9]{0,11})")


@dataclass(frozen=True, slots=True)
class Spelling:
    """The words of one command. A word that is right stays; one that nothing comes near, too."""

    configuration: Configuration
    verb: str
    given: Mapping[str, str]

    def all(self) -> dict[str, str]:
        """Each word as the person probably meant it."""
        return {name: self._meant(name, word) for name, word in self.given.items()}

    def _meant(self, name: str, word: str) -> str:
        match name:
            case "ENVIRONMENT":
                return self._environment(word)
            case "ENVIRONMENT/SERVICE":
                return self._service(word)
            case "HOST":
                return _known(word, self.configuration.hosts)
            case "ID":
                number = _NUMBER.match(word)
                return number[1] if number and not word[number.end() :].strip(".:,") else word
            case "COMMAND":
                return _known(word, VERBS)
            case "REF" | "SOURCE" | "NEW":
                return self._image(word)
            case "REPOSITORY":
                return self._repository(word)
            case "--service":
                return self._service(f"{self.given['ENVIRONMENT']}/{word}").rpartition("/")[2]
            case _:
                return word

    def _environment(self, word: str) -> str:
        """Of ``status`` the environment of a service; a deploy may name the service as well."""
        if "/" not in word:
            return _known(word, self.configuration.environments)
        nearest_service = self._service(word)
        environment, _, service = nearest_service.partition("/")
        if self.verb != "status" or not self._has(environment, service):
            return nearest_service
        return environment

    def _service(self, word: str) -> str:
        """``ENVIRONMENT/SERVICE``, also the other way round, and where there is only one."""
        environments = self.configuration.environments
        one, _, other = re.sub(r"[:@]", "/", word).partition("/")
        if nearest(one, environments) is None and nearest(other, environments) is not None:
            one, other = other, one
        environment = _known(one, environments)
        if environment not in environments:
            return word
        services = environments[environment].services
        service = next(iter(services)) if not other and len(services) == 1 else other
        is_of_another = any(self._has(name, service) for name in environments)
        return f"{environment}/{service if is_of_another else _known(service, services)}"

    def _has(self, environment: str, service: str) -> bool:
        entry = self.configuration.environments.get(environment)
        return entry is not None and service in entry.services

    def _image(self, word: str) -> str:
        name, at, digest = word.partition("@")
        if at and not digest.startswith("sha256:"):
            name, at, digest = f"{name}:{digest}", "", ""
        path, colon, tag = name.rpartition(":")
        if not colon or "/" in tag:
            path, colon, tag = name, "", ""
        return f"{self._repository(path, takes_tag=True)}{colon}{tag}{at}{digest}"

    def _repository(self, word: str, *, takes_tag: bool = False) -> str:
        """A correctly written, configured one stays, unless a deploy needs another."""
        for scheme in ("https://", "http://"):
            word = word.removeprefix(scheme)
        for name in (word, word.lower()):
            try:
                image = ImageRef.parse(name, self.configuration.default_registry)
                self.configuration.registry(image.repository.registry)
            except UsageError:
                continue
            if self.verb == "deploy":
                repository = self._of_the_environment(image.repository)
                if repository is None or _is_elsewhere(repository, name, image.repository.registry):
                    return name
                return self._familiar(repository)
            return name if takes_tag else self._familiar(image.repository)
        return _known(word.lower(), map(self._familiar, self._repositories()))

    def _of_the_environment(self, repository: Repository) -> Repository | None:
        """The repository of a service there: this one, the one of this path, name or service, or
        the nearest, unless it is another environment's.
        """
        place = self._environment(self.given["ENVIRONMENT"]).partition("/")[0]
        if place not in self.configuration.environments:
            return None
        services = self.configuration.environment(place).services
        images = {service.image for service in services.values()}
        for alike in (
            {repository} & images,
            {image for image in images if image.path == repository.path},
            {image for image in images if image.path.rpartition("/")[2] == repository.path},
            {service.image for name, service in services.items() if name == repository.path},
        ):
            if len(alike) == 1:
                return next(iter(alike))
        if any(repository.path == other.path for other in self._repositories()):
            return None
        by_name = {self._familiar(image): image for image in images}
        best = nearest(self._familiar(repository), by_name)
        return by_name[best] if best else None

    def _repositories(self) -> Iterable[Repository]:
        for environment in self.configuration.environments.values():
            yield from (service.image for service in environment.services.values())

    def _familiar(self, repository: Repository) -> str:
        return repository.familiar(self.configuration.default_registry)


def _is_elsewhere(repository: Repository, name: str, registry: str) -> bool:
    """Whether a registry was written out, and this is in another one."""
    return name.startswith(f"{registry}/") and repository.registry != registry


def _known(word: str, names: Iterable[str]) -> str:
    return nearest(word, names) or word
