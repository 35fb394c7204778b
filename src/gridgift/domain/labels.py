"""Labels: what a store says of a card, beside what the card is worth (contract section 10).

A card has a reference of the caller's, up to 20 tags, and metadata. They stand in an entry of the
card's chain, and in tables of their own, in which cards are found by them.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

import msgspec
from msgspec import structs

from gridgift.domain import texts
from gridgift.domain.model import NO_LABELS, Labels
from gridgift.storage.database import Row, TransactionConflict, Tx

MAX_TAGS: Final = 20  # of a card
MAX_TAG: Final = 40  # characters
MAX_METADATA: Final = 4096  # bytes of JSON without spaces, in UTF-8
MAX_MEMBERS: Final = 50  # of metadata
MAX_NAME: Final = 40  # characters of a member's name
MAX_VALUE: Final = 500  # characters of its value
MAX_MEMBER: Final = MAX_NAME + 1 + MAX_VALUE  # of both, with a colon between them

_NOT_IN_TAGS: Final = f"{texts.UNPRINTABLE},;"
# Something to see, and before and behind it what neither begins nor ends with a space.
TAG_PATTERN: Final = (
    f"^([^ {_NOT_IN_TAGS}][^{_NOT_IN_TAGS}]*)?[^{_NOT_IN_TAGS}{texts.INVISIBLE}]"
    f"([^{_NOT_IN_TAGS}]*[^ {_NOT_IN_TAGS}])?$"
)

_TAG_WANTED: Final = (
    f"1 to {MAX_TAG} printable characters, "
    "without commas, semicolons, or spaces around it, and with something to see"
)
TAG_WANTED: Final = f"must be a tag of {_TAG_WANTED}"
TAGS_WANTED: Final = f"must be at most {MAX_TAGS} tags, each of {_TAG_WANTED}"
METADATA_WANTED: Final = (
    f"must be an object of at most {MAX_MEMBERS} texts, of at most {MAX_VALUE} printable "
    f"characters, with names of 1 to {MAX_NAME}, in at most {MAX_METADATA} bytes of JSON"
)

_TAG: Final = re.compile(TAG_PATTERN)
_encode: Final = msgspec.json.Encoder(order="deterministic").encode
_read_metadata: Final = msgspec.json.Decoder(dict[str, str]).decode


def checked_tags(tags: Collection[str]) -> Collection[str] | None:
    """Return tags, or None if they are too many or one of them can't be a tag."""
    are_tags = all(texts.fits(tag, 1, MAX_TAG) and _TAG.fullmatch(tag) for tag in tags)
    return tags if len(tags) <= MAX_TAGS and are_tags else None


def checked_metadata(members: dict[str, str]) -> dict[str, str] | None:
    """Return metadata, or None for what is over a limit or has unprintable characters."""
    printable = all(
        texts.fits(name, 1, MAX_NAME) and texts.fits(value, 0, MAX_VALUE)
        for name, value in members.items()
    )
    fits = printable and len(members) <= MAX_MEMBERS and len(_encode(members)) <= MAX_METADATA
    return members if fits else None


async def read_each(tx: Tx, store_id: str, card_ids: Collection[str]) -> dict[str, Labels]:
    """Return the labels of those of some cards that have any."""
    span = {"store_id": store_id, "ids": list(card_ids)}
    rows = await tx.all("labels_of_cards", **span)
    found = columns(rows, await tx.all("tags_of_cards", **span) if rows else ())
    return {
        card_id: Labels.of(each["reference"], each["tags"], _read_metadata(each["metadata"]))
        for card_id, each in found.items()
    }


async def read(tx: Tx, store_id: str, card_id: str) -> Labels:
    """Return one card's labels."""
    return (await read_each(tx, store_id, [card_id])).get(card_id, NO_LABELS)


def columns(rows: Iterable[Row], tag_rows: Iterable[Row]) -> dict[str, dict[str, Any]]:
    """Return what the tables have of each card in some of their rows, as ``stored`` has it."""
    found = defaultdict[str, dict[str, Any]](lambda: stored(NO_LABELS))
    for card_id, reference, metadata in rows:
        found[card_id] |= {"reference": reference, "metadata": metadata}
    for card_id, tag in sorted(map(tuple, tag_rows)):
        found[card_id]["tags"] += (tag,)
    return found


def stored(labels: Labels) -> dict[str, Any]:
    """Return what the tables have of a card with these labels; metadata is text there."""
    return structs.asdict(labels) | {"metadata": _encode(labels.metadata).decode()}


async def add(tx: Tx, store_id: str, labelled: Mapping[str, Labels]) -> None:
    """Label cards that have no labels yet, by their ids.

    References are added in their order, so that no two transactions wait for each other. Raises
    ``TransactionConflict`` for one that another transaction has added meanwhile.
    """
    ordered = sorted(labelled.items(), key=lambda each: (each[1].reference or "", each[0]))
    values = [
        {
            "store_id": store_id,
            "card_id": card_id,
            "reference": labels.reference,
            "metadata": stored(labels)["metadata"],
        }
        for card_id, labels in ordered
        if labels
    ]
    if values and len(await tx.each("labels_put", values)) != len(values):
        raise TransactionConflict
    tags = [(store_id, card_id, tag) for card_id, labels in ordered for tag in labels.tags]
    if tags:
        await tx.many("tag_put", tags)


async def replace_each(tx: Tx, store_id: str, labelled: Mapping[str, Labels]) -> None:
    """Give locked cards other labels, by their ids. Raises what ``add`` does."""
    ids = [(store_id, card_id) for card_id in sorted(labelled)]
    for statement in ("tags_drop", "labels_drop"):
        await tx.many(statement, ids)
    await add(tx, store_id, labelled)
