"""What is reserved of a card: its page tells it, and it is released or taken as paid there."""

import re
from html import unescape
from typing import Final

import pytest

from tests.api import JO, ApiFixture
from tests.dashboard.people import Browser, etag_on, fields_on, post_about
from tests.dashboard.test_audit import deeds
from tests.dashboard.test_card_details import card_of
from tests.http.checks import one_engine
from tests.http.requests import ext

CARDS: Final = "/dashboard/cards"
HOSTILE: Final = "<script>alert(1)</script>"


def hold(api: ApiFixture, card: str, amount: int = 7, seconds: int = 600, **more: str) -> str:
    """Reserve a part of a card, and return the hold's id."""
    body = {"amount": amount, "expiresIn": seconds} | more
    return str(ext(api, card, "holds", body).json()["id"])


def reserved(text: str) -> list[str]:
    """Return the rows of what is reserved, as they are read."""
    _, _, rows = text.partition('id="holds">')
    rows, _, _ = rows.partition("</section>")
    plain = (re.sub(r"<[^>]+>|\s+", " ", row) for row in rows.split("<li>")[1:])
    return [" ".join(unescape(row).split()) for row in plain]


def test_each_hold_is_a_row(api: ApiFixture, bo: Browser) -> None:
    card = api.grant()["id"]
    assert 'id="holds"' not in bo.get(f"{CARDS}/{card}").text
    later, soon = hold(api, card, 200, 7_200), hold(api, card, 30, 600, reason=HOSTILE)
    api.clock.advance(120)
    text = bo.get(f"{CARDS}/{card}").text
    rows = reserved(text)
    assert text.index(f"holds/{soon}/take") < text.index(f"holds/{later}/take")
    assert len(rows) == 2
    assert rows[0].startswith(f"L$ 30 by the program “all scopes” {HOSTILE} Since 21 Sep 2026, ")
    assert "2 minutes ago. Free again by itself on 21 Sep 2026, " in rows[0]
    assert "in 8 minutes. The owner can use the L$ 30 again at once" in rows[0]
    assert "So much leaves the card as paid, for good. If it is less than L$ 30" in rows[0]
    assert HOSTILE not in text
    assert "L$\N{NO-BREAK SPACE}230 of it reserved" in text


@pytest.mark.parametrize("taken", [7, 3])
def test_what_is_reserved_is_taken_whole_or_in_part(
    api: ApiFixture, bo: Browser, taken: int
) -> None:
    card = api.grant()["id"]
    held = hold(api, card)
    assert fields_on(bo.get(f"{CARDS}/{card}").text)["amount"] == "7"
    assert post_about(bo, card, f"holds/{held}/take", {"amount": f"{taken}"}).status_code == 303
    shown = card_of(api, card)
    assert (shown["credit"], shown["available"]) == (500 - taken, 500 - taken)
    text = unescape(bo.get(f"{CARDS}/{card}").text).replace("\N{NO-BREAK SPACE}", " ")
    assert f"Taken as paid: L$ {taken}. The card has L$ {500 - taken} now." in text
    assert ("Paid with the reserved L$ 7" in text) == (taken == 7)
    assert ("Paid with L$ 3 of the reserved L$ 7; the rest is free again" in text) == (taken == 3)
    assert api.entries(card)[-1].actor_id == "Bo"
    assert deeds(api)[-1] == "card_hold_taken"


def test_what_is_reserved_is_released(api: ApiFixture, bo: Browser) -> None:
    card = api.grant()["id"]
    held, other = hold(api, card), hold(api, card, 20)
    assert post_about(bo, card, f"holds/{held}/release", {}).status_code == 303
    assert (card_of(api, card)["credit"], card_of(api, card)["available"]) == (500, 480)
    text = bo.get(f"{CARDS}/{card}").text
    assert "Released: L$ 480 of the card can be used now." in text
    assert len(reserved(text)) == 1 and f"holds/{other}/take" in text
    assert deeds(api)[-1] == "card_hold_released"


@pytest.mark.parametrize("amount", ["", "0", "-1", "8", "1.5", HOSTILE, "9" * 30])
@one_engine
def test_what_can_t_be_taken_is_said_at_its_field(
    api: ApiFixture, bo: Browser, amount: str
) -> None:
    card = api.grant()["id"]
    held, other = hold(api, card), hold(api, card, 9)
    before = deeds(api)
    refused = post_about(bo, card, f"holds/{held}/take", {"amount": amount})
    assert refused.status_code == 400
    assert re.findall(r'id="([\w-]+)-problem"', refused.text) == [held]
    typed = re.findall(
        r'<input id="([\w-]+)" name="amount" type="text" value="([^"]*)"', refused.text
    )
    assert [(name, unescape(value)) for name, value in typed] == [(held, amount), (other, "9")]
    assert (len(api.entries(card)), card_of(api, card)["available"]) == (3, 484)
    assert deeds(api) == before


@pytest.mark.parametrize("action", ["release", "take"])
def test_what_is_over_by_then_is_told_and_not_done_again(
    api: ApiFixture, bo: Browser, action: str
) -> None:
    card = api.grant()["id"]
    lapsing, paid = hold(api, card, 7, 60), hold(api, card, 9, 600)
    page = f"{CARDS}/{card}"
    form = {"amount": "1", "etag": etag_on(bo, page)}
    api.clock.advance(60)
    lapsed = bo.post(f"{page}/holds/{lapsing}/{action}", form)
    assert (lapsed.status_code, len(api.entries(card))) == (409, 3)
    assert "It is not reserved any more" in lapsed.text and lapsing not in lapsed.text
    assert ext(api, card, f"holds/{paid}/actions/capture").status_code == 200
    told = bo.post(f"{page}/holds/{paid}/{action}", form)
    assert (told.status_code, len(api.entries(card))) == (412, 4)
    assert "Paid with the reserved L$\N{NO-BREAK SPACE}9, by the program" in told.text
    assert (card_of(api, card)["credit"], card_of(api, card)["available"]) == (491, 491)


@pytest.mark.parametrize("action", ["release", "take"])
@one_engine
def test_a_hold_is_one_of_its_own_card(api: ApiFixture, bo: Browser, action: str) -> None:
    card, other = api.grant()["id"], api.grant(JO.username)["id"]
    held = hold(api, other)
    assert post_about(bo, card, f"holds/{held}/{action}", {"amount": "1"}).status_code == 404
    assert post_about(bo, card, f"holds/x/{action}", {"amount": "1"}).status_code == 404
    assert card_of(api, other)["available"] == 493
