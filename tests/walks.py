"""Tests that walk many things: one test for all of them, which names each with which it fails.

To begin and to report a test takes longer than to look at a statement or at a route.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def check_each(things: Iterable[T], check: Callable[[T], None]) -> None:
    """Check all of them, and then fail with what is wrong with each."""
    failures = []
    for thing in things:
        try:
            check(thing)
        except Exception as failure:
            failure.add_note(f"That is of: {thing}")
            failures.append(failure)
    if failures:
        raise ExceptionGroup("not all of them are right", failures)
