-- Served by programs from 0025 on.
-- Where a store wants its events posted. Its secret follows from the server's and secret_version, so
-- none is stored; until previous_until the one before counts too. Of the events up to the position in
-- the last four columns it has its deliveries. One that was deleted stays until these are forgotten.
CREATE TABLE webhooks (
    store_id TEXT NOT NULL REFERENCES stores (id),
    id TEXT NOT NULL,
    url TEXT NOT NULL,
    types TEXT NOT NULL,
    format TEXT NOT NULL CHECK (format IN ('standard', 'discord')),
    secret_version INTEGER NOT NULL CHECK (secret_version >= 1),
    previous_until INTEGER,
    active INTEGER NOT NULL CHECK (active IN (0, 1)),
    disabled_reason TEXT CHECK ((disabled_reason IS NULL) = (active = 1)),
    failing_since INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    position INTEGER NOT NULL,
    account_kind TEXT NOT NULL,
    account_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (store_id, id)
) STRICT, WITHOUT ROWID;

-- An event that is to be posted to a webhook, by its place among the events, from which its body is
-- read. attempts is how many were made, step which of the schedule's comes next.
CREATE TABLE webhook_deliveries (
    store_id TEXT NOT NULL,
    webhook_id TEXT NOT NULL,
    id TEXT NOT NULL,
    position INTEGER NOT NULL,
    account_kind TEXT NOT NULL,
    account_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'failed', 'dropped')),
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    step INTEGER NOT NULL CHECK (step >= 0),
    next_attempt_at INTEGER CHECK (state = 'pending' OR next_attempt_at IS NULL),
    claimed_until INTEGER,
    created_at INTEGER NOT NULL,
    finished_at INTEGER CHECK ((finished_at IS NULL) = (state = 'pending')),
    PRIMARY KEY (store_id, webhook_id, id),
    FOREIGN KEY (store_id, webhook_id) REFERENCES webhooks (store_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX webhook_deliveries_due ON webhook_deliveries (store_id, webhook_id, next_attempt_at, id)
    WHERE state = 'pending';
-- Of one account the earlier event is delivered first.
CREATE INDEX webhook_deliveries_in_order
    ON webhook_deliveries (store_id, webhook_id, account_kind, account_id, position, seq)
    WHERE state = 'pending';
CREATE INDEX webhook_deliveries_by_state ON webhook_deliveries (store_id, webhook_id, state, id);
CREATE INDEX webhook_deliveries_old ON webhook_deliveries (finished_at, id)
    WHERE finished_at IS NOT NULL;

-- What came of each attempt to deliver; without a status no answer came.
CREATE TABLE webhook_attempts (
    store_id TEXT NOT NULL,
    webhook_id TEXT NOT NULL,
    delivery_id TEXT NOT NULL,
    number INTEGER NOT NULL CHECK (number >= 1),
    at INTEGER NOT NULL,
    status INTEGER,
    milliseconds INTEGER NOT NULL CHECK (milliseconds >= 0),
    response TEXT NOT NULL,
    error TEXT NOT NULL,
    PRIMARY KEY (store_id, webhook_id, delivery_id, number),
    FOREIGN KEY (store_id, webhook_id, delivery_id)
        REFERENCES webhook_deliveries (store_id, webhook_id, id)
) STRICT, WITHOUT ROWID;
