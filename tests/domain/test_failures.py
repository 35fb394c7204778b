"""Failures: a closed list, each with a code of its own and a place in the table of problems."""

import re
from collections.abc import Iterator

import pytest

from gridgift.domain.failures import Failure
from gridgift.http.edge.problems import BY_CODE, PROBLEMS


def subclasses(parent: type[Failure]) -> Iterator[type[Failure]]:
    for child in parent.__subclasses__():
        if child.__module__.startswith("gridgift."):
            if "code" in vars(child):  # and not the base of several, which is never raised
                yield child
            yield from subclasses(child)


FAILURES = sorted(set(subclasses(Failure)), key=lambda failure: failure.__name__)


def test_there_are_failures_of_the_domain_and_of_http() -> None:
    assert {failure.__module__ for failure in FAILURES} >= {
        "gridgift.domain.failures",
        "gridgift.http.edge.refusals",
    }


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.__name__)
def test_each_has_a_code_a_problem_and_a_docstring(failure: type[Failure]) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", failure.code)
    problem = PROBLEMS[failure]
    assert 400 <= problem.status <= 503
    assert problem.title
    assert not problem.title.endswith(".")
    assert problem.remedy.endswith(".")
    assert failure.__doc__


def test_codes_are_unique() -> None:
    assert len({failure.code for failure in FAILURES}) == len(FAILURES) == len(BY_CODE)


def test_the_table_has_no_strangers() -> None:
    assert set(PROBLEMS) == set(FAILURES)
