-- The answer to a write, kept with its effect, for whoever sends the same key again.
CREATE TABLE idempotency_keys (
    store_id uuid NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    status integer NOT NULL,
    etag text,
    body bytea NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (store_id, key)
);

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
