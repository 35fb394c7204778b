"""GET /v1/giftcards/{id}."""

import pytest

from tests.api import KELLY, ApiFixture, problem


@pytest.mark.contract("1.3", "6.1", "6.2", "6.3", "6.4", "6.9", "10.7")
def test_reads_the_nine_fields(api: ApiFixture) -> None:
    card = api.grant(credit=500, transfer=True)
    key = api.add_key("giftcards:read").key
    response = api.call("GET", f"/v1/giftcards/{card['id']}", key=key)
    assert response.status_code == 200
    assert response.headers["etag"]
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {
        "id": card["id"],
        "ownerUuid": KELLY.uuid,
        "ownerUsername": KELLY.username,
        "credit": 500,
        "active": True,
        "redeemed": False,
        "transfer": True,
        "texture": None,
        "purchased": False,
    }


@pytest.mark.contract("6.9")
def test_unknown_card(api: ApiFixture, unknown_id: str) -> None:
    problem(api.call("GET", f"/v1/giftcards/{unknown_id}"), 404, "gift_card_not_found")


@pytest.mark.contract("6.17")
@pytest.mark.parametrize("card_id", ["1", "abc", "019aad3c9d4b7c1e8f3a2b1c0d9e8f7a", "%00", "é"])
def test_id_that_is_no_uuid(api: ApiFixture, card_id: str) -> None:
    problem(api.call("GET", f"/v1/giftcards/{card_id}"), 404, "gift_card_not_found")


@pytest.mark.contract("1.9", "1.10")
def test_another_stores_card_is_not_found(api: ApiFixture) -> None:
    card = api.grant()
    other = api.add_store("Elsewhere", KELLY)
    key = api.add_key("giftcards:read", store=other).key
    response = api.call("GET", f"/v1/giftcards/{card['id']}", key=key)
    problem(response, 404, "gift_card_not_found")


@pytest.mark.contract("2.18", "2.19", "6.9")
def test_missing_scope(api: ApiFixture) -> None:
    card = api.grant()
    key = api.add_key("giftcards:write").key
    body = problem(api.call("GET", f"/v1/giftcards/{card['id']}", key=key), 403, "scope_missing")
    assert "giftcards:read" in body["detail"]


@pytest.mark.contract("10.8")
def test_not_modified(api: ApiFixture) -> None:
    path = f"/v1/giftcards/{api.grant()['id']}"
    etag = api.call("GET", path).headers["etag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        response = api.call("GET", path, headers={"If-None-Match": known})
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["etag"] == etag
    assert api.call("GET", path, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.contract("10.7", "10.8")
def test_the_etag_changes_with_every_change(api: ApiFixture) -> None:
    path = f"/v1/giftcards/{api.grant()['id']}"
    before = api.call("GET", path).headers["etag"]
    api.call("POST", f"{path}/actions/disable")
    response = api.call("GET", path, headers={"If-None-Match": before})
    assert response.status_code == 200
    assert response.headers["etag"] != before


@pytest.mark.contract("1.6")
def test_the_id_in_upper_case(api: ApiFixture) -> None:
    card = api.grant()
    assert api.card(card["id"].upper()) == card


@pytest.mark.contract("6.4")
def test_a_purchased_card_says_so(api: ApiFixture) -> None:
    card = api.grant()
    api.sql("UPDATE gift_cards SET purchased = TRUE")
    assert api.card(card["id"]) == card | {"purchased": True}


def test_head_has_the_headers_and_no_body(api: ApiFixture) -> None:
    path = f"/v1/giftcards/{api.grant()['id']}"
    get, head = api.call("GET", path), api.call("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"]
    assert head.headers["etag"] == get.headers["etag"]
