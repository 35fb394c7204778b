-- Served by programs from 0025 on.
-- Where a store wants its events posted. Its secret follows from the server's and secret_version, so
-- none is stored; until previous_until the one before counts too. Of the events up to the position in
-- the last four columns it has its deliveries. One that was deleted stays until these are forgotten.
CREATE TABLE webhooks (
    store_id uuid NOT NULL REFERENCES stores (id),
    id uuid NOT NULL,
    url text NOT NULL,
    types text NOT NULL,
    format text NOT NULL CHECK (format IN ('standard', 'discord')),
    secret_version integer NOT NULL CHECK (secret_version >= 1),
    previous_until bigint,
    active boolean NOT NULL,
    disabled_reason text CHECK ((disabled_reason IS NULL) = active),
    failing_since bigint,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    deleted_at bigint,
    position bigint NOT NULL,
    account_kind text NOT NULL,
    account_id uuid NOT NULL,
    seq integer NOT NULL,
    PRIMARY KEY (store_id, id)
);

-- An event that is to be posted to a webhook, by its place among the events, from which its body is
-- read. attempts is how many were made, step which of the schedule's comes next.
CREATE TABLE webhook_deliveries (
    store_id uuid NOT NULL,
    webhook_id uuid NOT NULL,
    id uuid NOT NULL,
    position bigint NOT NULL,
    account_kind text NOT NULL,
    account_id uuid NOT NULL,
    seq integer NOT NULL,
    event_id uuid NOT NULL,
    event_type text NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'delivered', 'failed', 'dropped')),
    attempts integer NOT NULL CHECK (attempts >= 0),
    step integer NOT NULL CHECK (step >= 0),
    next_attempt_at bigint CHECK (state = 'pending' OR next_attempt_at IS NULL),
    claimed_until bigint,
    created_at bigint NOT NULL,
    finished_at bigint CHECK ((finished_at IS NULL) = (state = 'pending')),
    PRIMARY KEY (store_id, webhook_id, id),
    FOREIGN KEY (store_id, webhook_id) REFERENCES webhooks (store_id, id)
);

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
    store_id uuid NOT NULL,
    webhook_id uuid NOT NULL,
    delivery_id uuid NOT NULL,
    number integer NOT NULL CHECK (number >= 1),
    at bigint NOT NULL,
    status integer,
    milliseconds integer NOT NULL CHECK (milliseconds >= 0),
    response text NOT NULL,
    error text NOT NULL,
    PRIMARY KEY (store_id, webhook_id, delivery_id, number),
    FOREIGN KEY (store_id, webhook_id, delivery_id)
        REFERENCES webhook_deliveries (store_id, webhook_id, id)
);
