"""Fixtures of the dashboard's tests."""

import pytest

from tests.api import ApiFixture
from tests.dashboard.people import Browser, People


@pytest.fixture
def people(api: ApiFixture) -> People:
    """The people of the store; there are none yet."""
    return People(api)


@pytest.fixture
def aria(people: People) -> Browser:
    """The browser of an owner who has signed in."""
    return people.signed_in("Aria")


@pytest.fixture
def bo(people: People) -> Browser:
    """The browser of a clerk who has signed in."""
    return people.signed_in("Bo", "clerk")
