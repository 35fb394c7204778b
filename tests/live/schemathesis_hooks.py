"""What JSON Schema cannot say of our requests; schemathesis loads this file by its name."""

import os
from datetime import UTC, datetime
from typing import Any

import schemathesis

from gridgift.domain.failures import IdentifierMalformed
from gridgift.domain.residents import parse_identifier

AHEAD = "2999-12-31T23:59:59Z"
WHOLE_NUMBERS = {"credit", "amount", "delta", "expiresIn"}
IDENTIFIERS = {"customerIdentifier", "receiverIdentifier"}


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Make a request that is right by the schema right by the contract too.

    To JSON Schema 5.0 is an integer; the contract takes 5 only. An expiry has to be ahead, a delta
    is not 0, an identifier has to be one, and a cursor has to come from the list's own answer.
    Wrong requests stay as they are.
    """
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if case.query and "cursor" in case.query:
        _correct_cursor(case)
    if isinstance(case.body, dict):
        _correct_body(case.body)


def _correct_cursor(case: Any) -> None:
    """Send the cursor that the test got for the example's resident, if the list is hers."""
    listed = case.path.endswith("/customers/{identifier}/giftcards")
    if listed and case.path_parameters["identifier"] == os.environ["EXAMPLE_USERNAME"]:
        case.query["cursor"] = os.environ["EXAMPLE_CURSOR"]
    else:
        del case.query["cursor"]


def _correct_body(body: dict[str, Any]) -> None:
    for name in WHOLE_NUMBERS & body.keys():
        if isinstance(body[name], float) and body[name].is_integer():
            body[name] = int(body[name])
    for name in IDENTIFIERS & body.keys():
        if not _names_someone(body[name]):
            body[name] = os.environ["EXAMPLE_USERNAME"]
    if "delta" in body:
        body["delta"] = body["delta"] or 1
    expires_at = body.get("expiresAt")
    if isinstance(expires_at, str) and not _is_ahead(expires_at):
        body["expiresAt"] = AHEAD


def _is_ahead(text: str) -> bool:
    try:
        return datetime.fromisoformat(text.upper()) > datetime.now(UTC)
    except ValueError:
        return False


def _names_someone(text: Any) -> bool:
    try:
        parse_identifier(text)
    except IdentifierMalformed:
        return False
    return True
