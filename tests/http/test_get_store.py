"""GET /v1/store."""

import pytest

from gridgift.domain.scopes import SCOPES
from tests.api import OWNER, ApiFixture, problem
from tests.http.requests import TEXTURE


@pytest.mark.contract("7.1", "7.2", "7.3", "7.4", "7.5")
def test_a_new_store(api: ApiFixture) -> None:
    response = api.call("GET", "/v1/store", key=api.add_key("store:read").key)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {
        "id": api.store.id,
        "name": "Moonwall Couture",
        "logo": None,
        "blogListed": False,
        "applicationOpen": False,
        "bonus": {"baseBonus": 0, "groupBonus": 0},
        "locationSlUrl": "",
        "ownerUuid": OWNER.uuid,
        "ownerUsername": OWNER.username,
    }


@pytest.mark.contract("7.2", "7.3", "7.4", "7.5")
def test_a_store_with_everything(api: ApiFixture) -> None:
    place = "http://maps.secondlife.com/secondlife/Moonwall/128/128/23"
    api.sql(
        f"UPDATE stores SET logo = '{TEXTURE}', blog_listed = TRUE, application_open = TRUE, "
        f"base_bonus = 5, group_bonus = 10, location_slurl = '{place}'"
    )
    store = api.call("GET", "/v1/store").json()
    assert store["logo"] == TEXTURE
    assert store["blogListed"] is True
    assert store["applicationOpen"] is True
    assert store["bonus"] == {"baseBonus": 5, "groupBonus": 10}
    assert store["locationSlUrl"] == place


@pytest.mark.contract("1.2")
def test_the_answer_is_utf8(api: ApiFixture) -> None:
    other = api.add_store("Möbel & 夢 🎁", OWNER)
    response = api.call("GET", "/v1/store", key=api.add_key("store:read", store=other).key)
    assert "Möbel & 夢 🎁" in response.content.decode("utf-8")


@pytest.mark.contract("1.9")
def test_each_key_sees_its_own_store(api: ApiFixture) -> None:
    other = api.add_store("Elsewhere", OWNER)
    key = api.add_key("store:read", store=other).key
    assert api.call("GET", "/v1/store", key=key).json()["id"] == other.id
    assert api.call("GET", "/v1/store").json()["id"] == api.store.id


@pytest.mark.contract("2.18", "2.19", "7.1")
def test_missing_scope(api: ApiFixture) -> None:
    key = api.add_key(*(SCOPES.keys() - {"store:read"})).key
    body = problem(api.call("GET", "/v1/store", key=key), 403, "scope_missing")
    assert "store:read" in body["detail"]
