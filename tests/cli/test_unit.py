"""``gridgift unit``: the same as the API does."""

import pytest

from gridgift.domain import codes, units
from tests.api import KELLY, served
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


@pytest.mark.contract("9.10")
def test_settings_are_changed(both: CommandRunner) -> None:
    add_store(both, "Moonwall Couture")
    made = both.json("unit", "create", "--kind", "delivery", "--name", "Gift", "--max-cards", 10)
    del made["pairingCode"]
    update = ("unit", "update", made["id"])
    changed = both.json(
        *update, "--name", "Winter gift", "--credit", 150, "--texture", KELLY.uuid, "--group-only",
        "--transferable", "--starts", "2026-12-01T08:00:00Z", "--ends", "2027-01-06",
        "--max-cards", 20, "--max-cards-a-day", 2, "--max-credit", 900, "--min-account-days", 30,
        "--username", "Jo Winter", "--username", "kelly",
    )  # fmt: skip
    assert changed == both.json("unit", "show", made["id"])
    assert changed | {"updatedAt": made["updatedAt"]} == made | {
        "name": "Winter gift", "credit": 150, "texture": KELLY.uuid, "groupOnly": True,
        "transferable": True, "startsAt": "2026-12-01T08:00:00Z",
        "endsAt": "2027-01-07T08:00:00Z", "maxCards": 20, "maxCardsADay": 2, "maxCredit": 900,
        "minAccountDays": 30, "usernames": ["jo.winter", "kelly"],
    }  # fmt: skip
    assert both.json(*update, "--credit", 150) == changed
    bare = both.json(
        *update, "--texture", "none", "--starts", "none", "--ends", "none", "--max-cards", "none",
        "--max-cards-a-day", "none", "--max-credit", "none", "--min-account-days", "none",
        "--no-group", "--not-transferable", "--everybody",
    )  # fmt: skip
    assert bare | {"updatedAt": made["updatedAt"]} == made | {
        "name": "Winter gift", "credit": 150, "maxCards": None}  # fmt: skip


def test_changes_that_are_refused(cli: CommandRunner, store: str, unknown_id: str) -> None:
    made = cli.json("unit", "create", "--kind", "vendor", "--name", "Till")
    update = ("unit", "update", made["id"])
    cli(*update).misused("Say what to change")
    cli(*update, "--username", "kelly", "--everybody").misused("not both")
    cli(*update, "--max-cards", "many").misused("--max-cards", "neither a number nor none")
    cli(*update, "--max-cards", "0").refused(1, "--max-cards: must be from 1 to 2147483647")
    cli(*update, "--ends", "soon").misused("--ends")
    cli(*update, "--texture", "logo").misused("--texture", "not a UUID")
    cli("unit", "update", unknown_id, "--credit", 5).refused(1, "no unit")
    assert cli.json("unit", "list") == [cli.json("unit", "show", made["id"])]


def test_all_of_a_unit_is_shown(cli: CommandRunner, store: str) -> None:
    made = cli.json("unit", "create", "--kind", "delivery", "--name", "Gift", "--max-cards", 7)
    shown = [line.rsplit("  ", 1) for line in cli("unit", "show", made["id"]).out.splitlines()]
    facts = {name.rstrip(): value for name, value in filter(lambda line: len(line) > 1, shown)}
    assert (facts["MAX CARDS"], facts["FOR"], facts["CARDS GIVEN"]) == ("7", "everybody", "0")


@pytest.mark.contract("9.11", "9.12")
def test_another_round_and_what_was_given(
    both: CommandRunner, database_url: str, unknown_id: str
) -> None:
    with served(database_url) as api:
        unit = InWorldObject(api, "delivery")
        assert unit.claim().status_code == 200
    assert both.json("unit", "begin-round", unit.id)["round"] == 2
    (claim,) = both.json("unit", "claims", unit.id)
    assert (claim["residentUsername"], claim["round"], claim["credit"]) == ("kelly", 1, 100)
    assert claim["giftCardId"] in both("unit", "claims", unit.id).out
    for command in ("begin-round", "claims"):
        both("unit", command, unknown_id).refused(1, "no unit")


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
