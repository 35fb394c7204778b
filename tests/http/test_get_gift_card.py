"""GET /v1/giftcards/{id}."""

import pytest

from tests.shop import KELLY, Shop, problem


@pytest.mark.contract("1.3", "6.1", "6.2", "6.3", "6.4", "6.9", "10.7")
def test_reads_the_nine_fields(shop: Shop) -> None:
    card = shop.grant(credit=500, transfer=True)
    key = shop.add_key("giftcards:read").key
    response = shop.call("GET", f"/v1/giftcards/{card['id']}", key=key)
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
def test_unknown_card(shop: Shop, unknown_id: str) -> None:
    problem(shop.call("GET", f"/v1/giftcards/{unknown_id}"), 404, "gift_card_not_found")


@pytest.mark.contract("6.17")
@pytest.mark.parametrize("card_id", ["1", "abc", "019aad3c9d4b7c1e8f3a2b1c0d9e8f7a", "%00", "é"])
def test_id_that_is_no_uuid(shop: Shop, card_id: str) -> None:
    problem(shop.call("GET", f"/v1/giftcards/{card_id}"), 404, "gift_card_not_found")


@pytest.mark.contract("1.9", "1.10")
def test_another_stores_card_is_not_found(shop: Shop) -> None:
    card = shop.grant()
    other = shop.add_store("Elsewhere", KELLY)
    key = shop.add_key("giftcards:read", store=other).key
    response = shop.call("GET", f"/v1/giftcards/{card['id']}", key=key)
    problem(response, 404, "gift_card_not_found")


@pytest.mark.contract("2.18", "2.19", "6.9")
def test_missing_scope(shop: Shop) -> None:
    card = shop.grant()
    key = shop.add_key("giftcards:write").key
    body = problem(shop.call("GET", f"/v1/giftcards/{card['id']}", key=key), 403, "scope_missing")
    assert "giftcards:read" in body["detail"]


@pytest.mark.contract("10.8")
def test_not_modified(shop: Shop) -> None:
    path = f"/v1/giftcards/{shop.grant()['id']}"
    etag = shop.call("GET", path).headers["etag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        response = shop.call("GET", path, headers={"If-None-Match": known})
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["etag"] == etag
    assert shop.call("GET", path, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.contract("10.7", "10.8")
def test_the_etag_changes_with_every_change(shop: Shop) -> None:
    path = f"/v1/giftcards/{shop.grant()['id']}"
    before = shop.call("GET", path).headers["etag"]
    shop.call("POST", f"{path}/actions/disable")
    response = shop.call("GET", path, headers={"If-None-Match": before})
    assert response.status_code == 200
    assert response.headers["etag"] != before


@pytest.mark.contract("1.6")
def test_the_id_in_upper_case(shop: Shop) -> None:
    card = shop.grant()
    assert shop.card(card["id"].upper()) == card


@pytest.mark.contract("6.4")
def test_a_purchased_card_says_so(shop: Shop) -> None:
    card = shop.grant()
    shop.sql("UPDATE gift_cards SET purchased = TRUE")
    assert shop.card(card["id"]) == card | {"purchased": True}


def test_head_has_the_headers_and_no_body(shop: Shop) -> None:
    path = f"/v1/giftcards/{shop.grant()['id']}"
    get, head = shop.call("GET", path), shop.call("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"]
    assert head.headers["etag"] == get.headers["etag"]
