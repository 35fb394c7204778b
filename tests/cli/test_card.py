"""``gridgift card``."""

import getpass

import pytest

from gridgift.domain.instants import DAY, parse_instant
from gridgift.domain.model import NIL_UUID
from tests.api import KELLY
from tests.cli.commands import CommandRunner
from tests.cli.conftest import add_store
from tests.cli.live import file_of

TEXTURE = "89556747-24cb-43ed-920b-47caed15465f"
SHAPE = {
    "id", "storeId", "ownerUuid", "ownerUsername", "credit", "active", "redeemed", "transfer",
    "texture", "purchased", "expiresAt", "createdAt", "updatedAt", "available",
}  # fmt: skip


def test_grant_show_and_list(both: CommandRunner) -> None:
    add_store(both, "Moonwall Couture")
    both.json("resident", "add", KELLY.username, KELLY.uuid)
    card = both.json(
        "card", "grant", "Kelly Resident", "--credit", 500, "--transfer", "--texture", TEXTURE,
        "--expires", "2099-01-31T12:00:00+02:00", "--reason", "Contest",
    )  # fmt: skip
    assert card.keys() == SHAPE
    assert card["expiresAt"] == "2099-01-31T10:00:00Z"
    assert (card["ownerUuid"], card["credit"], card["texture"]) == (KELLY.uuid, 500, TEXTURE)
    assert card["active"] and card["transfer"] and not card["redeemed"]
    shown = both.json("card", "show", card["id"].upper())
    (entry,) = shown.pop("entries")
    nothing = {"reference": None, "tags": [], "metadata": {}, "holds": [], "notes": []}
    assert shown == card | nothing
    assert (entry["kind"], entry["delta"], entry["balanceAfter"]) == ("granted", 500, 500)
    assert entry["actor"] == {"kind": "operator", "id": getpass.getuser()}
    assert entry["reason"] == "Contest"
    assert len(entry["requestId"]) == 36
    (listed,) = both.json("card", "list", KELLY.uuid)
    assert listed == card | {
        "source": "operator", "reference": None, "tags": [], "metadata": {},
    }  # fmt: skip


@pytest.mark.contract("10.76", "10.78")
def test_a_grant_under_a_reference_is_made_once(both: CommandRunner) -> None:
    add_store(both, "Moonwall Couture")
    both.json("resident", "add", KELLY.username, KELLY.uuid)
    grant = ("card", "grant", "kelly", "--reference", "order 7", "--tag", "vip", "--tag", "hunt",
             "--metadata", "order=7", "--metadata", "note=a=b")  # fmt: skip
    card = both.json(*grant, "--credit", 500)
    again = both(*grant, "--credit", 500, "--json")
    assert again.json == card
    assert "granted before under the same reference" in again.err
    both(*grant, "--credit", 501).refused(1, "order 7", card["id"], "another credit")
    (listed,) = both.json("card", "list", KELLY.uuid)
    assert (listed["reference"], listed["tags"]) == ("order 7", ["hunt", "vip"])
    assert listed["metadata"] == {"order": "7", "note": "a=b"}


def test_labels_that_cannot_be_kept(cli: CommandRunner, store: str) -> None:
    grant = ("card", "grant", "kelly", "--credit", 5)
    cli(*grant, "--tag", "a,b").misused("--tag")
    for bad in ("order", "=7", f"{'n' * 41}=7", f"n={'x' * 501}"):
        cli(*grant, "--metadata", bad).misused("--metadata", "order=2207")
    cli(*grant, "--reference", "").misused("--reference")
    tags = [word for number in range(21) for word in ("--tag", f"t{number}")]
    cli(*grant, *tags).refused(1, "--tag: must be at most 20 tags")
    names = [word for number in range(51) for word in ("--metadata", f"n{number}=x")]
    cli(*grant, *names).refused(1, "--metadata: must be an object of at most 50")


def test_a_date_is_a_day_of_the_store(both: CommandRunner) -> None:
    """The same as an option and in a file; on days on which clocks are moved too."""
    store = add_store(both, "Moonwall Couture")
    both.json("resident", "add", KELLY.username, KELLY.uuid)
    ends = {
        "2099-01-31": "2099-02-01T08:00:00Z",
        "2099-03-08": "2099-03-09T07:00:00Z",
        "2099-11-01": "2099-11-02T08:00:00Z",
        "2099-01-31T12:00:00Z": "2099-01-31T12:00:00Z",
        "9999-12-30": "9999-12-31T08:00:00Z",
        "9999-12-31": "9999-12-31T23:59:59.999Z",  # no later one can be written
        "never": None,
    }
    for date, end in ends.items():
        granted = both.json("card", "grant", "kelly", "--credit", 5, "--expires", date)
        assert granted["expiresAt"] == end
    rows = "".join(f"kelly,6,{date}\n" for date in ends)
    file_of(both, "cards.csv", f"identifier,credit,expires_at\n{rows}")
    assert both("card", "grant-many", "cards.csv").code == 0
    cards = [card for card in both.json("card", "list", "kelly") if card["credit"] == 6]
    assert [card["expiresAt"] for card in cards] == list(ends.values())
    both.json("store", "update", store, "--time-zone", "Europe/Berlin")
    granted = both.json("card", "grant", "kelly", "--credit", 5, "--expires", "2099-01-31")
    assert granted["expiresAt"] == "2099-01-31T23:00:00Z"


def test_without_a_date_a_card_lasts_as_the_store_has_it(both: CommandRunner) -> None:
    store = add_store(both, "Moonwall Couture")
    both.json("resident", "add", KELLY.username, KELLY.uuid)
    grant = ("card", "grant", "kelly", "--credit", 5)
    assert both.json(*grant)["expiresAt"] is None
    both.json("store", "update", store, "--card-lifetime", 30)
    card = both.json(*grant)
    days = parse_instant(card["expiresAt"]) - parse_instant(card["createdAt"])
    assert days == 30 * DAY
    assert both.json(*grant, "--expires", "never")["expiresAt"] is None


def test_a_grant_with_a_note(cli: CommandRunner, kelly: str) -> None:
    card = cli.json("card", "grant", kelly, "--credit", 1, "--note", "Won at the hunt")
    _, noted = cli.json("card", "history", card["id"])
    assert (noted["kind"], noted["reason"]) == ("noted", "Won at the hunt")
    assert cli.json("card", "show", card["id"]).items() >= card.items()
    cli("card", "grant", kelly, "--credit", 1, "--note", "x" * 2_001).misused("2000")


def test_list_filters(cli: CommandRunner, kelly: str) -> None:
    ids = [cli.json("card", "grant", kelly, "--credit", 1)["id"] for _ in range(3)]
    for options, expected in (
        ((), ids),
        (("--active",), ids),
        (("--inactive",), []),
        (("--redeemed",), []),
        (("--not-redeemed", "--active"), ids),
    ):
        assert [card["id"] for card in cli.json("card", "list", kelly, *options)] == expected
    told = cli("card", "list", kelly).out
    assert all(card_id in told for card_id in ids)
    assert "never" in told, "a card without an end"


def test_the_texture_of_zeros_is_none(cli: CommandRunner, kelly: str) -> None:
    card = cli.json("card", "grant", kelly, "--credit", 5, "--texture", NIL_UUID)
    assert card["texture"] is None


def test_show_prints_the_ledger(cli: CommandRunner, kelly: str) -> None:
    card = cli.json("card", "grant", kelly, "--credit", 7, "--reason", "[bold]Hunt[/bold]")
    shown = cli("card", "show", card["id"]).out
    assert "Granted" in shown and "L$ 7" in shown and "[bold]Hunt[/bold]" in shown


def test_refusals(cli: CommandRunner, kelly: str) -> None:
    unknown = "01234567-89ab-7def-8123-456789abcdef"
    cli("card", "show", unknown).refused(1, f"no gift card {unknown}")
    cli("card", "show", "x").misused("not a UUID")
    cli("card", "list", "nobody").refused(1, "No resident nobody")
    cli("card", "list", "no body else").refused(1, "neither a Second Life username")
    cli("card", "grant", "nobody", "--credit", 5).refused(1, "No resident nobody")
    for credit in ("0", "-1", "2147483648", "1.5", "ten"):
        cli("card", "grant", kelly, "--credit", credit).misused("--credit")
    cli("card", "grant", kelly).misused("--credit")
    grant = ("card", "grant", kelly, "--credit", 5)
    cli(*grant, "--texture", "abc").misused("--texture")
    cli(*grant, "--expires", "2020-01-01").refused(1, "--expires: must be in the future.")
    cli(*grant, "--reason", "two\nlines").misused("printable")
    cli(*grant, "--store", unknown).refused(1, f"no store {unknown}")
    assert cli.json("card", "list", kelly) == []
