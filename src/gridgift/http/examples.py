"""Examples for the OpenAPI document; a test holds each to its schema."""

from typing import Any, Final

CARD_EXAMPLE: Final[dict[str, Any]] = {
    "id": "019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a",
    "ownerUuid": "c7d8e9f0-1a2b-4c3d-9e4f-5a6b7c8d9e0f",
    "ownerUsername": "kelly.moonwall",
    "credit": 500,
    "active": True,
    "redeemed": False,
    "transfer": True,
    "texture": None,
    "purchased": False,
}
STORE_EXAMPLE: Final[dict[str, Any]] = {
    "id": "019aad3c-0000-7000-8000-00000000c0de",
    "name": "Moonwall Couture",
    "logo": None,
    "blogListed": False,
    "applicationOpen": False,
    "bonus": {"baseBonus": 0, "groupBonus": 5},
    "locationSlUrl": "",
    "ownerUuid": "a1b2c3d4-e5f6-4789-9abc-def012345678",
    "ownerUsername": "aria.moonwall",
}
DETAILS_EXAMPLE: Final[dict[str, Any]] = CARD_EXAMPLE | {
    "available": 400,
    "expiresAt": "2027-11-22T00:00:00Z",
    "createdAt": "2026-11-22T19:30:00Z",
    "updatedAt": "2026-11-22T19:30:00Z",
}
OWN_CARD_EXAMPLE: Final[dict[str, Any]] = CARD_EXAMPLE | {
    "storeId": STORE_EXAMPLE["id"],
    "expiresAt": "2027-11-22T00:00:00Z",
}
HOLD_EXAMPLE: Final[dict[str, Any]] = {
    "id": "019aad3d-1111-7a2b-9c3d-4e5f60718293",
    "giftCardId": CARD_EXAMPLE["id"],
    "amount": 100,
    "state": "open",
    "expiresAt": "2026-11-22T19:45:00Z",
    "createdAt": "2026-11-22T19:30:00Z",
}
ENTRY_EXAMPLE: Final[dict[str, Any]] = {
    "seq": 1,
    "kind": "granted",
    "delta": 500,
    "balanceAfter": 500,
    "state": {"active": True, "redeemed": False, "transfer": True},
    "actor": {"kind": "key", "id": "019aad3b-2222-7333-8444-555566667777"},
    "reason": "",
    "requestId": "5f0c2b7e9d3a41c8b6e0f1a2",
    "createdAt": "2026-11-22T19:30:00Z",
    "previousHash": "00" * 32,
    "hash": "5d" * 32,
}
LOT_EXAMPLE: Final[dict[str, Any]] = {
    "amount": 500,
    "expiresAt": "2027-11-22T00:00:00Z",
    "restricted": False,
}
CREDIT_EXAMPLE: Final[dict[str, Any]] = {"total": 750, "restricted": 0, "lots": [LOT_EXAMPLE]}
CREDIT_CHANGE_EXAMPLE: Final[dict[str, Any]] = CREDIT_EXAMPLE | {
    "id": "019aad3e-3333-7444-8555-666677778888",
    "amount": 500,
}
LINES_EXAMPLE: Final = (
    '{"identifier": "kelly.moonwall", "credit": 500, "transfer": true}\n'
    '{"identifier": "c7d8e9f0-1a2b-4c3d-9e4f-5a6b7c8d9e0f", "credit": 250}\n'
)
SHEET_EXAMPLE: Final = (
    "identifier,credit,reason\nkelly.moonwall,500,hunt 2026\nnobody.known,250,hunt 2026\n"
)
REFUSED_ROW_EXAMPLE: Final[dict[str, Any]] = {
    "row": 2,
    "problem": {
        "code": "resident_not_found",
        "detail": "No resident nobody.known is known here.",
    },
}
BULK_EXAMPLE: Final[dict[str, Any]] = {
    "granted": 1,
    "skipped": 0,
    "refused": 1,
    "results": [{"row": 1, "id": CARD_EXAMPLE["id"]}, REFUSED_ROW_EXAMPLE],
}


def page_of(row: dict[str, Any]) -> dict[str, Any]:
    """Make a list's answer of one row."""
    pagination = {"nextCursor": None, "previousCursor": None, "limit": 100}
    return {"data": [row], "pagination": pagination}


EMPTY_PAGE: Final[dict[str, Any]] = page_of({}) | {"data": []}
