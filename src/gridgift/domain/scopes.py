"""Scopes: what a key may do. Each endpoint needs exactly one (contract section 2)."""

from collections.abc import Iterable
from typing import Final

from gridgift.domain.failures import ValidationFailed

SCOPES: Final = {
    "store:read": "Read the store's own details.",
    "store:write": "Change the store's settings, such as where its residents' page is.",
    "customers:read": "Read the store's customers.",
    "customers:write": "Change the store's customers.",
    "credits:read": "Read a customer's store credit.",
    "credits:write": "Deposit, spend and refund a customer's store credit.",
    "giftcards:read": "Read gift cards and their history.",
    "giftcards:write": "Grant, update and disable gift cards.",
    "events:read": "Read what happened at the store: everything, whatever it is about.",
    "units:read": "Read the units: objects in Second Life that act for the store.",
    "units:write": "Make, change, pair and revoke units.",
    "reports:read": "Read what the store owes and what happened to its credit, in sums.",
    "webhooks:read": "Read where what happens is posted to, and what came of it.",
    "webhooks:write": "Have what happens at the store posted somewhere, or no more.",
    "customertokens:mint": "Make a link that opens a resident's own page.",
}
NONE_NAMED: Final = "name at least one scope"


def check_scopes(scopes: Iterable[str]) -> frozenset[str]:
    """Return the scopes as a set. Raises ``ValidationFailed`` for none or for an unknown one."""
    wanted = frozenset(scopes)
    unknown = sorted(wanted - SCOPES.keys())
    if unknown:
        known = ", ".join(SCOPES)
        raise ValidationFailed({"scopes": [f"unknown: {', '.join(unknown)}; known: {known}"]})
    if not wanted:
        raise ValidationFailed({"scopes": [NONE_NAMED]})
    return wanted
