"""What one worker counts by itself is what prometheus-client would have counted."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from gridgift.metrics import BUCKETS, HELP, LABELS, NAME, OwnCounts

Answer = tuple[str, str, int, float]

answers = st.lists(
    st.tuples(
        st.sampled_from(["GET", "POST"]),
        st.sampled_from(["/v1/store", ""]),
        st.sampled_from([200, 404]),
        st.sampled_from(BUCKETS) | st.floats(0, 10),
    ),
    max_size=12,
)


def samples(text: bytes) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Read a text as Prometheus does; when a count began is left out."""
    return {
        (sample.name, frozenset(sample.labels.items())): round(sample.value, 9)
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


@given(answers)
def test_the_same_counts(given_answers: list[Answer]) -> None:
    registry, ours = CollectorRegistry(), OwnCounts()
    theirs = Histogram(NAME, HELP, LABELS, registry=registry, buckets=BUCKETS)
    for method, route, status, seconds in given_answers:
        ours.observe(method, route, status, seconds)
        theirs.labels(method, route, str(status)).observe(seconds)
    assert samples(ours.text()) == samples(generate_latest(registry))
    assert len(samples(ours.text())) == (len(BUCKETS) + 3) * len(
        {each[:3] for each in given_answers}
    )
