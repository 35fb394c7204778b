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
from gridgift.domain.keys import NewCredential, Signer
from gridgift.domain.scopes import SCOPES
from gridgift.http.table import ROUTES
from tests.api import OWNER, SECRET, ApiFixture, Clock, operator, problem
from tests.http.bodies import altered
from tests.http.checks import one_engine, unchanged

PATH = "/v1/store"
KEY = re.compile(r"allo_live_([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")


def refused(response: Any, code: str) -> None:
    """Assert that a request was not let in."""
    problem(response, 401, code)
    assert response.headers["www-authenticate"] == 'ApiKey realm="gridgift"'


def get(api: ApiFixture, *headers: tuple[str, str]) -> Any:
    """Read the store with exactly these headers."""
    return api.client.get(PATH, headers=list(headers))


@pytest.mark.contract("2.1", "2.2", "2.3", "2.4")
def test_no_key_or_an_empty_one(api: ApiFixture) -> None:
    refused(get(api), "api_key_missing")
    refused(get(api, ("X-API-Key", "")), "api_key_missing")
    refused(get(api, ("Authorization", f"Bearer {api.key}")), "api_key_missing")
    refused(api.client.get(f"{PATH}?x-api-key={api.key}"), "api_key_missing")


@pytest.mark.contract("2.1", "2.2", "2.3", "2.4")
def test_more_than_one_key(api: ApiFixture) -> None:
    other = api.add_key("store:read").key
    for first, second in [(api.key, api.key), (api.key, other), (api.key, ""), ("", "")]:
        refused(get(api, ("X-API-Key", first), ("X-API-Key", second)), "api_key_invalid")
    refused(get(api, ("X-API-Key", f"{api.key}, {api.key}")), "api_key_invalid")


@pytest.mark.contract("2.1")
def test_the_headers_name_in_any_letter_case(api: ApiFixture) -> None:
    assert get(api, ("x-aPi-kEY", api.key)).status_code == 200


@pytest.mark.contract("2.5", "2.7")
def test_the_form_of_a_key(api: ApiFixture) -> None:
    payload, signature = KEY.fullmatch(api.key).groups()  # type: ignore[union-attr]
    decoded = base64.urlsafe_b64decode(payload + "==")
    assert bytes.fromhex(api.issued.stored.id.replace("-", "")) in decoded
    assert len(decoded) == 16 + 16 + 32
    assert len(base64.urlsafe_b64decode(signature + "==")) == 32


@pytest.mark.contract("2.3", "2.8")
def test_keys_that_we_did_not_issue(api: ApiFixture) -> None:
    body, _, signature = api.key.rpartition(".")
    stored = api.issued.stored
    fresh = NewCredential(stored.id, os.urandom(32))
    forgeries = {
        "another server's": Signer(b"another secret").issue(stored.store_id, *_parts(fresh)),
        "another's random bytes": signer(api.settings).issue(stored.store_id, *_parts(fresh)),
        "unknown": signer(api.settings).issue(stored.store_id, new_id(), fresh.random),
        "unknown store": signer(api.settings).issue(new_id(), stored.id, fresh.random),
        "other prefix": Signer(SECRET.encode(), "test").issue(stored.store_id, *_parts(fresh)),
        "altered signature": f"{body}.{altered(signature, 5)}",
        "altered end": f"{body}.{altered(signature, -1)}",
        "altered payload": f"{altered(body, 40)}.{signature}",
        "without signature": body,
        "empty signature": f"{body}.",
        "padded": f"{api.key}=",
        "cut off": api.key[:-1],
        "lower case": api.key.lower(),
        "preview": stored.preview,
        "hash": stored.hash.hex(),
        "latin-1": "allo_live_é",
        "long": "allo_live_" + "A" * 7000,
    }
    for forgery in forgeries.values():
        refused(get(api, ("X-API-Key", forgery.encode("latin-1"))), "api_key_invalid")  # type: ignore[arg-type]
    assert api.call("GET", PATH).status_code == 200


def _parts(fresh: NewCredential) -> tuple[str, bytes]:
    return fresh.id, fresh.random


@pytest.mark.contract("2.8")
@one_engine
def test_the_signature_is_hmac_sha256_under_the_secret(api: ApiFixture) -> None:
    body, _, signature = api.key.rpartition(".")
    expected = hmac.digest(SECRET.encode(), b"gridgift key " + body.encode(), "sha256")
    assert base64.urlsafe_b64encode(expected).decode().rstrip("=") == signature


@pytest.mark.contract("2.8")
def test_a_forged_key_costs_no_look_at_the_database(
    api: ApiFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    forged = altered(api.key, -3)
    issued = api.add_key("store:read").key
    monkeypatch.setattr(keys, "read", None)
    refused(api.call("GET", PATH, key=forged), "api_key_invalid")
    problem(api.call("GET", PATH, key=issued), 500, "internal_error")  # this one does look


@pytest.mark.contract("2.9")
@one_engine
def test_secrets_are_compared_in_constant_time(
    api: ApiFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = []
    compare = hmac.compare_digest

    def noting(one: Any, other: Any) -> bool:
        compared.append(one)
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", noting)
    assert api.call("GET", PATH).status_code == 200
    assert compared == [api.key.rpartition(".")[2], api.issued.stored.hash]


@pytest.mark.contract("2.6")
def test_the_prefix_is_a_setting(make_api: Callable[..., ApiFixture]) -> None:
    usual, other = make_api(), make_api(key_prefix="gift_test")
    assert other.key.startswith("gift_test_")
    assert other.call("GET", PATH).status_code == 200
    refused(other.call("GET", PATH, key=usual.key), "api_key_invalid")
    refused(usual.call("GET", PATH, key=other.key), "api_key_invalid")


@pytest.mark.contract("2.10", "2.11", "2.12")
def test_the_server_keeps_no_key(api: ApiFixture) -> None:
    issued = api.issued
    ((preview, kept),) = api.sql(
        f"SELECT preview, hash FROM api_keys WHERE id = '{issued.stored.id}'"
    )
    assert kept == keys.digest(issued.key)
    assert preview == f"allo_live_***{issued.key[-6:]}"
    (row,) = api.sql(f"SELECT * FROM api_keys WHERE id = '{issued.stored.id}'")
    for secret in (issued.key, KEY.fullmatch(issued.key)[1], KEY.fullmatch(issued.key)[2]):  # type: ignore[index]
        assert secret not in repr(row)
    assert issued.key not in repr(api.read(keys.list_of, api.store.id))


@pytest.mark.contract("2.13", "2.14")
def test_names_of_keys(api: ApiFixture) -> None:
    def create(name: str, store_id: str = api.store.id) -> str:
        new = NewCredential(new_id(), os.urandom(32))
        scopes = ["store:read"]
        return api.write(
            keys.create, operator(store_id), signer(api.settings), name, scopes, new
        ).key

    for name in ("abc", "x" * 128, "Wiki-Bot №1"):
        assert api.call("GET", PATH, key=create(name)).status_code == 200
        with pytest.raises(KeyNameTaken):
            create(name)
        create(name, api.add_store("Elsewhere", OWNER).id)
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
        "events:read",
        "units:read",
        "units:write",
        "reports:read",
        "webhooks:read",
        "webhooks:write",
        "store:write",
    }


@pytest.mark.contract("2.3", "2.4", "2.15")
def test_an_expired_key(api: ApiFixture) -> None:
    key = api.add_key("store:read", expires_at=api.clock.now() + 2000).key
    assert api.call("GET", PATH, key=key).status_code == 200
    api.clock.advance(1.999)
    assert api.call("GET", PATH, key=key).status_code == 200
    api.clock.advance(0.001)
    refused(api.call("GET", PATH, key=key), "api_key_expired")


@pytest.mark.contract("2.3", "2.4", "2.21")
def test_a_revoked_key_is_dead_within_5_seconds(api: ApiFixture) -> None:
    assert api.call("GET", PATH).status_code == 200
    api.write(keys.revoke, operator(api.store.id), api.issued.stored.id)
    api.clock.advance(5)
    with unchanged(api):
        refused(api.call("GET", PATH), "api_key_revoked")
        grant = api.call("POST", "/v1/customers/kelly/actions/grant-gift-card", json={"credit": 1})
        refused(grant, "api_key_revoked")


@pytest.mark.contract("2.3")
def test_a_key_that_was_revoked_before_its_first_use(api: ApiFixture) -> None:
    api.write(keys.revoke, operator(api.store.id), api.issued.stored.id)
    refused(api.call("GET", PATH), "api_key_revoked")


@pytest.mark.contract("2.15", "2.18", "2.21")
def test_changed_scopes_hold_within_5_seconds(api: ApiFixture) -> None:
    issued = api.add_key("customers:read")
    problem(api.call("GET", PATH, key=issued.key), 403, "scope_missing")
    for scopes, status in ((["store:read"], 200), (["giftcards:read"], 403)):
        api.write(keys.rescope, operator(api.store.id), issued.stored.id, scopes)
        api.clock.advance(5)
        assert api.call("GET", PATH, key=issued.key).status_code == status


@pytest.mark.contract("2.21")
def test_every_replica_notices(make_api: Callable[..., ApiFixture]) -> None:
    one, other = make_api(), make_api()
    assert other.call("GET", PATH, key=one.key).status_code == 200
    one.write(keys.revoke, operator(one.store.id), one.issued.stored.id)
    other.clock.advance(5)
    refused(other.call("GET", PATH, key=one.key), "api_key_revoked")


def test_the_last_use_is_noted_beside_the_requests(make_api: Callable[..., ApiFixture]) -> None:
    watcher, clock = make_api(), Clock()

    def last_used(api: ApiFixture) -> Any:
        return watcher.read(keys.read, api.store.id, api.issued.stored.id).last_used_at

    app = create_app(watcher.settings, clock.now, clock.ticks)
    with ApiFixture.opened(app, watcher.settings, clock) as api:
        for _ in range(3):
            clock.advance(1)
            assert api.call("GET", PATH).status_code == 200
        assert last_used(api) is None  # no write per request
    assert last_used(api) == clock.now()
    assert last_used(watcher) is None


@pytest.mark.contract("2.3")
def test_a_refused_key_was_not_used(make_api: Callable[..., ApiFixture]) -> None:
    watcher, clock = make_api(), Clock()
    app = create_app(watcher.settings, clock.now, clock.ticks)
    with ApiFixture.opened(app, watcher.settings, clock) as api:
        api.write(keys.revoke, operator(api.store.id), api.issued.stored.id)
        refused(api.call("GET", PATH), "api_key_revoked")
    stored = watcher.read(keys.read, api.store.id, api.issued.stored.id)
    assert stored.last_used_at is None
