"""``gridgift store``."""

from tests.cli.commands import Desk
from tests.cli.conftest import add_store
from tests.shop import OWNER

LOGO = "89556747-24CB-43ED-920B-47CAED15465F"
NAMED = ("--owner", "Aria Moonwall", "--owner-uuid", OWNER.uuid.upper())


def test_create_answers_with_the_store(both: Desk) -> None:
    made = both.json("store", "create", "Moonwall Couture", *NAMED, "--logo", LOGO)
    assert made.keys() == {"id", "name", "logo", "ownerUuid", "ownerUsername", "createdAt"}
    assert made["name"] == "Moonwall Couture"
    assert made["logo"] == LOGO.lower()
    assert (made["ownerUuid"], made["ownerUsername"]) == (OWNER.uuid, "aria.moonwall")
    assert both.json("store", "list") == [made]


def test_list_shows_every_store(desk: Desk) -> None:
    assert desk.json("store", "list") == []
    ids = [add_store(desk, f"Store {number}") for number in (1, 2)]
    table = desk("store", "list")
    assert table.code == 0
    assert all(store_id in table.out for store_id in ids)
    assert [store["id"] for store in desk.json("store", "list")] == ids


def test_hostile_names_stay_as_they_are(desk: Desk) -> None:
    name = "[red]Sale[/red] :boom: [link=http://x.test]\u202egnp"
    assert desk.json("store", "create", name, *NAMED)["name"] == name
    assert "[red]Sale[/red] :boom: [link=http://x.test]\ufffdgnp" in desk("store", "list").out


def test_bad_values_are_refused(desk: Desk) -> None:
    desk("store", "create", "a\nb", *NAMED).refused(1, "name", "printable")
    desk("store", "create", "Shop", "--owner", "no!", "--owner-uuid", OWNER.uuid).refused(
        1, "'no!' is not a username"
    )
    desk("store", "create", "Shop", "--owner", "x", "--owner-uuid", "0" * 32).misused("UUID")
    nobody = "00000000-0000-0000-0000-000000000000"
    desk("store", "create", "Shop", "--owner", "x", "--owner-uuid", nobody).refused(1, "all-zero")
    desk("store", "create", "Shop", "--owner", "x").misused("--owner-uuid")
    assert desk.json("store", "list") == []


def test_arguments_that_are_not_text_are_refused(desk: Desk) -> None:
    desk("store", "create", "caf\udce9", *NAMED).refused(2, "UTF-8")
