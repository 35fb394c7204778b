"""A shop in which everything has happened, all of it through operations."""

from functools import partial

from gridgift.domain import expiry, imports, keys, residents
from gridgift.domain.bulk import Wish
from gridgift.domain.giftcards import Terms
from gridgift.domain.ids import new_id
from gridgift.domain.instants import DAY
from gridgift.domain.model import Caller, Resident
from gridgift.domain.residents import Identifier
from tests.http.scene import TEXTURE, Page, at, change_credit, ext
from tests.shop import JO, KELLY, Shop

CARDS = 520  # more than a page of a copy


def fill(shop: Shop) -> None:
    """Let there be rows in every table, in every state."""
    _pass_time_on_cards(shop)
    _deal_with_credit(shop)
    shop.write(residents.remember, Resident(KELLY.uuid, "kelly.younger"), shop.clock.now())
    shop.write(residents.remember, KELLY, shop.clock.now())
    spare = shop.add_key("store:read", expires_at=shop.clock.now() + DAY)
    shop.write(keys.revoke, shop.store.id, spare.stored.id, shop.clock.now())
    shop.call("POST", "/v1/customer-tokens", json={"customerIdentifier": "jo.winter"})
    _break_an_import_off(shop)
    for number in range(CARDS):
        shop.grant("jo.winter", 1 + number, transfer=number % 2 == 0)


def _break_an_import_off(shop: Shop) -> None:
    caller = Caller(shop.store.id, "operator", "someone", "import")
    now, digest = shop.clock.now(), bytes(32)
    begun = shop.write(partial(imports.begin, again=False), shop.store.id, digest, now)
    rows = [
        Wish(Identifier(uuid=KELLY.uuid), Terms(5)),
        Wish(Identifier(username="no.one"), Terms(5)),
    ]
    done = shop.write(imports.grant, caller, begun, rows, [new_id(), new_id()], now)
    assert (done.granted, done.refused) == (1, 1)


def _pass_time_on_cards(shop: Shop) -> None:
    expiring = [shop.grant(expiresAt=at(shop, 60)) for _ in range(2)]
    held = shop.grant()["id"]
    holds = [
        ext(shop, held, "holds", {"amount": 7, "expiresIn": seconds}).json()["id"]
        for seconds in (600, 600, 600, 1)
    ]
    for hold, action in zip(holds, ("capture", "void"), strict=False):
        assert ext(shop, held, f"holds/{hold}/actions/{action}").status_code == 200
    page = Page(shop)
    for date in ({}, {"expiresAt": at(shop, 3600)}):
        assert page.redeem(shop.grant(**date)["id"]).status_code == 200
    assert page.transfer(shop.grant(transfer=True)["id"]).status_code == 200
    disabled = shop.grant(texture=TEXTURE)["id"]
    shop.call("POST", f"/v1/giftcards/{disabled}/actions/disable")
    ext(shop, shop.grant()["id"], "reissue", {"reason": "lost: Ærøskøbing, 東京"})
    path = f"/v1/customers/{JO.uuid}/actions/grant-gift-card"
    for key in ("Order 7", "order 8"):
        shop.call("POST", path, json={"credit": 9}, headers={"Idempotency-Key": key})
    shop.clock.advance(120)
    assert shop.write(expiry.note_cards, "job", shop.clock.now(), 1) == 1
    assert len(expiring) == 2


def _deal_with_credit(shop: Shop) -> None:
    change_credit(shop, "deposit", 50, expiresAt=at(shop, 30))
    change_credit(shop, "deposit", 90, restricted=True)
    spent = change_credit(shop, "spend", 60)
    assert spent.status_code == 200, spent.text
    change_credit(shop, "refund", 20, spend=spent.json()["id"])
    shop.clock.advance(60)
    shop.write(expiry.note_credit, "job", shop.clock.now(), 100)
