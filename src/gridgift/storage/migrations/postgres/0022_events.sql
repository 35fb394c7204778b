-- Served by programs that know it.
-- What happened in a store, in the order in which it is told: for each entry of the ledger its place,
-- and for what is in no ledger (seq 0) also what it is. Events are told in the order of the key.
CREATE TABLE events (
    store_id uuid NOT NULL,
    position bigint NOT NULL,
    account_kind text NOT NULL,
    account_id uuid NOT NULL,
    seq integer NOT NULL CHECK (seq >= 0),
    created_at bigint NOT NULL,
    type text CHECK ((type IS NULL) = (seq > 0)),
    details text CHECK ((details IS NULL) = (seq > 0)),
    PRIMARY KEY (store_id, position, account_kind, account_id, seq)
);

-- How far the clock's events were told: up to which card of those that expire, in the order of instants
-- and ids, and up to which hold of those that lapsed. PostgreSQL's positions follow from its transactions' numbers and the base.
CREATE TABLE feed (
    id integer NOT NULL PRIMARY KEY CHECK (id = 1),
    base bigint NOT NULL,
    expiring_until bigint NOT NULL,
    expiring_id uuid NOT NULL,
    lapsed_until bigint NOT NULL,
    lapsed_id uuid NOT NULL
);

-- Every amount is positive: this index of all stores' holds is only for a statement that says so, and
-- not for a list of one store's open ones, which PostgreSQL would else read from it.
CREATE INDEX holds_by_expiry ON holds (expires_at, id) WHERE state = 'open' AND amount > 0;
