"""Cursors: typed keys, sealed for one list; those of the version before are still read."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgift.cursors import MAX_TEXT_BYTES, Cursors
from gridgift.domain.failures import CursorInvalid
from gridgift.domain.paging import KeyType, Position
from tests.cursors_before import LAST, NIL, cursor_before, disguised
from tests.http.bodies import altered

SECRET = "a secret of these tests"
CURSORS = Cursors(SECRET.encode())
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
ID = "0197a1b2-0000-7000-8000-000000000001"
KEYS: dict[KeyType, st.SearchStrategy[Any]] = {
    "uuid": st.uuids().map(str),
    "integer": st.integers(-(1 << 63), (1 << 63) - 1),
    "text": st.text(st.characters(codec="utf-8"), max_size=MAX_TEXT_BYTES // 4),
}


@st.composite
def typed(draw: st.DrawFn) -> tuple[tuple[KeyType, ...], Position]:
    """Draw the types of a list's keys, and a position in it."""
    types = tuple(draw(st.lists(st.sampled_from(sorted(KEYS)), min_size=1, max_size=4)))
    keys = tuple(draw(KEYS[kind]) for kind in types)
    return types, Position(draw(st.sampled_from([(), keys])), draw(st.booleans()))


def refused(types: tuple[KeyType, ...], cursor: Any, listing: str = "list") -> None:
    with pytest.raises(CursorInvalid):
        CURSORS.of(listing, types).read(cursor)


@pytest.mark.contract("4.4")
@given(typed())
def test_what_is_written_is_read(drawn: tuple[tuple[KeyType, ...], Position]) -> None:
    types, position = drawn
    cursors = CURSORS.of("list", types)
    cursor = cursors.write(position)
    assert cursor is not None
    assert re.fullmatch("[A-Za-z0-9_-]+", cursor)
    assert cursors.read(cursor) == position
    assert CURSORS.of("list", types).write(position) == cursor


def test_no_cursor_is_the_start_and_no_position_is_no_cursor() -> None:
    cursors = CURSORS.of("list", ("uuid",))
    assert cursors.read(None) == cursors.read("") == Position()
    assert cursors.write(None) is None


@pytest.mark.contract("4.8")
@given(typed(), st.lists(st.sampled_from(sorted(KEYS)), max_size=4).map(tuple))
def test_keys_of_other_types(
    drawn: tuple[tuple[KeyType, ...], Position], others: tuple[KeyType, ...]
) -> None:
    types, position = drawn
    if types != others:
        refused(others, CURSORS.of("list", types).write(position))


@pytest.mark.contract("4.8")
@given(typed(), st.data())
def test_a_cursor_that_was_altered(
    drawn: tuple[tuple[KeyType, ...], Position], data: st.DataObject
) -> None:
    types, position = drawn
    cursor = CURSORS.of("list", types).write(position)
    assert cursor is not None
    refused(types, altered(cursor, data.draw(st.integers(0, len(cursor) - 1))))
    refused(types, cursor[: data.draw(st.integers(1, len(cursor) - 1))])
    refused(types, cursor + data.draw(st.text("A=-\n ", min_size=1, max_size=4)))
    refused(types, cursor, "another list")
    refused(types, Cursors(b"another secret").of("list", types).write(position))


@pytest.mark.contract("4.8")
@pytest.mark.parametrize("text", ["A", "A" * 17, "A" * 18, "A" * 19, "A" * 5000, "ä" * 40])
def test_texts_that_are_no_cursor(text: str) -> None:
    for types in ((), ("uuid",), ("integer", "text")):
        refused(types, text)


@pytest.mark.contract("4.8")
def test_another_text_for_the_same_bytes() -> None:
    cursor = CURSORS.of("list", ("integer",)).write(Position((7,)))
    before = cursor_before(SECRET, "list", ID)
    for ours in (cursor, before):
        assert ours is not None
        assert len(ours) % 4, "else there are no spare bits"
        refused(("integer",), ours[:-1] + ALPHABET[ALPHABET.index(ours[-1]) ^ 1])


def test_a_key_that_is_too_long_is_not_written() -> None:
    cursors = CURSORS.of("list", ("text", "text"))
    longest = Position(("x" * MAX_TEXT_BYTES, "y" * MAX_TEXT_BYTES))
    assert cursors.read(cursors.write(longest)) == longest
    with pytest.raises(ValueError, match="512 bytes"):
        cursors.write(Position(("ä" * MAX_TEXT_BYTES, "")))


@given(st.uuids().map(str), st.booleans())
def test_a_uuid_of_the_version_before(key: str, backward: bool) -> None:
    cursor = cursor_before(SECRET, "list", key, backward=backward)
    assert len(cursor) == 39
    assert CURSORS.of("list", ("uuid",)).read(cursor) == Position((key,), backward)


@given(st.integers(1, (1 << 63) - 1), st.booleans())
def test_an_integer_of_the_version_before(key: int, backward: bool) -> None:
    cursor = cursor_before(SECRET, "list", disguised(key), backward=backward)
    assert CURSORS.of("list", ("integer",)).read(cursor) == Position((key,), backward)


@pytest.mark.parametrize("types", [("uuid",), ("integer",)])
def test_the_edges_of_the_version_before(types: tuple[KeyType, ...]) -> None:
    cursors = CURSORS.of("list", types)
    assert cursors.read(cursor_before(SECRET, "list", NIL)) == Position()
    end = cursor_before(SECRET, "list", LAST, backward=True)
    assert cursors.read(end) == Position(backward=True)


@pytest.mark.contract("4.8")
def test_what_the_version_before_did_not_write_for_this_list() -> None:
    for cursor in (
        cursor_before(SECRET, "another list", ID),
        cursor_before("another secret", "list", ID),
        altered(cursor_before(SECRET, "list", ID), 0),
    ):
        refused(("uuid",), cursor)
    for types in ((), ("text",), ("integer", "uuid"), ("uuid", "uuid")):
        refused(types, cursor_before(SECRET, "list", ID))
    refused(("integer",), cursor_before(SECRET, "list", disguised(1 << 63)))
