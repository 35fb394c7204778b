"""``/inworld/v1``: what objects in Second Life ask for, and how it is refused."""

import json
import re
import uuid
from typing import Any, Final

import msgspec
import pytest

from gridgift import messages
from gridgift.domain import codes, idempotency, secrets, units
from gridgift.domain.failures import Failure
from gridgift.domain.model import NIL_UUID
from gridgift.http.edge.in_world import IN_WORLD
from gridgift.http.edge.limits import FAILURES
from gridgift.http.edge.route import AnyRoute
from gridgift.http.edge.unit import Unit
from gridgift.http.reference.openapi import refusals_of
from gridgift.limits import OF_A_UNIT
from tests.api import JO, KELLY, OWNER, ApiFixture, served
from tests.domain.test_claims import stranger
from tests.http.checks import one_engine
from tests.http.conftest import Outage
from tests.http.in_world import OBJECT, PATH, InWorldObject, refused
from tests.http.requests import IN_WORLD_ROUTES, at, credit_of

SIGNED: Final = [route for route in IN_WORLD_ROUTES if isinstance(route.guard, Unit)]
COPY: Final = "4f506172-8394-4bac-9d6e-7f8091234567"


def cards_of(api: ApiFixture, resident: str = "kelly") -> Any:
    """List a resident's cards."""
    return api.call("GET", f"/v1/customers/{resident}/giftcards").json()["data"]


@pytest.mark.contract("9.13")
def test_a_code_pairs_one_object(api: ApiFixture) -> None:
    box = InWorldObject(api)
    now = api.call("GET", f"/ext/v1/units/{box.id}").json()
    assert (now["objectUuid"], now["objectOwnerUuid"]) == (OBJECT, OWNER.uuid)
    assert now["pairedAt"] == now["seenAt"] == now["updatedAt"]
    code = box.code()
    paired = box.send_code(f" {code.lower().replace('-', ' ')}")
    assert paired.json().keys() == {"code", "msg", "kind", "secret"}
    assert (paired.json()["code"], paired.json()["kind"]) == ("paired", "delivery")
    assert paired.json()["secret"] != box.secret
    refused(box.send_code(code), 403, "pairing_code_invalid")  # used
    refused(box.claim(), 401, "signature_invalid")  # with the secret of the pairing before
    assert cards_of(api) == []


@pytest.mark.contract("9.15")
def test_a_clock_that_leapt_lets_no_nonce_be_used_again(api: ApiFixture) -> None:
    box, nonce = InWorldObject(api), str(uuid.uuid4())
    first = box.claim(nonce=nonce)
    assert first.json()["code"] == "granted"
    api.clock.leap(8 * 86_400)
    assert box.claim(nonce=nonce).content == first.content
    assert len(cards_of(api)) == 1


@pytest.mark.contract("9.13")
def test_a_code_is_good_for_15_minutes(api: ApiFixture) -> None:
    box = InWorldObject(api)
    late, replaced = box.code(), box.code()
    refused(box.send_code(late), 403, "pairing_code_invalid")  # a newer one was made
    api.clock.advance(900)
    refused(box.send_code(replaced), 403, "pairing_code_invalid")
    good = box.code()
    api.clock.advance(899.999)
    refused(box.send_code(good, **{"X-GC-Unit": str(uuid.uuid4())}), 401, "unit_unknown")
    refused(box.send_code(good, **{"X-GC-Unit": ""}), 401, "unit_unknown")
    refused(box.send_code(good, **{"X-SecondLife-Shard": "Testing"}), 403, "shard_refused")
    other = InWorldObject(api)
    refused(other.send_code(good), 403, "pairing_code_invalid")
    assert box.send_code(good).status_code == 200


@pytest.mark.contract("9.13")
@pytest.mark.parametrize("field", ["key", "owner"])
def test_nobody_pairs_no_object(api: ApiFixture, field: str) -> None:
    """The zero UUID is what Second Life says for none: such a code stays good."""
    box = InWorldObject(api)
    code, before = box.code(), getattr(box, field)
    setattr(box, field, NIL_UUID)
    refused(box.send_code(code), 400, "validation_failed")
    setattr(box, field, before)
    assert box.send_code(code).status_code == 200


@pytest.mark.contract("9.13")
def test_codes_can_not_be_guessed(database_url: str) -> None:
    with served(database_url, rate_limit=1200) as api:
        box = InWorldObject(api)
        good = box.code()
        for number in range(FAILURES - 1):  # the code that paired it was counted too
            wrong = codes.write(number.to_bytes(units.CODE_BYTES, "big"))
            refused(box.send_code(wrong), 403, "pairing_code_invalid")
        limited = refused(box.send_code("AAAAA-AAAAA"), 429, "rate_limited")
        assert limited["retryAfter"] > 0
        refused(box.send_code(good), 429, "rate_limited")
        api.clock.advance(limited["retryAfter"])
        assert box.send_code(good).status_code == 200


@pytest.mark.contract("9.14", "9.17")
def test_a_touch_gives_a_card(api: ApiFixture) -> None:
    box = InWorldObject(api, credit=150)
    given = box.claim()
    assert given.status_code == 200
    assert given.json().keys() == {"code", "msg", "credit", "card"}
    assert (given.json()["code"], given.json()["credit"]) == ("granted", 150)
    assert "L$150" in given.json()["msg"]
    (card,) = cards_of(api)
    assert (card["id"], card["credit"]) == (given.json()["card"], 150)
    (entry,) = api.entries(card["id"])
    assert (entry.actor_kind, entry.actor_id) == ("unit", box.id)
    again = refused(box.claim(), 409, "already_claimed")
    assert (again["credit"], again["card"]) == (150, card["id"])
    assert "L$150" in again["msg"]
    assert box.claim(stranger(1)).status_code == 200
    gone = stranger(2)
    assert box.send("claim", box.touched(gone) | {"name": ""}).status_code == 200
    (listed,) = cards_of(api, gone.uuid)
    assert listed["ownerUsername"] == gone.uuid


@pytest.mark.contract("9.17")
@pytest.mark.parametrize(
    ("settings", "told", "status", "code"),
    [
        ({"paused": True}, {}, 410, "disabled"),
        ({"startsAt": "2030-01-01T00:00:00Z"}, {}, 403, "not_open"),
        ({"endsAt": "2026-01-01T00:00:00Z"}, {}, 403, "not_open"),
        ({"groupOnly": True}, {}, 403, "group_only"),
        ({"groupOnly": True}, {"group": 1}, 200, "granted"),
        ({"usernames": ["jo.winter"]}, {}, 403, "not_invited"),
        ({"usernames": ["kelly"]}, {}, 200, "granted"),
        ({"minAccountDays": 30}, {}, 403, "account_too_young"),
        ({"minAccountDays": 30}, {"born": "2026-09-01"}, 403, "account_too_young"),
        ({"minAccountDays": 30}, {"born": "2007-05-30"}, 200, "granted"),
        ({"maxCredit": 99}, {}, 410, "exhausted"),
    ],
)
def test_who_gets_nothing(
    api: ApiFixture, settings: Any, told: Any, status: int, code: str
) -> None:
    box = InWorldObject(api, **settings)
    answer = box.send("claim", box.touched(**told))
    refused(answer, status, code)
    assert len(cards_of(api)) == (status == 200)


@pytest.mark.contract("9.17")
def test_what_is_given_away(api: ApiFixture) -> None:
    box = InWorldObject(api, maxCards=3, maxCardsADay=1)
    assert box.claim(stranger(1)).status_code == 200
    refused(box.claim(stranger(2)), 410, "exhausted_today")
    for number in (2, 3):
        api.clock.advance(86_400)
        assert box.claim(stranger(number)).status_code == 200
    api.clock.advance(86_400)
    refused(box.claim(stranger(4)), 410, "exhausted")


@pytest.mark.contract("9.14")
def test_what_is_not_signed_right(api: ApiFixture) -> None:
    """Each part of a request that someone changes on the way, and each header that is forged."""
    box = InWorldObject(api)
    content = json.dumps(box.touched()).encode()
    good = box.headers() | box.signed("claim", content)
    other = InWorldObject(api)
    for changed in (
        {"X-GC-Sig": "x"},
        {"X-GC-Sig": ""},
        {"X-GC-Time": str(int(good["X-GC-Time"]) + 1)},
        {"X-GC-Nonce": str(uuid.uuid4())},
        {"X-GC-Unit": other.id},
    ):
        refused(box.post("claim", content, good | changed), 401, "signature_invalid")
    body = content.replace(KELLY.uuid.encode(), JO.uuid.encode())
    refused(box.post("claim", body, good), 401, "signature_invalid")
    refused(box.post("wallet", content, good), 401, "signature_invalid")
    refused(box.post("claim", b"{", good), 401, "signature_invalid")
    refused(box.post("claim", content, good | {"X-GC-Unit": "x"}), 401, "unit_unknown")
    box.secret = other.secret
    refused(box.claim(), 401, "signature_invalid")
    assert cards_of(api) == []
    assert box.post("claim", content, good).status_code == 200


@pytest.mark.contract("9.14")
def test_nobody_else_uses_a_units_limit_up(database_url: str) -> None:
    with served(database_url, rate_limit=1200) as api:
        box = InWorldObject(api, maxCards=10)
        for _ in range(FAILURES - 1):  # the code that paired it was counted too
            refused(box.post("claim", b"{}", box.headers()), 401, "signature_invalid")
        refused(box.post("claim", b"{}", box.headers()), 429, "rate_limited")
        box.claim()
        for _ in range(OF_A_UNIT - 1):
            refused(box.claim(), 409, "already_claimed")
        limited = refused(box.claim(), 429, "rate_limited")
        assert str(limited["retryAfter"]) in limited["msg"]


@pytest.mark.contract("9.14")
@pytest.mark.parametrize("seconds", [-300, 300])
def test_a_stale_time(api: ApiFixture, seconds: int) -> None:
    box, now = InWorldObject(api), api.clock.now() // 1000
    further = seconds + (1 if seconds > 0 else -1)
    refused(box.claim(time=now + further), 401, "time_invalid")
    assert cards_of(api) == []
    assert box.claim(time=now + seconds).status_code == 200


@pytest.mark.contract("9.14")
@pytest.mark.parametrize("form", ["0{}", "+{}", "{}.0", "0x{:x}"])
def test_a_time_has_one_form(api: ApiFixture, form: str) -> None:
    box, now = InWorldObject(api), api.clock.now() // 1000
    content = json.dumps(box.touched()).encode()
    signed = box.signed("claim", content, time=form.format(now))
    refused(box.post("claim", content, box.headers() | signed), 401, "time_invalid")
    assert cards_of(api) == []


@pytest.mark.contract("9.14")
@pytest.mark.parametrize("shard", ["Testing", "", "production"])
def test_a_test_grid(api: ApiFixture, shard: str) -> None:
    box = InWorldObject(api)
    content = json.dumps(box.touched()).encode()
    headers = box.headers() | box.signed("claim", content) | {"X-SecondLife-Shard": shard}
    refused(box.post("claim", content, headers), 403, "shard_refused")
    assert cards_of(api) == []


@pytest.mark.contract("9.14")
@pytest.mark.parametrize("route", SIGNED, ids=lambda route: route.path.removeprefix(IN_WORLD))
@one_engine
def test_an_object_that_was_sold_is_refused(api: ApiFixture, route: AnyRoute) -> None:
    """Sold where it stands it keeps its key and the secret: the vendor's L$ would be another's."""
    assert isinstance(route.guard, Unit)
    sold = InWorldObject(api, route.guard.kind)
    sold.owner = JO.uuid
    assert (
        route.body_example.get("owner", OWNER.uuid) == OWNER.uuid
    )  # the script says what it likes
    sent = sold.send(route.path.removeprefix(IN_WORLD), route.body_example)
    refused(sent, 403, "object_not_paired")


@pytest.mark.contract("9.14")
def test_a_copied_object(api: ApiFixture) -> None:
    """A copy has the secret, and another key; what it says of itself is signed."""
    box = InWorldObject(api)
    secret = box.secret
    box.key = COPY
    refused(box.claim(), 403, "object_not_paired")
    content = json.dumps(box.touched()).encode()
    forged = box.headers() | box.signed("claim", content) | {"X-SecondLife-Object-Key": OBJECT}
    refused(box.post("claim", content, forged), 403, "object_not_paired")
    box.key, box.owner = OBJECT, JO.uuid
    refused(box.claim(), 403, "object_not_paired")  # it has another owner now
    assert cards_of(api) == []
    box.key, box.owner = COPY, OWNER.uuid
    box.pair()
    assert box.claim().status_code == 200
    box.key, box.secret = OBJECT, secret
    refused(box.claim(JO), 401, "signature_invalid")  # the original is no longer heard


@pytest.mark.contract("9.14")
def test_a_revoked_unit(api: ApiFixture) -> None:
    box = InWorldObject(api)
    api.call("POST", f"/ext/v1/units/{box.id}/actions/revoke")
    refused(box.claim(), 401, "unit_not_paired")
    box.pair()
    assert box.claim().status_code == 200


@pytest.mark.contract("9.14")
def test_a_server_with_another_secret(api: ApiFixture) -> None:
    """What followed from the old secret is worth nothing: the unit waits to be paired anew."""
    box = InWorldObject(api)
    ended = api.write(secrets.replace, secrets.fingerprint(b"another secret"))
    assert ended.units == 1
    refused(box.claim(), 401, "unit_not_paired")
    assert api.call("GET", f"/ext/v1/units/{box.id}", key=None).status_code == 401


KIND_OF: Final = {route.path: getattr(route.guard, "kind", None) for route in IN_WORLD_ROUTES}


@pytest.mark.contract("9.14")
@pytest.mark.parametrize("path", [path for path, kind in KIND_OF.items() if kind])
@pytest.mark.parametrize("kind", units.KINDS)
def test_a_unit_of_another_kind(api: ApiFixture, path: str, kind: str) -> None:
    """A terminal's secret buys nothing, and no other's does what it is not made for."""
    box = InWorldObject(api, kind)
    answer = box.send(path.removeprefix(IN_WORLD), {"lang": 7})
    if kind == KIND_OF[path]:
        refused(answer, 400, "validation_failed")
    else:
        refused(answer, 403, "unit_kind_refused")


@pytest.mark.contract("9.15")
def test_a_request_that_is_sent_again(api: ApiFixture) -> None:
    """The answer was lost: the same nonce and body have the same answer, and do nothing twice."""
    box, nonce = InWorldObject(api), str(uuid.uuid4())
    first = box.claim(nonce=nonce)
    assert first.status_code == 200
    api.clock.advance(3600)
    for sent in (nonce, nonce.upper()):
        again = box.claim(nonce=sent)  # signed anew
        assert (again.status_code, again.json()) == (200, first.json())
    assert len(cards_of(api)) == 1
    refused(box.claim(JO, nonce=nonce), 409, "nonce_reused")
    assert cards_of(api, "jo.winter") == []
    other = InWorldObject(api)
    assert other.claim(JO, nonce=nonce).status_code == 200  # another unit's nonces are its own
    for none in ("7", NIL_UUID):
        refused(box.claim(JO, nonce=none), 400, "nonce_invalid")


@pytest.mark.contract("9.15")
def test_a_refusal_is_not_kept(api: ApiFixture) -> None:
    box, nonce = InWorldObject(api, paused=True), str(uuid.uuid4())
    refused(box.claim(nonce=nonce), 410, "disabled")
    api.call("PATCH", f"/ext/v1/units/{box.id}", json={"paused": False})
    assert box.claim(nonce=nonce).status_code == 200


@pytest.mark.contract("9.18")
def test_a_wallet(api: ApiFixture) -> None:
    terminal = InWorldObject(api, "terminal")
    robin = stranger(1)
    new = terminal.send("wallet", {"avatar": robin.uuid, "name": robin.username}).json()
    assert new == {"code": "wallet", "msg": new["msg"], "credit": 0, "cards": "", "more": 0}
    assert api.call("GET", f"/ext/v1/residents/{robin.username}").json()["uuid"] == robin.uuid
    kelly = {"avatar": KELLY.uuid.upper(), "name": "Kelly Resident"}
    cards = [api.grant(credit=number) for number in range(1, 10)]
    ended = api.grant(expiresAt=at(api, 1))
    off = api.grant()["id"]
    api.call("POST", f"/v1/giftcards/{off}/actions/disable")
    api.clock.advance(1)
    assert ended
    wallet = terminal.send("wallet", kelly).json()
    assert wallet["cards"] == ",".join(f"{card['id']}|{card['credit']}" for card in cards)
    assert (wallet["credit"], wallet["more"]) == (0, 0)
    api.grant(credit=10)
    assert terminal.send("wallet", kelly).json() == wallet | {"more": 1}


@pytest.mark.contract("9.19")
def test_redeemed_at_a_terminal(api: ApiFixture) -> None:
    terminal, nonce = InWorldObject(api, "terminal"), str(uuid.uuid4())
    card = api.grant(credit=70)["id"]
    body = {"avatar": KELLY.uuid, "card": card}
    refused(terminal.send("redeem", body | {"avatar": JO.uuid}), 404, "gift_card_not_found")
    done = terminal.send("redeem", body, nonce=nonce)
    assert (done.json()["code"], done.json()["credit"]) == ("redeemed", 70)
    assert terminal.send("redeem", body, nonce=nonce).json() == done.json()
    assert credit_of(api)["total"] == 70
    refused(terminal.send("redeem", body), 409, "gift_card_redeemed")
    entry = api.entries(card)[-1]
    assert (entry.kind, entry.actor_kind, entry.actor_id) == ("redeemed", "unit", terminal.id)
    expired = api.grant(expiresAt=at(api, 1))["id"]
    api.clock.advance(1)
    refused(terminal.send("redeem", body | {"card": expired}), 409, "gift_card_expired")
    assert credit_of(api)["total"] == 70


@pytest.mark.contract("9.20")
def test_passed_on_at_a_terminal(api: ApiFixture) -> None:
    terminal, card = InWorldObject(api, "terminal"), api.grant(transfer=True)["id"]
    body = {"avatar": KELLY.uuid, "card": card, "friend": "Jo Winter"}
    refused(terminal.send("transfer", body | {"avatar": JO.uuid}), 404, "gift_card_not_found")
    unknown = refused(
        terminal.send("transfer", body | {"friend": "no.one"}), 409, "receiver_not_found"
    )
    assert "no.one" in unknown["msg"]
    refused(terminal.send("transfer", body | {"friend": "kelly"}), 409, "receiver_is_owner")
    refused(terminal.send("transfer", body | {"friend": "[}"}), 400, "identifier_malformed")
    done = terminal.send("transfer", body).json()
    assert (done["code"], done["friend"]) == ("transferred", "jo.winter")
    assert api.card(card)["ownerUuid"] == JO.uuid
    kept = api.grant()["id"]
    fixed = terminal.send("transfer", body | {"card": kept})
    refused(fixed, 409, "gift_card_not_transferable")


def given_card(giver: InWorldObject) -> str:
    """Return the card that Kelly gets from a delivery unit, or buys from a vendor."""
    is_vendor = giver.unit["kind"] == "vendor"
    given = giver.send("purchase", bought()) if is_vendor else giver.claim()
    return str(given.json()["card"])


@pytest.mark.contract("9.37")
@pytest.mark.parametrize("kind", ["delivery", "vendor"])
def test_cards_of_a_unit_are_passed_on_if_it_says_so(api: ApiFixture, kind: str) -> None:
    fixed, free = InWorldObject(api, kind), InWorldObject(api, kind, transferable=True)
    terminal, asked = InWorldObject(api, "terminal"), {"avatar": KELLY.uuid, "friend": "Jo Winter"}
    kept, card = given_card(fixed), given_card(free)
    api.call("PATCH", f"/ext/v1/units/{fixed.id}", json={"transferable": True})  # of later cards
    api.call("PATCH", f"/ext/v1/units/{free.id}", json={"transferable": False})
    refused(terminal.send("transfer", asked | {"card": kept}), 409, "gift_card_not_transferable")
    assert terminal.send("transfer", asked | {"card": card}).json()["code"] == "transferred"
    assert (api.card(kept)["ownerUuid"], api.card(card)["ownerUuid"]) == (KELLY.uuid, JO.uuid)


def bought(**more: Any) -> dict[str, Any]:
    """Return what a vendor tells of a payment of Kelly's."""
    seen = {"avatar": KELLY.uuid, "name": "kelly", "amount": 250, "paid_at": 1_790_000_000}
    return seen | more


@pytest.mark.contract("9.21")
def test_a_card_is_sold(api: ApiFixture) -> None:
    vendor, nonce = InWorldObject(api, "vendor", maxCards=2), str(uuid.uuid4())
    sold = vendor.send("purchase", bought(), nonce=nonce)
    assert sold.status_code == 200
    answer = sold.json()
    assert (answer["code"], answer["credit"]) == ("purchased", 250)
    (card,) = cards_of(api)
    assert (card["id"], card["credit"], card["purchased"]) == (answer["card"], 250, True)
    (entry,) = api.entries(card["id"])
    assert (entry.actor_kind, entry.actor_id) == ("unit", vendor.id)
    given = vendor.send("purchase", bought(friend="Jo Winter")).json()
    assert [each["id"] for each in cards_of(api, "jo.winter")] == [given["card"]]
    unit = api.call("GET", f"/ext/v1/units/{vendor.id}").json()
    assert (unit["cards"], unit["granted"]) == (2, 500)
    full = refused(vendor.send("purchase", bought()), 422, "refund")
    assert (full["reason"], full["amount"]) == ("exhausted", 250)
    assert len(cards_of(api)) == 1


@pytest.mark.contract("9.22")
@pytest.mark.parametrize(
    ("settings", "more", "reason"),
    [
        ({"paused": True}, {}, "disabled"),
        ({"startsAt": "2030-01-01T00:00:00Z"}, {}, "not_open"),
        ({"maxCredit": 249}, {}, "exhausted"),
        ({}, {"friend": "no.one"}, "receiver_not_found"),
        ({}, {"friend": "no one at all"}, "identifier_malformed"),
    ],
)
def test_a_refund_is_for_ever(api: ApiFixture, settings: Any, more: Any, reason: str) -> None:
    """Whatever changes afterwards: the L$ have gone back, so nothing is sold for them any more."""
    vendor, nonce = InWorldObject(api, "vendor", **settings), str(uuid.uuid4())
    first = refused(vendor.send("purchase", bought(**more), nonce=nonce), 422, "refund")
    assert (first["reason"], first["amount"]) == (reason, 250)
    assert "L$250" in first["msg"]
    freed = {"paused": False, "startsAt": None, "maxCredit": None}
    api.call("PATCH", f"/ext/v1/units/{vendor.id}", json=freed)
    api.call("POST", "/ext/v1/residents", json={"uuid": COPY, "username": "no.one"})
    api.clock.advance(30 * 86_400)
    assert vendor.send("purchase", bought(**more), nonce=nonce).json() == first
    assert cards_of(api) == []
    if reason not in {"receiver_not_found", "identifier_malformed"}:
        assert vendor.send("purchase", bought(**more)).status_code == 200  # another payment


def told(api: ApiFixture, kind: str) -> list[tuple[str, Any]]:
    """Return the events of a kind: about which unit, and what they say."""
    rows = api.sql(
        f"SELECT account_id, details FROM events WHERE type = '{kind}' ORDER BY position"
    )
    return [
        (str(unit), json.loads(json.loads(details)["after"]["state"])) for unit, details in rows
    ]


@pytest.mark.contract("9.29")
def test_a_unit_that_gives_its_last_card(api: ApiFixture) -> None:
    by_cards = InWorldObject(api, name="A", maxCards=2)
    by_credit = InWorldObject(api, name="B", credit=70, maxCredit=150)
    vendor = InWorldObject(api, "vendor", name="C", maxCredit=300)
    for number in range(3):
        for box in (by_cards, by_credit):
            box.claim(stranger(number))
    for amount in (299, 2, 1, 1):
        vendor.send("purchase", bought(amount=amount))
    assert told(api, "unit.exhausted") == [
        (by_cards.id, {"name": "A", "cards": 2, "granted": 200}),
        (by_credit.id, {"name": "B", "cards": 2, "granted": 140}),
        (vendor.id, {"name": "C", "cards": 2, "granted": 300}),
    ]


@pytest.mark.contract("9.29")
def test_a_refund_that_is_owed_is_told_once(api: ApiFixture) -> None:
    vendor, nonce = InWorldObject(api, "vendor", paused=True), str(uuid.uuid4())
    for _ in range(2):
        refused(vendor.send("purchase", bought(), nonce=nonce), 422, "refund")
    owed = {
        "name": "Welcome gift", "amount": 250, "reason": "disabled", "payerUuid": KELLY.uuid,
        "payment": nonce, "paidAt": "2026-09-21T14:13:20Z",
    }  # fmt: skip
    assert told(api, "vendor.refund_owed") == [(vendor.id, owed)]


@pytest.mark.contract("9.22")
def test_a_sale_is_for_ever(api: ApiFixture) -> None:
    """An object that was away for a month tells of the payment again: nothing is sold twice."""
    vendor, nonce = InWorldObject(api, "vendor"), str(uuid.uuid4())
    first = vendor.send("purchase", bought(), nonce=nonce).json()
    api.clock.advance(30 * 86_400)
    api.write(idempotency.forget, 1000)
    api.call("PATCH", f"/ext/v1/units/{vendor.id}", json={"paused": True})
    assert vendor.send("purchase", bought(), nonce=nonce).json() == first
    refused(vendor.send("purchase", bought(amount=500), nonce=nonce), 409, "payment_differs")
    assert [card["id"] for card in cards_of(api)] == [first["card"]]


@pytest.mark.contract("9.14")
def test_another_stores_unit(api: ApiFixture) -> None:
    """A terminal touches the cards of its own store only."""
    card = api.grant(transfer=True)["id"]
    elsewhere = api.add_store("Elsewhere", OWNER)
    api.key = api.add_key("units:write", store=elsewhere).key
    terminal = InWorldObject(api, "terminal")
    body = {"avatar": KELLY.uuid, "card": card, "friend": "jo.winter"}
    refused(terminal.send("redeem", body), 404, "gift_card_not_found")
    refused(terminal.send("transfer", body), 404, "gift_card_not_found")
    wallet = terminal.send("wallet", {"avatar": KELLY.uuid, "name": "kelly"}).json()
    assert wallet["cards"] == ""


@pytest.mark.contract("9.16")
def test_whatever_happens_is_flat(api: ApiFixture, outage: Outage) -> None:
    box = InWorldObject(api)
    refused(api.call("POST", f"{PATH}/nothing", key=None), 404, "path_not_found")
    refused(api.call("GET", f"{PATH}/claim", key=None), 405, "method_not_allowed")
    content = b'{"avatar": "[]", "group": 2}'
    refused(box.post("claim", content, box.headers() | box.signed("claim", content)), 400,
            "validation_failed")  # fmt: skip
    large = b"{}".ljust(70_000)
    refused(box.post("claim", large, box.headers()), 413, "body_too_large")
    text = box.headers() | box.signed("claim", b"{}") | {"Content-Type": "text/plain"}
    refused(box.post("claim", b"{}", text), 415, "media_type_unsupported")
    with outage(api):
        away = refused(box.claim(), 503, "database_unavailable")
        assert away["retryAfter"] > 0


SIGNED: Final = [route for route in IN_WORLD_ROUTES if isinstance(route.guard, Unit)]


@pytest.mark.contract("9.16", "10.15")
@pytest.mark.parametrize("route", SIGNED, ids=lambda route: route.path)
def test_values_that_are_refused(api: ApiFixture, route: AnyRoute) -> None:
    """Each member of each body, with what no script sends."""
    box = InWorldObject(api, route.guard.kind)
    action, before = route.path.removeprefix(IN_WORLD), cards_of(api)
    good = route.body_example
    for field in msgspec.structs.fields(route.body):
        for bad in ("\x00", "x" * 99, "\u202e", [], {}, -1, 2**31, 1.5, True):
            answer = box.send(action, good | {field.name: bad})
            expected = {400: {"validation_failed", "identifier_malformed"}, 422: {"refund"}}
            assert answer.json()["code"] in expected[answer.status_code], (field.name, bad)
        if field.required:
            lacking = {name: value for name, value in good.items() if name != field.name}
            refused(box.send(action, lacking), 400, "validation_failed")
    assert cards_of(api) == before


def failures_in_world() -> set[type[Failure]]:
    """Return all that an object may be refused with."""
    return {failure for route in IN_WORLD_ROUTES for failure in refusals_of(route)}


# What only a script's author can do something about: the resident is told that it failed.
FOR_AUTHORS: Final = {
    "body_malformed", "body_too_large", "body_too_slow", "internal_error", "nonce_invalid",
    "media_type_unsupported", "validation_failed",
}  # fmt: skip
PLACES: Final = re.compile(r"{(\w+)}")
VALUES: Final = {
    "credit": 2**31 - 1, "amount": 2**31 - 1, "count": 9, "days": 36_500, "retry_after": 3600,
    "friend": "x" * 63, "identifier": "x" * 63, "store": "x" * 60,
}  # fmt: skip


@pytest.mark.contract("9.16")
@pytest.mark.parametrize(
    ("lang", "begins"),
    [("", "Here is"), ("en-us", "Here is"), ("xx", "Here is"), ("de", "Hier ist"),
     ("fr", "Voici"), ("es", "Aquí"), ("pt", "Aqui"), ("it", "Ecco"), ("ja", "L$100 のギフト")],
)  # fmt: skip
def test_an_object_speaks_the_residents_language(api: ApiFixture, lang: str, begins: str) -> None:
    box = InWorldObject(api)
    assert box.send("claim", box.touched(lang=lang)).json()["msg"].startswith(begins)
    again = box.send("claim", box.touched(lang=lang)).json()["msg"]
    assert again == messages.say("already_claimed", lang, credit=100)


@pytest.mark.contract("9.16")
@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_every_sentence_in_every_language(language: str) -> None:
    sentences, english = messages.catalogue(language), messages.catalogue("en")
    assert sentences.keys() == english.keys()
    for key, sentence in sentences.items():  # the same values, in whatever order
        assert sorted(PLACES.findall(sentence)) == sorted(PLACES.findall(english[key])), key
    codes = {failure.code for failure in failures_in_world()}
    assert codes - FOR_AUTHORS <= sentences.keys()
    for key in sentences:
        said = messages.say(key, f"{language}-XX", **VALUES)
        assert 0 < len(said.encode()) <= messages.MAX_BYTES
        assert not set(said) & set('[]{}"\\\n'), said
        assert said == messages.say(key, language.upper(), **VALUES)
    assert messages.say("no such key", "xx") == english["failed"]
