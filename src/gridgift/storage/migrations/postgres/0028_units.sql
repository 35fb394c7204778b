-- Served by programs that know it.
-- Objects in Second Life that act for a store. Of a code that pairs one there is only the SHA-256, and
-- the secret that it signs with is nowhere: it follows from the server's and how often it was paired.
CREATE TABLE units (
    store_id uuid NOT NULL REFERENCES stores (id),
    id uuid NOT NULL,
    kind text NOT NULL CONSTRAINT unit_kind
        CHECK (kind IN ('delivery', 'terminal', 'vendor', 'directory')),
    name text NOT NULL,
    credit integer NOT NULL,
    texture uuid,
    group_only boolean NOT NULL,
    starts_at bigint,
    ends_at bigint,
    max_cards integer,
    max_cards_a_day integer,
    max_credit integer,
    min_account_days integer,
    usernames text NOT NULL,
    paused boolean NOT NULL,
    round integer NOT NULL DEFAULT 1,
    cards integer NOT NULL DEFAULT 0,
    granted bigint NOT NULL DEFAULT 0,
    day integer NOT NULL DEFAULT 0,
    cards_that_day integer NOT NULL DEFAULT 0,
    code_hash bytea,
    code_until bigint,
    pairings integer NOT NULL DEFAULT 0,
    object_uuid uuid,
    object_owner_uuid uuid,
    paired_at bigint,
    seen_at bigint,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (store_id, id)
);

-- Which store a unit is of: its object says the unit's id only.
CREATE TABLE unit_stores (
    unit_id uuid PRIMARY KEY,
    store uuid NOT NULL REFERENCES stores (id)
);

-- Who has had a card from a unit: each resident once in a round.
CREATE TABLE unit_claims (
    store_id uuid NOT NULL,
    unit_id uuid NOT NULL,
    round integer NOT NULL,
    resident_uuid uuid NOT NULL REFERENCES residents (uuid),
    card_id uuid NOT NULL,
    credit integer NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (store_id, unit_id, round, resident_uuid),
    FOREIGN KEY (store_id, unit_id) REFERENCES units (store_id, id),
    FOREIGN KEY (store_id, card_id) REFERENCES gift_cards (store_id, id)
);

CREATE UNIQUE INDEX unit_claims_by_card ON unit_claims (store_id, unit_id, card_id);
