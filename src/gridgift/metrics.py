"""Metrics for Prometheus: how many requests were answered, how, and within how many seconds.

prometheus-client is imported where it is needed: by a server's first ``/metrics``, and by each of
several workers, which keep one count in files of its making.
"""

from bisect import bisect_left
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from prometheus_client.core import HistogramMetricFamily

CONTENT_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"
BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
NAME: Final = "gridgift_request_seconds"
HELP: Final = "Seconds from a request to its answer."
LABELS: Final = ("method", "route", "status")


class Metrics(Protocol):
    """Counts requests by method, route and status."""

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer."""

    def text(self) -> bytes:
        """Write all counts in Prometheus' text format."""


def make_metrics(folder: str | None) -> Metrics:
    """Count for all workers, which share a folder; None: this is the only worker."""
    return OwnCounts() if folder is None else SharedCounts(folder)


class _Series:
    """The answers of one method, route and status: how many took how long, and how long all."""

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)  # up to each of the buckets, and beyond the last
        self.seconds = 0.0


class OwnCounts:
    """The counts of the only worker."""

    def __init__(self) -> None:
        self._series: dict[tuple[str, str, int], _Series] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        key = method, route, status
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = _Series()
        series.counts[bisect_left(BUCKETS, seconds)] += 1
        series.seconds += seconds

    def collect(self) -> Iterator["HistogramMetricFamily"]:
        """Give prometheus-client the counts; in its histograms a bucket holds those before it."""
        from prometheus_client.core import HistogramMetricFamily

        family = HistogramMetricFamily(NAME, HELP, labels=LABELS)
        for (method, route, status), series in self._series.items():
            buckets, so_far = [], 0
            for bound, count in zip((*BUCKETS, "+Inf"), series.counts, strict=True):
                so_far += count
                buckets.append((str(bound), float(so_far)))
            family.add_metric((method, route, str(status)), buckets, series.seconds)
        yield family

    def text(self) -> bytes:
        """Write all counts in Prometheus' text format."""
        from prometheus_client import CollectorRegistry, generate_latest

        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)


class SharedCounts:
    """The counts of several workers, in files in a folder; any of them tells those of all.

    prometheus-client looks for the folder in the environment when it is imported.
    """

    def __init__(self, folder: str) -> None:
        from prometheus_client import CollectorRegistry, Histogram

        self._folder = folder
        self._seconds = Histogram(NAME, HELP, LABELS, registry=CollectorRegistry(), buckets=BUCKETS)
        self._known: dict[tuple[str, str, int], Histogram] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        key = method, route, status
        histogram = self._known.get(key)
        if histogram is None:
            histogram = self._known[key] = self._seconds.labels(method, route, str(status))
        histogram.observe(seconds)

    def text(self) -> bytes:
        """Write the counts of all workers in Prometheus' text format."""
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        together = CollectorRegistry()
        MultiProcessCollector(together, path=self._folder)  # type: ignore[no-untyped-call]
        return generate_latest(together)
