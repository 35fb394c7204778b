"""POST /v1/customer-tokens, and what a token is good for."""

from collections.abc import Callable
from typing import Any

import pytest

from gridgift.domain import residents, stores, tokens
from gridgift.domain.residents import Identifier
from gridgift.domain.stores import StoreChanges
from tests.api import KELLY, OWNER, ApiFixture, problem
from tests.http.bodies import altered, each
from tests.http.checks import one_engine, unchanged
from tests.http.customer_page import CustomerPage
from tests.http.requests import at, other_stores_key
from tests.http.test_cors import ORIGIN

PATHS = {
    "profile": "GET", "context": "GET", "account": "GET", "giftcards": "GET",
    "transactions": "GET", "redelivery/products": "GET", "news": "GET", "news/unread": "GET",
    "news/seen": "POST", "giftcards/x/redeem": "POST", "giftcards/x/transfer": "POST",
}  # fmt: skip


def mint(api: ApiFixture, who: Any = "kelly", **more: Any) -> Any:
    options = {name: more.pop(name) for name in ("headers", "key") if name in more}
    body = {"customerIdentifier": who} | more
    return api.call("POST", "/v1/customer-tokens", json=body, **options)


def dead(page: CustomerPage, **options: Any) -> None:
    """Assert that the token opens nothing."""
    for path, method in PATHS.items():
        body = {"receiverIdentifier": "jo.winter"} if path.endswith("transfer") else None
        response = page.call(method, path, json=body, **options)
        problem(response, 401, "customer_token_invalid")
        assert response.headers["www-authenticate"] == 'CustomerToken realm="gridgift"'


@pytest.mark.contract("8.13", "8.15", "8.17")
@pytest.mark.parametrize("who", ["kelly", "Kelly Resident", KELLY.uuid])
def test_minted(api: ApiFixture, who: str) -> None:
    response = mint(api, who, key=api.add_key("customertokens:mint").key)
    assert response.status_code == 200
    minted = response.json()
    token = minted["token"]
    assert minted == {
        "token": token, "url": f"http://shop.test/me#ct={token}", "expiresAt": at(api, 86_400),
    }  # fmt: skip
    assert response.headers["cache-control"] == "no-store"
    page = CustomerPage(api)
    assert page.call("GET", "profile", token=token).json()["uuid"] == KELLY.uuid


@pytest.mark.contract("8.14")
def test_the_url_is_the_stores_own_page_if_it_has_one(api: ApiFixture) -> None:
    changes = StoreChanges(customer_origin="https://cards.example.com")
    api.write(stores.update, api.store.id, changes)
    minted = mint(api).json()
    assert minted["url"] == f"https://cards.example.com/#ct={minted['token']}"


@pytest.mark.contract("8.51")
@one_engine
def test_a_link_to_one_view(api: ApiFixture) -> None:
    for origin, page in ((None, "http://shop.test/me"), (ORIGIN, f"{ORIGIN}/")):
        api.write(stores.update, api.store.id, StoreChanges(customer_origin=origin))
        for view, query in (("giftcards", "?view=giftcards"), (None, "")):
            minted = mint(api, view=view).json()
            assert minted["url"] == f"{page}{query}#ct={minted['token']}"
    for wrong in ("", "a b", "a#b", "a&b", "ä", "x\n", "x" * 65, 5):
        body = problem(mint(api, view=wrong), 400, "validation_failed")
        assert list(body["errors"]) == ["view"]


@pytest.mark.contract("8.52")
@one_engine
def test_no_collectives(api: ApiFixture) -> None:
    assert mint(api, collectiveId=None).status_code == 200
    with unchanged(api):
        for wrong in (KELLY.uuid, "", 5, [], {}):
            body = problem(mint(api, collectiveId=wrong), 400, "validation_failed")
            assert body["detail"] == "collectiveId: can't be named: Gridgift has no collectives."


@pytest.mark.contract("8.13", "8.16")
def test_bad_input(api: ApiFixture) -> None:
    with unchanged(api):
        problem(mint(api, "no.one"), 404, "resident_not_found")
        problem(mint(api, "a b c"), 400, "identifier_malformed")
        problem(mint(api, None), 400, "validation_failed")
        problem(mint(api, key=api.add_key("customers:read").key), 403, "scope_missing")
        problem(mint(api, key=None), 401, "api_key_missing")


@pytest.mark.contract("8.18", "8.20")
def test_only_a_hash_is_kept(api: ApiFixture) -> None:
    token = mint(api, headers={"Idempotency-Key": "m"}).json()["token"]
    again = mint(api, headers={"Idempotency-Key": "m"})
    assert again.json()["token"] != token
    assert "idempotent-replayed" not in again.headers
    rows = api.sql("SELECT * FROM customer_tokens") + api.sql("SELECT * FROM idempotency_keys")
    assert len(rows) == 2
    payload, _, signature = token.removeprefix("gct_").partition(".")
    for row in rows:
        for value in row:
            held = value if isinstance(value, bytes) else str(value).encode()
            for part in (token, payload, signature):
                assert part.encode() not in held


@pytest.mark.contract("8.1", "8.2", "8.3")
def test_no_token_and_tokens_that_we_did_not_make(api: ApiFixture) -> None:
    page = CustomerPage(api)
    prefix = "gct"
    payload, signature = page.token.removeprefix(f"{prefix}_").split(".")
    forged = [
        None, "", "x", page.token[:-1], f"{prefix}_{payload}.",
        f"{prefix}_{payload}.{altered(signature, 3)}",
        f"{prefix}_{altered(payload, 3)}.{signature}",
        api.key,
    ]  # fmt: skip
    for token in forged:
        problem(page.call("GET", "profile", token=token), 401, "customer_token_invalid")
    dead(page, token=None)
    two = [("X-Customer-Token", page.token), ("X-Customer-Token", page.token)]
    response = api.client.get("/v1/customer/profile", headers=two)
    problem(response, 401, "customer_token_invalid")


@pytest.mark.contract("8.1")
def test_keys_and_tokens_are_not_taken_for_each_other(api: ApiFixture) -> None:
    page = CustomerPage(api)
    problem(api.call("GET", "/v1/store", key=page.token), 401, "api_key_invalid")
    response = api.call("GET", "/v1/customer/profile")
    problem(response, 401, "customer_token_invalid")


@pytest.mark.contract("8.2", "8.17")
def test_a_token_ends_at_its_instant(make_api: Callable[..., ApiFixture]) -> None:
    api = make_api(token_hours=2)
    page = CustomerPage(api)
    assert page.minted["expiresAt"] == at(api, 7200)
    api.clock.advance(7199.999)
    assert page.call("GET", "profile").status_code == 200
    api.clock.advance(0.001)
    dead(page)


@pytest.mark.contract("8.2", "8.19")
def test_a_revoked_token_ends_within_five_seconds(api: ApiFixture) -> None:
    pages, jo = [CustomerPage(api), CustomerPage(api)], CustomerPage(api, "jo.winter")
    assert all(page.call("GET", "profile").status_code == 200 for page in pages)
    kelly = api.read(residents.find, api.store.id, Identifier(uuid=KELLY.uuid))
    assert api.write(tokens.revoke, api.store.id, kelly) == 2
    api.clock.advance(5)
    for page in pages:
        dead(page)
    assert jo.call("GET", "profile").status_code == 200


@pytest.mark.contract("8.4")
def test_a_token_of_another_store_sees_that_store(api: ApiFixture) -> None:
    card = api.grant(transfer=True)["id"]
    key = other_stores_key(api, "customertokens:mint")
    page = CustomerPage(api, key=key)
    assert page.call("GET", "giftcards").json()["data"] == []
    assert page.call("GET", "context").json()["brand"]["name"] == "Elsewhere"
    with unchanged(api):
        problem(page.redeem(card), 404, "gift_card_not_found")
        problem(page.transfer(card), 404, "gift_card_not_found")


@pytest.mark.contract("8.12")
@one_engine
def test_each_token_has_a_limit_of_its_own(make_api: Callable[..., ApiFixture]) -> None:
    api = make_api(rate_limit=1200, token_rate_limit=3)
    page, other = CustomerPage(api), CustomerPage(api)
    for left in (2, 1, 0):
        response = page.call("GET", "profile")
        assert response.status_code == 200
        assert f"r={left};" in response.headers["ratelimit"]
    response = page.call("GET", "profile")
    body = problem(response, 429, "rate_limited")
    assert response.headers["retry-after"] == str(body["retryAfter"]) == "20"
    assert other.call("GET", "profile").status_code == 200
    api.clock.advance(20)
    assert page.call("GET", "profile").status_code == 200


@one_engine
@pytest.mark.parametrize("owner", each({"of the store": OWNER.username}))
def test_anybody_known_can_have_one(api: ApiFixture, owner: str) -> None:
    assert CustomerPage(api, owner).call("GET", "profile").json()["username"] == owner
