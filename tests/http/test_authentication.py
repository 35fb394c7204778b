"""Who may come in: API keys over HTTP (contract section 2)."""

import base64
import hmac
import os
import re
from collections.abc import Callable
from typing import Any

import pytest

from gridgift.app import create_app, signer
from gridgift.domain import keys
from gridgift.domain.failures import KeyNameTaken, ValidationFailed
from gridgift.domain.ids import new_id
from gridgift.domain.keys import Fresh, Signer
from gridgift.domain.scopes import SCOPES
from gridgift.http.routes import ROUTES
from tests.http.scene import altered, one_engine, unchanged
from tests.shop import OWNER, SECRET, Clock, Shop, problem

PATH = "/v1/store"
KEY = re.compile(r"allo_live_([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")


def refused(response: Any, code: str) -> None:
    """Assert that a request was not let in."""
    problem(response, 401, code)
    assert response.headers["www-authenticate"] == 'ApiKey realm="gridgift"'


def get(shop: Shop, *headers: tuple[str, str]) -> Any:
    """Read the store with exactly these headers."""
    return shop.client.get(PATH, headers=list(headers))


@pytest.mark.contract("2.1", "2.2", "2.3", "2.4")
def test_no_key_or_an_empty_one(shop: Shop) -> None:
    refused(get(shop), "api_key_missing")
    refused(get(shop, ("X-API-Key", "")), "api_key_missing")
    refused(get(shop, ("Authorization", f"Bearer {shop.key}")), "api_key_missing")
    refused(shop.client.get(f"{PATH}?x-api-key={shop.key}"), "api_key_missing")


@pytest.mark.contract("2.1", "2.2", "2.3", "2.4")
def test_more_than_one_key(shop: Shop) -> None:
    other = shop.add_key("store:read").key
    for first, second in [(shop.key, shop.key), (shop.key, other), (shop.key, ""), ("", "")]:
        refused(get(shop, ("X-API-Key", first), ("X-API-Key", second)), "api_key_invalid")
    refused(get(shop, ("X-API-Key", f"{shop.key}, {shop.key}")), "api_key_invalid")


@pytest.mark.contract("2.1")
def test_the_headers_name_in_any_letter_case(shop: Shop) -> None:
    assert get(shop, ("x-aPi-kEY", shop.key)).status_code == 200


@pytest.mark.contract("2.5", "2.7")
def test_the_form_of_a_key(shop: Shop) -> None:
    payload, signature = KEY.fullmatch(shop.key).groups()  # type: ignore[union-attr]
    decoded = base64.urlsafe_b64decode(payload + "==")
    assert bytes.fromhex(shop.issued.stored.id.replace("-", "")) in decoded
    assert len(decoded) == 16 + 16 + 32
    assert len(base64.urlsafe_b64decode(signature + "==")) == 32


@pytest.mark.contract("2.3", "2.8")
def test_keys_that_we_did_not_issue(shop: Shop) -> None:
    body, _, signature = shop.key.rpartition(".")
    stored = shop.issued.stored
    fresh = Fresh(stored.id, os.urandom(32))
    forgeries = {
        "another server's": Signer(b"another secret").issue(stored.store_id, *_parts(fresh)),
        "another's random bytes": signer(shop.settings).issue(stored.store_id, *_parts(fresh)),
        "unknown": signer(shop.settings).issue(stored.store_id, new_id(), fresh.random),
        "unknown store": signer(shop.settings).issue(new_id(), stored.id, fresh.random),
        "other prefix": Signer(SECRET.encode(), "test").issue(stored.store_id, *_parts(fresh)),
        "altered signature": f"{body}.{altered(signature, 5)}",
        "altered end": f"{body}.{altered(signature, -1)}",
        "altered payload": f"{altered(body, 40)}.{signature}",
        "without signature": body,
        "empty signature": f"{body}.",
        "padded": f"{shop.key}=",
        "cut off": shop.key[:-1],
        "lower case": shop.key.lower(),
        "preview": stored.preview,
        "hash": stored.hash.hex(),
        "latin-1": "allo_live_é",
        "long": "allo_live_" + "A" * 7000,
    }
    for forgery in forgeries.values():
        refused(get(shop, ("X-API-Key", forgery.encode("latin-1"))), "api_key_invalid")  # type: ignore[arg-type]
    assert shop.call("GET", PATH).status_code == 200


def _parts(fresh: Fresh) -> tuple[str, bytes]:
    return fresh.id, fresh.random


@pytest.mark.contract("2.8")
@one_engine
def test_the_signature_is_hmac_sha256_under_the_secret(shop: Shop) -> None:
    body, _, signature = shop.key.rpartition(".")
    expected = hmac.digest(SECRET.encode(), b"gridgift key " + body.encode(), "sha256")
    assert base64.urlsafe_b64encode(expected).decode().rstrip("=") == signature


@pytest.mark.contract("2.8")
def test_a_forged_key_costs_no_look_at_the_database(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    forged = altered(shop.key, -3)
    issued = shop.add_key("store:read").key
    monkeypatch.setattr(keys, "read", None)
    refused(shop.call("GET", PATH, key=forged), "api_key_invalid")
    problem(shop.call("GET", PATH, key=issued), 500, "internal_error")  # this one does look


@pytest.mark.contract("2.9")
@one_engine
def test_secrets_are_compared_in_constant_time(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    compare = hmac.compare_digest

    def noting(one: Any, other: Any) -> bool:
        compared.append(one)
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", noting)
    assert shop.call("GET", PATH).status_code == 200
    assert compared == [shop.key.rpartition(".")[2], shop.issued.stored.hash]


@pytest.mark.contract("2.6")
def test_the_prefix_is_a_setting(make_shop: Callable[..., Shop]) -> None:
    usual, other = make_shop(), make_shop(key_prefix="gift_test")
    assert other.key.startswith("gift_test_")
    assert other.call("GET", PATH).status_code == 200
    refused(other.call("GET", PATH, key=usual.key), "api_key_invalid")
    refused(usual.call("GET", PATH, key=other.key), "api_key_invalid")


@pytest.mark.contract("2.10", "2.11", "2.12")
def test_the_server_keeps_no_key(shop: Shop) -> None:
    issued = shop.issued
    ((preview, kept),) = shop.sql(
        f"SELECT preview, hash FROM api_keys WHERE id = '{issued.stored.id}'"
    )
    assert kept == keys.digest(issued.key)
    assert preview == f"allo_live_***{issued.key[-6:]}"
    (row,) = shop.sql(f"SELECT * FROM api_keys WHERE id = '{issued.stored.id}'")
    for secret in (issued.key, KEY.fullmatch(issued.key)[1], KEY.fullmatch(issued.key)[2]):  # type: ignore[index]
        assert secret not in repr(row)
    assert issued.key not in repr(shop.read(keys.list_of, shop.store.id))


@pytest.mark.contract("2.13", "2.14")
def test_names_of_keys(shop: Shop) -> None:
    def create(name: str, store_id: str = shop.store.id) -> str:
        fresh, now = Fresh(new_id(), os.urandom(32)), shop.clock.now()
        return shop.write(
            keys.create, signer(shop.settings), store_id, name, ["store:read"], fresh, now
        ).key

    for name in ("abc", "x" * 128, "Wiki-Bot №1"):
        assert shop.call("GET", PATH, key=create(name)).status_code == 200
        with pytest.raises(KeyNameTaken):
            create(name)
        create(name, shop.add_store("Elsewhere", OWNER).id)
    for name in ("", "ab", "x" * 129, "a\nb"):
        with pytest.raises(ValidationFailed):
            create(name)


@pytest.mark.contract("2.16")
def test_no_endpoint_touches_keys() -> None:
    assert not [route.path for route in ROUTES if "key" in route.path]


@pytest.mark.contract("2.20")
def test_scopes() -> None:
    assert SCOPES.keys() == {
        "store:read",
        "customers:read",
        "customers:write",
        "credits:read",
        "credits:write",
        "giftcards:read",
        "giftcards:write",
        "customertokens:mint",
    }


@pytest.mark.contract("2.3", "2.4", "2.15")
def test_an_expired_key(shop: Shop) -> None:
    key = shop.add_key("store:read", expires_at=shop.clock.now() + 2000).key
    assert shop.call("GET", PATH, key=key).status_code == 200
    shop.clock.advance(1.999)
    assert shop.call("GET", PATH, key=key).status_code == 200
    shop.clock.advance(0.001)
    refused(shop.call("GET", PATH, key=key), "api_key_expired")


@pytest.mark.contract("2.3", "2.4", "2.21")
def test_a_revoked_key_is_dead_within_5_seconds(shop: Shop) -> None:
    assert shop.call("GET", PATH).status_code == 200
    shop.write(keys.revoke, shop.store.id, shop.issued.stored.id, shop.clock.now())
    shop.clock.advance(5)
    with unchanged(shop):
        refused(shop.call("GET", PATH), "api_key_revoked")
        grant = shop.call("POST", "/v1/customers/kelly/actions/grant-gift-card", json={"credit": 1})
        refused(grant, "api_key_revoked")


@pytest.mark.contract("2.3")
def test_a_key_that_was_revoked_before_its_first_use(shop: Shop) -> None:
    shop.write(keys.revoke, shop.store.id, shop.issued.stored.id, shop.clock.now())
    refused(shop.call("GET", PATH), "api_key_revoked")


@pytest.mark.contract("2.15", "2.18", "2.21")
def test_changed_scopes_hold_within_5_seconds(shop: Shop) -> None:
    issued = shop.add_key("customers:read")
    problem(shop.call("GET", PATH, key=issued.key), 403, "scope_missing")
    for scopes, status in ((["store:read"], 200), (["giftcards:read"], 403)):
        now = shop.clock.now()
        shop.write(keys.rescope, shop.store.id, issued.stored.id, scopes, now)
        shop.clock.advance(5)
        assert shop.call("GET", PATH, key=issued.key).status_code == status


@pytest.mark.contract("2.21")
def test_every_replica_notices(make_shop: Callable[..., Shop]) -> None:
    one, other = make_shop(), make_shop()
    assert other.call("GET", PATH, key=one.key).status_code == 200
    one.write(keys.revoke, one.store.id, one.issued.stored.id, one.clock.now())
    other.clock.advance(5)
    refused(other.call("GET", PATH, key=one.key), "api_key_revoked")


def test_the_last_use_is_noted_beside_the_requests(make_shop: Callable[..., Shop]) -> None:
    watcher, clock = make_shop(), Clock()

    def last_used(shop: Shop) -> Any:
        return watcher.read(keys.read, shop.store.id, shop.issued.stored.id).last_used_at

    app = create_app(watcher.settings, clock.now, clock.ticks)
    with Shop.opened(app, watcher.settings, clock) as shop:
        for _ in range(3):
            clock.advance(1)
            assert shop.call("GET", PATH).status_code == 200
        assert last_used(shop) is None  # no write per request
    assert last_used(shop) == clock.now()
    assert last_used(watcher) is None


@pytest.mark.contract("2.3")
def test_a_refused_key_was_not_used(make_shop: Callable[..., Shop]) -> None:
    watcher, clock = make_shop(), Clock()
    app = create_app(watcher.settings, clock.now, clock.ticks)
    with Shop.opened(app, watcher.settings, clock) as shop:
        shop.write(keys.revoke, shop.store.id, shop.issued.stored.id, clock.now())
        refused(shop.call("GET", PATH), "api_key_revoked")
    stored = watcher.read(keys.read, shop.store.id, shop.issued.stored.id)
    assert stored.last_used_at is None
