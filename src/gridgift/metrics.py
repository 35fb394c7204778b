"""Metrics for Prometheus: requests and jobs, what came of them, and within how many seconds.

prometheus-client is imported where it is needed: by a server's first ``/metrics``, and by each of
several workers, which keep one count in files of its making.
"""

from bisect import bisect_left
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from prometheus_client.core import HistogramMetricFamily

CONTENT_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"
BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Family(Struct, frozen=True):
    """A histogram: its name, what it says, and by what it counts."""

    name: str
    help: str
    labels: tuple[str, ...]


REQUESTS: Final = Family(
    "gridgift_request_seconds",
    "Seconds from a request to its answer.",
    ("method", "route", "status"),
)
JOBS: Final = Family(
    "gridgift_job_seconds", "Seconds that a run of a job took.", ("job", "outcome")
)


class Metrics(Protocol):
    """Counts requests by method, route and status, and runs of jobs by name and outcome."""

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer."""

    def observe_job(self, job: str, outcome: str, seconds: float) -> None:
        """Count one run of a job."""

    def text(self) -> bytes:
        """Write all counts in Prometheus' text format."""


def make_metrics(folder: str | None) -> Metrics:
    """Count for all workers, which share a folder; None: this is the only worker."""
    return OwnCounts() if folder is None else SharedCounts(folder)


class _Series:
    """What has the same labels: how many took how long, and how long all."""

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)  # up to each of the buckets, and beyond the last
        self.seconds = 0.0


class _OwnHistogram:
    """One family's counts in this process; ``labels`` are texts or numbers."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self._series: dict[tuple[object, ...], _Series] = {}

    def observe(self, labels: tuple[object, ...], seconds: float) -> None:
        series = self._series.get(labels)
        if series is None:
            series = self._series[labels] = _Series()
        series.counts[bisect_left(BUCKETS, seconds)] += 1
        series.seconds += seconds

    def collect(self) -> "HistogramMetricFamily":
        """Give prometheus-client the counts; in its histograms a bucket holds those before it."""
        from prometheus_client.core import HistogramMetricFamily

        kind = self._family
        family = HistogramMetricFamily(kind.name, kind.help, labels=kind.labels)
        for labels, series in self._series.items():
            buckets, so_far = [], 0
            for bound, count in zip((*BUCKETS, "+Inf"), series.counts, strict=True):
                so_far += count
                buckets.append((str(bound), float(so_far)))
            family.add_metric([str(label) for label in labels], buckets, series.seconds)
        return family


class OwnCounts:
    """The counts of the only worker."""

    def __init__(self) -> None:
        self._requests, self._jobs = _OwnHistogram(REQUESTS), _OwnHistogram(JOBS)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        self._requests.observe((method, route, status), seconds)

    def observe_job(self, job: str, outcome: str, seconds: float) -> None:
        """Count one run of a job."""
        self._jobs.observe((job, outcome), seconds)

    def collect(self) -> Iterator["HistogramMetricFamily"]:
        """Give prometheus-client the counts."""
        yield self._requests.collect()
        yield self._jobs.collect()

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
        registry = CollectorRegistry()
        self._requests, self._jobs = (
            Histogram(kind.name, kind.help, kind.labels, registry=registry, buckets=BUCKETS)
            for kind in (REQUESTS, JOBS)
        )
        self._known: dict[tuple[str, str, int], Histogram] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        key = method, route, status
        histogram = self._known.get(key)
        if histogram is None:
            histogram = self._known[key] = self._requests.labels(method, route, str(status))
        histogram.observe(seconds)

    def observe_job(self, job: str, outcome: str, seconds: float) -> None:
        """Count one run of a job."""
        self._jobs.labels(job, outcome).observe(seconds)

    def text(self) -> bytes:
        """Write the counts of all workers in Prometheus' text format."""
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=self._folder)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
