"""What one worker counts by itself is what prometheus-client would have counted."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from gridgift.metrics import BUCKETS, JOBS, REQUESTS, Family, OwnCounts

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
        for family in (REQUESTS, JOBS)
    }
    for family, labels, taken in observed:
        theirs[family.name].labels(*labels).observe(taken)
        if family is REQUESTS:
            method, route, status = labels
            ours.observe(method, route, int(status), taken)
        else:
            ours.observe_job(*labels, taken)
    assert samples(ours.text()) == samples(generate_latest(registry))
    series = {(family.name, labels) for family, labels, _ in observed}
    assert len(samples(ours.text())) == (len(BUCKETS) + 3) * len(series)
