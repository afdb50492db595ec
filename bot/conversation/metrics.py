"""What the bot counts, as Prometheus reads it.

Names follow https://prometheus.io/docs/practices/naming/.
"""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

_ACK_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0)
"""Seconds. Slack waits for three."""


class Metrics:
    """The counters of one bot; a registry of its own, so that two bots can live in one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.acknowledged = Histogram(
            "quaymaster_ack_seconds",
            "From the delivery to its acknowledgement.",
            ["kind"],
            buckets=_ACK_BUCKETS,
            registry=self._registry,
        )
        self.accepted = self._counter("accepted", "Operations recorded.", "verb")
        self.duplicates = self._counter("duplicates", "Deliveries that were recognised.")
        self.refused = self._counter("refused", "Requests refused, by the reason.", "why")
        self.redis_unavailable = self._counter(
            "redis_unavailable", "Times that Redis did not answer in time."
        )
        self.unforeseen = self._counter("unforeseen_errors", "Unexpected errors.")

    def shown(self) -> bytes:
        """All of them, in the text format."""
        return generate_latest(self._registry)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"quaymaster_{name}_total", meaning, labels, registry=self._registry)
