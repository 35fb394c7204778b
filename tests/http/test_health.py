"""GET /healthz and GET /readyz."""

import os
import sqlite3
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import pytest

from gridgift.storage import sqlite_writer
from tests.api import ApiFixture, problem
from tests.http.conftest import Outage


def get(api: ApiFixture, path: str) -> Any:
    """Ask as a load balancer does: without a key."""
    return api.call("GET", path, key=None)


def test_alive_and_ready(api: ApiFixture) -> None:
    for path, status in (("/healthz", "alive"), ("/readyz", "ready")):
        response = get(api, path)
        assert (response.status_code, response.json()) == (200, {"status": status})
        assert response.headers["cache-control"] == "no-store"
        assert api.call("HEAD", path, key=None).content == b""


@pytest.mark.contract("3.15")
def test_the_database_is_away(api: ApiFixture, outage: Outage) -> None:
    with outage(api):
        assert get(api, "/healthz").status_code == 200
        response = get(api, "/readyz")
        problem(response, 503, "database_unavailable")
        assert int(response.headers["retry-after"]) > 0
    assert get(api, "/readyz").json() == {"status": "ready"}


def test_the_database_is_newer_or_older(api: ApiFixture) -> None:
    ((newest,),) = api.sql("SELECT max(version) FROM migrations")
    api.sql(f"INSERT INTO migrations VALUES ({newest + 1}, 'later', 'x', 0, NULL)")
    problem(get(api, "/readyz"), 503, "database_unavailable")
    api.sql(f"UPDATE migrations SET oldest_program = {newest} WHERE version > {newest}")
    assert get(api, "/readyz").status_code == 200
    api.sql(f"DELETE FROM migrations WHERE version > {newest}")
    assert get(api, "/readyz").status_code == 200
    api.sql(f"DELETE FROM migrations WHERE version = {newest}")
    problem(get(api, "/readyz"), 503, "database_unavailable")
    assert get(api, "/healthz").status_code == 200


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_writer_that_gets_no_turn_is_not_ready(
    api: ApiFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_writer, "WRITER_WAIT", 100)
    path = api.settings.sqlite_path
    assert path is not None
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        problem(get(api, "/readyz"), 503, "database_unavailable")
        assert get(api, "/healthz").status_code == 200
        other.execute("ROLLBACK")
        assert get(api, "/readyz").status_code == 200


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_disk_that_turned_read_only_is_not_ready(
    api: ApiFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that are open do not tell it before something is committed."""
    with monkeypatch.context() as changed:
        changed.setattr(os, "statvfs", lambda path: SimpleNamespace(f_flag=os.ST_RDONLY))
        problem(get(api, "/readyz"), 503, "database_unavailable")
    assert get(api, "/readyz").status_code == 200
