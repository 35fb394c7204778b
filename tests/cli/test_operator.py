"""``gridgift operator``."""

import asyncio
import getpass
import json
import re
from typing import Any

import pytest

from tests.cli.commands import CommandRunner
from tests.cli.conftest import add_store
from tests.domain.fixture import bare_sql


def test_somebody_is_added_listed_and_removed(both: CommandRunner) -> None:
    store = add_store(both, "Moonwall")
    made = both.json("operator", "add", "Aria", "--role", "owner")
    assert made.keys() == {"operator", "url", "expiresAt"}
    assert made["operator"].keys() == {
        "id", "name", "storeId", "role", "hasPassword", "hasSecondFactor", "addedAt"
    }  # fmt: skip
    assert (made["operator"]["storeId"], made["operator"]["role"]) == (store, "owner")
    assert re.fullmatch(r"/dashboard/link/[\w-]{43}", made["url"])
    assert both.json("operator", "list") == [made["operator"]]
    assert both.json("operator", "add", "ARIA", "--role", "clerk")["operator"]["role"] == "clerk"
    assert [one["name"] for one in both.json("operator", "list")] == ["Aria"]
    assert both.json("operator", "remove", "aria") == {"removedFrom": [store]}
    assert both.json("operator", "list") == []
    both("operator", "remove", "Aria").refused(1, "There is no operator Aria")


def test_a_link_has_the_public_address(cli: CommandRunner) -> None:
    add_store(cli, "Moonwall")
    cli("operator", "add", "Aria")
    plain = cli("operator", "link", "Aria")
    assert "GRIDGIFT_PUBLIC_URL" in plain.err
    cli.environ["GRIDGIFT_PUBLIC_URL"] = "https://gifts.example.com"
    made = cli.json("operator", "link", "Aria")
    assert made["url"].startswith("https://gifts.example.com/dashboard/link/")
    assert cli("operator", "link", "Aria").err == ""


def test_a_second_factor_is_shown_and_taken_off(both: CommandRunner, database_url: str) -> None:
    store = add_store(both, "Moonwall")
    aria = both.json("operator", "add", "Aria")["operator"]["id"]
    row = f"INSERT INTO operator_second_factors VALUES ('{aria}', 'seed', 1, 1, 0, 0)"
    asyncio.run(bare_sql(database_url, row))
    both.json("operator", "link", "Aria")  # which asks for the code as well
    (listed,) = both.json("operator", "list")
    assert (listed["id"], listed["hasSecondFactor"]) == (aria, True)
    made = both.json("operator", "link", "aria", "--without-second-factor")
    assert made.keys() == {"url", "expiresAt"}
    assert both.json("operator", "list")[0]["hasSecondFactor"] is False
    told = (
        "SELECT store_id, operator, deed, about, browser FROM operator_actions "
        "WHERE deed <> 'shell' OR about = 'operator link' ORDER BY id"
    )
    first, (store_id, operator, *rest) = asyncio.run(bare_sql(database_url, told))
    assert first[2:4] == ("shell", "operator link")  # that took nothing off
    assert (str(store_id), operator) == (store, getpass.getuser())
    assert rest == ["second_factor_taken_off", "Aria", "gridgift operator link"]
    again = both("operator", "link", "Aria", "--without-second-factor")
    assert again.out.startswith("/dashboard/link/")
    assert asyncio.run(bare_sql(database_url, told))[2][2:4] == ("shell", "operator link")
    both("operator", "link", "Nobody", "--without-second-factor").refused(1, "no operator Nobody")


def test_names_and_roles_that_are_refused(cli: CommandRunner) -> None:
    add_store(cli, "Moonwall")
    cli("operator", "add", "Aria", "--role", "king").refused(1, "--role: must be clerk or owner")
    cli("operator", "add", " Aria").refused(1, "NAME: must have 2 to 64 printable characters")
    cli("operator", "link", "Nobody").refused(1, "There is no operator Nobody")
    assert cli.json("operator", "list") == []


def test_one_of_two_stores_is_named(cli: CommandRunner) -> None:
    stores: list[Any] = [add_store(cli, "Moonwall"), add_store(cli, "Another")]
    cli("operator", "add", "Aria").refused(2, "There are 2 stores")
    for store in stores:
        cli.json("operator", "add", "Aria", "--store", store, "--role", "owner")
    assert cli.json("operator", "remove", "Aria", "--store", stores[0]) == {
        "removedFrom": [stores[0]]
    }
    assert [one["name"] for one in cli.json("operator", "list", "--store", stores[1])] == ["Aria"]


@pytest.mark.contract("10.168")
def test_changes_in_a_shell_are_events(both: CommandRunner, database_url: str) -> None:
    stores = [add_store(both, "Moonwall"), add_store(both, "Another")]
    for store in stores:
        both.json("operator", "add", "Aria", "--store", store)
    both.json("operator", "add", "Aria", "--store", stores[0], "--role", "owner")
    both.json("operator", "link", "Aria")
    aria = both.json("operator", "list", "--store", stores[0])[0]["id"]
    row = f"INSERT INTO operator_second_factors VALUES ('{aria}', 'seed', 1, 1, 0, 0)"
    asyncio.run(bare_sql(database_url, row))
    both.json("operator", "link", "Aria", "--without-second-factor")
    both.json("operator", "remove", "Aria")
    both("operator", "remove", "Aria").refused(1, "There is no operator Aria")
    shown = both("event", "tail", "--kept", "--once", "--store", stores[0]).out
    assert shown.count("operator.changed") == 4
    query = "SELECT store_id, details FROM events WHERE type = 'operator.changed'"
    rows: Any = asyncio.run(bare_sql(database_url, f"{query} ORDER BY position"))
    told = [(stores.index(str(store)), json.loads(details)) for store, details in rows]
    assert sorted(at for at, _ in told) == [0] * 4 + [1] * 3
    assert {(each["actor_kind"], each["actor_id"]) for _, each in told} == {
        ("operator", getpass.getuser())
    }
