"""The configuration that a program works with at the moment."""

from quaymaster.configuration.configuration import Configuration


class ConfigurationInUse:
    """It is replaced as a whole: a reader gets all of the old one or all of the new one."""

    def __init__(self, configuration: Configuration) -> None:
        self.now = configuration


class Configured:
    """A part of the program that reads the configuration in use each time it needs it."""

    def __init__(self, in_use: ConfigurationInUse) -> None:
        self._in_use = in_use

    @property
    def _configuration(self) -> Configuration:
        return self._in_use.now
