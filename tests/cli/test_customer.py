"""``gridgift customer``: the same as the API does."""

import pytest

from tests.api import JO, KELLY, OWNER
from tests.cli.commands import CommandRunner
from tests.cli.conftest import add_store
from tests.cli.live import file_of

EVERYBODY = (KELLY, JO, OWNER)


@pytest.fixture
def shop(both: CommandRunner) -> CommandRunner:
    """A store whose customers have 2, 1 and no cards, and L$ 10, 30 and 20."""
    add_store(both, "Moonwall Couture")
    for resident in EVERYBODY:
        both.json("resident", "add", resident.username, resident.uuid)
    for resident in (KELLY, JO, KELLY):
        both.json("card", "grant", resident.username, "--credit", 500)
    for resident, credit in ((KELLY, 10), (JO, 30), (OWNER, 20)):
        why = ("--amount", credit, "--reason", "prize", "--reference", resident.username)
        both.json("credit", "deposit", resident.username, *why)
    return both


def listed(shop: CommandRunner, *options: object) -> list[str]:
    """Return the usernames of a list, which the table has as well."""
    found = [row["username"] for row in shop.json("customer", "list", *options)]
    _, *lines = shop("customer", "list", *options).out.splitlines()
    assert [line.split()[0] for line in lines] == found
    return found


@pytest.mark.contract("10.101", "10.102", "10.165", "10.166")
def test_they_are_searched_and_sorted(shop: CommandRunner) -> None:
    kelly, jo, owner = (each.username for each in EVERYBODY)
    assert sorted(listed(shop)) == sorted([kelly, jo, owner])
    assert listed(shop, "--sort", "credit") == [kelly, owner, jo]
    assert listed(shop, "--sort", "-credit", "--limit", 2) == [jo, owner]
    assert listed(shop, "--sort", "-cards") == [kelly, jo]
    assert listed(shop, "--sort", "-lastCard") == [kelly, jo]
    assert listed(shop, "--sort", "lastActivity") == [kelly, jo, owner]
    assert listed(shop, "--search", kelly[:2].upper()) == [kelly]
    assert listed(shop, "--search", jo[:2], "--sort", "cards") == [jo]
    assert listed(shop, "--search", JO.uuid, "--sort", "cards") == [jo]
    usual = shop("customer", "list", "--search", JO.uuid).out
    for sort in ("cards", "lastActivity"):
        assert shop("customer", "list", "--search", JO.uuid, "--sort", sort).out == usual
    assert (
        listed(shop, "--search", "nobody")
        == listed(shop, "--search", "c7d8e9f0-0000-4c3d-9e4f-5a6b7c8d9e0f")
        == []
    )
    counted = shop("customer", "list", "--sort", "-cards").out.splitlines()
    assert counted[0].split() == [
        "USERNAME",
        "CREDIT",
        "RESTRICTED",
        "SPENT",
        "LAST",
        "CARD",
        "CARDS",
    ]
    assert [line.split()[-1] for line in counted[1:]] == ["2", "1"]
    (first,) = shop.json("customer", "list", "--sort", "-cards", "--limit", 1)
    assert (first["giftCardCount"], first["credit"]) == (2, 10)


MEANWHILE = """
import subprocess, sys
from gridgift.cli import customer, main
from gridgift.domain import customer_search
customer.PAGE = 1
usual, pages = customer_search.list_of, []

async def list_of(*given):
    page = await usual(*given)
    if not pages:
        grant = ["card", "grant", {jo!r}, "--credit", "1"]
        for _ in range(2):
            subprocess.run([sys.executable, "-m", "gridgift", *grant], stdout=2, check=True)
    pages.append(page)
    return page

customer_search.list_of = list_of
sys.argv = ["gridgift", "customer", "list", "--sort", {sort!r}, "--json"]
main()
"""


@pytest.mark.contract("10.165")
@pytest.mark.parametrize("sort", ["-cards", "lastCard"])
def test_a_list_is_of_one_state(shop: CommandRunner, sort: str) -> None:
    """Whoever moves in the order, while it is read page after page, is in it once."""
    before = shop.json("customer", "list", "--sort", sort)
    text = MEANWHILE.format(jo=JO.username, sort=sort)
    assert shop.program(file_of(shop, "meanwhile.py", text)).json == before
    assert shop.json("customer", "list", "--sort", "-cards")[0]["giftCardCount"] == 3


@pytest.mark.contract("10.103")
def test_one_is_shown(shop: CommandRunner) -> None:
    shown = shop.json("customer", "show", KELLY.uuid)
    cards = {"count": 2, "usable": 2, "credit": 1000, "capped": False}
    assert (shown["username"], shown["credit"], shown["giftCards"]) == (KELLY.username, 10, cards)
    said = shop("customer", "show", KELLY.username).out
    assert "2, for L$ 1000" in said
    shop("customer", "show", "nobody").refused(1, "nobody")


@pytest.mark.contract("10.102")
def test_what_is_no_search_and_no_order(shop: CommandRunner) -> None:
    shop("customer", "list", "--search", "..a").refused(1, "--search: must be the beginning")
    shop("customer", "list", "--sort", "uuid").misused("'uuid' is not one of credit")
    shop("customer", "list", "--limit", 0).misused("--limit")
