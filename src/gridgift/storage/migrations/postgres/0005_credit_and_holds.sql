-- A customer's row stands for the store credit account too: version counts its ledger entries.
ALTER TABLE customers ADD COLUMN version integer NOT NULL DEFAULT 0;

-- Credit comes in lots and is spent lot by lot; a lot without a date never expires.
CREATE TABLE credit_lots (
    store_id uuid NOT NULL,
    resident_uuid uuid NOT NULL,
    id uuid NOT NULL,
    amount integer NOT NULL CHECK (amount >= 1),
    remaining integer NOT NULL CHECK (remaining BETWEEN 0 AND amount),
    expires_at bigint,
    restricted boolean NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (store_id, resident_uuid, id),
    FOREIGN KEY (store_id, resident_uuid) REFERENCES customers (store_id, resident_uuid)
);

CREATE INDEX credit_lots_open ON credit_lots (store_id, resident_uuid) WHERE remaining > 0;
CREATE INDEX credit_lots_by_expiry ON credit_lots (expires_at) WHERE remaining > 0;

-- What was spent, and how much of it was given back since.
CREATE TABLE credit_spends (
    store_id uuid NOT NULL,
    resident_uuid uuid NOT NULL,
    id uuid NOT NULL,
    amount integer NOT NULL CHECK (amount >= 1),
    refunded integer NOT NULL CHECK (refunded BETWEEN 0 AND amount),
    reference text NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (store_id, resident_uuid, id),
    FOREIGN KEY (store_id, resident_uuid) REFERENCES customers (store_id, resident_uuid)
);

-- Which lots a spend took from, in the order of taking, and what of that was restored.
CREATE TABLE credit_spend_lots (
    store_id uuid NOT NULL,
    resident_uuid uuid NOT NULL,
    spend_id uuid NOT NULL,
    position integer NOT NULL,
    lot_id uuid NOT NULL,
    taken integer NOT NULL CHECK (taken >= 1),
    restored integer NOT NULL CHECK (restored BETWEEN 0 AND taken),
    PRIMARY KEY (store_id, resident_uuid, spend_id, position),
    FOREIGN KEY (store_id, resident_uuid, spend_id)
        REFERENCES credit_spends (store_id, resident_uuid, id),
    FOREIGN KEY (store_id, resident_uuid, lot_id)
        REFERENCES credit_lots (store_id, resident_uuid, id)
);

-- Part of a card's credit, reserved until it is captured, voided or its time is over.
CREATE TABLE holds (
    store_id uuid NOT NULL,
    card_id uuid NOT NULL,
    id uuid NOT NULL,
    amount integer NOT NULL CHECK (amount >= 1),
    state text NOT NULL CHECK (state IN ('open', 'captured', 'voided')),
    expires_at bigint NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (store_id, card_id, id),
    FOREIGN KEY (store_id, card_id) REFERENCES gift_cards (store_id, id)
);

-- The latest end of any open hold: up to then the card's credit is not wholly free.
ALTER TABLE gift_cards ADD COLUMN held_until bigint;
-- Whether the ledger has an entry that says that the card expired.
ALTER TABLE gift_cards ADD COLUMN expiry_noted boolean NOT NULL DEFAULT FALSE;

CREATE INDEX gift_cards_by_expiry ON gift_cards (expires_at)
    WHERE expires_at IS NOT NULL AND NOT expiry_noted AND NOT redeemed;

-- Days that a card granted without a date is good for; NULL: for ever.
ALTER TABLE stores ADD COLUMN card_lifetime integer CHECK (card_lifetime BETWEEN 1 AND 36500);
