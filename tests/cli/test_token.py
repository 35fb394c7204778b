"""``gridgift token``."""

from tests.api import KELLY
from tests.cli.commands import CommandRunner
from tests.cli.conftest import add_store


def test_a_link_without_an_address_says_so(both: CommandRunner) -> None:
    store = add_store(both, "Moonwall Couture")
    both("resident", "add", "kelly", KELLY.uuid)
    bare, json = both("token", "mint", "kelly"), both("token", "mint", "kelly", "--json")
    assert bare.out.startswith("/me#ct=gct_")
    assert json.json["url"].startswith("/me#ct=gct_")
    for printed in (bare, json):
        assert "GRIDGIFT_PUBLIC_URL" in printed.err
        assert len(printed.err.splitlines()) == 1
    both.environ["GRIDGIFT_PUBLIC_URL"] = "https://gifts.example.com"
    whole = both("token", "mint", "kelly")
    assert (whole.out.partition("gct_")[0], whole.err) == ("https://gifts.example.com/me#ct=", "")
    del both.environ["GRIDGIFT_PUBLIC_URL"]
    both("store", "update", store, "--customer-origin", "https://cards.example.com")
    elsewhere = both("token", "mint", "kelly")
    assert elsewhere.out.startswith("https://cards.example.com/#ct=gct_")
    assert elsewhere.err == ""
