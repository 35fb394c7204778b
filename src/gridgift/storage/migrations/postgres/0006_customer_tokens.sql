-- What opens a resident's own page: only the hash of each token.
CREATE TABLE customer_tokens (
    store_id uuid NOT NULL REFERENCES stores (id),
    id uuid NOT NULL,
    resident_uuid uuid NOT NULL REFERENCES residents (uuid),
    hash bytea NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    revoked_at bigint,
    PRIMARY KEY (store_id, id)
);

CREATE INDEX customer_tokens_by_resident ON customer_tokens (store_id, resident_uuid);
CREATE INDEX customer_tokens_by_expiry ON customer_tokens (expires_at);

-- The origin of the page that a store deployed for its customers; NULL: the one served here.
ALTER TABLE stores ADD COLUMN customer_origin text;
CREATE INDEX stores_by_customer_origin ON stores (customer_origin);
