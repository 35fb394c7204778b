"""The demo's data: a store, three residents, cards in several states, and a key."""

from pathlib import Path
from typing import Final

from msgspec import Struct

from gridgift.cli.card import HeldCard, every_card
from gridgift.cli.options import UsageError
from gridgift.cli.sample_year import live
from gridgift.cli.session import new_credential, now, operator
from gridgift.domain import (
    credit,
    delivering,
    giftcards,
    grants,
    holds,
    keys,
    purchases,
    residents,
    stores,
    units,
    webhooks,
)
from gridgift.domain.accounts import Change
from gridgift.domain.failures import GiftCardNotFound, KeyNotFound, ReceiverNotFound
from gridgift.domain.giftcards import Terms
from gridgift.domain.grants import GrantRequest
from gridgift.domain.ids import new_id
from gridgift.domain.instants import DAY, SECOND
from gridgift.domain.keys import Signer
from gridgift.domain.lists import Filters
from gridgift.domain.model import Caller, GiftCard, Resident, Store
from gridgift.domain.purchases import Payment
from gridgift.domain.residents import Identifier
from gridgift.domain.scopes import SCOPES
from gridgift.domain.stores import NewStore
from gridgift.domain.unit_failures import UnitNotFound
from gridgift.domain.units import UnitKind, UnitSettings
from gridgift.domain.webhooks import Wanted
from gridgift.fields import MAX_HOLD
from gridgift.operations import Operations
from gridgift.settings import Settings
from gridgift.storage.database import Tx
from gridgift.whole_files import drafted

STORE: Final = "Moonwall Couture (demo)"
OWNER: Final = Resident("a1b2c3d4-e5f6-4789-9abc-def012345678", "aria.moonwall")
KELLY: Final = Resident("c7d8e9f0-1a2b-4c3d-9e4f-5a6b7c8d9e0f", "kelly.moonwall")
SAM: Final = Resident("5b6c7d8e-9f0a-4b1c-8d2e-3f4a5b6c7d8e", "sam")
JO: Final = Resident("0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9", "jo.winter")
RESIDENTS: Final = (KELLY, SAM, OWNER, JO)
TEXTURE: Final = "89556747-24cb-43ed-920b-47caed15465f"
PRINTED: Final = 3  # cards that the printed commands use

# What the files of docs/examples name. What uses a card up has a card of its own there.
EXAMPLE_CARD: Final = "019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a"
HELD_CARD: Final = "019aad3c-a516-7273-8084-91a2b3c4d5e6"
USED_UP_CARDS: Final = (
    "019aad3c-a1d2-7e3f-8c40-5d6e7f8091a2",  # the store transfers it
    "019aad3c-a2e3-7f40-9d51-6e7f8091a2b3",  # it is reissued
    "019aad3c-a3f4-7051-8e62-7f8091a2b3c4",  # its owner redeems it
    "019aad3c-a405-7162-9f73-8091a2b3c4d5",  # its owner passes it on
)
EXAMPLE_CARDS: Final = (EXAMPLE_CARD, HELD_CARD, *USED_UP_CARDS)
EXAMPLE_HOLDS: Final = (
    "019aad3c-b01d-7a2f-9c4e-5d6f7a8b9c0d",  # it is captured
    "019aad3c-b12e-7b30-8d5f-6e7a8b9c0d1e",  # it is voided
)
EXAMPLE_UNIT: Final = "019aad3f-4444-7555-8666-777788889999"
EXAMPLE_VENDOR: Final = "019aad3f-4444-7555-8666-77778888999b"
EXAMPLE_REFUND: Final = "6b1e7c1c-2f0a-4a53-9a55-0d3a5c1f7e21"
UNITS: Final[tuple[tuple[str, UnitKind, UnitSettings], ...]] = (
    (EXAMPLE_UNIT, "delivery", UnitSettings("Welcome gift", max_cards=1000)),
    ("019aad3f-4444-7555-8666-77778888999a", "terminal", UnitSettings("Counter")),
    (EXAMPLE_VENDOR, "vendor", UnitSettings("Gift cards for sale")),
    ("019aad3f-4444-7555-8666-77778888999c", "directory", UnitSettings("Who is who")),
)
EXAMPLE_WEBHOOKS: Final = (
    "019aad3c-c23f-7c41-9e60-7f8091a2b3c4",
    "019aad3c-e45f-7e63-9082-91a2b3c4d5e6",  # it is deleted
)
EXAMPLE_DELIVERY: Final = "019aad3c-d34f-7d52-8f71-8091a2b3c4d5"
EXAMPLE_LOT: Final = "019aad3c-6e2f-7c4b-9e60-7f8a9b0c1d2e"
EXAMPLE_SPEND: Final = "019aad3c-5e1d-7b3a-8d5f-6e7f8a9b0c1d"


class Demo(Struct, frozen=True):
    """The demo's store, key, residents and cards; ``examples`` are cards that can be changed."""

    store: Store
    key: str
    residents: tuple[Resident, ...]
    cards: list[HeldCard]
    examples: list[GiftCard]


async def prepare(operations: Operations, signer: Signer, settings: Settings) -> Demo:
    """Make what is missing of the demo, and return all of it. Raises ``UsageError``."""
    store = await _store(operations, settings)
    await operations.write(_add_examples, store.id)
    for unit_id, kind, wanted in UNITS:
        await operations.write(_add_unit, store.id, unit_id, kind, wanted)
    await operations.write(_add_refund, store.id)
    await _restock(operations, store.id)
    cards = [
        card
        for resident in RESIDENTS
        for card in await every_card(
            operations, store.id, Identifier(uuid=resident.uuid), Filters()
        )
    ]
    key = await _key(operations, signer, store.id, key_file(settings.sqlite_path))
    return Demo(store, key, RESIDENTS, cards, _changeable(cards))


def key_file(database: Path | None) -> Path:
    """Return the path of the demo's key: beside a SQLite file, or in this folder."""
    if database is None:
        return Path("gridgift-demo.key")
    return database.with_name(database.name + ".key")


async def _store(operations: Operations, settings: Settings) -> Store:
    found = await operations.read(stores.list_all)
    if not found:
        store = await operations.write(_begin, new_id())
        await live(settings, store.id)
        await operations.write(_seed, store.id)
        return store
    for store in found:
        if store.name == STORE and store.owner_uuid == OWNER.uuid:
            return store
    raise UsageError(
        "This database has stores that are not the demo's: name another with --database."
    )


async def _begin(tx: Tx, store_id: str) -> Store:
    """Make the store in an empty database, and its residents."""
    store = await stores.create(tx, NewStore(STORE, OWNER), store_id)
    for resident in RESIDENTS:
        await residents.remember(tx, resident)
    return store


async def _seed(tx: Tx, store_id: str) -> None:
    """Grant the first cards, all in one transaction."""
    caller = operator(store_id)
    await _grant(tx, caller, KELLY, Terms(500, transfer=True, reason="Welcome"))
    await _grant(tx, caller, KELLY, Terms(1_000, texture=TEXTURE, reason="Contest"))
    next_year = tx.now() + 365 * DAY
    await _grant(tx, caller, KELLY, Terms(250, expires_at=next_year, reason="Birthday"))
    await _grant(tx, caller, SAM, Terms(100, reason="Hunt prize"))
    ended = await _grant(tx, caller, SAM, Terms(300, reason="Granted by mistake"))
    await giftcards.disable(tx, caller, ended.id)


async def _add_examples(tx: Tx, store_id: str) -> None:
    """Make what docs/examples name, if it was never made: an id is used once."""
    try:
        await giftcards.read(tx, store_id, EXAMPLE_CARD)
        return
    except GiftCardNotFound:
        await residents.remember(tx, JO)
    caller, kelly = operator(store_id), Identifier(uuid=KELLY.uuid)
    for card_id in EXAMPLE_CARDS:
        terms = Terms(500, transfer=True, reason="For the examples")
        await grants.grant(tx, GrantRequest(caller, kelly, terms, card_id))
    for hold_id in EXAMPLE_HOLDS:
        await holds.place(tx, caller, HELD_CARD, hold_id, 100, MAX_HOLD * SECOND)
    await credit.deposit(tx, caller, kelly, Change(800, "prize", "the examples"), new_id())
    lot, end = Change(50, "prize", "the examples"), tx.now() + 365 * DAY
    await credit.deposit(tx, caller, kelly, lot, EXAMPLE_LOT, expires_at=end, restricted=True)
    await credit.spend(tx, caller, kelly, Change(300, "order", "the examples"), EXAMPLE_SPEND)
    for number, webhook_id in enumerate(EXAMPLE_WEBHOOKS, 1):
        wanted = Wanted(f"https://shop.example.com/hooks/{number}")
        await webhooks.create(tx, caller, webhook_id, wanted)
    named = [(store_id, EXAMPLE_WEBHOOKS[0])]
    await delivering.fan_out(tx, named, 1, lambda _: EXAMPLE_DELIVERY)


async def _add_unit(
    tx: Tx, store_id: str, unit_id: str, kind: UnitKind, settings: UnitSettings
) -> None:
    """Make a unit, if it is not there."""
    try:
        await units.read(tx, store_id, unit_id)
    except UnitNotFound:
        await units.create(tx, operator(store_id), unit_id, kind, settings)


async def _add_refund(tx: Tx, store_id: str) -> None:
    """Let somebody have paid the vendor for nothing, once."""
    caller = Caller(store_id, "unit", EXAMPLE_VENDOR, new_id())
    payment = Payment(EXAMPLE_REFUND, bytes(32), SAM, 250, tx.now())
    await purchases.sell(tx, caller, EXAMPLE_VENDOR, payment, new_id(), ReceiverNotFound.code)


async def _grant(tx: Tx, caller: Caller, owner: Resident, terms: Terms) -> GiftCard:
    request = GrantRequest(caller, Identifier(uuid=owner.uuid), terms, new_id())
    return (await grants.grant(tx, request)).card


async def _restock(operations: Operations, store_id: str) -> None:
    """Grant what is missing of the cards that the printed commands change."""
    kelly = Identifier(uuid=KELLY.uuid)
    cards = _changeable(await every_card(operations, store_id, kelly, Filters()))
    for _ in range(PRINTED - len(cards)):
        terms = Terms(500, transfer=True, reason="Restocked")
        request = GrantRequest(operator(store_id), kelly, terms, new_id())
        await operations.write(grants.grant, request)


def _changeable(cards: list[HeldCard]) -> list[GiftCard]:
    """Take the first cards of the first resident that were not redeemed, none of the examples'."""
    mine = [card for card, _ in cards if card.owner_uuid == KELLY.uuid and not card.redeemed]
    return [card for card in mine if card.id not in EXAMPLE_CARDS][:PRINTED]


async def _key(operations: Operations, signer: Signer, store_id: str, file: Path) -> str:
    """Return the key in the file if it still works, otherwise write a new one there."""
    key = _read_key(file)
    if key is not None and await _works(operations, signer, store_id, key):
        return key
    new = new_credential()
    name = f"Demo {new.id[-12:]}"
    made = await operations.write(keys.create, operator(store_id), signer, name, SCOPES, new)
    _write_key(file, made.key)
    return made.key


async def _works(operations: Operations, signer: Signer, store_id: str, text: str) -> bool:
    ids = signer.read(text)
    if ids is None or ids[0] != store_id:
        return False
    try:
        key = await operations.read(keys.read, *ids)
    except KeyNotFound:
        return False
    whole = key.hash == keys.digest(text) and key.scopes >= SCOPES.keys()
    return whole and key.works(now())


def _read_key(file: Path) -> str | None:
    try:
        return file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        return ""
    except OSError as error:
        raise UsageError(f"The key in {file} can't be read ({error.strerror}).") from error


def _write_key(file: Path, key: str) -> None:
    """Write the key to a file that only its owner may read, whole or not at all."""
    try:
        with drafted(file) as draft:
            draft.file.write(f"{key}\n".encode())
            draft.replace(file)
    except OSError as error:
        raise UsageError(f"The key can't be kept in {file} ({error.strerror}).") from error
