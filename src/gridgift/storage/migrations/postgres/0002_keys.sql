CREATE TABLE api_keys (
    store_id uuid NOT NULL REFERENCES stores (id),
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 3 AND 128),
    hash bytea NOT NULL,
    preview text NOT NULL,
    scopes text NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint,
    revoked_at bigint,
    last_used_at bigint,
    PRIMARY KEY (store_id, id)
);

-- A revoked key gives its name back.
CREATE UNIQUE INDEX api_keys_by_name ON api_keys (store_id, name) WHERE revoked_at IS NULL;
