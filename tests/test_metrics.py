"""What workers count is what prometheus-client would have counted, alone or together."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from gridgift.metrics import (
    BUCKETS,
    JOBS,
    REQUESTS,
    WEBHOOKS,
    Family,
    OwnCounts,
    SharedCounts,
)

Observed = tuple[Family, tuple[str, ...], float]

seconds = st.sampled_from(BUCKETS) | st.floats(0, 10)
requests = st.tuples(
    st.just(REQUESTS),
    st.tuples(
        st.sampled_from(["GET", "POST"]),
        st.sampled_from(["/v1/store", ""]),
        st.sampled_from(["200", "404"]),
    ),
    seconds,
)
runs = st.tuples(
    st.just(JOBS), st.tuples(st.just("expiry"), st.sampled_from(["done", "failed"])), seconds
) | st.tuples(
    st.just(WEBHOOKS), st.tuples(st.sampled_from(["delivered", "refused", "unanswered"])), seconds
)


def samples(text: bytes) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Read a text as Prometheus does; when a count began is left out."""
    return {
        (sample.name, frozenset(sample.labels.items())): round(sample.value, 9)
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


@given(st.lists(requests | runs, max_size=12))
def test_the_same_counts(observed: list[Observed]) -> None:
    registry, ours = CollectorRegistry(), OwnCounts()
    theirs = {
        family.name: Histogram(
            family.name, family.help, family.labels, registry=registry, buckets=BUCKETS
        )
        for family in (REQUESTS, JOBS, WEBHOOKS)
    }
    for family, labels, taken in observed:
        theirs[family.name].labels(*labels).observe(taken)
        note(ours, family, labels, taken)
    assert samples(ours.text()) == samples(generate_latest(registry))
    series = {(family.name, labels) for family, labels, _ in observed}
    assert len(samples(ours.text())) == (len(BUCKETS) + 3) * len(series)


@given(st.lists(st.tuples(st.integers(0, 2), requests | runs), max_size=12))
def test_each_of_several_workers_tells_the_counts_of_all(
    observed: list[tuple[int, Observed]],
) -> None:
    async def work(folder: str) -> list[bytes]:
        workers = [SharedCounts(folder) for _ in range(3)]
        alone = OwnCounts()
        for number, (family, labels, taken) in observed:
            for counts in (workers[number], alone):
                note(counts, family, labels, taken)
        for worker in workers:
            worker.close()
        return [counts.text() for counts in (alone, *workers)]

    with TemporaryDirectory() as folder:
        alone, *together = asyncio.run(work(folder))
    for text in together:
        assert samples(text) == samples(alone)


def test_what_can_not_be_told_is_counted_here(tmp_path: Path) -> None:
    folder = tmp_path / "gone"

    async def work() -> bytes:
        counts = SharedCounts(str(folder))
        counts.observe("GET", "/v1/store", 200, 0.1)
        counts.close()
        folder.mkdir()
        (folder / "other.json").write_bytes(b"no counts")
        return counts.text()

    assert b'gridgift_request_seconds_count{method="GET",route="/v1/store"' in asyncio.run(work())


def note(counts: OwnCounts, family: Family, labels: tuple[str, ...], taken: float) -> None:
    if family is REQUESTS:
        method, route, status = labels
        counts.observe(method, route, int(status), taken)
    elif family is JOBS:
        job, outcome = labels
        counts.observe_job(job, outcome, taken)
    else:
        (outcome,) = labels
        counts.observe_webhook(outcome, taken)
