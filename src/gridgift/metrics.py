"""Metrics for Prometheus: how many requests were answered, how, and within how many seconds.

prometheus-client looks at the environment when it is imported, for the folder in which several
workers keep one count. So it is imported where a server is made, and by nothing else.
"""

from typing import Final

BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """Counts requests by method, route and status."""

    content_type = b"text/plain; version=0.0.4; charset=utf-8"

    def __init__(self, folder: str | None) -> None:
        from prometheus_client import CollectorRegistry, Histogram

        self._folder = folder  # of all workers' counts; None: this is the only worker
        self._registry = CollectorRegistry()
        self._seconds = Histogram(
            "gridgift_request_seconds",
            "Seconds from a request to its answer.",
            ("method", "route", "status"),
            registry=self._registry,
            buckets=BUCKETS,
        )
        self._known: dict[tuple[str, str, int], Histogram] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        key = method, route, status
        histogram = self._known.get(key)
        if histogram is None:
            histogram = self._known[key] = self._seconds.labels(method, route, str(status))
        histogram.observe(seconds)

    def text(self) -> bytes:
        """Write all counts in Prometheus' text format."""
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        if self._folder is None:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together, path=self._folder)  # type: ignore[no-untyped-call]
        return generate_latest(together)
