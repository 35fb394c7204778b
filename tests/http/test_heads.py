"""The hash of a card's newest entry in its row, and cards that an older program wrote."""

from typing import Final

import pytest

from gridgift.domain import verify
from tests.api import ApiFixture

# What a program leaves that knows neither column: in a new card, in one that it changed.
LEFT: Final = {
    "a new card": "UPDATE gift_cards SET head = NULL, head_seq = 0",
    "a changed card": "UPDATE gift_cards SET head_seq = 1, head = (SELECT hash FROM entries "
    "WHERE account_id = gift_cards.id AND seq = 1)",
}


def faults(api: ApiFixture) -> int:
    """Verify; return how many faults there are."""
    found: int = api.read(verify.verify, lambda fault: None, lambda seen: None)
    return found


@pytest.mark.contract("10.7", "10.64")
def test_a_row_has_the_hash_of_its_newest_entry(api: ApiFixture) -> None:
    card_id = api.grant()["id"]
    for newest in (1, 2, 3):
        *_, entry = api.entries(card_id)
        (row,) = api.sql("SELECT head, head_seq FROM gift_cards")
        assert (bytes(row[0]), row[1], entry.seq) == (entry.hash, newest, newest)
        api.call(
            "POST",
            f"/ext/v1/giftcards/{card_id}/actions/adjust",
            json={"delta": 1, "reason": "more"},
        )


@pytest.mark.contract("10.7", "10.64")
@pytest.mark.parametrize("left", LEFT.values(), ids=LEFT)
def test_a_card_that_an_older_program_wrote(api: ApiFixture, left: str) -> None:
    path = f"/v1/giftcards/{api.grant()['id']}"
    disabled = api.call("POST", f"{path}/actions/disable").headers["etag"]
    api.sql(left)
    assert faults(api) == 0
    assert api.call("GET", path).headers["etag"] == disabled
    wanted = {"credit": 7, "active": True}
    changed = api.call("PUT", path, json=wanted, headers={"If-Match": disabled})
    assert changed.status_code == 200
    assert api.call("GET", path).headers["etag"] == changed.headers["etag"] != disabled
    assert faults(api) == 0
    assert api.sql("SELECT head_seq FROM gift_cards") == [(3,)]
