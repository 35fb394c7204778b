"""Whole numbers: what is one, however it is written."""

import json
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gridgift.domain.numbers import MAX_DIGITS, whole

NUMBERS = st.from_regex(
    r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,2})?", fullmatch=True
)
WRITTEN = st.builds(
    lambda number, zeros, exponent: f"{Decimal(number).scaleb(-exponent):f}{zeros}e{exponent}",
    st.integers(-(10**18), 10**18),
    st.just(""),
    st.integers(0, 30),
)


@given(NUMBERS | WRITTEN)
@example("-0.0")
@example("0e5")
@example("9223372036854775807.0")
@example("1e19")
def test_it_is_the_integer_that_decimal_arithmetic_makes_of_it(text: str) -> None:
    number = Decimal(text)
    is_whole = number == number.to_integral_value()
    is_short = not number or number.adjusted() < MAX_DIGITS
    assert whole(text) == (int(number) if is_whole and is_short else None)


@given(st.text(max_size=5) | st.text("0123456789.eE+-", max_size=8))
@example("5\n")
@example("٥")
@example("NaN")
def test_what_is_no_number_of_json_is_none(text: str) -> None:
    try:
        is_json = isinstance(json.loads(text.replace("N", "n").replace("I", "i")), int | float)
    except ValueError:
        is_json = False
    if not is_json or text != text.strip():
        assert whole(text) is None


@pytest.mark.parametrize(
    "text",
    ["1" * 100_000, "1" * 100_000 + ".5", f"0.{'0' * 100_000}1", "1e999999999", "1e-999999999",
     f"1e{'9' * 5000}", f"0e{'9' * 5000}"],
    ids=lambda text: text[:10],
)  # fmt: skip
def test_long_ones_cost_nothing(text: str) -> None:
    assert whole(text) is None
