"""The API's tests of money run once more, on a PostgreSQL whose tables are partitioned by store.

``pytest_generate_tests`` in this folder's conftest.py adds them; here is shown which they are.
"""

import re
from pathlib import Path

import pytest

from tests.api import ApiFixture
from tests.http.conftest import MONEY, PARTITIONED
from tests.storage.partitioned import REFERENCE

HERE = Path(__file__).parent
TABLES = (
    "SELECT relname FROM pg_class WHERE relkind = '{}' AND NOT relispartition "
    "AND relnamespace = 'public'::regnamespace"
)


class Collector:
    """Keeps what pytest collects."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.ids = [item.nodeid for item in session.items]


def collected() -> dict[str, set[str]]:
    """Return the tests of this folder by the database they run on, as pytest collects them."""
    collector = Collector()
    options = ["--collect-only", "-p", "no:xdist", "-p", "no:cacheprovider"]
    assert pytest.main([*options, str(HERE)], plugins=[collector]) == pytest.ExitCode.OK
    found: dict[str, set[str]] = {"sqlite": set(), "postgres": set(), PARTITIONED: set()}
    for test in collector.ids:
        for database, tests in found.items():
            name, there = re.subn(rf"(?<=[\[-]){database}(?=[]-])", "*", test)
            if there:
                tests.add(name)
    return found


def test_each_test_of_money_on_postgresql_runs_on_partitions_once() -> None:
    found = collected()
    of_money = tuple(f"tests/http/test_{name}.py::" for name in MONEY)
    on_postgres = {name for name in found["postgres"] if name.startswith(of_money)}
    assert found[PARTITIONED] == on_postgres
    assert found[PARTITIONED] < found["sqlite"]
    for module in of_money:
        assert any(name.startswith(module) for name in on_postgres), module
    assert len(on_postgres) > 150


def test_the_tables_are_partitioned_where_the_name_says_so(
    api: ApiFixture, request: pytest.FixtureRequest
) -> None:
    database = request.node.callspec.params["engine"]
    if database == "sqlite":
        assert api.settings.sqlite_path is not None
        return
    partitioned = {name for (name,) in api.sql(TABLES.format("p"))}
    plain = {name for (name,) in api.sql(TABLES.format("r"))} - {"migrations"}
    if database == PARTITIONED:
        assert plain == REFERENCE
        assert {"gift_cards", "entries", "credit_lots"} <= partitioned
    else:
        assert plain > REFERENCE
        assert not partitioned
