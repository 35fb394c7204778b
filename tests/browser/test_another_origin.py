"""A store's own page on another origin: what browsers let it do (contract section 8)."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.visit import Store

# A client as strict as such pages are: what the contract promises, and nothing else.
CLIENT = """
const api = (base, token) => async (method, path, body) => {
  const headers = { "Accept": "application/json", "X-Customer-Token": token };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(base + path, {
      method, headers, credentials: "omit",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    return { blocked: error.name };
  }
  const text = await response.text();
  return {
    status: response.status,
    type: response.headers.get("Content-Type"),
    retryAfter: response.headers.get("Retry-After"),
    value: text === "" ? null : JSON.parse(text),
  };
};
window.session = { token: new URLSearchParams(location.hash.slice(1)).get("ct") };
window.client = (base) => api(base, window.session.token);
"""


class Quiet(SimpleHTTPRequestHandler):
    """Files, and no word about them."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture(scope="module")
def origins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Two origins with the same page."""
    folder: Path = tmp_path_factory.mktemp("page")
    (folder / "index.html").write_text(
        '<!doctype html><title>A page</title><link rel="icon" href="data:,">'
        '<script src="client.js"></script>'
    )
    (folder / "client.js").write_text(CLIENT)
    servers = [
        ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) for _ in range(2)
    ]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield [f"http://127.0.0.1:{server.server_port}" for server in servers]
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def store_elsewhere(make_store: Callable[..., Store], origins: list[str]) -> Store:
    """A store whose page is on the first origin; the limit of a token is 60 a minute."""
    store = make_store(GRIDGIFT_RATE_LIMIT="1200", GRIDGIFT_TOKEN_RATE_LIMIT="60")
    store.update(customer_origin=origins[0])
    return store


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A browser's page."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


def call(page: Page, store: Store, method: str, path: str, body: Any = None) -> Any:
    """Let the page's script call the API."""
    script = "([base, method, path, body]) => client(base)(method, path, body ?? undefined)"
    return page.evaluate(script, [store.server.url, method, path, body])


def test_a_strict_client_does_everything(
    page: Page, store_elsewhere: Store, origins: list[str]
) -> None:
    store = store_elsewhere
    kelly, jo = store.resident(), store.resident()
    first = store.grant(kelly, expiresAt="2099-12-20T12:00:00Z")
    second = store.grant(kelly, credit=70)
    body = {"customerIdentifier": kelly.uuid}
    url = store.client.post("/v1/customer-tokens", json=body).json()["url"]
    assert url.startswith(f"{origins[0]}/#ct=gct_")
    page.goto(url)
    profile = call(page, store, "GET", "/v1/customer/profile")
    assert profile["status"] == 200
    assert profile["value"] == {"uuid": kelly.uuid, "username": kelly.username, "pictureUuid": None}
    context = call(page, store, "GET", "/v1/customer/context")["value"]
    store_id = store.server.store_id
    name = {"name": "Moonwall Couture", "logo": None}
    assert context == {"brand": name, "stores": [{"id": store_id, **name}]}
    listed = call(page, store, "GET", f"/v1/customer/giftcards?limit=1&storeId={store_id}")["value"]
    (card,) = listed["data"]
    assert set(card) == {*first, "storeId", "expiresAt"}
    assert card["expiresAt"] == "2099-12-20T12:00:00Z"
    after = listed["pagination"]["nextCursor"]
    rest = call(page, store, "GET", f"/v1/customer/giftcards?limit=1&cursor={after}")["value"]
    assert [found["id"] for found in rest["data"]] == [second["id"]]
    redeem = f"/v1/customer/giftcards/{first['id']}/redeem"
    redeemed = call(page, store, "POST", redeem)
    assert (redeemed["status"], redeemed["value"]) == (200, True)
    assert redeemed["type"] == "application/json"
    (account,) = call(page, store, "GET", "/v1/customer/account")["value"]["accounts"]
    lot = {"amount": 500, "expiresAt": "2099-12-20T12:00:00Z", "restricted": False}
    assert account == {
        "storeId": store_id,
        "credit": 500,
        "restrictedCredit": 0,
        "discount": 0,
        "creditLots": [lot],
    }
    refused = call(page, store, "POST", redeem)
    assert (refused["status"], refused["value"]["code"]) == (400, "gift_card_redeemed")
    assert refused["value"]["detail"]
    transfer = f"/v1/customer/giftcards/{second['id']}/transfer"
    unknown = call(page, store, "POST", transfer, {"receiverIdentifier": "nobody.known"})
    assert (unknown["status"], unknown["value"]["code"]) == (400, "receiver_not_found")
    given = call(page, store, "POST", transfer, {"receiverIdentifier": jo.username})
    assert (given["status"], given["value"]) == (200, True)
    gone = call(page, store, "POST", transfer, {"receiverIdentifier": jo.username})
    assert gone["status"] == 404
    for path in ("transactions", "redelivery/products", "news"):
        assert call(page, store, "GET", f"/v1/customer/{path}")["value"]["data"] == []
    unread = call(page, store, "GET", "/v1/customer/news/unread")["value"]
    assert unread == {"total": 0, "byStore": [{"storeId": store_id, "count": 0}]}
    seen = call(page, store, "POST", "/v1/customer/news/seen", {"storeId": store_id})
    assert (seen["status"], seen["value"]) == (204, None)


def test_a_browser_sees_how_long_to_wait(
    page: Page, store_elsewhere: Store, origins: list[str]
) -> None:
    store = store_elsewhere
    page.goto(f"{origins[0]}/#ct={store.token(store.resident())}")
    for _ in range(200):
        answer = call(page, store, "GET", "/v1/customer/profile")
        if answer["status"] != 200:
            break
    assert (answer["status"], answer["value"]["code"]) == (429, "rate_limited")
    assert answer["retryAfter"] == "1"


def test_a_dead_token_is_told_to_the_page(
    page: Page, store_elsewhere: Store, origins: list[str]
) -> None:
    store = store_elsewhere
    for token in ("gct_x.y", store.dead_token(store.resident())):
        page.goto("about:blank")
        page.goto(f"{origins[0]}/#ct={token}")
        answer = call(page, store, "GET", "/v1/customer/profile")
        assert (answer["status"], answer["value"]["code"]) == (401, "customer_token_invalid")


def test_another_origin_is_blocked(page: Page, store_elsewhere: Store, origins: list[str]) -> None:
    store = store_elsewhere
    kelly = store.resident()
    card = store.grant(kelly)
    page.goto(f"{origins[1]}/#ct={store.token(kelly)}")
    assert call(page, store, "GET", "/v1/customer/profile") == {"blocked": "TypeError"}
    redeem = f"/v1/customer/giftcards/{card['id']}/redeem"
    assert call(page, store, "POST", redeem) == {"blocked": "TypeError"}
    assert not store.card(card)["redeemed"]


def test_nothing_but_the_customers_endpoints_is_open(
    page: Page, store_elsewhere: Store, origins: list[str]
) -> None:
    store = store_elsewhere
    page.goto(f"{origins[0]}/#ct=x")
    for path in ("/v1/store", "/me", "/openapi.json"):
        assert call(page, store, "GET", path) == {"blocked": "TypeError"}
