"""``gridgift export``: the same rows as the API's files."""

import json

import pytest

from tests.api import JO, served
from tests.cli.commands import CommandRunner
from tests.cli.conftest import add_store

DAY = ("--from", "2026-09-21", "--to", "2026-09-21")  # of the clock of tests


@pytest.mark.contract("10.160", "10.161")
def test_the_same_as_over_the_api(both: CommandRunner, database_url: str) -> None:
    with served(database_url) as api:
        card = api.grant(credit=300)["id"]
        api.grant(JO.username, credit=5)
        both.json("card", "redeem", card)
        asked = {
            "redemptions": api.call("GET", "/ext/v1/redemptions/export.csv"),
            "entries": api.call("GET", "/ext/v1/entries/export.csv"),
        }
        for name, answer in asked.items():
            assert both("export", name).out.encode() == answer.content.replace(b"\r\n", b"\n")
        lines = api.call("GET", "/ext/v1/entries/export.jsonl").text
        assert both("export", "entries", "--json").out == lines
    (redeemed,) = map(json.loads, both("export", "redemptions", "--json").out.splitlines())
    assert (redeemed["giftCardId"], redeemed["amount"], redeemed["left"]) == (card, 300, 300)


def test_only_those_that_are_wanted(both: CommandRunner, database_url: str) -> None:
    with served(database_url) as api:
        for resident in ("kelly", JO.username):
            both.json("card", "redeem", api.grant(resident)["id"])
        both.json("card", "grant", "kelly", "--credit", 5)

    def rows(*arguments: str) -> int:
        result = both("export", *arguments, "--json")
        assert result.code == 0, result
        return len(result.out.splitlines())

    assert rows("redemptions") == 2
    assert rows("redemptions", "--owner", "Jo W") == rows("redemptions", "--owner", JO.uuid) == 1
    assert rows("entries") == 7
    assert rows("entries", *DAY) == 2  # the API's clock stands still
    assert rows("redemptions", *DAY) == 0
    both("export", "entries", "--from", "soon").misused("--from", "2027-01-31")


def test_a_store_without_anything(cli: CommandRunner) -> None:
    add_store(cli, "Moonwall Couture")
    assert cli("export", "redemptions", "--json").out == ""
    assert len(cli("export", "entries").out.splitlines()) == 1
