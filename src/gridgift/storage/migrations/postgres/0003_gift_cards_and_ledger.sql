CREATE TABLE gift_cards (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    owner_uuid uuid NOT NULL,
    credit integer NOT NULL CHECK (credit BETWEEN 0 AND 2147483647),
    active boolean NOT NULL,
    redeemed boolean NOT NULL,
    transfer boolean NOT NULL,
    texture uuid,
    purchased boolean NOT NULL,
    expires_at bigint,
    version integer NOT NULL CHECK (version >= 1),
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, owner_uuid) REFERENCES customers (store_id, resident_uuid)
);

CREATE INDEX gift_cards_by_owner ON gift_cards (store_id, owner_uuid, id);

-- The ledger: one numbered, hashed line for every change of an account (account_kind 'card':
-- account_id is the card's id).
CREATE TABLE entries (
    store_id uuid NOT NULL,
    account_kind text NOT NULL,
    account_id uuid NOT NULL,
    seq integer NOT NULL CHECK (seq >= 1),
    kind text NOT NULL,
    delta bigint NOT NULL,
    balance_after bigint NOT NULL CHECK (balance_after >= 0),
    state text NOT NULL,
    actor_kind text NOT NULL,
    actor_id text NOT NULL,
    reason text NOT NULL,
    request_id text NOT NULL,
    created_at bigint NOT NULL,
    previous_hash bytea NOT NULL CHECK (length(previous_hash) = 32),
    hash bytea NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (store_id, account_kind, account_id, seq)
);

CREATE FUNCTION refuse_change_of_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ledger entries are append-only';
END;
$$;

CREATE TRIGGER entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entries
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_entries();
