"""The search over a store's cards: whatever is asked, its pages are the sorted cards that match."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, UnsetType

from gridgift.domain import card_filters, giftcards, holds, locked, notes, search, stores, transfers
from gridgift.domain.card_filters import NO_FILTERS, Filters
from gridgift.domain.found_cards import FoundCard
from gridgift.domain.giftcards import Terms
from gridgift.domain.ids import new_id
from gridgift.domain.instants import HOUR
from gridgift.domain.locked import CardRequest
from gridgift.domain.model import MAX_CREDIT, NO_LABELS, Labels
from gridgift.domain.notes import Labelling
from gridgift.domain.paging import Page, Position
from gridgift.domain.search import Count, Found, Search, SortBy
from gridgift.search_views import FoundGiftCard
from gridgift.storage import letters
from gridgift.storage.database import Tx
from gridgift.storage.listing import FAR
from gridgift.storage.queries import Query
from gridgift.views import GiftCardDetails
from tests.api import JO, KELLY
from tests.domain.fixture import DomainFixture
from tests.domain.test_together import Counted

SORTS: Final = get_args(SortBy)
NOTES: Final = ([], [], ["Ärger: 5% [sic] ^a_b\\d-e", "paid"], ["PAID in-world"], [], ["paid"] * 3)
WANTED_NOTES: Final = (
    "PAID",
    "ärGER",
    "5%",
    "%",
    "_b\\D",
    "[sic] ^",
    "]",
    "^a",
    "-",
    "*",
    "nothing",
)
METADATA: Final[Sequence[dict[str, str]]] = (
    {}, {"order": "17", "a:b": "c"}, {"a": "b:c", "order": ""}, {'q"\\': '"x\\', "$.order": "é"},
)  # fmt: skip
MEMBERS: Final = (
    "order", "order:17", "order:1", "order:", "a", "a:b", "a:b:c", 'q"\\', 'q"\\:"x\\', "$.order",
    "$.order:é", "ORDER", ":", "%",
)  # fmt: skip
some = settings(max_examples=40)


class Shop:
    """A store with cards of every sort, and what is known of each."""

    def __init__(self, domain: DomainFixture) -> None:
        self.domain = domain
        self.noted: dict[str, list[str]] = {}
        for number in range(40):
            domain.now += number % 3
            labels = Labels.of(
                f"order {number}" if number % 5 == 0 else None,
                [["vip"], ["hunt", "vip"], []][number % 3],
                METADATA[number % 4],
            )
            owner = (KELLY, JO)[number % 2]
            expires_at = (None, domain.now + 5, domain.now + 1_000)[number % 3]
            card = domain.grant(owner, 1 + number % 4, expires_at=expires_at, labels=labels)
            if number % 7 == 0:
                domain.sql(f"UPDATE gift_cards SET active = FALSE WHERE id = '{card.id}'")
            if number % 11 == 0:
                domain.sql(f"UPDATE gift_cards SET redeemed = TRUE WHERE id = '{card.id}'")
            if number % 13 == 0:
                domain.write(notes.label, domain.caller, card.id, Labelling(tags=("late",)))
            for text in NOTES[number % 6]:
                self.note(card.id, text)
        lost = domain.grant(KELLY, 9)
        domain.write(transfers.reissue, domain.caller, lost.id, new_id(), "lost")
        elsewhere = domain.write(stores.create, stores.NewStore("Elsewhere", KELLY), new_id())
        assert elsewhere.id != domain.store.id
        self.all = self.walk(NO_FILTERS, "created", descending=False)

    def note(self, card_id: str, text: str) -> None:
        """Write a note on a card."""
        self.noted.setdefault(card_id, []).append(text)
        domain = self.domain
        domain.write(locked.change, CardRequest(domain.caller, card_id, notes.noting(text)))

    def walk(self, filters: Filters, sort_by: Any, *, descending: bool, limit: int = 7) -> Any:
        """Read all pages forward, then backward; both are the same rows."""

        def read(position: Position) -> Page[Found]:
            wanted = Search(filters, sort_by, descending, position, limit)
            page: Page[Found] = self.domain.read(search.search, self.domain.store.id, wanted)
            assert len(page.rows) <= limit
            beyond = page.previous if position.backward else page.next
            assert beyond is None or beyond.keys != position.keys, "it goes on"
            assert beyond not in seen, "it comes to its end"
            seen.append(position)
            return page

        seen: list[Position] = []
        rows: list[Found] = []
        position: Position | None = Position()
        while position is not None:
            page = read(position)
            rows += page.rows
            position = page.next
        back: list[Found] = []
        position = Position(backward=True)
        while position is not None:
            page = read(position)
            back = [*page.rows, *back]
            position = page.previous
        assert back == rows
        return rows

    def matching(self, filters: Filters) -> list[Found]:
        """Return the cards that match, as this test understands the filters."""
        return [found for found in self.all if all(self.tests(filters, found))]

    def tests(self, filters: Filters, found: Found) -> Iterator[bool]:
        """Yield for each filter whether it lets a card pass."""
        card, now = found.card, self.domain.now
        end = FAR if card.expires_at is None else card.expires_at
        yield filters.owner_uuid in (None, card.owner_uuid)
        yield card.owner_username.startswith(filters.owner_prefix or "")
        yield filters.active in (None, card.active)
        yield filters.redeemed in (None, card.redeemed)
        yield filters.expired in (None, end <= now)
        yield filters.expiring_from is None or filters.expiring_from <= end < FAR
        yield filters.expiring_before is None or end < filters.expiring_before
        yield filters.credit_from <= card.credit <= filters.credit_to
        yield filters.created_from <= card.created_at <= filters.created_to
        yield filters.source in (None, found.card.source)
        yield filters.tag is None or filters.tag in found.labels.tags
        yield filters.reference in (None, found.labels.reference)
        wanted, members = filters.note, found.labels.metadata
        yield isinstance(wanted, UnsetType) or any(
            letters.without_case(wanted) in letters.without_case(text)
            for text in self.noted.get(card.id, ())
        )
        yield isinstance(filters.metadata, UnsetType) or any(
            filters.metadata in (name, f"{name}:{value}") for name, value in members.items()
        )


KEYS: Final[dict[str, Callable[[FoundCard], Any]]] = {
    "created": lambda card: (card.created_at, card.id),
    "credit": lambda card: (card.credit, card.id),
    "expiry": lambda card: (FAR if card.expires_at is None else card.expires_at, card.id),
    "updated": lambda card: (card.updated_at, card.id),
}


@pytest.fixture
def shop(domain: DomainFixture) -> Shop:
    """A store full of cards."""
    made = Shop(domain)
    assert len(made.all) == 42
    return made


def near(base: int) -> st.SearchStrategy[int]:
    """Draw an instant around the cards'."""
    return st.integers(base - 45, base + 10)


def drawn(now: int) -> st.SearchStrategy[Filters]:
    """Draw filters, most of which are left out."""

    def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return st.none() | st.none() | strategy

    def unless_left_out(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return st.just(UNSET) | st.just(UNSET) | strategy

    return st.builds(
        Filters,
        owner_uuid=maybe(st.sampled_from([KELLY.uuid, JO.uuid, new_id()])),
        owner_prefix=maybe(st.sampled_from(["k", "kelly", "jo.", "jo", "kellyy", "z"])),
        active=maybe(st.booleans()),
        redeemed=maybe(st.booleans()),
        expired=maybe(st.booleans()),
        expiring_from=maybe(near(now + 100)),
        expiring_before=maybe(near(now + 100)),
        credit_from=st.sampled_from([0, 0, 0, 2, 3]),
        credit_to=st.sampled_from([MAX_CREDIT, MAX_CREDIT, 3, 2]),
        created_from=st.just(0) | near(now),
        created_to=st.just(FAR) | near(now),
        source=maybe(st.sampled_from(["key", "reissue", "unit"])),
        tag=maybe(st.sampled_from(["vip", "hunt", "late", "none"])),
        reference=maybe(st.sampled_from(["order 0", "order 5", "none"])),
        note=unless_left_out(st.sampled_from(WANTED_NOTES)),
        metadata=unless_left_out(st.sampled_from(MEMBERS)),
    ).filter(lambda filters: None in (filters.owner_uuid, filters.owner_prefix))


@pytest.mark.contract("10.108", "10.109", "10.110")
@some
@given(data=st.data())
def test_pages_are_the_sorted_cards_that_match(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, data: st.DataObject
) -> None:
    """Also where few cards are gathered, few are looked at, and pages end early."""
    filters = data.draw(drawn(shop.domain.now))
    sort_by, descending = data.draw(st.sampled_from(SORTS)), data.draw(st.booleans())
    monkeypatch.setattr(search, "LOOKED_AT", data.draw(st.sampled_from([3, 10, 300])))
    monkeypatch.setattr(search, "GATHERED", data.draw(st.sampled_from([3, 10, 2_000])))
    monkeypatch.setattr(search, "WINDOWS", data.draw(st.integers(1, 3)))
    monkeypatch.setattr(search, "NOTED_AT", data.draw(st.sampled_from([3, 10, 300])))
    monkeypatch.setattr(search, "NOTED_WINDOWS", data.draw(st.integers(1, 3)))
    monkeypatch.setattr(search, "ENDING_AT", data.draw(st.sampled_from([3, 10, 300])))
    monkeypatch.setattr(search, "ENDING_WINDOWS", data.draw(st.integers(1, 3)))
    monkeypatch.setattr(card_filters, "MAX_OWNERS", data.draw(st.integers(0, 3)))
    limit = data.draw(st.integers(1, 9))
    expected = sorted(
        shop.matching(filters), key=lambda found: KEYS[sort_by](found.card), reverse=descending
    )
    assert shop.walk(filters, sort_by, descending=descending, limit=limit) == expected
    for exact in (True, False):
        counted = shop.domain.read(search.count, shop.domain.store.id, filters, exact=exact)
        assert counted == Count(len(expected), exact=True)


def test_only_the_newest_notes_are_searched(shop: Shop) -> None:
    card = shop.domain.grant(KELLY, 5)
    shop.note(card.id, "the oldest")
    for number in range(notes.SHOWN - 1):
        shop.note(card.id, f"a later one, {number}")
    found = shop.walk(Filters(note="OLDEST"), "created", descending=True)
    assert [each.card.id for each in found] == [card.id]
    shop.note(card.id, "one more")
    assert shop.walk(Filters(note="OLDEST"), "created", descending=True) == []


SIGNS: Final = st.text("aAäÄß^]-[*?.\\{}()|+$%_éſςσΣİi🎁", max_size=5)


@given(wanted=SIGNS, before=SIGNS, behind=SIGNS, swap=st.booleans())
def test_a_text_is_found_in_a_note(
    shop: Shop, wanted: str, before: str, behind: str, swap: bool
) -> None:
    """On both engines alike, whatever signs of patterns it has."""
    has = Query.parse("has", "SELECT {has_text:CAST(:store_id AS text)}")

    async def tell(tx: Tx, note: str) -> bool:
        forms, theirs = letters.forms_of(wanted)
        sought = {"text": letters.without_case(wanted), "forms": forms, "letters": theirs}
        row = await tx.one(has, store_id=note, **sought)
        assert row is not None
        return bool(row[0])

    for note in (f"{before}{wanted.swapcase() if swap else wanted}{behind}", before, behind):
        is_there = letters.without_case(wanted) in letters.without_case(note)
        assert shop.domain.read(tell, note) == is_there, note


@pytest.mark.contract("10.111")
def test_a_capped_count_ends(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    domain, matching = shop.domain, Filters(active=True)
    there = len(shop.matching(matching))
    monkeypatch.setattr(search, "MAX_COUNT", there - 1)
    assert capped(domain, matching) == Count(there - 1, exact=False)
    monkeypatch.setattr(search, "MAX_COUNT", there)
    assert capped(domain, matching) == Count(there, exact=True)
    assert capped(domain, NO_FILTERS) == Count(there, exact=False)
    monkeypatch.setattr(search, "COUNTED", 10)
    monkeypatch.setattr(search, "GATHERED", 0)
    monkeypatch.setattr(search, "COUNTED_NOTED", 5)
    few = capped(domain, matching)
    assert not few.exact
    assert 0 < few.value < 10
    assert capped(domain, Filters(note="none has it")) == Count(0, exact=False)


def capped(domain: DomainFixture, filters: Filters) -> Count:
    """Count up to the cap."""
    found: Count = domain.read(search.count, domain.store.id, filters, exact=False)
    return found


@pytest.mark.contract("10.110")
def test_a_search_without_a_match_looks_at_few_cards(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "LOOKED_AT", 5)
    monkeypatch.setattr(search, "WINDOWS", 2)
    monkeypatch.setattr(search, "NOTED_AT", 3)
    monkeypatch.setattr(search, "NOTED_WINDOWS", 2)
    monkeypatch.setattr(search, "GATHERED", 0)
    for filters, looked_at in ((Filters(source="unit"), 10), (Filters(note="none has it"), 6)):
        wanted = Search(filters, "created", False, Position(), 100)
        page = shop.domain.read(search.search, shop.domain.store.id, wanted)
        assert (page.rows, page.previous) == ([], None)
        last = shop.all[looked_at - 1].card
        assert page.next == Position((last.created_at, last.id))


@pytest.mark.contract("10.110")
def test_more_cards_are_looked_at_where_the_index_says_when_they_end(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "LOOKED_AT", 1)
    monkeypatch.setattr(search, "WINDOWS", 1)
    monkeypatch.setattr(search, "ENDING_AT", 3)
    monkeypatch.setattr(search, "ENDING_WINDOWS", 2)
    wanted = Search(Filters(expiring_before=1), "credit", False, Position(), 100)
    page = shop.domain.read(search.search, shop.domain.store.id, wanted)
    last = sorted((found.card.credit, found.card.id) for found in shop.all)[3]
    assert (page.rows, page.previous, page.next) == ([], None, Position(last))


def test_a_page_of_cards_without_labels_takes_one_statement(domain: DomainFixture) -> None:
    domain.grant(KELLY, 5)

    async def counted(tx: Tx) -> int:
        counter: Any = Counted(tx)
        wanted = Search(NO_FILTERS, "created", True, Position(), 9)
        (found,) = (await search.search(counter, domain.store.id, wanted)).rows
        assert found.labels == NO_LABELS
        return int(counter.statements)

    assert domain.read(counted) == 1


@pytest.mark.contract("10.108")
def test_what_is_shown(shop: Shop) -> None:
    domain = shop.domain
    terms = Terms(50, labels=Labels.of("order x", ["x"], {"a": "b"}))
    card = domain.grant(JO, terms.credit, labels=terms.labels)
    (found,) = shop.walk(Filters(reference="order x"), "created", descending=True)
    assert found.labels == terms.labels
    assert (found.card.id, found.card.owner_username) == (card.id, JO.username)
    assert (found.card.source, found.card.held) == ("key", 0)


def test_a_card_that_is_found_is_shown_as_it_is_when_it_is_read(domain: DomainFixture) -> None:
    """The columns that a search reads are others than those of a single read."""
    hostile = Labels.of('"\\</script>\u2028', ["=1+1", "'; DROP"], {'"': "\\u0000 é 🎁"})
    cards = [
        domain.grant(KELLY, 500, labels=hostile, expires_at=domain.now + 5_123),
        domain.grant(JO, 7, texture=new_id(), transfer=True),
        domain.grant(KELLY, 90),
    ]
    domain.now += 6_001
    domain.write(giftcards.patch, domain.caller, cards[1].id, giftcards.Patch(active=False))
    domain.write(holds.place, domain.caller, cards[2].id, new_id(), 40, HOUR)
    for filters in (NO_FILTERS, Filters(created_from=1), Filters(owner_prefix="")):
        wanted = Search(filters, "created", False, Position(), 10)
        found: Page[Found] = domain.read(search.search, domain.store.id, wanted)
        assert [each.card.id for each in found.rows] == [card.id for card in cards]
        for each in found.rows:
            card, held = domain.read(giftcards.read_with_held, domain.store.id, each.card.id)
            shown = msgspec.to_builtins(FoundGiftCard.found(each))
            read = msgspec.to_builtins(GiftCardDetails.detailed(card, held))
            assert shown | read == shown
            assert shown["source"] == "key"
    assert msgspec.to_builtins(FoundGiftCard.found(found.rows[0]))["metadata"] == hostile.metadata
