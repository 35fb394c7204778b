"""Deliveries to webhooks for tests, as rows: nothing is posted."""

from typing import Final

from gridgift.domain import events
from gridgift.domain.ids import first_id_at
from tests.api import KELLY

EVENT_ID: Final = "7f0d3a52-55c1-5d0e-8b3f-6f1f3a1f9f10"
LONGEST_TYPE: Final = max(events.TYPES, key=len)


def delivery_rows(
    store_id: str,
    webhook_id: str,
    state: str,
    at: int,
    event_type: str = LONGEST_TYPE,
    delivery_id: str | None = None,
) -> tuple[str, list[str]]:
    """Return the id of a delivery of an event of an instant (milliseconds), and its statements.

    Two attempts were made: nobody answered the first one, and the second was answered with 503.
    """
    delivery, pending = delivery_id or first_id_at(at), state == "pending"
    place = f"'{store_id}', '{webhook_id}', '{delivery}'"
    ends = f"{at + 9}, {at}, NULL" if pending else f"NULL, {at}, {at + 9}"
    statements = [
        "INSERT INTO webhook_deliveries (store_id, webhook_id, id, position, account_kind,"
        " account_id, seq, event_id, event_type, state, attempts, step, next_attempt_at,"
        f" created_at, finished_at) VALUES ({place}, 7, 'card', '{KELLY.uuid}', 1, '{EVENT_ID}',"
        f" '{event_type}', '{state}', 2, 2, {ends})"
    ]
    for number, status, response, error in ((1, "NULL", "", "timed out"), (2, 503, "Later.", "")):
        statements.append(
            "INSERT INTO webhook_attempts (store_id, webhook_id, delivery_id, number, at, status,"
            f" milliseconds, response, error) VALUES ({place}, {number}, {at + number}, {status},"
            f" 48, '{response}', '{error}')"
        )
    return delivery, statements
