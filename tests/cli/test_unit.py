"""``gridgift unit``: the same as the API does."""

import pytest

from gridgift.domain import codes, units
from tests.api import served
from tests.cli.commands import CommandRunner
from tests.cli.conftest import add_store
from tests.http.in_world import InWorldObject
from tests.http.test_in_world import bought


@pytest.mark.contract("9.1", "9.8", "9.12")
def test_made_paired_paused_and_revoked(both: CommandRunner) -> None:
    add_store(both, "Moonwall Couture")
    made = both.json(
        "unit", "create", "--kind", "delivery", "--name", "Gift", "--credit", 150, "--group-only",
        "--starts", "2026-12-01T08:00:00Z", "--ends", "2027-01-06", "--max-cards", 10,
        "--max-cards-a-day", 2, "--max-credit", 900, "--min-account-days", 30,
        "--username", "Jo Winter", "--username", "kelly", "--transferable",
    )  # fmt: skip
    code = made.pop("pairingCode")
    assert both.json("unit", "show", made["id"]) == made
    assert both.json("unit", "list") == [made]
    assert (made["credit"], made["groupOnly"], made["maxCards"], made["maxCardsADay"]) == (
        150, True, 10, 2)  # fmt: skip
    assert (made["startsAt"], made["endsAt"]) == ("2026-12-01T08:00:00Z", "2027-01-07T08:00:00Z")
    assert (made["maxCredit"], made["minAccountDays"]) == (900, 30)
    assert made["usernames"] == ["jo.winter", "kelly"]
    assert made["transferable"] is True
    again = both.json("unit", "pair", made["id"])
    assert again["id"] == made["id"]
    assert again["pairingCode"] != code
    assert both.json("unit", "pause", made["id"])["paused"] is True
    assert both.json("unit", "resume", made["id"])["paused"] is False
    assert both.json("unit", "revoke", made["id"])["objectUuid"] is None
    assert "Gift" in both("unit", "list").out


@pytest.mark.contract("9.36")
def test_a_silent_unit_says_since_when(both: CommandRunner, database_url: str) -> None:
    with served(database_url) as api:
        terminal = InWorldObject(api, "terminal")
        api.sql("UPDATE units SET seen_at = 1000, updated_at = 1000")
    since = "1970-01-01T00:00:01Z"
    (listed,) = both.json("unit", "list")
    assert listed["silentSince"] == both.json("unit", "show", terminal.id)["silentSince"] == since
    assert both("unit", "list").out.rstrip().endswith(since)
    assert both.json("unit", "pause", terminal.id)["silentSince"] is None


def test_for_people(cli: CommandRunner, store: str) -> None:
    made = cli("unit", "create", "--kind", "vendor", "--name", "Till")
    assert "vendor" in made.out
    assert "until" in made.err
    assert len(made.out.splitlines()[-1]) == len(codes.write(bytes(units.CODE_BYTES)))


def test_what_is_refused(cli: CommandRunner, store: str) -> None:
    create = ("unit", "create", "--name", "Gift", "--kind")
    cli(*create, "shop").misused("'shop' is not one of delivery")
    cli(*create, "vendor", "--credit", 0).misused("--credit")
    cli(*create, "vendor", "--username", "a b c").refused(1, "--username")
    dates = ("--starts", "2027-01-06", "--ends", "2027-01-06")
    cli(*create, "vendor", *dates).refused(1, "--ends: must be after the start")
    cli("unit", "show", store).refused(1, "no unit")
    assert cli.json("unit", "list") == []


@pytest.mark.contract("9.29")
def test_refunds_are_listed(both: CommandRunner, database_url: str, unknown_id: str) -> None:
    with served(database_url) as api:
        vendor = InWorldObject(api, "vendor", paused=True)
        assert both.json("unit", "refunds", vendor.id) == []
        vendor.send("purchase", bought())
    paid_at = "2026-09-21T14:13:20Z"
    (owed,) = both.json("unit", "refunds", vendor.id)
    assert (owed["payerUsername"], owed["amount"], owed["state"]) == ("kelly", 250, "owed")
    assert (owed["reason"], owed["paidAt"]) == ("disabled", paid_at)
    assert both.json("unit", "refunds") == [owed]
    assert "disabled" in both("unit", "refunds", vendor.id).out
    both("unit", "refunds", unknown_id).refused(1, "no unit")


@pytest.mark.contract("9.31")
def test_a_refund_is_marked_as_paid(both: CommandRunner, database_url: str) -> None:
    with served(database_url) as api:
        vendor = InWorldObject(api, "vendor", paused=True)
        for _ in range(2):
            vendor.send("purchase", bought())
    first, second = both.json("unit", "refunds", "--state", "owed")
    paid = ("unit", "refund-paid", vendor.id, first["id"])
    both(*paid, "--note", "a\nb").misused("--note")
    marked = both.json(*paid, "--note", "by hand")
    assert (marked["state"], marked["note"], marked["refundedBy"]["kind"]) == (
        "paid", "by hand", "operator")  # fmt: skip
    both(*paid).refused(1, "marked as paid already")
    assert both.json("unit", "refunds", "--state", "owed") == [second]
    assert both.json("unit", "refunds", vendor.id, "--state", "paid") == [marked]
