"""The rule for texts: the same at every edge, on the same texts."""

import io
import json
from collections.abc import Callable
from typing import Any, Final

import jsonschema_rs
import msgspec
import pytest
import typer
from hypothesis import example, given
from hypothesis import strategies as st

from gridgift.cli.options import read_reason
from gridgift.cli.unit_options import read_name
from gridgift.domain import keys, texts
from gridgift.domain.bulk import GrantRow
from gridgift.domain.days import SECOND_LIFE
from gridgift.domain.failures import ValidationFailed
from gridgift.grant_csv import GrantCsv
from gridgift.http.api.giftcards import AdjustRequest
from gridgift.http.api.store_settings import PatchStoreRequest
from gridgift.http.api.units import CreateUnitRequest
from gridgift.http.edge.decode import decode_object
from gridgift.settings import Settings, SettingsError
from tests.texts import KEPT, PRINTABLE, hostile

ANY: Final = st.one_of(st.text(PRINTABLE, max_size=210), hostile(), st.text(max_size=20))


INVISIBLE: Final = st.text(
    st.sampled_from(
        " \xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u180e\u2000\u200b\u200d\u202f\u205f\u2060"
        "\u2064\u206f\u2800\u3000\u3164\ufe00\ufe0f\ufeff\uffa0"
    ),
    max_size=6,
)


def in_json(text: str) -> bool:
    """Tell whether JSON takes it as a reason."""
    try:
        body = decode_object(json.dumps({"delta": 1, "reason": text}).encode(), AdjustRequest)
    except ValidationFailed as failure:
        assert list(failure.errors) == ["reason"]
        return False
    assert body.reason == text
    return True


def in_csv(text: str) -> bool:
    """Tell whether a cell of CSV takes it as a reason."""
    cell = '"' + text.replace('"', '""') + '"'
    file = io.StringIO(f"name,credit,reason\nkelly,5,{cell}\n", newline="")
    first, *rest = (line.row for line in GrantCsv(file, SECOND_LIFE))
    if isinstance(first, GrantRow):
        assert (first.terms.reason, rest) == (text.strip(" "), [])
        return True
    assert isinstance(first, ValidationFailed)
    return False


def in_a_shell(text: str) -> bool:
    """Tell whether the command line takes it as a reason."""
    try:
        return read_reason(text) == text
    except typer.BadParameter:
        return False


def in_schema(text: str) -> bool:
    """Tell whether the reference says that JSON takes it."""
    schema: Any = msgspec.json.schema(AdjustRequest)["$defs"]["AdjustRequest"]
    return jsonschema_rs.is_valid(schema["properties"]["reason"], text)


@given(ANY)
@example("\ud800")
@example("a\0")
@example("\n")
@example("\x1f")
@example("\t")
@example("\u2028")
@example("\u202e")
@example("a\u00a0b")
def test_every_edge_decides_alike(text: str) -> None:
    """An empty reason is none, except in JSON, where it is left out instead."""
    taken = in_a_shell(text)
    if len(text) <= texts.MAX_NOTE:
        assert taken is texts.is_printable(text)
        assert in_csv(text) is taken
    if text:
        assert in_json(text) is taken
    if text and all(not "\ud800" <= sign <= "\udfff" for sign in text):
        assert in_schema(text) is taken


@pytest.mark.parametrize("text", KEPT.values(), ids=list(KEPT))
def test_what_people_write_is_taken(text: str) -> None:
    assert in_json(text) and in_csv(text) and in_a_shell(text) and in_schema(text)


@given(hostile())
def test_in_the_environment(text: str) -> None:
    for variable in ("GRIDGIFT_SECRET", "GRIDGIFT_RESOLVER_KEY", "GRIDGIFT_DATABASE_URL"):
        with pytest.raises(SettingsError, match=f"{variable} must be printable text"):
            Settings.from_environ({variable: "sqlite:///" + "x" * 32 + text})


def test_a_key_that_no_header_can_carry() -> None:
    with pytest.raises(SettingsError, match="RESOLVER_KEY must be printable ASCII"):
        Settings.from_environ({"GRIDGIFT_RESOLVER_KEY": "caf\u00e9"})


def as_names(text: str) -> set[bool]:
    """Tell what each edge decides about a name, and each noun that has a rule of its own."""
    body = json.dumps({"name": text, "kind": "delivery"}).encode()
    decide: tuple[Callable[[], object], ...] = (
        lambda: read_name(text),
        lambda: keys.check_name(text),
        lambda: decode_object(body, CreateUnitRequest),
        lambda: decode_object(body, PatchStoreRequest),
    )
    schema: Any = msgspec.json.schema(CreateUnitRequest)["$defs"]["CreateUnitRequest"]
    in_reference = jsonschema_rs.is_valid(schema["properties"]["name"], text)
    return {texts.fits_name(text, 3, 40), in_reference, *map(is_taken, decide)}


def is_taken(decide: Callable[[], object]) -> bool:
    """Tell whether nothing is refused."""
    try:
        decide()
    except (ValidationFailed, typer.BadParameter):
        return False
    return True


@pytest.mark.contract("10.167")
@given(INVISIBLE, st.text(PRINTABLE, min_size=1, max_size=9), INVISIBLE)
@example("   ", "", "")
@example("\u200b\u2800\u3164", "", "")
def test_a_name_has_something_to_see(before: str, text: str, after: str) -> None:
    nothing = f"\u200b{before}{after}\u200b"
    assert as_names(f"{nothing}\u2060") == {False}
    if text.strip() and texts.fits_name(text, 1, 40):
        assert as_names(f"\u200b{before}{text}{after}\u200b") == {True}


@pytest.mark.parametrize("text", KEPT.values(), ids=list(KEPT))
def test_what_people_call_things_is_taken(text: str) -> None:
    assert as_names(f"a{text[:30]}zz") == {True}
