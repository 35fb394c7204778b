"""Kinds of callers: one that this file adds is served as the others are, with no other edit."""

import io
import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

import pytest
from msgspec import Struct

from gridgift.app import create_app
from gridgift.domain import giftcards, stores
from gridgift.domain.failures import Failure, GiftCardNotFound
from gridgift.http.api.giftcards import show_change
from gridgift.http.edge.answers import once
from gridgift.http.edge.guards import SecurityScheme
from gridgift.http.edge.principal import Principal
from gridgift.http.edge.refusals import ApiKeyInvalid, RateLimited, ScopeMissing
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.request import Request
from gridgift.http.edge.route import AnyRoute, Route, Tag
from gridgift.http.parameters import GIFT_CARD_ID
from gridgift.http.reference.openapi import refusals_of
from gridgift.http.table import ROUTES
from gridgift.limits import Bucket
from gridgift.settings import Settings
from gridgift.storage.database import Tx
from gridgift.views import GiftCardResponse
from tests.api import SECRET, ApiFixture, Clock, problem
from tests.http.test_cors import ORIGIN

LIMIT: Final = 5


class BadgePrincipal(Principal, frozen=True, kw_only=True):
    """Someone with a badge: its number, and what it opens."""

    number: str
    opens: str


class Badge(Struct, frozen=True):
    """Admits whoever says ``STORE NUMBER OPENS`` in a header: good enough for a test."""

    needs: str

    refusals: ClassVar[tuple[type[Failure], ...]] = (ApiKeyInvalid, ScopeMissing, RateLimited)
    scheme: ClassVar[SecurityScheme | None] = SecurityScheme("Badge", "X-Badge", "A badge.")
    cors: ClassVar[tuple[str, ...]] = ("/ext/v1/badge/",)
    keyed: ClassVar[bool] = True
    note: ClassVar[str] = "With a badge."

    def describe(self) -> Mapping[str, Any]:
        """Tell what is needed."""
        return {"security": [{"Badge": []}], "x-badge": self.needs}

    async def admit(self, request: Request[Any, Any, Any]) -> BadgePrincipal:
        """Return whose badge it is."""
        parts = request.headers.get(b"x-badge", b"").decode().split()
        if len(parts) != 3:
            raise ApiKeyInvalid
        store_id, number, opens = parts
        return BadgePrincipal(
            store_id=store_id,
            actor_kind="unit",
            actor_id=number,
            bucket=Bucket("badge", number),
            log_fields={"store": store_id, "badge": number},
            number=number,
            opens=opens,
        )

    def authorise(self, principal: BadgePrincipal) -> None:
        """Compare what is needed with what the badge opens."""
        if principal.opens != self.needs:
            raise ScopeMissing(self.needs)

    async def verify(self, request: Request[Any, Any, Any]) -> None:
        """Find nothing wrong."""

    async def readmit(self, tx: Tx, principal: BadgePrincipal) -> None:
        """Take a badge that was good for good."""


async def switch_off(request: Request[BadgePrincipal, None, None]) -> Reply[GiftCardResponse]:
    """Disable a card."""
    assert request.principal.number
    card_id = GIFT_CARD_ID.of(request)
    return await once(request, show_change, giftcards.disable, request.caller, card_id)


ROUTE: Final[AnyRoute] = Route(
    "POST",
    "/ext/v1/badge/{id}/off",
    Badge("door"),
    switch_off,
    tag=Tag("Badges", "For whoever has a badge."),
    summary="Switch a card off",
    description="For good.",
    path_parameters=(GIFT_CARD_ID,),
    answer=GiftCardResponse,
    refusals=(GiftCardNotFound,),
)


@pytest.fixture
def api(database_url: str) -> Iterator[ApiFixture]:
    """A store whose server knows badges, with a customer page on another origin."""
    settings = Settings(
        database_url=database_url, secret=SECRET, public_url="http://shop.test", rate_limit=LIMIT
    )
    clock = Clock()
    app = create_app(settings, clock.now, clock.ticks, (*ROUTES, ROUTE))
    with ApiFixture.opened(app, settings, clock) as opened:
        yield opened


def off(api: ApiFixture, card_id: str, badge: str | None = None, **headers: str) -> Any:
    """Switch a card off with a badge, a good one if none is given."""
    sent = {"X-Badge": badge or f"{api.store.id} 7 door", **headers}
    return api.call("POST", f"/ext/v1/badge/{card_id}/off", key=None, headers=sent)


def test_it_is_admitted_and_named_in_the_ledger(api: ApiFixture) -> None:
    card = api.grant()["id"]
    assert off(api, card).json()["active"] is False
    entry = api.entries(card)[-1]
    assert (entry.kind, entry.actor_kind, entry.actor_id) == ("disabled", "unit", "7")


def test_it_is_refused(api: ApiFixture, unknown_id: str) -> None:
    refused = problem(off(api, unknown_id, "nonsense"), 401, "api_key_invalid")
    assert refused["instance"].startswith("/ext/v1/badge/")
    problem(off(api, unknown_id, f"{api.store.id} 7 window"), 403, "scope_missing")
    assert {ApiKeyInvalid, ScopeMissing, RateLimited} <= set(refusals_of(ROUTE))


def test_it_is_counted_in_a_bucket_of_its_own(api: ApiFixture, unknown_id: str) -> None:
    for left in reversed(range(LIMIT)):
        answer = off(api, unknown_id)
        assert answer.headers["ratelimit"].startswith(f'"default";r={left};')
    problem(off(api, unknown_id), 429, "rate_limited")
    problem(off(api, unknown_id, f"{api.store.id} 8 door"), 404, "gift_card_not_found")


def test_its_idempotency_keys_are_its_own(api: ApiFixture) -> None:
    card, key = api.grant()["id"], {"Idempotency-Key": "same"}
    api.call("PUT", f"/v1/giftcards/{card}", json={"credit": 5, "active": True}, headers=key)
    assert off(api, card, **key).json()["active"] is False
    assert off(api, card, **key).headers["idempotent-replayed"] == "true"
    other = off(api, card, f"{api.store.id} 8 door", **key)
    assert other.status_code == 200
    assert "idempotent-replayed" not in other.headers


def test_a_page_on_the_stores_origin_may_call(api: ApiFixture, unknown_id: str) -> None:
    api.write(stores.update, api.store.id, stores.StoreChanges(customer_origin=ORIGIN))
    answer = off(api, unknown_id, Origin=ORIGIN)
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    preflight = api.call(
        "OPTIONS",
        f"/ext/v1/badge/{unknown_id}/off",
        key=None,
        headers={"Origin": ORIGIN, "Access-Control-Request-Method": "POST"},
    )
    assert preflight.status_code == 204
    assert "X-Badge" in preflight.headers["access-control-allow-headers"]


def test_it_is_documented(api: ApiFixture) -> None:
    found = api.call("GET", "/openapi.json", key=None).json()
    assert found["components"]["securitySchemes"]["Badge"]["name"] == "X-Badge"
    operation = found["paths"]["/ext/v1/badge/{id}/off"]["post"]
    assert operation["security"] == [{"Badge": []}]
    assert operation["x-badge"] == "door"
    assert operation["description"] == "For good. With a badge."
    assert {"401", "403", "404", "422", "429"} <= operation["responses"].keys()
    names = {parameter["name"] for parameter in operation["parameters"]}
    assert names == {"id", "Idempotency-Key"}


def test_the_log_names_it(
    api: ApiFixture, monkeypatch: pytest.MonkeyPatch, unknown_id: str
) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), write_through=True)
    monkeypatch.setattr(sys, "stderr", stream)
    off(api, unknown_id)
    raw: Any = stream.buffer
    (line,) = [json.loads(line) for line in raw.getvalue().splitlines()]
    assert (line["store"], line["badge"]) == (api.store.id, "7")
    assert "key" not in line
