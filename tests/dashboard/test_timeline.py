"""A card's life on its page: each line says who did what, from what to what, and what was left."""

import re
from html import unescape
from typing import Final

from msgspec import structs

from gridgift.domain import expiry
from gridgift.domain.ids import new_id
from gridgift.domain.ledger import encode_state, hold_of, read_card_state, reason_of
from tests.api import JO, ApiFixture
from tests.dashboard.people import Browser, etag_on, fields_on, post_about
from tests.dashboard.test_card_holds import hold
from tests.http.customer_page import CustomerPage
from tests.http.requests import at, ext

CARDS: Final = "/dashboard/cards"
PROGRAM: Final = "the program “all scopes”"


def lines(text: str) -> list[tuple[str, ...]]:
    """Return what happened, by whom, and the balance since then; the oldest first."""
    _, _, life = text.partition('id="life">')
    found = re.findall(
        r"<li><div><strong>(.*?)</strong>(.*?)<p class=\"sub\">by (.*?) · .*?"
        r'<span class="n"[^>]*>(.*?)</span>',
        life.partition("</ol>")[0],
        re.DOTALL,
    )
    told = []
    for said, more, who, balance in found[::-1]:
        note = "".join(f": {text}" for text in re.findall("<p>(.*?)</p>", more))
        plain = (unescape(each).replace("\N{NO-BREAK SPACE}", " ") for each in
                 (said + note, who, balance))  # fmt: skip
        told.append(tuple(plain))
    return told


def test_a_life_with_everything_in_it(api: ApiFixture, aria: Browser) -> None:
    card = api.grant(transfer=True, tags=["old"], expiresAt="2027-03-01T08:00:00Z")["id"]
    page = f"{CARDS}/{card}"
    form = fields_on(aria.get(f"{page}/edit").text)
    wanted = {"credit": "400", "expires_at": "2027-01-31", "transfer": "true", "active": "true"}
    assert aria.post(f"{page}/edit", {"etag": form["etag"]} | wanted).status_code == 303
    taken, freed, lapsed = hold(api, card, 50), hold(api, card, 20), hold(api, card, 10, 60)
    later = {"expiresIn": 1_200}
    assert ext(api, card, f"holds/{taken}/actions/extend", later).status_code == 200
    api.clock.advance(61)
    for action, fields in (
        (f"holds/{taken}/take", {"amount": "30"}),
        (f"holds/{freed}/release", {}),
        ("labels", {"tags": "vip", "reference": "A-17"}),
        ("extend", {"expires_at": "2027-03-02"}),
        ("note", {"text": "Called her"}),
        ("adjust", {"delta": "-20", "reason": "rent"}),
        ("switch", {"to": "off"}),
        ("switch", {"to": "on"}),
    ):
        assert post_about(aria, card, action, fields).status_code == 303, action
    to_jo = {"receiver": JO.username, "etag": etag_on(aria, page), "reason": "a gift"}
    assert aria.post(f"{page}/pass-on", to_jo).status_code == 303
    assert CustomerPage(api, JO.username).redeem(card).status_code == 200
    assert lapsed not in aria.get(page).text
    assert lines(aria.get(page).text) == [
        ("Given to kelly with L$ 500", PROGRAM, "L$ 500"),
        ("Credit from L$ 500 to L$ 400, last day from 28 Feb 2027 to 31 Jan 2027", "you", "L$ 400"),
        ("L$ 50 reserved for a purchase, until 21 Sep 2026, 07:23", PROGRAM, "L$ 400"),
        ("L$ 20 reserved for a purchase, until 21 Sep 2026, 07:23", PROGRAM, "L$ 400"),
        ("L$ 10 reserved for a purchase, until 21 Sep 2026, 07:14", PROGRAM, "L$ 400"),
        ("L$ 50 reserved for longer, until 21 Sep 2026, 07:33", PROGRAM, "L$ 400"),
        ("L$ 10 not reserved any more, as the time was over", "Gridgift", "L$ 400"),
        ("Paid with L$ 30 of the reserved L$ 50; the rest is free again", "you", "L$ 370"),
        ("L$ 20 not reserved any more", "you", "L$ 370"),
        ("Tag “vip” given; tag “old” taken away; order A-17 written down", "you", "L$ 370"),
        ("Last day from 31 Jan 2027 to 2 Mar 2027", "you", "L$ 370"),
        ("Note: Called her", "you", "L$ 370"),
        ("L$ 20 taken, from L$ 370 to L$ 350: rent", "you", "L$ 350"),
        ("Switched off", "you", "L$ 350"),
        ("Switched on", "you", "L$ 350"),
        ("Passed on from kelly to jo.winter: a gift", "you", "L$ 350"),
        ("Used up: L$ 350 became store credit", "jo.winter", "L$ 0"),
    ]


def test_an_old_entry_of_a_hold_has_its_id_and_no_reason(api: ApiFixture) -> None:
    card = api.grant()["id"]
    held = hold(api, card)
    entry = api.entries(card)[1]
    state = structs.replace(read_card_state(entry.state), hold=None, hold_amount=None)
    old = structs.replace(entry, reason=held, state=encode_state(state).decode())
    assert (hold_of(old), reason_of(old)) == (held, "")
    assert reason_of(structs.replace(entry, reason="order 7")) == "order 7"


def test_a_card_that_ran_out_and_one_that_was_lost(api: ApiFixture, aria: Browser) -> None:
    gone = api.grant(expiresAt=at(api, 60))["id"]
    api.clock.advance(61)
    assert api.write(expiry.note_cards, new_id(), 10) == 1
    assert lines(aria.get(f"{CARDS}/{gone}").text)[1:] == [
        ("Its last day was over, with L$ 500 on it: The card's date is over.", "Gridgift", "L$ 500")
    ]
    lost = api.grant()["id"]
    done = post_about(aria, lost, "replace", {"reason": "lost"})
    new = done.headers["location"].rpartition("/")[2]
    for card, other, said, left in (
        (lost, new, "Replaced, as it was lost: L$ 500 went to a new card: lost", "L$ 0"),
        (new, lost, "Made in place of a lost card, with L$ 500: lost", "L$ 500"),
    ):
        text = aria.get(f"{CARDS}/{card}").text
        assert lines(text)[-1] == (said, "you", left)
        assert f'href="{CARDS}/{other}">the other card</a>' in text
