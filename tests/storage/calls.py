"""How each named statement is called in a filled database: values for every parameter."""

from typing import Any, Final

from gridgift.domain.search import LOOKED_AT
from gridgift.storage import listing as listings
from gridgift.storage.listing import Listing
from gridgift.storage.queries import QUERIES, Query
from tests.storage.filled import CARD, LATER, MANY, NOW, OWNER, PLAIN, START, STORE, THING, uuid

NEW: Final = uuid(9, 1)
FIRST, LAST = "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"
HASH: Final = b"\0" * 32

VALUES: Final[dict[str, Any]] = {
    "outcome": "changed",
    "unchanged": 0,
    "card_count": 1,
    "card_credit": 5,
    "change_id": THING,
    "changed": 1,
    "chosen": CARD,
    "customers": 1,
    "faults": 0,
    "ended_at": 0,
    "store_credit": 5,
    "account_id": CARD,
    "step": 1,
    "stepped": LOOKED_AT,
    "status": 200,
    "response": "ok",
    "next_attempt_at": None,
    "milliseconds": 5,
    "finished_at": NOW,
    "event_type": "gift_card.granted",
    "event_id": THING,
    "error": "",
    "claimed_until": NOW,
    "before": START + 1_000,
    "note": "by hand",
    "owed": True,
    "at": NOW,
    "account_kind": "card",
    "about": "web shop",
    "deed": "key_made",
    "operator": "Aria",
    "subject_id": THING,
    "active": True,
    "address": "",
    "begun_by": NOW,
    "browser": "",
    "by_link": False,
    "chosen_store": STORE,
    "idle_since": NOW,
    "kept": NEW,
    "login": "o7",
    "operator_id": THING,
    "password": "x",
    "role": "clerk",
    "seed": "s",
    "last_step": 1,
    "query": "show=soon",
    "any_name": False,
    "any_owner": False,
    "any_source": False,
    "any_import": False,
    "any_tag": False,
    "after": FIRST,
    "again": False,
    "file": "cards.csv",
    "after_at": START + MANY - 100,
    "actor_id": "someone",
    "actor_kind": "key",
    "amount": 1,
    "application_open": False,
    "balance": 5,
    "balance_after": 5,
    "base_bonus": 0,
    "blog_listed": False,
    "announce": "no",
    "answer": HASH,
    "card_ids": [CARD, THING],
    "cards": 1,
    "cards_that_day": 1,
    "newest": 200,
    "newest_of_credit": 2000,
    "day": 1,
    "begins_at": START - 1,
    "by": 1,
    "captured": 1,
    "expiry_noted": False,
    "card_id": THING,
    "card_lifetime": None,
    "created_at": NOW,
    "created_from": 0,
    "created_to": LATER,
    "credit": 4,
    "contact": "",
    "credit_from": 0,
    "credit_to": 9,
    "customer_origin": None,
    "delivery_id": THING,
    "delta": 0,
    "disabled_reason": None,
    "details": "{}",
    "digest": HASH,
    "nonce": uuid(3, 8),
    "paid_at": NOW,
    "payer_uuid": OWNER,
    "refund": None,
    "ends_by": START + MANY // 2,
    "expires_at": LATER,
    "expiring_id": LAST,
    "expiring_until": LATER,
    "end_from": NOW,
    "ends_at": None,
    "end_to": LATER,
    "endless": True,
    "expiry_moved": False,
    "failing_before": NOW,
    "failing_since": None,
    "fingerprint": HASH,
    "first_id": FIRST,
    "format": "standard",
    "gone_since": START + 1_000,
    "granted": 1,
    "giver": OWNER,
    "group_bonus": 0,
    "group_only": False,
    "hash": HASH,
    "held_until": None,
    "holder_uuid": uuid(1, 7),
    "id": THING,
    "keys": ["key 7", "new"],
    "kept_since": START + 1_000,
    "key": "key 7",
    "kind": "updated",
    "kinds": ["granted", "transferred"],
    "location_slurl": "",
    "made_before": START + 1_000,
    "max_cards": 9,
    "max_cards_a_day": None,
    "max_credit": None,
    "metadata": "{}",
    "min_account_days": None,
    "logo": None,
    "lapsed_id": LAST,
    "lapsed_until": NOW,
    "language": "de",
    "last_id": LAST,
    "looked": LOOKED_AT,
    "lot_id": THING,
    "name": "key 7",
    "now": NOW,
    "handed_before": NOW,
    "heard_by": NOW,
    "names": ["r7", "new"],
    "noted_by": STORE,
    "number": 1,
    "origin": "https://7",
    "object_owner_uuid": OWNER,
    "object_uuid": OWNER,
    "owner_uuid": OWNER,
    "paused": False,
    "owners": [uuid(1, 6), uuid(1, 7)],
    "position": 1,
    "prefix": "r5",
    "prefix_end": "r{",
    "preview": "x",
    "previous_until": None,
    "previous_hash": HASH,
    "problem": "why",
    "purchased": False,
    "reason": "",
    "receiver_uuid": uuid(1, 7),
    "reference": "order 7",
    "references": ["order 7", "new"],
    "request_id": "",
    "resident_uuid": OWNER,
    "restricted": False,
    "ids": [THING, NEW],
    "redeemed": False,
    "refused": 1,
    "round": 1,
    "rows": 101,
    "row_count": 1,
    "rows_done": 0,
    "scopes": "x",
    "secret_version": 1,
    "resident": OWNER,
    "seek_account_id": CARD,
    "seek_card_id": FIRST,
    "seek_cards": 1,
    "seek_owner_uuid": FIRST,
    "seek_account_kind": "card",
    "seek_balance": 998,
    "seek_created_at": MANY // 2,
    "seek_credit": 5,
    "seek_updated_at": MANY // 2,
    "seek_expires_at": START + MANY // 2,
    "seek_id": FIRST,
    "seek_nonce": FIRST,
    "seek_unit_id": uuid(3, 7),
    "seek_position": MANY // 2,
    "seek_resident_uuid": FIRST,
    "seek_seq": MANY // 2,
    "seek_spent": 998,
    "seek_username": "r5",
    "seq": MANY // 2,
    "skipped": 1,
    "source": "unit",
    "spend_id": THING,
    "spent": 5,
    "spent_more_than": 997,
    "starts_at": None,
    "state": "captured",
    "store": STORE,
    "store_id": STORE,
    "tag": "new",
    "taken": 1,
    "taken_before": START + 1_000,
    "terms": "{}",
    "text": "name",
    "texture": None,
    "time_zone": "Europe/Berlin",
    "told_at": START - 1,
    "told_id": LAST,
    "transfer": False,
    "transferable": False,
    "type": "gift_card.expiring",
    "types": "[]",
    "unit_id": THING,
    "until": uuid(3, 7),
    "until_at": LATER,
    "updated_at": NOW,
    "url": "https://a.example/",
    "used_at": NOW,
    "username": "r7",
    "username_before": "r8",
    "usernames": ["r7", "r8"],
    "uuid": uuid(1, 7),
    "uuids": [uuid(1, 7), NEW],
    "version": 2,
    "wanted": "r7",
    "webhook_id": THING,
    "version_before": 1,
}

# active, redeemed, both, neither: nearly all cards, or nearly none
STATES: Final[list[dict[str, Any]]] = [
    {"redeemed": redeemed, "or_redeemed": or_redeemed, "active": active, "or_active": or_active}
    for redeemed, or_redeemed in ((False, False), (False, True), (True, True))
    for active, or_active in ((False, False), (False, True), (True, True))
    if redeemed == or_redeemed or active == or_active
]

# A search without filters.
ALL_MATCH: Final[dict[str, Any]] = {
    **dict.fromkeys(["any_import", "any_name", "any_owner", "any_source", "any_tag"], True),
    "end_from": 0,
    **dict.fromkeys(["active", "redeemed"]),
}

# Of filters all, none, only the beginning of most names, or only a tag that all cards have.
SEARCHES: Final[list[dict[str, Any]]] = [
    {},
    ALL_MATCH,
    ALL_MATCH | {"any_name": False},
    ALL_MATCH | {"any_tag": False, "tag": "vip"},
]

# Where a statement needs other values than its parameters usually have, one set for each call.
CALLS: Final[dict[str, list[dict[str, Any]]]] = {
    "accounts_activity": [{"ends_at": START}],
    "cards_ending": [{"ends_at": START}],
    "customers_ending": [{"ends_at": LATER + 50}],
    "credit_ending": [{"ends_at": START}],
    "answer_add": [{"key": "new"}],
    "action_add": [{"id": NEW}],
    "actions_old": [{"before": START + 100}],
    "bulk_change_add": [{"id": NEW}],
    "bulk_change_forget": [{"id": NEW}],
    "bulk_change_card_add": [{"number": MANY + 1}],
    "card_put": [{"id": NEW}],
    "cards_in_states": STATES,
    "cards_among": SEARCHES,
    "cards_matching_among": SEARCHES,
    "cards_of_store": SEARCHES,
    "ids_matching_among": SEARCHES,
    "claim_add": [{"round": 2}],
    "entries_moved": [{"ends_at": LATER, "kinds": ["updated", "adjusted"]}],
    "entries_moved_sum": [{"ends_at": LATER, "kinds": ["updated", "adjusted"]}],
    "entry_add": [{"seq": MANY + 1}],
    "event_add": [{"seq": MANY + 1}],
    "events_newest": [{"ids": [STORE]}],
    "hold_add": [{"id": NEW}],
    "holds_of_store": [{"state": "open"}, {"state": "captured"}],
    "holds_lapsed_of_card": [{"ends_at": LATER}],
    "key_add": [{"id": NEW, "name": "new"}],
    "key_rename": [{"name": "new"}],
    "key_retire": [{"name": "new"}],
    "labels_drop": [{"card_id": NEW}],
    "labels_put": [{"card_id": uuid(3, 5_000), "reference": "new"}],
    "lot_add": [{"id": NEW}],
    "notes_of_card": [{"account_id": CARD}, {"account_id": uuid(3, 2)}],
    "operator_add": [{"id": NEW, "login": "new"}],
    "purchase_add": [{"nonce": NEW}],
    "refusal_add": [{"number": MANY + 1}],
    "refusals_after": [{"number": MANY // 2}],
    "refusals_forget": [{"digest": bytes([1]) * 32}],
    "resident_add": [{"uuid": NEW}],
    "resident_keep": [{"uuid": NEW}],
    "resident_names_forget": [{"uuid": NEW}],
    "resident_name_keep": [{"username": "new"}],
    "resident_name_note": [{"username": "new"}],
    "saved_view_add": [{"id": NEW}],
    "sending_add": [{"id": NEW}],
    "recovery_code_add": [{"operator_id": PLAIN}],
    "session_add": [{"id": NEW}],
    "second_factor_add": [{"operator_id": PLAIN}],
    "spend_add": [{"id": NEW}],
    "spend_lot_add": [{"position": 2}],
    "store_add": [{"store_id": NEW}],
    "token_add": [{"id": NEW}],
    "accounts_pending": [{"ids": [CARD, NEW]}],
    "attempt_add": [{"number": MANY + 1}],
    "deliveries_old": [{"before": START + 100}],
    "delivery_add": [{"id": NEW}],
    "delivery_forget": [{"id": NEW}],
    "delivery_begin": [{}, {"account_id": NEW}],
    "event_at": [{"position": MANY // 2}],
    "webhook_add": [{"id": NEW}],
    "deliveries_again": [{"state": "delivered"}],
    "deliveries_in_state": [{"state": "pending"}, {"state": "delivered"}],
    "unit_store_add": [{"id": NEW}],
    "unit_add": [{"id": NEW, "kind": "delivery", "usernames": "[]"}],
    "question_add": [{"wanted": "new", "id": "new"}],
    "announcement_add": [{"card_id": uuid(3, 5_000)}],
    "unit_invite": [{"usernames": "[]"}],
    "unit_update": [{"usernames": "[]"}],
}


# What PostgreSQL's functions run, by the function's name: a plan shows only that one is called.
IN_FUNCTIONS: Final = {
    "answers_in_turn": Query.parse(
        "answers_in_turn",
        "SELECT * FROM idempotency_keys WHERE store_id = :store_id AND key {any:keys}",
    )
}

# All that are declared.
LISTINGS: Final = {each.name: each for each in vars(listings).values() if isinstance(each, Listing)}

# Every statement there is: those with a name, and those that the listings are made into.
STATEMENTS: Final[dict[str, Query]] = (
    QUERIES
    | IN_FUNCTIONS
    | {
        statement.name: statement
        for listing in LISTINGS.values()
        for statement in listing.statements()
    }
)


def declared_as(name: str) -> str:
    """Return the name under which a statement stands in the .sql files."""
    return name.partition("/")[0]


def calls(name: str) -> list[dict[str, Any]]:
    """Return the values of each call of a statement; a new parameter needs a line above."""
    last: dict[str, Any] = {"seek_id": LAST, "seek_resident_uuid": LAST, "seek_username": "r6"}
    before = last if "/desc/" in name else {}
    if name.startswith(("cards_of_store/", "cards_unfiltered/")):
        far = 0 if before else 9 if "/credit/" in name else LATER
        edge = FIRST if before else LAST
        before = before | {"until": edge if "/undated/" in name else far}
    return [
        {parameter: (VALUES | before | own)[parameter] for parameter in STATEMENTS[name].parameters}
        for own in CALLS.get(declared_as(name), [{}])
    ]
