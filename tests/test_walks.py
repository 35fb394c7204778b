"""A walk names everything with which it fails."""

import pytest

from tests.walks import check_each


def test_all_are_checked_and_those_that_fail_are_named() -> None:
    checked: list[int] = []

    def check(number: int) -> None:
        checked.append(number)
        assert number % 2, "even"
        assert 6 / (number - 3)

    with pytest.raises(ExceptionGroup) as raised:
        check_each(range(5), check)
    assert checked == [0, 1, 2, 3, 4]
    told = [(type(failure), failure.__notes__) for failure in raised.value.exceptions]
    assert told == [
        (AssertionError, ["That is of: 0"]),
        (AssertionError, ["That is of: 2"]),
        (ZeroDivisionError, ["That is of: 3"]),
        (AssertionError, ["That is of: 4"]),
    ]
    check_each([1, 5], check)
