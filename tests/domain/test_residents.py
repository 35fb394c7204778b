"""Residents: how names are read, and how they are remembered (contract section 5)."""

import asyncio
import re
import uuid
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridgift.domain import residents
from gridgift.domain.failures import IdentifierMalformed, ResidentNotFound, UsernameTaken
from gridgift.domain.ids import NIL_UUID, parse_uuid
from gridgift.domain.model import Resident
from gridgift.domain.residents import Identifier, parse_identifier, parse_username
from tests.api import JO, KELLY
from tests.domain.fixture import DomainFixture

NORMAL = re.compile(r"[a-z0-9]{1,31}(\.[a-z0-9]{1,31})?")

parts = st.text("abcxyzABCXYZ0189", min_size=1, max_size=31)
lasts = st.one_of(st.none(), parts, st.sampled_from(["resident", "Resident", "RESIDENT"]))
# Random text nearly never comes near a username; these do, and still hold every letter there is.
nearly = st.text(st.one_of(st.sampled_from("aZ09. _-"), st.characters()), max_size=8)


def written(first: str, last: str | None, separator: str) -> str:
    return first if last is None else f"{first}{separator}{last}"


@pytest.mark.contract("5.6", "5.7")
@given(first=parts, last=lasts, separator=st.sampled_from(". "))
def test_every_written_form_has_one_normal_form(
    first: str, last: str | None, separator: str
) -> None:
    normal = parse_username(written(first, last, separator))
    only_first = last is None or last.lower() == "resident"
    assert normal == (first.lower() if only_first else f"{first.lower()}.{last.lower()}")
    assert NORMAL.fullmatch(normal)
    assert parse_username(normal) == normal


@pytest.mark.contract("5.5")
@given(first=parts, last=lasts, separator=st.sampled_from(". "))
def test_letter_case_makes_no_difference(first: str, last: str | None, separator: str) -> None:
    name = written(first, last, separator)
    assert len({parse_username(name), parse_username(name.upper())}) == 1
    assert parse_username(name) == parse_username(name.swapcase())


@pytest.mark.contract("5.2", "5.7")
@settings(max_examples=300)
@given(text=nearly)
def test_nothing_outside_the_alphabet_gets_in(text: str) -> None:
    try:
        normal = parse_username(text)
    except IdentifierMalformed:
        return
    assert text.isascii()
    assert NORMAL.fullmatch(normal)
    assert set(normal) <= set(text.lower().replace(" ", "."))


@pytest.mark.contract("5.2", "5.7")
@pytest.mark.parametrize(
    "text",
    [
        "", " ", ".", "kelly.", ".kelly", "a..b", "a.b.c", "a b c", "a  b", " kelly", "kelly ",
        "kelly\n", "kelly\x00", "ke_lly", "ke-lly", "kelly@x", "a" * 32, "a." + "b" * 32,
        "\u212aelly", "k\u0435lly", "\uff4belly", "ke\u0131ly", "k\u00e9lly", "kelly\u0301",
        "\u0663", "kelly\u00a0winter", "kelly\u3000winter", "kelly\u2024winter", "\u1e9e",
    ],
)  # fmt: skip
def test_malformed_names_and_look_alikes(text: str) -> None:
    with pytest.raises(IdentifierMalformed):
        parse_identifier(text)


@pytest.mark.contract("5.1")
@given(avatar=st.uuids())
def test_uuids_in_any_letter_case(avatar: uuid.UUID) -> None:
    if avatar.int:
        for text in (str(avatar), str(avatar).upper()):
            assert parse_identifier(text) == Identifier(uuid=str(avatar))


@pytest.mark.contract("5.8")
def test_the_nil_uuid_is_nobody() -> None:
    with pytest.raises(IdentifierMalformed):
        parse_identifier(NIL_UUID)


@given(text=st.one_of(st.text(max_size=40), st.uuids().map(lambda avatar: f"{{{avatar}}}")))
def test_only_the_hyphenated_form_is_a_uuid(text: str) -> None:
    assert parse_uuid(text) in {None, text.lower()}


@pytest.mark.parametrize("text", ["c7d8e9f01a2b4c3d9e4f5a6b7c8d9e0f", "١" * 8 + "-0000" * 3])
def test_other_forms_of_a_uuid_are_not_taken_for_one(text: str) -> None:
    assert parse_uuid(text) is None


def test_found_by_name_and_by_uuid(domain: DomainFixture) -> None:
    for identifier in (Identifier(username=KELLY.username), Identifier(uuid=KELLY.uuid)):
        assert domain.read(residents.find, domain.store.id, identifier) == KELLY


@pytest.mark.contract("5.3")
def test_unknown_ones_are_not_found(domain: DomainFixture) -> None:
    for identifier in (Identifier(username="nobody"), Identifier(uuid=str(uuid.uuid4()))):
        with pytest.raises(ResidentNotFound, match=str(identifier)):
            domain.read(residents.find, domain.store.id, identifier)


@pytest.mark.contract("5.9", "5.10")
def test_a_new_name_wins_and_old_ones_still_lead_there(domain: DomainFixture) -> None:
    renamed = Resident(KELLY.uuid, "kelly.stormwind")
    domain.write(residents.remember, renamed)
    for name in (KELLY.username, renamed.username):
        assert domain.read(residents.find, domain.store.id, Identifier(username=name)) == renamed
    assert domain.read(residents.find, domain.store.id, Identifier(uuid=KELLY.uuid)) == renamed
    domain.write(residents.remember, KELLY)
    assert (
        domain.read(residents.find, domain.store.id, Identifier(username=renamed.username)) == KELLY
    )


@pytest.mark.contract("5.9")
def test_cards_show_the_last_name(domain: DomainFixture) -> None:
    card = domain.grant(KELLY)
    domain.write(residents.remember, Resident(KELLY.uuid, "kelly.stormwind"))
    assert domain.card(card.id).owner_username == "kelly.stormwind"


@pytest.mark.contract("5.11")
def test_a_name_is_never_given_to_another(domain: DomainFixture) -> None:
    former = Resident(KELLY.uuid, "kelly.stormwind")
    domain.write(residents.remember, former)
    domain.write(residents.remember, KELLY)
    for name in (KELLY.username, former.username):
        with pytest.raises(UsernameTaken) as taken:
            domain.write(residents.remember, Resident(JO.uuid, name))
        assert taken.value.holder == KELLY.uuid
    assert domain.read(residents.find, domain.store.id, Identifier(uuid=JO.uuid)) == JO


def test_a_wrong_note_can_be_corrected(domain: DomainFixture) -> None:
    domain.write(residents.remember, Resident(JO.uuid, "kelly"), reassign=True)
    assert (
        domain.read(residents.find, domain.store.id, Identifier(username="kelly")).uuid == JO.uuid
    )
    assert (
        domain.read(residents.find, domain.store.id, Identifier(uuid=KELLY.uuid)).uuid == KELLY.uuid
    )


def test_who_was_noted_wrongly_shows_another_name(domain: DomainFixture) -> None:
    for name in ("kelly.old", "kelly.new"):
        domain.now += 1
        domain.write(residents.remember, Resident(KELLY.uuid, name))
    for taken, shown in (("kelly.new", "kelly.old"), ("kelly.old", "kelly"), ("kelly", KELLY.uuid)):
        domain.now += 1
        domain.write(residents.remember, Resident(JO.uuid, taken), reassign=True)
        assert (
            domain.read(residents.find, domain.store.id, Identifier(uuid=KELLY.uuid)).username
            == shown
        )
    card = domain.grant(KELLY)
    assert domain.card(card.id).owner_username == KELLY.uuid
    named = domain.write(residents.remember, Resident(KELLY.uuid, "kelly.again"))
    assert domain.card(card.id).owner_username == named.username


Noted = tuple[int, int, bool]  # the number of a resident, of a name, and whether to reassign it

noted: st.SearchStrategy[Noted] = st.tuples(st.integers(0, 2), st.integers(0, 3), st.booleans())


@settings(max_examples=30)
@given(notes=st.lists(noted, min_size=2, max_size=12))
def test_no_two_show_one_name(domain: DomainFixture, notes: list[Noted]) -> None:
    avatars = [str(uuid.uuid4()) for _ in range(3)]
    mark = avatars[0].partition("-")[0]
    for who, name, reassign in notes:
        domain.now += 1
        with suppress(UsernameTaken):
            seen = Resident(avatars[who], f"n{name}.{mark}")
            domain.write(residents.remember, seen, reassign=reassign)
    listed = ", ".join(f"'{avatar}'" for avatar in avatars)
    shown = dict(domain.sql(f"SELECT uuid, username FROM residents WHERE uuid IN ({listed})"))
    assert len(set(shown.values())) == len(shown)
    for avatar, name in shown.items():
        if name != str(avatar):
            assert domain.read(
                residents.find, domain.store.id, Identifier(username=name)
            ).uuid == str(avatar)


@pytest.mark.contract("5.11")
@pytest.mark.parametrize("reassign", [False, True])
def test_many_are_remembered_one_by_one(domain: DomainFixture, reassign: bool) -> None:
    new = Resident(str(uuid.uuid4()), "fresh.face")
    renamed = Resident(new.uuid, "second.face")
    taken = Resident(JO.uuid, KELLY.username)
    seen = [new, taken, renamed]
    first, second, third = domain.write(residents.remember_each, seen, reassign=reassign)
    assert (first, third) == (new, renamed)
    assert (
        domain.read(residents.find, domain.store.id, Identifier(username="fresh.face")) == renamed
    )
    holder = domain.read(residents.find, domain.store.id, Identifier(username=KELLY.username))
    if reassign:
        assert second == holder == taken
    else:
        assert isinstance(second, UsernameTaken)
        assert (second.holder, holder) == (KELLY.uuid, KELLY)
        assert domain.read(residents.find, domain.store.id, Identifier(uuid=JO.uuid)) == JO


def test_one_by_one_gives_nobody_the_name_of_another(domain: DomainFixture) -> None:
    (taken,) = domain.write(residents.remember_each, [Resident(JO.uuid, KELLY.username)])
    assert isinstance(taken, UsernameTaken)


def test_an_identifier_is_shown_as_what_it_is() -> None:
    assert str(Identifier(username=KELLY.username)) == KELLY.username
    assert str(Identifier(uuid=KELLY.uuid)) == KELLY.uuid


def test_two_at_once_are_one(domain: DomainFixture) -> None:
    async def together() -> None:
        newcomer = Resident(str(uuid.uuid4()), "fresh.face")
        notes = [domain.database.write(residents.remember, newcomer) for _ in range(8)]
        assert await asyncio.gather(*notes) == [newcomer] * 8

    domain.run(together())
    assert domain.sql("SELECT count(*) FROM resident_names WHERE username = 'fresh.face'") == [(1,)]
