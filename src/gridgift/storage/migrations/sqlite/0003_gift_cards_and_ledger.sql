CREATE TABLE gift_cards (
    store_id TEXT NOT NULL,
    id TEXT NOT NULL,
    owner_uuid TEXT NOT NULL,
    credit INTEGER NOT NULL CHECK (credit BETWEEN 0 AND 2147483647),
    active INTEGER NOT NULL CHECK (active IN (0, 1)),
    redeemed INTEGER NOT NULL CHECK (redeemed IN (0, 1)),
    transfer INTEGER NOT NULL CHECK (transfer IN (0, 1)),
    texture TEXT,
    purchased INTEGER NOT NULL CHECK (purchased IN (0, 1)),
    expires_at INTEGER,
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, owner_uuid) REFERENCES customers (store_id, resident_uuid)
) STRICT, WITHOUT ROWID;

CREATE INDEX gift_cards_by_owner ON gift_cards (store_id, owner_uuid, id);

-- The ledger: one numbered, hashed line for every change of an account (account_kind 'card':
-- account_id is the card's id).
CREATE TABLE entries (
    store_id TEXT NOT NULL,
    account_kind TEXT NOT NULL,
    account_id TEXT NOT NULL,
    seq INTEGER NOT NULL CHECK (seq >= 1),
    kind TEXT NOT NULL,
    delta INTEGER NOT NULL,
    balance_after INTEGER NOT NULL CHECK (balance_after >= 0),
    state TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    request_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    previous_hash BLOB NOT NULL CHECK (length(previous_hash) = 32),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (store_id, account_kind, account_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER entries_no_update BEFORE UPDATE ON entries
BEGIN
    SELECT RAISE(ABORT, 'ledger entries are append-only');
END;

-- INSERT OR REPLACE deletes without a word to the trigger on DELETE.
CREATE TRIGGER entries_no_replace BEFORE INSERT ON entries
WHEN EXISTS (
    SELECT 1 FROM entries WHERE store_id = NEW.store_id AND account_kind = NEW.account_kind
        AND account_id = NEW.account_id AND seq = NEW.seq
)
BEGIN
    SELECT RAISE(ABORT, 'ledger entries are append-only');
END;

CREATE TRIGGER entries_no_delete BEFORE DELETE ON entries
BEGIN
    SELECT RAISE(ABORT, 'ledger entries are append-only');
END;
