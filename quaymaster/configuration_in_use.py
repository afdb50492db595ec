"""The configuration that a program works with at the moment."""

from quaymaster.configuration import Configuration


class ConfigurationInUse:
    """Replaced as a whole: who asks gets all of the old one or all of the new one."""

    def __init__(self, configuration: Configuration) -> None:
        self.now = configuration


class Configured:
    """Does its work by the configuration in use, whichever that is by then."""

    def __init__(self, in_use: ConfigurationInUse) -> None:
        self._in_use = in_use

    @property
    def _configuration(self) -> Configuration:
        return self._in_use.now
