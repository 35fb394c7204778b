-- Served by programs that know it.
-- Objects in Second Life that act for a store. Of a code that pairs one there is only the SHA-256, and
-- the secret that it signs with is nowhere: it follows from the server's and how often it was paired.
CREATE TABLE units (
    store_id TEXT NOT NULL REFERENCES stores (id),
    id TEXT NOT NULL,
    kind TEXT NOT NULL CONSTRAINT unit_kind
        CHECK (kind IN ('delivery', 'terminal', 'vendor', 'directory')),
    name TEXT NOT NULL,
    credit INTEGER NOT NULL,
    texture TEXT,
    group_only INTEGER NOT NULL,
    starts_at INTEGER,
    ends_at INTEGER,
    max_cards INTEGER,
    max_cards_a_day INTEGER,
    max_credit INTEGER,
    min_account_days INTEGER,
    usernames TEXT NOT NULL,
    paused INTEGER NOT NULL,
    round INTEGER NOT NULL DEFAULT 1,
    cards INTEGER NOT NULL DEFAULT 0,
    granted INTEGER NOT NULL DEFAULT 0,
    day INTEGER NOT NULL DEFAULT 0,
    cards_that_day INTEGER NOT NULL DEFAULT 0,
    code_hash BLOB,
    code_until INTEGER,
    pairings INTEGER NOT NULL DEFAULT 0,
    object_uuid TEXT,
    object_owner_uuid TEXT,
    paired_at INTEGER,
    seen_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (store_id, id)
) STRICT, WITHOUT ROWID;

-- Which store a unit is of: its object says the unit's id only.
CREATE TABLE unit_stores (
    unit_id TEXT NOT NULL PRIMARY KEY,
    store TEXT NOT NULL REFERENCES stores (id)
) STRICT, WITHOUT ROWID;

-- Who has had a card from a unit: each resident once in a round.
CREATE TABLE unit_claims (
    store_id TEXT NOT NULL,
    unit_id TEXT NOT NULL,
    round INTEGER NOT NULL,
    resident_uuid TEXT NOT NULL REFERENCES residents (uuid),
    card_id TEXT NOT NULL,
    credit INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (store_id, unit_id, round, resident_uuid),
    FOREIGN KEY (store_id, unit_id) REFERENCES units (store_id, id),
    FOREIGN KEY (store_id, card_id) REFERENCES gift_cards (store_id, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX unit_claims_by_card ON unit_claims (store_id, unit_id, card_id);
