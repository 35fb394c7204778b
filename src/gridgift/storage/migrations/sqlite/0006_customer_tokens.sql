-- What opens a resident's own page: only the hash of each token.
CREATE TABLE customer_tokens (
    store_id TEXT NOT NULL REFERENCES stores (id),
    id TEXT NOT NULL,
    resident_uuid TEXT NOT NULL REFERENCES residents (uuid),
    hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    PRIMARY KEY (store_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX customer_tokens_by_resident ON customer_tokens (store_id, resident_uuid);
CREATE INDEX customer_tokens_by_expiry ON customer_tokens (expires_at);

-- The origin of the page that a store deployed for its customers; NULL: the one served here.
ALTER TABLE stores ADD COLUMN customer_origin TEXT;
CREATE INDEX stores_by_customer_origin ON stores (customer_origin);
