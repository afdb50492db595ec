"""The words of a command, by the name of the argument that each one fills, and what they mean."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import UsageError
from quaymaster.image_ref import ImageRef, Repository, shown
from quaymaster.spelling import listed
from quaymaster.target import ServiceRef

_OPERATION = re.compile(r"#?(0*[1-9][0-9]{0,11})")
_MENTIONS = {"<@": "A person", "<#": "A channel", "<!": "A group"}


@dataclass(frozen=True, slots=True)
class Arguments:
    """What was typed after a verb. Every method raises UsageError for words that mean nothing."""

    words: Mapping[str, str]
    configuration: Configuration

    def optional(self, name: str) -> str | None:
        """The word, if there is one."""
        word = self.words.get(name)
        if word is not None and (mentioned := _MENTIONS.get(word[:2])):
            raise UsageError(f"{mentioned} is mentioned where {name} is expected.")
        return word

    def word(self, name: str) -> str:
        """A word that the grammar has made sure of."""
        word = self.optional(name)
        if word is None:
            raise ValueError(f"the grammar lets {name} be left out")
        return word

    def any_image(self, name: str) -> ImageRef:
        """A reference with a tag or a digest, in whatever registry."""
        image = self._image(name)
        if image.tag is None and image.digest is None:
            raise UsageError(
                f"{image} has no tag.",
                why="Without a tag or digest it could mean any image of that repository.",
                next_step=f"Write {image}:TAG; `tags {image.repository}` lists the tags.",
            )
        return image

    def image(self, name: str) -> ImageRef:
        """A reference with a tag or a digest, in a configured registry."""
        image = self.any_image(name)
        self.configuration.registry(image.repository.registry)
        return image

    def image_at(self, name: str, host: str | None) -> ImageRef:
        """A reference on a named host, where the registry plays no part, or else in a registry."""
        return self.image(name) if host is None else self.any_image(name)

    def tagged(self, image: ImageRef) -> ImageRef:
        """The reference, if it has a tag and no digest: what can be written to."""
        if image.tag is None or image.digest is not None:
            raise UsageError(
                f"{image} cannot be written to.",
                why="A digest follows from the content; only a tag can be chosen.",
                next_step=f"Write it with a tag alone, like {image.repository}:1.4.",
            )
        return image

    def repository(self, name: str) -> Repository:
        """A repository, without tag or digest, in a configured registry."""
        image = self._image(name)
        if image.tag is not None or image.digest is not None:
            raise UsageError(
                f"{image} is one image, but a repository is expected.",
                next_step=f"Write {image.repository}.",
            )
        self.configuration.registry(image.repository.registry)
        return image.repository

    def named_host(self) -> str | None:
        """The host that was named, if one was."""
        name = self.optional("HOST")
        if name is not None:
            self.configuration.host(name)
        return name

    def host(self) -> str:
        """The host that was named, or the only one."""
        return self.named_host() or self.configuration.only_host()

    def operation(self) -> int:
        """The number of an operation, with or without #."""
        word = self.word("ID")
        match = _OPERATION.fullmatch(word)
        if not match:
            raise UsageError(
                f"{shown(word)} is not the number of an operation.",
                next_step="The number is on the card, like #1042; `jobs` lists recent operations.",
            )
        return int(match[1])

    def service(self) -> ServiceRef:
        """``ENVIRONMENT/SERVICE``, both of which exist."""
        environment, slash, name = self.word("ENVIRONMENT/SERVICE").partition("/")
        services = self.configuration.environment(environment).services
        if not slash:
            raise UsageError(
                f"{environment} is an environment, but a service is expected.",
                next_step=f"Write {listed((f'{environment}/{one}' for one in services), 'or')}.",
            )
        service = ServiceRef(environment, name)
        self.configuration.service(service)  # raises UsageError
        return service

    def _image(self, name: str) -> ImageRef:
        word = self.word(name)
        for scheme in ("https://", "http://"):
            word = word.removeprefix(scheme)
        return ImageRef.parse(word, self.configuration.default_registry)
