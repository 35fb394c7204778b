CREATE TABLE api_keys (
    store_id TEXT NOT NULL REFERENCES stores (id),
    id TEXT NOT NULL,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 3 AND 128),
    hash BLOB NOT NULL,
    preview TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    last_used_at INTEGER,
    PRIMARY KEY (store_id, id)
) STRICT, WITHOUT ROWID;

-- A revoked key gives its name back.
CREATE UNIQUE INDEX api_keys_by_name ON api_keys (store_id, name) WHERE revoked_at IS NULL;
