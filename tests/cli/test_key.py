"""``gridgift key``."""

import calendar
import time

from gridgift.domain.scopes import SCOPES
from tests.cli.commands import CommandRunner
from tests.cli.conftest import add_store
from tests.cli.live import running

NEW = {
    "key", "id", "storeId", "name", "preview", "scopes", "createdAt", "expiresAt", "revokedAt",
    "lastUsedAt",
}  # fmt: skip
UNKNOWN = "01234567-89ab-7def-8123-456789abcdef"


def test_create_shows_the_key_once(cli: CommandRunner, store: str) -> None:
    made = cli.json(
        "key", "create", "--store", store, "--name", "Till", "--scope", "giftcards:read",
        "--scope", "store:read", "--expires", "2099-01-31",
    )  # fmt: skip
    assert made.keys() == NEW
    assert made["scopes"] == ["giftcards:read", "store:read"]
    assert made["expiresAt"] == "2099-02-01T08:00:00Z", "that day ends in Second Life's time"
    assert made["preview"] == f"allo_live_***{made['key'][-6:]}"
    listed = cli("key", "list", "--store", store, "--json")
    assert listed.json == [{name: made[name] for name in NEW - {"key"}}]
    assert made["key"] not in listed.out + cli("key", "list").out


def test_create_prints_nothing_else_on_standard_output(both: CommandRunner) -> None:
    store = add_store(both, "Moonwall Couture")
    made = both("key", "create", "--name", "Till", "--scope", "all")
    assert made.code == 0
    assert made.out.startswith("allo_live_") and made.out.count("\n") == 1
    assert made.out.strip() not in made.err
    assert "not shown again" in made.err
    (kept,) = both.json("key", "list", "--store", store)
    assert kept["scopes"] == sorted(SCOPES)


def test_the_store_must_be_named_unless_there_is_one(cli: CommandRunner) -> None:
    create = ("key", "create", "--name", "Till", "--scope", "store:read")
    cli(*create).refused(2, "no store yet", "gridgift store create")
    first, second = add_store(cli, "One"), add_store(cli, "Two")
    cli(*create).refused(2, "There are 2 stores", "--store")
    assert cli.json(*create, "--store", second)["storeId"] == second
    assert cli.json("key", "list", "--store", first) == []
    cli(*create, "--store", UNKNOWN).refused(1, f"no store {UNKNOWN}")


def test_bad_values_are_refused(cli: CommandRunner, store: str) -> None:
    create = ("key", "create", "--name", "Till")
    cli(*create, "--scope", "giftcards:eat").refused(1, "giftcards:eat", "giftcards:write")
    cli(*create).refused(1, "--scope: name at least one scope.")
    cli(*create, "--scope", "all", "--expires", "tomorrow").misused("2027-01-31")
    cli(*create, "--scope", "all", "--expires", "2020-01-01").refused(
        1, "--expires: must be in the future."
    )
    cli("key", "create", "--name", "ab", "--scope", "all").refused(1, "3 to 128")
    cli("key", "create", "--scope", "all").misused("--name")
    assert cli(*create, "--scope", "all").code == 0
    cli(*create, "--scope", "all").refused(1, "already called 'Till'")
    for command in ("revoke", "rotate"):
        cli("key", command, UNKNOWN).refused(1, f"no key {UNKNOWN}")
        cli("key", command, "1").misused("not a UUID")


def test_update_renames_and_rescopes(cli: CommandRunner, store: str) -> None:
    made = cli.json("key", "create", "--name", "Till", "--scope", "all")
    cli("key", "update", made["id"]).refused(2, "--name, --scope")
    changed = cli.json("key", "update", made["id"], "--name", "Cash desk", "--scope", "store:read")
    assert (changed["name"], changed["scopes"]) == ("Cash desk", ["store:read"])
    cli("key", "update", made["id"], "--name", "X Y", "--scope", "no").refused(1, "unknown")
    assert cli.json("key", "list") == [changed]


def test_keys_live_and_die_on_a_running_server(both: CommandRunner) -> None:
    add_store(both, "Moonwall Couture")
    made = [
        both.json("key", "create", "--name", name, "--scope", "store:read")
        for name in ("Stays", "Overlaps", "Replaced", "Revoked")
    ]
    stays, overlaps, replaced, revoked = made
    rotated = both.json("key", "rotate", overlaps["id"], "--overlap", "90m")
    at_once = both.json("key", "rotate", replaced["id"], "--overlap", "0")
    assert both.json("key", "revoke", revoked["id"])["revokedAt"] is not None
    with running(both, "serve", "--port", "0") as server:
        status = {
            key["key"]: server.get("/v1/store", key["key"]).status_code
            for key in (*made, rotated, at_once)
        }
    good = {key["key"] for key in (stays, overlaps, rotated, at_once)}
    assert status == {key: 200 if key in good else 401 for key in status}
    assert server.process.returncode == 0


def test_rotate_says_how_long_the_old_key_works(cli: CommandRunner, store: str) -> None:
    made = cli.json("key", "create", "--name", "Till", "--scope", "store:read")
    rotated = cli.json("key", "rotate", made["id"], "--overlap", "7d")
    assert rotated.keys() == NEW | {"replaces"}
    assert rotated["replaces"]["id"] == made["id"] != rotated["id"]
    assert (rotated["name"], rotated["scopes"]) == ("Till", ["store:read"])
    dies = time.strptime(rotated["replaces"]["expiresAt"][:19], "%Y-%m-%dT%H:%M:%S")
    assert abs(calendar.timegm(dies) - time.time() - 7 * 86_400) < 600
    again = cli("key", "rotate", rotated["id"])
    assert again.code == 0
    assert again.out.startswith("allo_live_")
    assert "works until" in again.err
    cli("key", "rotate", rotated["id"], "--overlap", "soon").misused("24h")
    cli("key", "rotate", rotated["id"], "--overlap", "91d").refused(
        1, "--overlap: must be from 0 to 90 days."
    )
