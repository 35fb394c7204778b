-- A customer's row stands for the store credit account too: version counts its ledger entries.
ALTER TABLE customers ADD COLUMN version INTEGER NOT NULL DEFAULT 0;

-- Credit comes in lots and is spent lot by lot; a lot without a date never expires.
CREATE TABLE credit_lots (
    store_id TEXT NOT NULL,
    resident_uuid TEXT NOT NULL,
    id TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount >= 1),
    remaining INTEGER NOT NULL CHECK (remaining BETWEEN 0 AND amount),
    expires_at INTEGER,
    restricted INTEGER NOT NULL CHECK (restricted IN (0, 1)),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (store_id, resident_uuid, id),
    FOREIGN KEY (store_id, resident_uuid) REFERENCES customers (store_id, resident_uuid)
) STRICT, WITHOUT ROWID;

CREATE INDEX credit_lots_open ON credit_lots (store_id, resident_uuid) WHERE remaining > 0;
CREATE INDEX credit_lots_by_expiry ON credit_lots (expires_at) WHERE remaining > 0;

-- What was spent, and how much of it was given back since.
CREATE TABLE credit_spends (
    store_id TEXT NOT NULL,
    resident_uuid TEXT NOT NULL,
    id TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount >= 1),
    refunded INTEGER NOT NULL CHECK (refunded BETWEEN 0 AND amount),
    reference TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (store_id, resident_uuid, id),
    FOREIGN KEY (store_id, resident_uuid) REFERENCES customers (store_id, resident_uuid)
) STRICT, WITHOUT ROWID;

-- Which lots a spend took from, in the order of taking, and what of that was restored.
CREATE TABLE credit_spend_lots (
    store_id TEXT NOT NULL,
    resident_uuid TEXT NOT NULL,
    spend_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    lot_id TEXT NOT NULL,
    taken INTEGER NOT NULL CHECK (taken >= 1),
    restored INTEGER NOT NULL CHECK (restored BETWEEN 0 AND taken),
    PRIMARY KEY (store_id, resident_uuid, spend_id, position),
    FOREIGN KEY (store_id, resident_uuid, spend_id)
        REFERENCES credit_spends (store_id, resident_uuid, id),
    FOREIGN KEY (store_id, resident_uuid, lot_id)
        REFERENCES credit_lots (store_id, resident_uuid, id)
) STRICT, WITHOUT ROWID;

-- Part of a card's credit, reserved until it is captured, voided or its time is over.
CREATE TABLE holds (
    store_id TEXT NOT NULL,
    card_id TEXT NOT NULL,
    id TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount >= 1),
    state TEXT NOT NULL CHECK (state IN ('open', 'captured', 'voided')),
    expires_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (store_id, card_id, id),
    FOREIGN KEY (store_id, card_id) REFERENCES gift_cards (store_id, id)
) STRICT, WITHOUT ROWID;

-- The latest end of any open hold: up to then the card's credit is not wholly free.
ALTER TABLE gift_cards ADD COLUMN held_until INTEGER;
-- Whether the ledger has an entry that says that the card expired.
ALTER TABLE gift_cards ADD COLUMN expiry_noted INTEGER NOT NULL DEFAULT 0
    CHECK (expiry_noted IN (0, 1));

CREATE INDEX gift_cards_by_expiry ON gift_cards (expires_at)
    WHERE expires_at IS NOT NULL AND NOT expiry_noted AND NOT redeemed;

-- Days that a card granted without a date is good for; NULL: for ever.
ALTER TABLE stores ADD COLUMN card_lifetime INTEGER CHECK (card_lifetime BETWEEN 1 AND 36500);
