"""Texts that can't be kept, from a shell: every option of every command refuses them."""

from typing import Any, Final

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.models import TyperPath

from gridgift.cli import command_line
from tests.api import JO, KELLY, OWNER
from tests.cli.commands import CommandRunner
from tests.cli.live import file_of
from tests.cli.test_main import every_command
from tests.texts import KEPT, hostile

GOOD: Final[dict[str, Any]] = {  # values of what commands demand, by parameter
    "name": "web shop",
    "owner": OWNER.username,
    "owner_uuid": OWNER.uuid,
    "customer": KELLY.username,
    "identifier": KELLY.username,
    "receiver": JO.username,
    "prefix": "ke",
    "credit": 5,
    "amount": 5,
    "span": "15m",
    "delta": 5,
    "text": "a note",
    "reason": "damaged",
    "reference": "order 7",
    "username": JO.username,
    "uuid": JO.uuid,
    "file": "cards.csv",
    "card_id": JO.uuid,
    "card_ids": JO.uuid,
    "beginning": "abcdef",
    "key_id": JO.uuid,
    "hold_id": JO.uuid,
    "webhook_id": JO.uuid,
    "url": "https://shop.example.com/hooks",
    "kind": "delivery",
    "unit_id": JO.uuid,
    "refund_id": JO.uuid,
    "script_name": "delivery_unit",
    "spend_id": JO.uuid,
    "lot_id": JO.uuid,
    "expires": "2099-01-31",
    "store_id": JO.uuid,
    "source": "sqlite:///gridgift.db",
    "target": "sqlite:///other.db",
}
# What the shell can hand over: no NUL, and bytes that are not UTF-8 as low surrogates.
FROM_A_SHELL: Final = st.one_of(
    st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF, categories=["Cs"]),
    st.characters(min_codepoint=1, categories=["Cc"]),
    st.sampled_from("\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"),
)
WHOLE: Final[Any] = typer.main.get_command(command_line())


def parameters_of(command: tuple[str, ...]) -> list[Any]:
    """Return the parameters of a command."""
    found = WHOLE.commands[command[0]]
    if len(command) > 1:
        found = found.commands[command[1]]
    return list(found.params)


def texts_of(command: tuple[str, ...]) -> list[Any]:
    """Return the parameters that take a text which is no file's name."""
    return [
        parameter
        for parameter in parameters_of(command)
        if not getattr(parameter, "is_flag", False) and not isinstance(parameter.type, TyperPath)
    ]


def words(parameter: Any, value: object) -> list[str]:
    """Write a parameter with its value."""
    named = [] if parameter.param_type_name == "argument" else [parameter.opts[0]]
    return [*named, str(value)]


@pytest.mark.parametrize("command", list(every_command()), ids=" ".join)
def test_each_option(cli: CommandRunner, store: str, kelly: str, command: tuple[str, ...]) -> None:
    file_of(cli, "cards.csv", "identifier,credit\n")
    needed = [parameter for parameter in parameters_of(command) if parameter.required]

    @settings(max_examples=2)
    @given(hostile(FROM_A_SHELL))
    def refused(text: str) -> None:
        for parameter in texts_of(command):
            others = [
                word
                for other in needed
                if other.name != parameter.name
                for word in words(other, GOOD[str(other.name)])
            ]
            result = cli(*command, *others, *words(parameter, text))
            assert result.code in {1, 2}, result
            assert result.err + result.out and "Traceback" not in result.err

    refused()


def test_every_text_option_is_tried() -> None:
    tried = {" ".join((*command, str(each.name)))
             for command in every_command() for each in texts_of(command)}  # fmt: skip
    assert {
        "store create name", "key create name", "card grant reason", "card grant database",
        "token mint customer", "resident add username", "store update customer_origin",
    } <= tried  # fmt: skip


@pytest.mark.parametrize("text", KEPT.values(), ids=list(KEPT))
def test_what_people_write_is_kept_and_shown(both: CommandRunner, text: str) -> None:
    owner = ("--owner", OWNER.username, "--owner-uuid", OWNER.uuid)
    name = text[:128]
    assert both.json("store", "create", name, *owner)["name"] == name
    assert both("resident", "add", KELLY.username, KELLY.uuid).code == 0
    granted = both.json("card", "grant", "kelly", "--credit", 5, "--reason", text)
    (entry,) = both.json("card", "history", granted["id"])
    assert entry["reason"] == text
    assert "\ufffd" not in both("store", "list").out


@pytest.mark.parametrize("name", ["\udcff", "a\u202eb", "a\nb", "x" * 300])
def test_the_name_of_who_types(cli: CommandRunner, kelly: str, name: str) -> None:
    """The ledger names the system's user, whose name comes from the environment."""
    cli.environ["LOGNAME"] = name
    granted = cli.json("card", "grant", "kelly", "--credit", 5)
    (entry,) = cli.json("card", "history", granted["id"])
    assert entry["actor"]["id"].startswith("uid-")
