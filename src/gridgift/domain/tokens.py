"""Customer tokens: credentials that open a resident's own page (contract section 8).

They look like API keys with a prefix of their own, are signed and stored hashed in the same way,
and live for a day unless they are revoked.
"""

from typing import Final

from msgspec import Struct

from gridgift.domain import residents
from gridgift.domain.instants import DAY
from gridgift.domain.keys import NewCredential, Signer, digest
from gridgift.domain.model import Caller, Resident, Store, Token
from gridgift.domain.residents import Identifier
from gridgift.storage.database import Tx

PREFIX: Final = "gct"
TOKENS_KEPT_FOR: Final = 30 * DAY  # after their end, so that a log can still be understood


class MintedToken(Struct, frozen=True):
    """A new token: what is stored of it, and the whole of it, to be shown once."""

    stored: Token
    token: str


async def mint(
    tx: Tx,
    caller: Caller,
    signer: Signer,
    identifier: Identifier,
    lifetime: int,
    new: NewCredential,
) -> MintedToken:
    """Make a token for a resident; ``lifetime`` is in milliseconds.

    Raises ``ResidentNotFound``.
    """
    resident, now = await residents.find(tx, caller.store_id, identifier), tx.now()
    token = signer.issue(caller.store_id, new.id, new.random)
    stored = Token(
        store_id=caller.store_id,
        id=new.id,
        resident_uuid=resident.uuid,
        hash=digest(token),
        created_at=now,
        expires_at=now + lifetime,
        revoked_at=None,
    )
    await tx.run(
        "token_add",
        store_id=stored.store_id,
        id=stored.id,
        resident_uuid=stored.resident_uuid,
        hash=stored.hash,
        expires_at=stored.expires_at,
        now=now,
    )
    return MintedToken(stored, token)


def page_address(store: Store, public_url: str, token: str, view: str = "") -> str:
    """Return the URL that opens a resident's page: the store's own, or the one served here.

    ``view`` names the part of the page to begin with, in the query (contract section 8). The token
    stands in the fragment, which no browser sends to a server.
    """
    page = f"{store.customer_origin}/" if store.customer_origin else f"{public_url}/me"
    query = f"?view={view}" if view else ""
    return f"{page}{query}#ct={token}"


async def find(tx: Tx, store_id: str, token_id: str) -> Token | None:
    """Return what is stored of a token."""
    row = await tx.one("token_by_id", store_id=store_id, id=token_id)
    return None if row is None else Token(*row)


async def revoke(tx: Tx, store_id: str, resident: Resident) -> int:
    """End every token of a resident at a store; return how many."""
    return await tx.run(
        "tokens_revoke", store_id=store_id, resident_uuid=resident.uuid, now=tx.now()
    )


async def revoke_of(tx: Tx, store_id: str, identifier: Identifier) -> int:
    """End every token of the resident with this name; return how many.

    Raises ``ResidentNotFound``.
    """
    return await revoke(tx, store_id, await residents.find(tx, store_id, identifier))


async def forget(tx: Tx, rows: int) -> int:
    """Delete up to ``rows`` tokens that expired 30 days ago or before; return how many."""
    old = await tx.all("tokens_old", gone_since=tx.now() - TOKENS_KEPT_FOR, rows=rows)
    await tx.many("token_forget", [tuple(row) for row in old])
    return len(old)
