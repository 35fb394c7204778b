"""What commands count is said in the singular too, and bars are drawn in a terminal alone."""

import re

from tests.cli.commands import CommandRunner, Result
from tests.cli.live import file_of
from tests.cli.zygote import QUICK_SEALS

PASSPHRASE = "correct horse battery staple"


def one_of_each(cli: CommandRunner, store: str, customer: str) -> list[Result]:
    """Run the commands that count, where there is one of everything."""
    said = [cli("resident", "import", file_of(cli, "one.csv", f"username,uuid\njo,{JO}\n"))]
    grants = file_of(cli, "grants.csv", f"username,credit\n{customer},5\n")
    said += [cli("card", "grant-many", grants), cli("card", "grant-many", grants)]
    said.append(cli("store", "update", store, "--card-lifetime", 1))
    said += [cli("verify"), cli("attest")]
    cli("key", "create", "--name", "Till", "--scope", "all")
    for _ in range(2):
        cli("token", "mint", customer)
        said.append(cli("token", "revoke", customer))
    cli("token", "mint", customer)
    said.append(cli("backup", "a.backup"))
    said.append(cli("restore", "a.backup", "--database", "sqlite:///restored.db"))
    said.append(cli("copy", "sqlite:///restored.db", "sqlite:///copied.db"))
    cli.environ["GRIDGIFT_SECRET"] = "another secret, as long as it has to be"
    said.append(cli("secret", "replace", "--yes"))
    return said


JO = "0a1b2c3d-1a2b-4c3d-9e4f-5a6b7c8d9e0f"


def test_one_of_each(both: CommandRunner, store: str, kelly: str) -> None:
    both.environ |= {"GRIDGIFT_BACKUP_PASSPHRASE": PASSPHRASE, QUICK_SEALS: "1"}
    results = one_of_each(both, store, kelly)
    said = "\n".join(result.out + result.err for result in results)
    assert [result.code for result in results if result.code] == [1], said  # the second grant
    for words in (
        "1 resident imported", "1 row: 1 granted", "its end (1 gift card)", "1 day",
        "2 accounts add up", "0 accounts attested", "1 link ended", "1 key works",
        "1 key and 1 link ended",
    ):  # fmt: skip
        assert words in said
    assert not re.search(r"\b1 [a-z]+s\b", said)
    assert "\N{BOX DRAWINGS HEAVY HORIZONTAL}" not in said  # what bars are drawn with
