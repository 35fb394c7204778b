"""GET /healthz and GET /readyz."""

from typing import Any

import pytest

from tests.http.conftest import Outage
from tests.shop import Shop, problem


def get(shop: Shop, path: str) -> Any:
    """Ask as a load balancer does: without a key."""
    return shop.call("GET", path, key=None)


def test_alive_and_ready(shop: Shop) -> None:
    for path, status in (("/healthz", "alive"), ("/readyz", "ready")):
        response = get(shop, path)
        assert (response.status_code, response.json()) == (200, {"status": status})
        assert response.headers["cache-control"] == "no-store"
        assert shop.call("HEAD", path, key=None).content == b""


@pytest.mark.contract("3.15")
def test_the_database_is_away(shop: Shop, outage: Outage) -> None:
    with outage(shop):
        assert get(shop, "/healthz").status_code == 200
        response = get(shop, "/readyz")
        problem(response, 503, "database_unavailable")
        assert int(response.headers["retry-after"]) > 0
    assert get(shop, "/readyz").json() == {"status": "ready"}


def test_the_database_is_newer_or_older(shop: Shop) -> None:
    ((newest,),) = shop.sql("SELECT max(version) FROM migrations")
    shop.sql(f"INSERT INTO migrations VALUES ({newest + 1}, 'later', 'x', 0)")
    problem(get(shop, "/readyz"), 503, "database_unavailable")
    shop.sql(f"DELETE FROM migrations WHERE version > {newest}")
    assert get(shop, "/readyz").status_code == 200
    shop.sql(f"DELETE FROM migrations WHERE version = {newest}")
    problem(get(shop, "/readyz"), 503, "database_unavailable")
    assert get(shop, "/healthz").status_code == 200
