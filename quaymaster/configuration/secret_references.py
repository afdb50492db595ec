"""Secrets by reference: ``${NAME}`` in the configuration, a value only at the time of use."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from quaymaster.errors import ConfigurationError, UsageError

_TOKEN = re.compile(r"\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|(\$\{)")


@dataclass(frozen=True, slots=True)
class SecretReference:
    """The name of an environment variable of the program that uses the secret."""

    name: str

    def __str__(self) -> str:
        return f"${{{self.name}}}"


@dataclass(frozen=True, slots=True)
class Template:
    """Text with references in it, such as ``postgres://web:${PW}@db``; ``$$`` means ``$``."""

    text: str
    """As configured: fit to be shown when ``is_secret``, because then it names secrets only."""
    parts: tuple[str | SecretReference, ...]

    @classmethod
    def parse(cls, text: str) -> "Template":
        """Read the references. Raises UsageError for a ``${`` that is none."""
        parts: list[str | SecretReference] = []
        position = 0
        for token in _TOKEN.finditer(text):
            if token[2]:
                raise UsageError(
                    "It has a ${ that no variable's name and } follow.",
                    next_step="Write a reference like ${DATABASE_URL}, and a plain ${ as $${.",
                )
            parts.append(text[position : token.start()])
            parts.append(SecretReference(token[1]) if token[1] else "$")
            position = token.end()
        parts.append(text[position:])
        return cls(text, tuple(part for part in parts if part != ""))

    @property
    def references(self) -> tuple[SecretReference, ...]:
        """The references in it, in order."""
        return tuple(part for part in self.parts if isinstance(part, SecretReference))

    @property
    def is_secret(self) -> bool:
        """Whether the value has to be looked up and must not be shown."""
        return bool(self.references)

    @property
    def plain(self) -> str:
        """The value of a template without references. Raises ValueError for a secret."""
        if self.is_secret:
            raise ValueError("a secret has no plain value")
        return "".join(str(part) for part in self.parts)


def resolve(reference: SecretReference | Template, environ: Mapping[str, str]) -> SecretStr:
    """What a reference means now, in this program's environment.

    Raises ConfigurationError naming the variable that is not set.
    """
    match reference:
        case SecretReference():
            return SecretStr(_looked_up(reference, environ))
        case Template():
            return SecretStr(
                "".join(
                    _looked_up(part, environ) if isinstance(part, SecretReference) else part
                    for part in reference.parts
                )
            )


def _looked_up(reference: SecretReference, environ: Mapping[str, str]) -> str:
    value = environ.get(reference.name)
    if not value:
        raise ConfigurationError(
            f"The environment variable {reference.name} is not set.",
            why="The configuration refers to it.",
            next_step=f"Start this program with {reference.name}=… in its environment.",
        )
    return value
