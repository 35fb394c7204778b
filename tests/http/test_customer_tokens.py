"""POST /v1/customer-tokens, and what a token is good for."""

from collections.abc import Callable
from typing import Any

import pytest

from gridgift.domain import residents, stores, tokens
from gridgift.domain.residents import Identifier
from gridgift.domain.stores import StoreChanges
from tests.http.scene import Page, altered, at, each, one_engine, other_stores_key, unchanged
from tests.shop import KELLY, OWNER, Shop, problem

PATHS = {
    "profile": "GET", "context": "GET", "account": "GET", "giftcards": "GET",
    "transactions": "GET", "redelivery/products": "GET", "news": "GET", "news/unread": "GET",
    "news/seen": "POST", "giftcards/x/redeem": "POST", "giftcards/x/transfer": "POST",
}  # fmt: skip


def mint(shop: Shop, who: Any = "kelly", **options: Any) -> Any:
    return shop.call("POST", "/v1/customer-tokens", json={"customerIdentifier": who}, **options)


def dead(page: Page, **options: Any) -> None:
    """Assert that the token opens nothing."""
    for path, method in PATHS.items():
        body = {"receiverIdentifier": "jo.winter"} if path.endswith("transfer") else None
        response = page.call(method, path, json=body, **options)
        problem(response, 401, "customer_token_invalid")
        assert response.headers["www-authenticate"] == 'CustomerToken realm="gridgift"'


@pytest.mark.contract("8.13", "8.15", "8.17")
@pytest.mark.parametrize("who", ["kelly", "Kelly Resident", KELLY.uuid])
def test_minted(shop: Shop, who: str) -> None:
    response = mint(shop, who, key=shop.add_key("customertokens:mint").key)
    assert response.status_code == 200
    minted = response.json()
    token = minted["token"]
    assert minted == {
        "token": token, "url": f"http://shop.test/me#ct={token}", "expiresAt": at(shop, 86_400),
    }  # fmt: skip
    assert response.headers["cache-control"] == "no-store"
    page = Page(shop)
    assert page.call("GET", "profile", token=token).json()["uuid"] == KELLY.uuid


@pytest.mark.contract("8.14")
def test_the_url_is_the_stores_own_page_if_it_has_one(shop: Shop) -> None:
    changes = StoreChanges(customer_origin="https://cards.example.com")
    shop.write(stores.update, shop.store.id, changes)
    minted = mint(shop).json()
    assert minted["url"] == f"https://cards.example.com/#ct={minted['token']}"


@pytest.mark.contract("8.13", "8.16")
def test_bad_input(shop: Shop) -> None:
    with unchanged(shop):
        problem(mint(shop, "no.one"), 404, "resident_not_found")
        problem(mint(shop, "a b c"), 400, "identifier_malformed")
        problem(mint(shop, None), 400, "validation_failed")
        problem(mint(shop, key=shop.add_key("customers:read").key), 403, "scope_missing")
        problem(mint(shop, key=None), 401, "api_key_missing")


@pytest.mark.contract("8.18", "8.20")
def test_only_a_hash_is_kept(shop: Shop) -> None:
    token = mint(shop, headers={"Idempotency-Key": "m"}).json()["token"]
    again = mint(shop, headers={"Idempotency-Key": "m"})
    assert again.json()["token"] != token
    assert "idempotent-replayed" not in again.headers
    rows = shop.sql("SELECT * FROM customer_tokens") + shop.sql("SELECT * FROM idempotency_keys")
    assert len(rows) == 2
    payload, _, signature = token.removeprefix("gct_").partition(".")
    for row in rows:
        for value in row:
            held = value if isinstance(value, bytes) else str(value).encode()
            for part in (token, payload, signature):
                assert part.encode() not in held


@pytest.mark.contract("8.1", "8.2", "8.3")
def test_no_token_and_tokens_that_we_did_not_make(shop: Shop) -> None:
    page = Page(shop)
    prefix = "gct"
    payload, signature = page.token.removeprefix(f"{prefix}_").split(".")
    forged = [
        None, "", "x", page.token[:-1], f"{prefix}_{payload}.",
        f"{prefix}_{payload}.{altered(signature, 3)}",
        f"{prefix}_{altered(payload, 3)}.{signature}",
        shop.key,
    ]  # fmt: skip
    for token in forged:
        problem(page.call("GET", "profile", token=token), 401, "customer_token_invalid")
    dead(page, token=None)
    two = [("X-Customer-Token", page.token), ("X-Customer-Token", page.token)]
    response = shop.client.get("/v1/customer/profile", headers=two)
    problem(response, 401, "customer_token_invalid")


@pytest.mark.contract("8.1")
def test_keys_and_tokens_are_not_taken_for_each_other(shop: Shop) -> None:
    page = Page(shop)
    problem(shop.call("GET", "/v1/store", key=page.token), 401, "api_key_invalid")
    response = shop.call("GET", "/v1/customer/profile")
    problem(response, 401, "customer_token_invalid")


@pytest.mark.contract("8.2", "8.17")
def test_a_token_ends_at_its_instant(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(token_hours=2)
    page = Page(shop)
    assert page.minted["expiresAt"] == at(shop, 7200)
    shop.clock.advance(7199.999)
    assert page.call("GET", "profile").status_code == 200
    shop.clock.advance(0.001)
    dead(page)


@pytest.mark.contract("8.2", "8.19")
def test_a_revoked_token_ends_within_five_seconds(shop: Shop) -> None:
    pages, jo = [Page(shop), Page(shop)], Page(shop, "jo.winter")
    assert all(page.call("GET", "profile").status_code == 200 for page in pages)
    kelly = shop.read(residents.find, Identifier(uuid=KELLY.uuid))
    assert shop.write(tokens.revoke, shop.store.id, kelly, shop.clock.now()) == 2
    shop.clock.advance(5)
    for page in pages:
        dead(page)
    assert jo.call("GET", "profile").status_code == 200


@pytest.mark.contract("8.4")
def test_a_token_of_another_store_sees_that_store(shop: Shop) -> None:
    card = shop.grant(transfer=True)["id"]
    key = other_stores_key(shop, "customertokens:mint")
    page = Page(shop, key=key)
    assert page.call("GET", "giftcards").json()["data"] == []
    assert page.call("GET", "context").json()["brand"]["name"] == "Elsewhere"
    with unchanged(shop):
        problem(page.redeem(card), 404, "gift_card_not_found")
        problem(page.transfer(card), 404, "gift_card_not_found")


@pytest.mark.contract("8.12")
@one_engine
def test_each_token_has_a_limit_of_its_own(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(rate_limit=1200, token_rate_limit=3)
    page, other = Page(shop), Page(shop)
    for left in (2, 1, 0):
        response = page.call("GET", "profile")
        assert response.status_code == 200
        assert f"r={left};" in response.headers["ratelimit"]
    response = page.call("GET", "profile")
    body = problem(response, 429, "rate_limited")
    assert response.headers["retry-after"] == str(body["retryAfter"]) == "20"
    assert other.call("GET", "profile").status_code == 200
    shop.clock.advance(20)
    assert page.call("GET", "profile").status_code == 200


@one_engine
@pytest.mark.parametrize("owner", each({"of the store": OWNER.username}))
def test_anybody_known_can_have_one(shop: Shop, owner: str) -> None:
    assert Page(shop, owner).call("GET", "profile").json()["username"] == owner
