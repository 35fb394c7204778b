"""What a client wants to be answered with."""

from hypothesis import given
from hypothesis import strategies as st

from gridgift.http.edge.accept import admits_problem, prefers_html


@given(st.text(alphabet="ahtmljson/*+;,=q.019 problem", max_size=80))
def test_whatever_is_accepted_has_an_answer(accept: str) -> None:
    raw = accept.encode()
    for weight in (b"0", b"0.000"):
        assert not prefers_html(raw + b",text/html;q=" + weight)
        problems = b"application/problem+json;q=" + weight
        assert not admits_problem(raw + b"," + problems)
    assert prefers_html(raw + b",text/html,*/*;q=0,application/*;q=0,application/json;q=0,"
                        b"application/problem+json;q=0")  # fmt: skip
