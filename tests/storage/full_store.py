"""A store in which everything has happened, all of it through operations."""

import asyncio
from functools import partial

from gridgift.domain import (
    bulk_changes,
    bulk_checks,
    claims,
    events,
    expiry,
    imports,
    keys,
    naming,
    operators,
    purchases,
    questions,
    refunds,
    residents,
    saved_views,
    secrets,
    sendings,
    sessions,
    verifications,
    webhooks,
)
from gridgift.domain.bulk import GrantRow
from gridgift.domain.claims import Claimant
from gridgift.domain.giftcards import Terms
from gridgift.domain.ids import new_id
from gridgift.domain.instants import DAY
from gridgift.domain.model import Caller, Resident
from gridgift.domain.purchases import Payment
from gridgift.domain.residents import Identifier
from gridgift.domain.saved_views import SavedView
from gridgift.domain.sendings import Sending
from gridgift.domain.sessions import NewSession
from gridgift.domain.verify import Added
from gridgift.domain.webhooks import Wanted
from gridgift.settings import server_secret
from tests import second_factors
from tests.api import JO, KELLY, ApiFixture, operator
from tests.domain.fixture import bare_sql
from tests.http.customer_page import CustomerPage
from tests.http.requests import TEXTURE, at, change_credit, ext, make_unit

CARDS = 520  # more than a page of a copy


def fill(api: ApiFixture) -> None:
    """Let there be rows in every table, in every state."""
    _pass_time_on_cards(api)
    _deal_with_credit(api)
    api.write(residents.remember, Resident(KELLY.uuid, "kelly.younger"))
    api.write(residents.remember, KELLY)
    api.write(naming.note, api.store.id, Resident(KELLY.uuid, "kelly.elsewhere"))
    api.write(residents.remember, KELLY)
    api.write(secrets.note, secrets.fingerprint(server_secret(api.settings)))
    spare = api.add_key("store:read", expires_at=api.clock.now() + DAY)
    api.write(keys.revoke, operator(api.store.id), spare.stored.id)
    api.call("POST", "/v1/customer-tokens", json={"customerIdentifier": "jo.winter"})
    _break_an_import_off(api)
    _keep_a_sending(api)
    _change_many(api)
    _deliver(api)
    _give_from_units(api)
    _let_people_in(api)
    api.write(verifications.keep, operator(api.store.id), Added(api.store.id, 1, 5, 1, 5))
    for number in range(CARDS):
        api.grant("jo.winter", 1 + number, transfer=number % 2 == 0)


def _let_people_in(api: ApiFixture) -> None:
    """One who has a link, and one who has signed in with a password, and chosen a store.

    She has a second factor, and begins to sign in elsewhere.
    """
    api.write(operators.add, operator(api.store.id), "Bo", "clerk", new_id())
    api.write(operators.link, "Bo", "link")
    view = SavedView(new_id(), "Läte 東京", "show=soon&q=%23vip")
    api.write(saved_views.add, api.store.id, api.read(operators.find, "Bo").id, view)
    api.write(operators.add, operator(api.store.id), "Ärïa 東京", "owner", new_id())
    aria = api.read(operators.find, "Ärïa 東京")
    api.write(
        sessions.set_password,
        operator(api.store.id),
        aria,
        "encoded",
        NewSession(new_id(), "t", "::1", "Firefox"),
    )
    api.write(sessions.choose, api.read(sessions.find, "t").session.id, api.store.id)
    second_factors.set_up(api, api.store.id, aria.id, api.clock.now())
    api.write(operators.link, aria.name, "another link")
    api.write(sessions.begin_by_link, "another link", NewSession(new_id(), "u", "::1", "Safari"))


def _deliver(api: ApiFixture) -> None:
    caller = Caller(api.store.id, "operator", "someone", "webhook")
    wanted = Wanted(url="https://shop.example/hook", types=("gift_card.granted",))
    other = api.write(webhooks.create, caller, new_id(), wanted)
    api.write(webhooks.update, caller, other.id, Wanted(active=False))
    webhook = api.write(webhooks.create, caller, new_id(), wanted)
    api.write(webhooks.rotate, caller, webhook.id)
    api.write(webhooks.ping, caller, webhook.id)
    api.write(webhooks.update, caller, webhook.id, Wanted(active=False))
    place = f"'{api.store.id}', '{webhook.id}', '{new_id()}'"
    _insert(
        api,
        f"INSERT INTO webhook_deliveries VALUES ({place}, 1, 'card', '{new_id()}', 1, "
        f"'{new_id()}', 'gift_card.granted', 'delivered', 1, 1, NULL, NULL, 1, 2)",
        f"INSERT INTO webhook_attempts VALUES ({place}, 1, 1, 200, 7, 'ok: 東京', '')",
    )


def _insert(api: ApiFixture, *statements: str) -> None:
    """Insert what only a server's own jobs make."""
    for statement in statements:
        asyncio.run(bare_sql(api.settings.database_url, statement))


def _give_from_units(api: ApiFixture) -> None:
    everything = {
        "endsAt": at(api, 3600),
        "maxCards": 2,
        "usernames": ["kelly"],
        "texture": TEXTURE,
    }
    unit = make_unit(api, **everything)["id"]
    make_unit(api, kind="terminal", paused=True)
    api.call("POST", f"/ext/v1/units/{unit}/actions/pair")
    caller = Caller(api.store.id, "unit", unit, "claim")
    api.write(claims.claim, caller, unit, Claimant(KELLY), new_id())
    api.grant(announce=True)
    api.write(questions.ask, api.store.id, "no.one", "5a1d0c93be")
    vendor = make_unit(api, kind="vendor")["id"]
    for refund in (None, "receiver_not_found"):
        payment = Payment(new_id(), bytes(32), KELLY, 5, api.clock.now())
        api.write(purchases.sell, caller, vendor, payment, new_id(), refund)
    api.write(refunds.begin, Caller(api.store.id, "unit", vendor, "begin"), payment.nonce)
    api.clock.advance(601)
    api.write(refunds.mark_paid, operator(api.store.id), vendor, payment.nonce, "by hand: 東京")


def _break_an_import_off(api: ApiFixture) -> None:
    caller = Caller(api.store.id, "operator", "someone", "import")
    digest = bytes(32)
    begun = api.write(partial(imports.begin, again=False), api.store.id, digest)
    rows = [
        GrantRow(Identifier(uuid=KELLY.uuid), Terms(5)),
        GrantRow(Identifier(username="no.one"), Terms(5)),
    ]
    done = api.write(imports.grant, caller, begun, rows, [new_id(), new_id()])
    assert (done.granted, done.refused) == (1, 1)


def _change_many(api: ApiFixture) -> None:
    ids = [str(card_id) for (card_id,) in api.sql("SELECT id FROM gift_cards ORDER BY id LIMIT 1")]
    caller, change_id = Caller(api.store.id, "operator", "Bo", ""), new_id()
    terms = bulk_changes.Terms("tag", tag="old", ids=tuple(ids))
    api.write(bulk_changes.add, caller, change_id, terms)
    assert api.write(bulk_checks.keep, api.read(bulk_checks.look, api.store.id, change_id))
    assert api.write(bulk_changes.start, caller, change_id)
    assert api.write(bulk_changes.go_on, api.store.id, change_id)


def _keep_a_sending(api: ApiFixture) -> None:
    text = f"identifier,credit\n{KELLY.username},5\n"
    kept = Sending(api.store.id, new_id(), bytes([1]) * 32, "", text, "{}", 1, "Bo")
    api.write(sendings.add, kept)


def _pass_time_on_cards(api: ApiFixture) -> None:
    expiring = [api.grant(expiresAt=at(api, 60)) for _ in range(2)]
    held = api.grant()["id"]
    holds = [
        ext(api, held, "holds", {"amount": 7, "expiresIn": seconds}).json()["id"]
        for seconds in (600, 600, 600, 600, 1)
    ]
    closed = (("capture", None), ("void", None), ("capture", {"amount": 3}))
    for hold, (action, body) in zip(holds, closed, strict=False):
        assert ext(api, held, f"holds/{hold}/actions/{action}", body).status_code == 200
    page = CustomerPage(api)
    for date in ({}, {"expiresAt": at(api, 3600)}):
        assert page.redeem(api.grant(**date)["id"]).status_code == 200
    assert page.transfer(api.grant(transfer=True)["id"]).status_code == 200
    disabled = api.grant(texture=TEXTURE)["id"]
    api.call("POST", f"/v1/giftcards/{disabled}/actions/disable")
    ext(api, api.grant()["id"], "reissue", {"reason": "lost: Ærøskøbing, 東京"})
    labelled = api.grant(reference="order 9", tags=["vip", "東京"], metadata={"a": "é"})["id"]
    ext(api, labelled, "label", {"tags": ["vip"]})
    path = f"/v1/customers/{JO.uuid}/actions/grant-gift-card"
    for key in ("Order 7", "order 8"):
        api.call("POST", path, json={"credit": 9}, headers={"Idempotency-Key": key})
    api.clock.advance(120)
    assert api.write(expiry.note_cards, "job", 1) == 1
    assert len(expiring) == 2
    api.write(events.tell_time, "job", 1)


def _deal_with_credit(api: ApiFixture) -> None:
    change_credit(api, "deposit", 50, expiresAt=at(api, 30))
    change_credit(api, "deposit", 90, restricted=True)
    spent = change_credit(api, "spend", 60)
    assert spent.status_code == 200, spent.text
    change_credit(api, "refund", 20, spend=spent.json()["id"])
    api.clock.advance(60)
    api.write(expiry.note_credit, "job", 100)
