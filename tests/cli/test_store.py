"""``gridgift store``."""

import json

from gridgift.domain.model import NIL_UUID
from tests.api import OWNER
from tests.cli.commands import CommandRunner
from tests.cli.conftest import add_store

LOGO = "89556747-24CB-43ED-920B-47CAED15465F"
NAMED = ("--owner", "Aria Moonwall", "--owner-uuid", OWNER.uuid.upper())


def test_create_answers_with_the_store(both: CommandRunner) -> None:
    made = both.json("store", "create", "Moonwall Couture", *NAMED, "--logo", LOGO)
    assert made.keys() == {
        "id", "name", "logo", "ownerUuid", "ownerUsername", "createdAt", "cardLifetime",
        "customerOrigin", "timeZone", "locationSlurl", "contact", "announce",
    }  # fmt: skip
    assert made["name"] == "Moonwall Couture"
    assert made["logo"] == LOGO.lower()
    assert (made["ownerUuid"], made["ownerUsername"]) == (OWNER.uuid, "aria.moonwall")
    assert both.json("store", "list") == [made]


def test_all_of_a_store_is_shown(both: CommandRunner) -> None:
    both("store", "show").misused("no store yet")
    made = both.json("store", "create", "Moonwall Couture", *NAMED)
    both.json("store", "update", made["id"], "--contact", "IM Aria", "--card-lifetime", 30)
    shown = both.json("store", "show")
    assert shown == made | {"contact": "IM Aria", "cardLifetime": 30}
    assert shown == both.json("store", "show", made["id"])
    lines = both("store", "show").out
    assert all(said in lines for said in ("IM Aria", "30 days", made["createdAt"]))
    add_store(both, "Another")
    both("store", "show").misused("say which one")
    both("store", "show", OWNER.uuid).refused(1, "no store")


def test_the_logo_of_zeros_is_none(cli: CommandRunner) -> None:
    made = cli.json("store", "create", "Shop", *NAMED, "--logo", NIL_UUID)
    assert made["logo"] is None
    update = ("store", "update", made["id"], "--logo")
    assert cli.json(*update, LOGO)["logo"] == LOGO.lower()
    assert cli.json(*update, NIL_UUID)["logo"] is None


def test_the_time_zone(both: CommandRunner) -> None:
    assert both.json("store", "create", "Moonwall", *NAMED)["timeZone"] == "America/Los_Angeles"
    made = both.json("store", "create", "Abroad", *NAMED, "--time-zone", "Europe/Berlin")
    assert made["timeZone"] == "Europe/Berlin"
    update = ("store", "update", made["id"], "--time-zone")
    assert both.json(*update, "Asia/Tokyo")["timeZone"] == "Asia/Tokyo"
    both(*update, "Mars/Olympus").refused(1, "--time-zone: must be the name of a time zone")
    assert [store["timeZone"] for store in both.json("store", "list")][1:] == ["Asia/Tokyo"]


def test_the_place_on_the_map(both: CommandRunner) -> None:
    store, place = add_store(both, "Shop"), "https://maps.secondlife.com/secondlife/Moon/1/2/3"
    update = ("store", "update", store)
    assert both.json(*update, "--location-slurl", place)["locationSlurl"] == place
    assert both.json(*update, "--name", "Other")["locationSlurl"] == place
    both(*update, "--location-slurl", "javascript:x").refused(1, "--location-slurl: must be a map")
    assert both.json(*update, "--location-slurl", "none")["locationSlurl"] == ""


def test_whom_residents_ask(both: CommandRunner) -> None:
    store, hostile = add_store(both, "Shop"), "<b>Aria</b> [red]javascript:x"
    update = ("store", "update", store)
    assert both.json(*update, "--contact", hostile)["contact"] == hostile
    assert both.json(*update, "--name", "Other")["contact"] == hostile
    both(*update, "--contact", "x" * 201).refused(1, "--contact: must have at most 200")
    both(*update, "--contact", "a\u202eb").refused(1, "--contact: ", "printable")
    assert both.json(*update, "--contact", "none")["contact"] == ""


def test_list_shows_every_store(cli: CommandRunner) -> None:
    cli("migrate")
    assert cli.json("store", "list") == []
    ids = [add_store(cli, f"Store {number}") for number in (1, 2)]
    table = cli("store", "list")
    assert table.code == 0
    assert all(store_id in table.out for store_id in ids)
    assert [store["id"] for store in cli.json("store", "list")] == ids


def test_hostile_names_stay_as_they_are(cli: CommandRunner) -> None:
    name = "[red]Sale[/red] :boom: [link=http://x.test]\u200fgnp"
    assert cli.json("store", "create", name, *NAMED)["name"] == name
    assert name in cli("store", "list").out
    cli("store", "create", "Sale\u202egnp", *NAMED).refused(1, "NAME: ", "printable")


def test_bad_values_are_refused(cli: CommandRunner) -> None:
    cli("store", "create", "a\nb", *NAMED).refused(1, "NAME: ", "printable")
    cli("store", "create", "Shop", "--owner", "no!", "--owner-uuid", OWNER.uuid).refused(
        1, "'no!' is not a username"
    )
    cli("store", "create", "Shop", "--owner", "x", "--owner-uuid", "0" * 32).misused("UUID")
    nobody = "00000000-0000-0000-0000-000000000000"
    cli("store", "create", "Shop", "--owner", "x", "--owner-uuid", nobody).refused(1, "all-zero")
    cli("store", "create", "Shop", "--owner", "x").misused("--owner-uuid")
    assert cli.json("store", "list") == []


def test_a_refusal_names_the_option(cli: CommandRunner) -> None:
    store = add_store(cli, "Shop")
    for options, said in (
        (("--card-lifetime", "0"), "--card-lifetime: must be from 1 to 36500 days."),
        (("--customer-origin", "shop"), "--customer-origin: must be an origin like https://"),
    ):
        cli("store", "update", store, *options).refused(1, said)
    for option in ("--logo", "--card-lifetime"):
        given = ("store", "update", store, option, "x")
        cli(*given).misused(f"Invalid value for '{option}': 'x' is not a")
        assert list(json.loads(cli(*given, "--json").err)["errors"]) == [option]
    cli("store", "update", store).refused(2, "Say what to change")
    assert "for ever" in cli("store", "list").out, "as 'store show' says it"
    changed = cli.json("store", "update", store, "--card-lifetime", "30")
    assert (changed["cardLifetime"], changed["customerOrigin"]) == (30, None)


def test_arguments_that_are_not_text_are_refused(cli: CommandRunner) -> None:
    cli("store", "create", "caf\udce9", *NAMED).refused(2, "UTF-8")
