"""What a search over cards shows of each."""

from msgspec import Struct


class FoundCard(Struct, frozen=True, array_like=True):
    """What a search shows of a card.

    ``head`` is that of a ``GiftCard``; ``held`` is what of its credit is held now (L$), ``source``
    how it came to be; ``labelled`` is whether it has labels.
    """

    id: str
    owner_uuid: str
    owner_username: str
    credit: int
    active: bool
    redeemed: bool
    transfer: bool
    texture: str | None
    purchased: bool
    expires_at: int | None
    created_at: int
    updated_at: int
    head: str
    held: int
    source: str
    labelled: bool | None
