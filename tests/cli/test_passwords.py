"""No command prints a password that an address has."""

from urllib.parse import quote

import pytest

from tests.cli.commands import CommandRunner
from tests.test_passwords import FORMS, PASSWORD, SECRET


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("command", [("migrate",), ("doctor",), ("store", "list"), ("verify",)])
def test_no_command_prints_a_password(
    cli: CommandRunner, form: str, command: tuple[str, ...]
) -> None:
    cli.environ |= {
        "GRIDGIFT_DATABASE_URL": form.format(quote(PASSWORD, safe="")),
        "GRIDGIFT_REDIS_URL": f"redis://:{quote(PASSWORD, safe='')}@127.0.0.1:1/0",
        "GRIDGIFT_RESOLVER_URL": f"http://me:{quote(PASSWORD, safe='')}@127.0.0.1:1/id",
    }
    for options in ((), ("--json",)):
        said = cli(*command, *options)
        assert said.code != 0
        assert SECRET not in said.out + said.err
