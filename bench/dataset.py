"""The store that is benchmarked: who owns which card, by arithmetic alone.

Whoever makes load needs the ids of five million cards. They are not listed anywhere: Python, the
load generator's Lua and pgbench each compute them from a card's number, 0 to ``cards - 1``.

Cards come in blocks of 1000, a block belongs to a store. In each block one regular owns 63 cards,
63 residents own two, and the others one. In addition one resident owns 63 cards of every block, all
of them at the first store: 63 000 of a million.
"""

from typing import Final

from gridgift.domain.keys import NewCredential, Signer

STORES: Final = 4
BLOCK: Final = 1_000  # cards
STEP: Final = 16  # in a block, each regular owns every 16th card, and so does the hoarder
HOARDER: Final = 1  # the number of the resident who owns more cards than anyone
MOST: Final = 5_000_000  # cards; beyond, Lua's doubles would no longer be exact
SINCE: Final = 1_760_000_000_000  # the first card's instant, in milliseconds
APART: Final = 6_000  # milliseconds between two cards
SCATTER: Final = 1_540_483_477  # an odd factor: neighbours' residents get ids far from each other
SECRET: Final = "a secret that only benchmarks know, long enough"

# the same arithmetic, for what can't call this module
LUA: Final = f"""
local floor, format, random = math.floor, string.format, math.random
local function scattered(n) return n * {SCATTER} % 4294967296 end
local function card_id(n)
  local ms = {SINCE} + n * {APART}
  return format("%08x-%04x-7%03x-8%03x-%012x", floor(ms / 65536), ms % 65536, n % 4096,
    floor(n / 4096) % 4096, scattered(n))
end
local function resident_uuid(n)
  return format("%08x-0000-4000-8000-%012x", scattered(n), n)
end
local function store_of(n)
  if n % {BLOCK} % {STEP} == 1 then return 0 end
  return floor(n / {BLOCK}) % {STORES}
end
local function owner_of(n)
  local place = n % {BLOCK} % {STEP}
  if place == 0 then return n - n % {BLOCK} end
  if place == 1 then return {HOARDER} end
  if place == 3 then return n - 1 end
  return n
end
"""
PGBENCH: Final = rf"""
\set place :card % {BLOCK} % {STEP}
\set owner CASE WHEN :place = 0 THEN :card - :card % {BLOCK} WHEN :place = 1 THEN {HOARDER} \
    WHEN :place = 3 THEN :card - 1 ELSE :card END
\set store CASE WHEN :place = 1 THEN 0 ELSE :card / {BLOCK} % {STORES} END
\set scattered :owner * {SCATTER} % 4294967296
"""
OWNER_SQL: Final = (
    "CAST(lpad(to_hex(CAST(:scattered AS bigint)), 8, '0') || '-0000-4000-8000-' "
    "|| lpad(to_hex(CAST(:owner AS bigint)), 12, '0') AS uuid)"
)


def scattered(number: int) -> int:
    """Spread numbers over 32 bits, each to a place of its own."""
    return number * SCATTER % 2**32


def instant(card: int) -> int:
    """When a card was granted, in milliseconds."""
    return SINCE + card * APART


def card_id(card: int) -> str:
    """A card's id, in the form of a UUIDv7."""
    ms = instant(card)
    return (
        f"{ms >> 16:08x}-{ms & 0xFFFF:04x}-7{card % 4096:03x}-8{card // 4096 % 4096:03x}"
        f"-{scattered(card):012x}"
    )


def store_id(store: int) -> str:
    """A store's id, by its number."""
    return f"{SINCE >> 16:08x}-0000-7000-8000-{store:012x}"


def key_id(store: int) -> str:
    """The id of a store's API key."""
    return f"{SINCE >> 16:08x}-0001-7000-8000-{store:012x}"


def resident_uuid(resident: int) -> str:
    """A resident's avatar UUID, by number."""
    return f"{scattered(resident):08x}-0000-4000-8000-{resident:012x}"


def username(resident: int) -> str:
    """A resident's username, by number."""
    return f"r{resident:07d}"


def store_of(card: int) -> int:
    """The number of a card's store."""
    return 0 if card % BLOCK % STEP == 1 else card // BLOCK % STORES


def owner_of(card: int) -> int:
    """The number of a card's owner, which is that of the owner's first card."""
    place = card % BLOCK % STEP
    if place == 0:
        return card - card % BLOCK
    if place == 1:
        return HOARDER
    return card - 1 if place == 3 else card


def hoard(cards: int) -> int:
    """How many of the cards the hoarder owns."""
    return cards // BLOCK * len(range(HOARDER, BLOCK, STEP))


def new_credential(store: int) -> NewCredential:
    """What a store's key is made of: always the same, so that every copy has the same keys."""
    return NewCredential(key_id(store), bytes([store]) * 32)


def key(store: int) -> str:
    """A store's API key."""
    made = new_credential(store)
    return Signer(SECRET.encode()).issue(store_id(store), made.id, made.random)
