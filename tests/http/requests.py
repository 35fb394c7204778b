"""Requests that many tests send: a route's example, to a card, to a credit account."""

import asyncio
from typing import Any, Final

from gridgift.app import connect
from gridgift.domain import purchases
from gridgift.domain.ids import new_id
from gridgift.domain.instants import format_instant
from gridgift.domain.model import Caller, Resident
from gridgift.domain.purchases import Payment
from gridgift.http.edge.in_world import IN_WORLD
from gridgift.http.edge.route import AnyRoute
from gridgift.http.table import ROUTES
from tests.api import KELLY, OWNER, ApiFixture
from tests.deliveries import delivery_rows
from tests.domain.fixture import bare_sql

TEXTURE: Final = "5748decc-f629-461c-9a36-a35a221fe21f"
IN_WORLD_ROUTES: Final = [route for route in ROUTES if route.path.startswith(IN_WORLD)]
ELSEWHERE: Final = [route for route in ROUTES if route not in IN_WORLD_ROUTES]  # unsigned
NOON: Final = 1_795_348_800_000  # 2026-11-22T12:00:00Z
PARTS: Final = {  # of paths
    "identifier": "kelly", "id": "x", "hold": "x", "lot": "x", "code": "x",
    "unit": "x", "refund": "x", "webhook": "x", "delivery": "x",
}  # fmt: skip


def other_stores_key(api: ApiFixture, *scopes: str) -> str:
    """Make another store and a key of it."""
    return api.add_key(*scopes, store=api.add_store("Elsewhere", OWNER)).key


def ext(api: ApiFixture, card_id: str, action: str, body: Any = None, **options: Any) -> Any:
    """Do something with a card under /ext/v1: an action, or what follows its path."""
    path = action if "/" in action or action == "holds" else f"actions/{action}"
    return api.call("POST", f"/ext/v1/giftcards/{card_id}/{path}", json=body, **options)


def etag_of(api: ApiFixture, card_id: str) -> str:
    """Read a card's present ETag."""
    return str(api.call("GET", f"/v1/giftcards/{card_id}").headers["etag"])


def credit_of(api: ApiFixture, resident: str = "kelly") -> Any:
    """Read a resident's store credit."""
    response = api.call("GET", f"/ext/v1/customers/{resident}/credit")
    assert response.status_code == 200, response.text
    return response.json()


def without_ids(credit: Any) -> Any:
    """Return store credit as it was answered, with lots that have no ids."""
    lots = [{name: lot[name] for name in lot if name != "id"} for lot in credit["lots"]]
    return credit | {"lots": lots}


def change_credit(api: ApiFixture, action: str, amount: Any, **more: Any) -> Any:
    """Deposit, spend or refund for Kelly."""
    options = {name: more.pop(name) for name in ("headers", "key") if name in more}
    body = {"amount": amount, "reason": "why", "reference": "order 7"} | more
    path = f"/ext/v1/customers/kelly/credit/actions/{action}"
    return api.call("POST", path, json=body, **options)


def at(api: ApiFixture, seconds: float) -> str:
    """Write the instant so many seconds from now."""
    return format_instant(api.clock.now() + round(seconds * 1000))


def path_of(route: AnyRoute, **parts: str) -> str:
    """Fill in a route's path."""
    return route.path.format(**(PARTS | parts))


def sent(route: AnyRoute, body: Any) -> dict[str, Any]:
    """Return what sends a body as the route takes it."""
    if route.rows is None:
        return {"json": body}
    media_type, text = next(iter(route.rows.items()))
    return {"content": text, "headers": {"Content-Type": media_type}}


def prepared(api: ApiFixture, route: AnyRoute) -> tuple[dict[str, str], Any]:
    """Make what a route's example needs: a card, a hold, lots, a spend; return path and body."""
    card = api.grant(credit=1000, transfer=True)["id"]
    held = ext(api, card, "holds", {"amount": 1, "expiresIn": 60}).json()["id"]
    if "hold" not in route.path:
        ext(api, card, f"holds/{held}/actions/void")
    change_credit(api, "deposit", 1000)
    dated = {"expiresAt": "2098-01-01T00:00:00Z", "restricted": True}
    lot = change_credit(api, "deposit", 1, **dated).json()["id"]
    body = route.body_example
    if body is not None and "spend" in body:
        body = body | {"spend": change_credit(api, "spend", 500).json()["id"]}
    if body is not None and "ids" in body:
        body = body | {"ids": [card, api.grant(credit=1000)["id"]]}
        before = {"expiresAt": "2999-12-31T00:00:00Z", "active": not route.path.endswith("enable")}
        for each in body["ids"]:
            ext(api, each, "patch", before)  # so that the action changes it
    if body is not None and "customerIdentifier" in body:
        body = body | {"customerIdentifier": "kelly"}
    parts = {"id": card, "hold": held, "lot": lot}
    if "{unit}" in route.path:
        parts["unit"] = make_unit(api)["id"]
    if "{refund}" in route.path:
        parts["refund"] = owe(api, parts["unit"])
    if "{webhook}" in route.path:
        parts |= a_webhook(api)
    return parts, body


def make_unit(api: ApiFixture, **settings: Any) -> Any:
    """Make a unit, which delivers cards of L$100 if nothing else is said."""
    body = {"kind": "delivery", "name": "Welcome gift"} | settings
    response = api.call("POST", "/ext/v1/units", json=body)
    assert response.status_code == 201, response.text
    return response.json()


def owe(api: ApiFixture, unit_id: str, amount: int = 250) -> str:
    """Let Kelly have paid a unit for nothing, at noon; return the refund's id."""
    payer = Resident(KELLY.uuid, KELLY.uuid)  # whose name was not seen
    payment = Payment(new_id(), bytes(32), payer, amount, NOON)
    caller = Caller(api.store.id, "unit", unit_id, "paid")

    async def run() -> None:
        database = connect(api.settings, api.clock.now)
        try:
            sold = (caller, unit_id, payment, new_id(), "receiver_not_found")
            await database.write(purchases.sell, *sold)
        finally:
            await database.close()

    asyncio.run(run())
    return payment.nonce


def a_webhook(api: ApiFixture, state: str = "failed", **wanted: Any) -> dict[str, str]:
    """Make a webhook with a delivery of 2026-11-22T12:00:00Z; return the ids of both."""
    body = {"url": "https://shop.example.com/hooks"} | wanted
    made = api.call("POST", "/ext/v1/webhooks", json=body)
    assert made.status_code == 201, made.text
    webhook = made.json()["id"]
    delivery, statements = delivery_rows(api.store.id, webhook, state, NOON)
    for statement in statements:
        asyncio.run(bare_sql(api.settings.database_url, statement))
    return {"webhook": webhook, "delivery": delivery}
