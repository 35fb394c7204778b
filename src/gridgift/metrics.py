"""Metrics for Prometheus: requests, jobs, webhooks: what came of them, within how many seconds.

prometheus-client is imported where it is needed: by a server's first ``/metrics``. Several workers
tell each other their counts in files. prometheus-client could do that too, but it maps its files
into memory, and on a full disk a count that finds no room there ends the process (SIGBUS).
"""

import asyncio
import os
import secrets
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from prometheus_client.core import HistogramMetricFamily

CONTENT_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"
TOLD_WITHIN: Final = 0.2  # seconds after which a worker's counts are in its file
TOLD_AGAIN: Final = 2.0  # seconds after which a file that could not be written is tried again
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
WEBHOOKS: Final = Family(
    "gridgift_webhook_seconds", "Seconds that an attempt to deliver a webhook took.", ("outcome",)
)
OVERDUE: Final = b"""\
# HELP gridgift_webhook_overdue_seconds For how long a webhook's delivery is due, at most.
# TYPE gridgift_webhook_overdue_seconds gauge
gridgift_webhook_overdue_seconds %.3f
"""


class Metrics(Protocol):
    """Counts requests by method, route and status, and runs of jobs by name and outcome."""

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer."""

    def observe_job(self, job: str, outcome: str, seconds: float) -> None:
        """Count one run of a job."""

    def observe_webhook(self, outcome: str, seconds: float) -> None:
        """Count one attempt to deliver a webhook."""

    def text(self) -> bytes:
        """Write all counts in Prometheus' text format."""

    def close(self) -> None:
        """Tell the other workers the last counts."""


def make_metrics(folder: str | None) -> Metrics:
    """Count for all workers, which share a folder; None: this is the only worker."""
    return OwnCounts() if folder is None else SharedCounts(folder)


class _Series:
    """What has the same labels: how many took how long, and how long all."""

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)  # up to each of the buckets, and beyond the last
        self.seconds = 0.0


# all series of a histogram: labels, counts up to each bucket and beyond the last, seconds
Snapshot = list[tuple[list[str], list[int], float]]


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

    def snapshot(self) -> Snapshot:
        """Return all counts."""
        return [
            ([str(label) for label in labels], series.counts, series.seconds)
            for labels, series in self._series.items()
        ]

    def add(self, snapshot: Snapshot) -> None:
        """Add the counts of a worker."""
        for labels, counts, seconds in snapshot:
            series = self._series.setdefault(tuple(labels), _Series())
            series.counts = [sum(both) for both in zip(series.counts, counts, strict=True)]
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
        self._histograms = [_OwnHistogram(family) for family in (REQUESTS, JOBS, WEBHOOKS)]
        self._requests, self._jobs, self._webhooks = self._histograms

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        self._requests.observe((method, route, status), seconds)

    def observe_job(self, job: str, outcome: str, seconds: float) -> None:
        """Count one run of a job."""
        self._jobs.observe((job, outcome), seconds)

    def observe_webhook(self, outcome: str, seconds: float) -> None:
        """Count one attempt to deliver a webhook."""
        self._webhooks.observe((outcome,), seconds)

    def snapshot(self) -> list[Snapshot]:
        """Return the counts of each family."""
        return [histogram.snapshot() for histogram in self._histograms]

    def add(self, snapshots: Sequence[Snapshot]) -> None:
        """Add the counts of a worker."""
        for histogram, snapshot in zip(self._histograms, snapshots, strict=True):
            histogram.add(snapshot)

    def collect(self) -> Iterator["HistogramMetricFamily"]:
        """Give prometheus-client the counts."""
        for histogram in self._histograms:
            yield histogram.collect()

    def text(self) -> bytes:
        """Write all counts in Prometheus' text format."""
        from prometheus_client import CollectorRegistry, generate_latest

        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)

    def close(self) -> None:
        """Do nothing: there are no others."""


class SharedCounts(OwnCounts):
    """The counts of one of several workers; any of them tells those of all.

    Each writes its own into a file of the folder, soon after they changed. A worker that has ended
    leaves its file, so that no count ever falls. A file that can't be written stays as it was.
    """

    def __init__(self, folder: str) -> None:
        super().__init__()
        self._path = Path(folder) / f"{os.getpid()}-{secrets.token_hex(4)}.json"
        self._pending: asyncio.TimerHandle | None = None

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        super().observe(method, route, status, seconds)
        self._tell_soon()

    def observe_job(self, job: str, outcome: str, seconds: float) -> None:
        """Count one run of a job."""
        super().observe_job(job, outcome, seconds)
        self._tell_soon()

    def observe_webhook(self, outcome: str, seconds: float) -> None:
        """Count one attempt to deliver a webhook."""
        super().observe_webhook(outcome, seconds)
        self._tell_soon()

    def text(self) -> bytes:
        """Write the counts of all workers in Prometheus' text format."""
        total = OwnCounts()
        total.add(self.snapshot())
        for path in self._path.parent.glob("*.json"):
            if path != self._path:
                with suppress(OSError, ValueError):  # there is nothing to tell of it
                    total.add(msgspec.json.decode(path.read_bytes(), type=list[Snapshot]))
        return total.text()

    def close(self) -> None:
        """Tell the other workers the last counts."""
        if self._pending is not None:
            self._pending.cancel()
            self._tell()

    def _tell_soon(self, within: float = TOLD_WITHIN) -> None:
        if self._pending is None:
            self._pending = asyncio.get_running_loop().call_later(within, self._tell)

    def _tell(self) -> None:
        """Write the file whole, or leave it as it is: the disk may be full, the folder gone."""
        self._pending = None
        draft = self._path.with_suffix(".draft")
        try:
            draft.write_bytes(msgspec.json.encode(self.snapshot()))
            draft.replace(self._path)
        except OSError:
            self._tell_soon(TOLD_AGAIN)
            with suppress(OSError):
                draft.unlink(missing_ok=True)
